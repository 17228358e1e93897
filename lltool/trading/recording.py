"""Recorded market data: a line is ``<local nanoseconds> <message as received>``, plain or gzip (hftbacktest's form).

A binary message (SBE) stands as Base64. The stamps may be missing (plain JSON lines). Messages that lltool does not use
(acknowledgements, other streams) are counted and left out; one that is used but does not have the exchange's exact
bytes (blanks, another order of keys) is brought into them first. Empty lines say nothing and are not counted. What is
none of these is a fault of the recording.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lltool.errors import InvalidInput, from_os_error
from lltool.trading.sbe import from_base64, to_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lltool.kernels.binance_json import Parser

_GZIP_MAGIC = b"\x1f\x8b"

_ORDERS = {
    "depthUpdate": ("e", "E", "T", "s", "ps", "U", "u", "pu", "b", "a"),
    "trade": ("e", "E", "s", "t", "p", "q", "T", "m", "M"),
    "futures trade": ("e", "E", "T", "s", "t", "p", "q", "X", "m"),
    "bookTicker": ("e", "u", "s", "ps", "b", "B", "a", "A", "T", "E"),
    "spot bookTicker": ("u", "s", "b", "B", "a", "A"),
    "snapshot": ("lastUpdateId", "symbol", "pair", "E", "T", "bids", "asks"),
}
"""The keys that the parser knows, in the order in which the exchange sends them."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The messages of one recording, in the order in which they came.

    ``events`` and ``levels`` are arrays of :data:`lltool.kernels.binance_json.EVENT` and ``LEVEL``; ``local_ns`` is
    the receiver's clock at each event, empty when the recording has none; ``line_numbers`` where each event stands.
    ``lines`` counts every line, ``unused`` those whose kind lltool does not use.
    """

    path: str
    events: NDArray[np.void]
    levels: NDArray[np.void]
    local_ns: NDArray[np.int64]
    line_numbers: NDArray[np.int64]
    lines: int
    unused: int


def read_recording(path: str) -> Recording:
    """Read the recording at ``path``. Raises InvalidInput with every fault and its line."""
    import numpy as np

    from lltool.kernels.binance_json import Parser

    text = read_text(path).rstrip() + b"\n"
    stamped = is_stamped(text)
    parser = Parser()
    try:
        if stamped:
            events, levels, local_ns = parser.parse_lines(text, stamped=True)
        else:
            events, levels = parser.parse_lines(text)
            local_ns = np.zeros(0, np.int64)
    except ValueError:
        return _read_line_by_line(path, text, stamped=stamped)
    numbers = np.arange(1, len(events) + 1, dtype=np.int64)
    return Recording(path, events, levels, local_ns, numbers, len(events), 0)


def is_stamped(text: bytes) -> bool:
    """Whether lines begin with the local time."""
    return text.lstrip()[:1].isdigit() and text.lstrip().partition(b" ")[0].isdigit()


def read_text(path: str) -> bytes:
    """The lines of a recording, unpacked. Raises InvalidInput."""
    try:
        with open(path, "rb") as file:
            text = file.read()
        if text.startswith(_GZIP_MAGIC):
            text = gzip.decompress(text)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(f"recording {path} cannot be read", [f"not a whole gzip file: {error}"]) from None
    except OSError as error:
        wrapped = from_os_error(f"recording {path} cannot be read", error)
        raise InvalidInput(wrapped.what, [str(wrapped.cause)], next_step=wrapped.next_step) from None
    if not text.strip():
        raise InvalidInput(f"recording {path} cannot be used", ["it has no lines"])
    return text


def _read_line_by_line(path: str, text: bytes, *, stamped: bool) -> Recording:
    """The way for recordings that hold more, or in other forms, than the exchange's own bytes."""
    import numpy as np

    from lltool.kernels.binance_json import Parser

    parser = Parser()
    faults: list[str] = []
    kept: list[bytes] = []
    numbers: list[int] = []
    lines = unused = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        lines += 1
        stamp, _, message = line.partition(b" ") if stamped else (b"", b"", line)
        if stamped and not (stamp.isdigit() and len(stamp) <= 19 and int(stamp) < 2**63):
            faults.append(f"line {number}: it starts with {line[:20]!r}, not with nanoseconds and a blank")
            continue
        try:
            used = messages_of(parser, message)
        except ValueError as error:
            faults.append(f"line {number}: {error}")
            continue
        unused += not used
        for each in used:
            kept.append(stamp + b" " + each if stamped else each)
            numbers.append(number)
    if faults:
        raise InvalidInput(f"recording {path} cannot be used", faults, next_step="remove or repair these lines")
    found = b"\n".join(kept)
    if stamped:
        events, levels, local_ns = parser.parse_lines(found, stamped=True)
    else:
        events, levels = parser.parse_lines(found)
        local_ns = np.zeros(0, np.int64)
    return Recording(path, events, levels, local_ns, np.array(numbers, np.int64), lines, unused)


def messages_of(parser: Parser, message: bytes) -> list[bytes]:
    """What a line says, in the exchange's own JSON: one message, none that is used, or each trade of a binary one.

    ValueError for no such message.
    """
    text = message.lstrip()
    if text[:1] != b"{":
        return to_json(from_base64(text))
    used = _in_exchange_form(parser, message)
    return [] if used is None else [used]


def _in_exchange_form(parser: Parser, message: bytes) -> bytes | None:
    """``message`` as the exchange would send it; None for a kind that is not used; ValueError for no such message."""
    try:
        parser.parse(message)
    except ValueError as error:
        refusal = str(error)
    else:
        return message
    try:
        content = json.loads(message)
    except ValueError:
        raise ValueError(refusal) from None
    if not isinstance(content, dict):
        raise ValueError(refusal)  # noqa: TRY004 - the caller collects what is wrong with the line
    inner = content.get("data", content)
    kind = _kind(inner) if isinstance(inner, dict) else None
    if kind is None:
        return None
    ordered = {key: inner[key] for key in _ORDERS[kind] if key in inner}
    rewritten = json.dumps(ordered, separators=(",", ":")).encode()
    parser.parse(rewritten)
    return rewritten


def _kind(content: dict[str, Any]) -> str | None:
    named = content.get("e")
    if named == "trade":
        return "futures trade" if "X" in content else "trade"
    if named in _ORDERS:
        return str(named)
    if named is None and "lastUpdateId" in content:
        return "snapshot"
    if named is None and {"u", "b", "B", "a", "A"} <= content.keys():
        return "spot bookTicker"
    return None
