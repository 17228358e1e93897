"""lltool's parsers and builders against those of Debian and PyPI packages, in one interleaved run: paired ratios.

    .venv/bin/python benchmarks/codec_peers.py --rounds 31

Needs gcc, g++, libsimdjson-dev, rapidjson-dev and libquickfix-dev; of Python packages it measures those that are there
of orjson, msgspec and simplefix. The peers are built with -march=native, ours is what is installed, and beside it each
narrower path and the same source built with -march=native. A ratio is ours / theirs of the same round: below 1, ours is
quicker. The recorded events are read where ``--recordings`` has them. ``--also`` adds a library with the interface of
codec_peers.cpp.
"""

from __future__ import annotations

import ctypes
import gzip
import os
import struct
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from paired import Row, Run, elapsed, extension, libraries, names, options, report

from lltool.bench.workloads import decode, encode
from lltool.kernels.binance_json import Parser
from lltool.kernels.codec import Layout
from lltool.kernels.fix import DECIMAL, INTEGER, SCALE, TEXT, Reader, Template
from lltool.kernels.loops.decode import FIX, JSON, SBE, Messages
from lltool.kernels.loops.encode import Orders
from lltool.kernels.placement import pin

HERE = Path(__file__).resolve().parent
RECORDINGS = {"spot": "spot-btcusdt-20240808.gz", "futures": "usdm-btcusdt-20240808.gz"}
MOST = 2000
PATHS = ("avx2", "scalar")
PADDING = 192


def main() -> None:
    """Measure and print one table a row."""
    parser = options(__doc__, rounds=31)
    parser.add_argument("--recordings", type=Path, default=HERE.parents[1] / "shared" / "data" / "binance")
    arguments = parser.parse_args()
    core = min(os.sched_getaffinity(0))
    pin(core)
    with tempfile.TemporaryDirectory() as folder:
        headers = f"-I{HERE.parent / 'kernels' / 'include'}"
        native = libraries(HERE / "codec_native.c", [], Path(folder), [headers])
        by_hand = extension(HERE / "record_by_hand.c", Path(folder), [headers])
        quickfix = libraries(HERE / "quickfix_peer.cpp", [], Path(folder), ["-std=c++14", "-lquickfix"])
        peers = libraries(HERE / "codec_peers.cpp", arguments.also, Path(folder), ["-lsimdjson"])
        for row in [*rows([*native, *quickfix, *peers], arguments.recordings), *python_rows(by_hand)]:
            if arguments.only in row.title:
                report(row, arguments.rounds, [core])


def rows(found: list[ctypes.CDLL], recordings: Path) -> list[Row]:
    """What is compared."""
    made = [reading(title, JSON, texts, found, "json") for title, texts in json_mixes(recordings).items()]
    made += [reading(title, FIX, texts, found, "fix") for title, texts in fix_mixes().items()]
    updates = decode.depth_updates()
    sbe, json = (Messages([write(*update) for update in updates], kind)
                 for write, kind in ((decode.sbe_text, SBE), (decode.json_text, JSON)))  # fmt: skip
    made.append(Row("SBE depth update, 5 + 5 levels", False, ours(sbe), {"our JSON": ours(json)}))
    return [*made, building(found)]


def json_mixes(recordings: Path) -> dict[str, list[bytes]]:
    """Depth updates: made ones of 420 bytes, the recorded ones, and the longest of these."""
    mixes = {"JSON depth update, 5 + 5 levels": [decode.json_text(*update) for update in decode.depth_updates()]}
    for market, name in RECORDINGS.items():
        if (recordings / name).exists():
            with gzip.open(recordings / name) as lines:
                texts = [line.split(b" ", 1)[1].strip() for line in lines if b'"e":"depthUpdate"' in line]
            bare = [text[text.index(b'"data":') + 7 : -1] if text.startswith(b'{"stream"') else text for text in texts]
            mixes[f"JSON depth updates recorded, {market}"] = bare[:MOST]
            mixes[f"JSON depth updates, the longest recorded, {market}"] = sorted(bare, key=len)[-20:]
    return mixes


