"""FIX 4.4: framing, validation, fields, numbers and building, against plain Python, simplefix and recorded messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.fix", reason="needs the compiled kernels")
from lltool.kernels.fix import DATA_TAGS, DECIMAL, INTEGER, SCALE, TEXT, Framer, Reader, Template, decimal, parse

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "fix" / "binance-fix44.tsv"


def framed(body: str | bytes, *, begin: bytes = b"FIX.4.4", length: int | None = None, add: int = 0) -> bytes:
    """The message of ``body`` (| for SOH) with the right 8, 9 and 10, or wrong ones as asked."""
    text = body.replace("|", "\x01").encode() if isinstance(body, str) else body
    head = b"8=%b\x019=%d\x01" % (begin, len(text) if length is None else length)
    return head + text + b"10=%03d\x01" % ((sum(head + text) + add) % 256)


def paths() -> list[str]:
    names = []
    for name in ("scalar", "avx2", "avx512"):
        try:
            names.append(Framer(name).path)
        except ValueError:
            continue
    return names


PATHS = paths()
ORDER = "35=D|49=ME|56=YOU|34=7|52=20240627-11:17:25.223|11=a|55=BTCUSDT|54=1|38=1.5|44=61837.63|"


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_fields_come_in_order_with_their_values(path: str) -> None:
    message = parse(framed(ORDER), path)
    assert message.items()[2:-1] == [
        (int(field.split("=")[0]), field.split("=")[1].encode()) for field in ORDER.rstrip("|").split("|")
    ]
    assert message[8] == b"FIX.4.4"
    assert message.integer(34) == 7
    assert message.decimal(44) == 6183763000000
    assert 99 not in message
    with pytest.raises(KeyError):
        message[99]


def test_a_view_is_not_a_copy(path: str) -> None:
    message = parse(framed(ORDER), path)
    view = message.view(55)
    assert view == b"BTCUSDT"
    assert view.obj is bytes(message) or view.obj == bytes(message)
    assert view.readonly


# The defects of the chapter's parser, each a message that it accepts.
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"35=D\x0155=X\x01", "starts with 8"),
        (framed(ORDER, add=1), "CheckSum"),
        (framed(ORDER, length=99999), "not complete"),
        (framed("35=D|=x|"), "no tag"),
        (framed("35=0|4294967331=D|"), "no tag"),
        (framed("35=D|0000000035=D|"), "no tag"),
        (framed("35=D|38=|"), "empty value"),
        (framed(b"35=A\x0196=a\x01b=c\x01"), "data field"),
        (framed(ORDER) + framed(ORDER), "behind the message"),
        (framed(ORDER)[:-1], "not complete"),
        (framed("49=ME|35=D|"), "no tag"),
        (framed("35=D|10=000|"), "no tag"),
        (framed("35=D|35x=D|"), "no tag"),
        (framed("35=D|58|"), "no tag"),
        (framed(ORDER, begin=b"FIX.4.2"), "starts with 8"),
        (framed(ORDER, length=5), "BodyLength"),
    ],
)
def test_what_the_sketch_accepts_is_refused(path: str, broken: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=rf"^offset \d+: .*{why}"):
        parse(broken, path)


@pytest.mark.parametrize("value", ["18446744073709551617", "", "inf", "nan", "1e5", "0x10", "1.5.5", "-", ".",
                                   "0.000000001", "92233720368.54775808", "--1", "1 "])  # fmt: skip
def test_what_is_no_number_is_no_decimal(value: str) -> None:
    if not value:
        return
    message = parse(framed(f"35=D|44={value}|"))
    with pytest.raises(ValueError, match="field 44"):
        message.decimal(44)


@pytest.mark.parametrize("value", ["18446744073709551617", "9223372036854775808", "1.0", "-", "1e5", "+1"])
def test_what_is_no_whole_number_is_no_integer(value: str) -> None:
    with pytest.raises(ValueError, match="field 38"):
        parse(framed(f"35=D|38={value}|")).integer(38)


@pytest.mark.parametrize(
    ("text", "value"),
    [("00023.23", 2323000000), ("23.2300000000000", 2323000000), (".5", 50000000), ("5.", 5 * SCALE), ("-1", -SCALE),
     ("92233720368.54775807", 2**63 - 1), ("0", 0)],
)  # fmt: skip
def test_decimals_are_read_as_the_standard_writes_them(text: str, value: int) -> None:
    assert parse(framed(f"35=D|44={text}|")).decimal(44) == value


@pytest.mark.parametrize("value", [-(2**63), 2**63 - 1, 0, -1])
def test_every_integer_of_64_bits_is_read(value: int) -> None:
    assert parse(framed(f"35=D|38={value}|")).integer(38) == value


def test_data_holds_separators(path: str) -> None:
    message = parse(framed(b"35=A\x0195=11\x0196=a\x01b=c\x0110=1\x01\x0198=0\x01"), path)
    assert message[96] == b"a\x01b=c\x0110=1\x01"
    assert message[98] == b"0"


@pytest.mark.parametrize("length", [b"0", b"10", b"12", b"999", b"-1", b"x", b"18446744073709551616"])
def test_a_wrong_data_length_is_refused(path: str, length: bytes) -> None:
    with pytest.raises(ValueError, match="offset"):
        parse(framed(b"35=A\x0195=" + length + b"\x0196=a\x01b=c\x0110=1\x01\x01"), path)


def test_groups_are_cut_into_entries() -> None:
    book = parse(framed("35=W|268=2|269=0|270=61837.63|271=1|269=1|270=61837.64|271=2|58=end|"))
    assert book.group(268, (269, 270, 271)) == [
        [(269, b"0"), (270, b"61837.63"), (271, b"1")],
        [(269, b"1"), (270, b"61837.64"), (271, b"2")],
    ]
    assert book.group(453, (448,)) == []


@pytest.mark.parametrize("body", ["35=W|268=3|269=0|269=1|", "35=W|268=1|269=0|269=1|", "35=W|268=1|270=1|269=0|"])
def test_a_group_with_another_count_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match="group 268"):
        parse(framed(body)).group(268, (269, 270, 271))


def test_messages_are_cut_from_a_stream_at_any_place(path: str) -> None:
    messages = [framed(ORDER), framed("35=0|"), framed(b"35=A\x0195=3\x0196=8=F\x01"), framed("35=1|112=x|")]
    stream = b"".join(messages)
    for size in (1, 2, 7, 64, 1000):
        framer = Framer(path)
        got = [bytes(m) for at in range(0, len(stream), size) for m in framer.feed(stream[at : at + size])]
        assert got == messages
        assert framer.skipped_bytes == framer.pending_bytes == 0


def test_garbage_is_skipped_and_counted(path: str) -> None:
    good = framed(ORDER)
    for garbage in (b"x", b"8=FIX.4.3\x01", b"8=FIX.4.4\x019=abc\x01", b"\x01" * 100, framed(ORDER, add=3),
                    framed(ORDER, length=20)):  # fmt: skip
        framer = Framer(path)
        got = [bytes(m) for m in framer.feed(garbage + good + good[:20])]
        assert got == [good]
        assert framer.skipped_bytes == len(garbage)
        assert framer.last_refusal is not None
        assert [bytes(m) for m in framer.feed(good[20:])] == [good]


def test_a_length_that_would_swallow_the_stream_is_not_waited_for() -> None:
    framer = Framer()
    assert framer.feed(b"8=FIX.4.4\x019=999999999\x01" + framed("35=0|"))
    assert framer.skipped_bytes == len(b"8=FIX.4.4\x019=999999999\x01")


def test_many_fields_are_no_limit(path: str) -> None:
    body = "35=W|" + "".join(f"{5000 + n}={n}|" for n in range(3000))
    assert len(Framer(path).feed(framed(body))[0]) == 3004


VALUES = st.binary(min_size=1, max_size=40).filter(lambda value: b"\x01" not in value)
TAGS = st.integers(1, 99_999_999).filter(
    lambda tag: (
        tag not in DATA_TAGS and tag not in (8, 9, 10, 35, 90, 93, 95, 212, 445, 618, 621) and not (348 <= tag <= 365)
    )
)


@given(fields=st.lists(st.tuples(TAGS, VALUES, st.booleans()), max_size=30), chunk=st.integers(1, 300))
def test_what_is_built_is_read_back(fields: list[tuple[int, bytes, bool]], chunk: int) -> None:
    form = Template([(35, b"D"), *((tag, None if slot else value) for tag, value, slot in fields)])
    text = form.build(*(value for _, value, slot in fields if slot))
    body = b"35=D\x01" + b"".join(b"%d=%b\x01" % (tag, value) for tag, value, _ in fields)
    assert text == framed(body)
    for name in PATHS:
        framer = Framer(name)
        found = [message for at in range(0, len(text), chunk) for message in framer.feed(text[at : at + chunk])]
        assert [message.items()[2:-1] for message in found] == [[(35, b"D"), *((t, v) for t, v, _ in fields)]]


NUMBERS = st.tuples(st.sampled_from([INTEGER, DECIMAL]), st.integers(-(2**63), 2**63 - 1))
SLOTS = st.lists(st.one_of(NUMBERS, st.tuples(st.just(TEXT), VALUES)), min_size=1, max_size=12)


@given(slots=SLOTS, pad=st.integers(0, 70))
def test_numbers_are_written_into_their_slots(slots: list[tuple[int, int | bytes]], pad: int) -> None:
    """Whatever stands before and behind them, and however long it is."""
    constant = b"x" * (pad + 1)
    fields: list[tuple[int, bytes | int | None]] = [(35, b"D")]
    body = b"35=D\x01"
    for kind, value in slots:
        text = value if isinstance(value, bytes) else decimal(value) if kind == DECIMAL else b"%d" % value
        fields += [(58, constant), (44, kind)]
        body += b"58=" + constant + b"\x0144=" + text + b"\x01"
    for name in PATHS:
        assert Template(fields, name).build(*(value for _, value in slots)) == framed(body)


@pytest.mark.parametrize("slot", [3, -1])
def test_a_slot_of_no_known_kind_is_refused(slot: int) -> None:
    with pytest.raises(ValueError, match="TEXT, INTEGER or DECIMAL"):
        Template([(35, b"D"), (44, slot)])


def test_a_number_that_does_not_fit_its_slot_is_refused() -> None:
    with pytest.raises(OverflowError):
        Template([(35, b"D"), (44, DECIMAL)]).build(2**63)


def test_a_reader_gives_typed_values_of_what_it_was_asked_for(path: str) -> None:
    reader = Reader([(34, INTEGER), (11, TEXT), (44, DECIMAL), (99, DECIMAL), (38, DECIMAL)], path)
    assert reader.read(framed(ORDER)) == (7, b"a", 6183763000000, None, 150000000)
    with pytest.raises(ValueError, match="CheckSum"):
        reader.read(framed(ORDER, add=1))
    with pytest.raises(ValueError, match="field 44"):
        reader.read(framed("35=D|44=x|"))
    with pytest.raises(ValueError, match="kind 7"):
        Reader([(34, 7)])


KINDS = ["35=D|11=a|44=1|", "35=D|11=ab|44=12|", "35=8|37=b|11=c|", "35=8|5037=b|11=c|", "35=A|95=3|96=x=\x01|98=0|",
         "35=A|1=3|96=x|", "35=D|44=1|44=2|44=3|", "35=0|"]  # fmt: skip


@given(st.lists(st.sampled_from(KINDS), min_size=2, max_size=20), st.sampled_from(PATHS))
def test_what_came_before_does_not_change_what_is_read(bodies: list[str], name: str) -> None:
    """Tags are guessed from the message before."""
    framer, plain = Framer(name), []
    for body in bodies:
        try:
            plain.append(parse(framed(body), name).items())
        except ValueError:
            continue
    assert [message.items() for body in bodies for message in framer.feed(framed(body))] == plain


@given(st.integers(-(2**63), 2**63 - 1))
def test_decimals_are_written_as_they_are_read(value: int) -> None:
    text = decimal(value)
    if value > -(2**63):
        assert parse(framed(b"35=D\x0144=" + text + b"\x01")).decimal(44) == value
    assert not text.endswith(b".")
    assert b"." not in text or not text.endswith(b"0")


@pytest.mark.parametrize(
    ("fields", "why"),
    [([(49, b"x")], "35"), ([(35, b"D"), (9, b"1")], "not a tag"), ([(35, b"D"), (0, b"1")], "not a tag"),
     ([(35, b"D"), (58, b"")], "empty"), ([(35, b"D"), (58, b"a\x01b")], "SOH")],
)  # fmt: skip
def test_a_template_that_cannot_be_valid_is_refused(fields: list[tuple[int, bytes]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Template(fields)


def test_values_that_break_the_message_are_refused() -> None:
    form = Template([(35, b"D"), (58, None)])
    for values, why in (((), "values"), ((b"a", b"b"), "values"), ((b"",), "empty"), ((b"a\x0110=000",), "SOH")):
        with pytest.raises(ValueError, match=why):
            form.build(*values)


def test_simplefix_reads_the_same() -> None:
    simplefix = pytest.importorskip("simplefix", reason="needs simplefix")
    text = framed(ORDER) + framed(b"35=A\x0195=3\x0196=a=b\x0198=0\x01")
    reader = simplefix.FixParser()
    reader.append_buffer(text)
    for message in Framer().feed(text):
        assert [(int(tag), value) for tag, value in reader.get_message().pairs] == message.items()


@pytest.mark.skipif(not EXAMPLES.exists(), reason="needs ../shared")
def test_documented_messages_are_judged_as_their_sums_say(path: str) -> None:
    for line in EXAMPLES.read_text().splitlines():
        verdict, text = line.split("\t", 1)
        message = text.replace("|", "\x01").encode()
        if verdict == "checksum-ok,length-ok":
            assert bytes(parse(message, path)) == message
        else:
            with pytest.raises(ValueError, match=r"^offset \d+: "):
                parse(message, path)