def fix_mixes() -> dict[str, list[bytes]]:
    """Orders of the workload, and messages of other kinds."""
    head: list[tuple[int, bytes | int | None]] = [
        (49, b"CLIENT12"), (56, b"EXCHANGE"), (34, INTEGER), (52, b"20240627-11:17:25.223")
    ]  # fmt: skip
    price: list[tuple[int, bytes | int | None]] = [(38, b"1"), (44, b"61837.63")]
    beat = Template([(35, b"0"), *head, *price])
    entry = [(279, b"0"), (269, b"1"), (270, b"61837.63"), (271, b"1.5"), (1023, b"3")]
    book = Template([(35, b"X"), *head, (268, b"20"), *entry * 20, *price])
    logon = Template([(35, b"A"), *head, (95, b"44"), (96, b"c29ASOH=" * 5 + b"\x01=\x01="), (98, b"0"), *price])
    mixes = {"FIX new order": decode.orders()}
    for title, form in (("short", beat), ("book of 20 entries", book), ("with data", logon)):
        mixes[f"FIX {title}"] = [form.build(100 + number) for number in range(decode.MESSAGES)]
    mixes["FIX all of them in turn"] = [text for four in zip(*mixes.values(), strict=True) for text in four]
    return mixes


def ours(messages: Messages) -> Run:
    """One of our decoding loops."""
    return lambda: elapsed(lambda: messages.block(len(messages))[1] != len(messages), len(messages))


def narrower(make: Callable[[str], Run]) -> dict[str, Run]:
    """Ours on the paths that this CPU has besides the widest."""
    made = {}
    for path in PATHS:
        try:
            made[f"our {path}"] = make(path)
        except ValueError:
            continue
    return made


def reading(title: str, kind: int, texts: list[bytes], found: list[ctypes.CDLL], operation: str) -> Row:
    """Messages read by ours and by each peer that has the operation."""
    widest = Messages(texts, kind)
    theirs = narrower(lambda path: ours(Messages(texts, kind, path)))
    sizes = np.array([len(text) for text in texts], np.uint64)
    offsets = np.concatenate(([0], np.cumsum(sizes + np.uint64(PADDING))[:-1])).astype(np.uint64)
    blob = b"".join(text + bytes(PADDING) for text in texts)
    for name, function in functions(found, operation):
        arguments = (blob, offsets.ctypes.data_as(ctypes.c_void_p), sizes.ctypes.data_as(ctypes.c_void_p))
        run = partial(_call, function, (offsets, sizes), *arguments, len(texts))
        if run():
            print(f"{title}: {name} refuses them")
            continue
        theirs[name] = partial(elapsed, run, len(texts))
    mean = round(float(sizes.mean()))
    return Row(f"{title}, mean {mean} bytes, path {widest.path}", False, ours(widest), theirs)


def building(found: list[ctypes.CDLL]) -> Row:
    """The same orders written by ours and by each peer."""
    values = decode.order_values()
    orders = b"".join(
        struct.pack("24s16sqc7x2q", stamp, name, number, side, quantity, price)
        for number, stamp, name, side, _, quantity, price in values
    )

    def run(path: str | None) -> Run:
        loop = Orders(Template(decode.ORDER.items(), path), values)
        return lambda: elapsed(lambda: loop.block(len(loop))[1] != len(loop), len(loop))

    theirs = narrower(run)
    for name, function in functions(found, "build"):
        theirs[name] = partial(elapsed, partial(function, orders, len(values)), len(values))
    return Row(f"FIX new order built, path {Template(decode.ORDER.items()).path}", False, run(None), theirs)


def functions(found: Sequence[ctypes.CDLL], operation: str) -> list[tuple[str, Any]]:
    """The peers of all libraries that have this operation; each gives a true value when something came wrong."""
    made = []
    for library in found:
        for name in names(library):
            if name.split("_", 1)[0] == operation:
                function = getattr(library, name)
                function.restype = ctypes.c_int
                made.append((name.split("_", 1)[1], function))
    return made


def _call(function: Any, _kept: object, *arguments: Any) -> int:
    return int(function(*arguments[:-1], ctypes.c_size_t(arguments[-1])))


def each(read: Callable[[bytes], object], texts: list[bytes]) -> Run:
    """One call of Python a message."""

    def work() -> None:
        for text in texts:
            read(text)

    return lambda: elapsed(work, len(texts))


def python_rows(by_hand: ModuleType) -> list[Row]:
    """From Python, one message a call and in bulk; ``by_hand`` is what record_by_hand.c makes."""
    updates = [decode.json_text(*update) for update in decode.depth_updates()]
    orders, parser = decode.orders(), Parser()
    reader = Reader([(34, INTEGER), (11, TEXT), (55, TEXT), (54, TEXT), (38, DECIMAL), (40, TEXT), (44, DECIMAL)])
    records = encode.add_orders()
    size = encode.ADD_ORDER.size
    apart = [records[at : at + size] for at in range(0, len(records), size)]
    layout, two = Layout(encode.ADD_ORDER_FIELDS), Layout(encode.ADD_ORDER_FIELDS, fields=("reference", "price"))
    thousand = records[: 512 * size] + records[: 488 * size]
    whole = {"struct.unpack_from": each(encode.ADD_ORDER.unpack_from, apart)}
    hand = {"C for this record alone": each(by_hand.all_fields, apart)}
    two_hand = {"C for this record alone": each(by_hand.reference_and_price, apart)}

    def bulk(read: Callable[[bytes], object]) -> Run:
        return lambda: elapsed(lambda: read(thousand) is None, 1000)

    return [
        Row("Python: JSON depth update to fixed point", False, each(parser.parse, updates), json_peers(updates)),
        Row("Python: FIX order to typed values", False, each(reader.read, orders), fix_peers(orders)),
        Row("Python: record of 36 bytes, 10 fields", False, each(layout.decode, apart), whole | hand),
        Row("Python: record of 36 bytes, 2 fields", False, each(two.decode, apart), whole | two_hand),
        Row("Python: 1000 records to an array of native numbers, one", False, bulk(layout.decode_many), {
            "numpy.frombuffer, astype": bulk(lambda text: np.frombuffer(text, layout.dtype).astype(layout.native)),
        }),
    ]  # fmt: skip


def installed(name: str) -> Any:
    """A Python package, None when it is not there."""
    return import_module(name) if find_spec(name) else None


def fixed(text: str) -> int:
    """What both peers' users write to have no binary float."""
    whole, _, places = text.partition(".")
    return int(whole) * SCALE + int(places.ljust(8, "0"))


def json_peers(texts: list[bytes]) -> dict[str, Run]:
    """The JSON packages that are there, with and without the conversion of prices."""
    made: dict[str, Run] = {}

    def numbers(loads: Callable[[bytes], Any]) -> Callable[[bytes], object]:
        def read(text: bytes) -> object:
            event = loads(text)
            return [(fixed(price), fixed(quantity)) for side in ("b", "a") for price, quantity in event[side]]

        return read

    if orjson := installed("orjson"):
        made |= {"orjson": each(numbers(orjson.loads), texts), "orjson, loads only": each(orjson.loads, texts)}
    if msgspec := installed("msgspec"):
        decoder = msgspec.json.Decoder(dict[str, Any])
        made |= {"msgspec": each(numbers(decoder.decode), texts), "msgspec, decode only": each(decoder.decode, texts)}
    return made


def fix_peers(texts: list[bytes]) -> dict[str, Run]:
    """Plain Python, which checks the sum, and simplefix, which does not."""

    def split(text: bytes) -> object:
        fields = dict(field.split(b"=", 1) for field in text.split(b"\x01")[:-1])
        if int(fields[b"10"]) != sum(text[:-7]) % 256:
            raise ValueError("another sum")
        return (int(fields[b"34"]), fields[b"11"], fields[b"55"], fields[b"54"], fixed(fields[b"38"].decode()),
                fields[b"40"], fixed(fields[b"44"].decode()))  # fmt: skip

    made = {"bytes.split": each(split, texts)}
    if simplefix := installed("simplefix"):

        def parse(text: bytes) -> object:
            reader = simplefix.FixParser()
            reader.append_buffer(text)
            return reader.get_message()

        made["simplefix"] = each(parse, texts)
    return made


if __name__ == "__main__":
    main()
