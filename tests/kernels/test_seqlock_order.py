"""The order of loads and stores in llt_seqlock.h, tried in every way a weakly ordered machine may reorder them.

The operations are taken from the header's text. Each thread may perform its own in any order that their memory
orders allow; all interleavings of both threads on one memory follow (the multi-copy atomic machine, as aarch64).
On x86-64 a stress test cannot see these faults: its hardware keeps stores in order, whatever the source says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest

HEADER = Path(__file__).resolve().parents[2] / "kernels" / "include" / "llt_seqlock.h"
OPERATION = re.compile(
    r"llt_(load|store)_(relaxed|acquire|release)\(&lock->(sequence|words)|llt_fence_(acquire|release)"
)
WORDS = ("first", "second")

Operation = tuple[str, str, str]  # kind, memory order, place


def operations(function: str) -> list[Operation]:
    """The atomic operations of a function of the header in the order of the text, the copy loop as two words."""
    text = HEADER.read_text()
    body = text[text.index(f" {function}(") :]
    found: list[Operation] = []
    for kind, order, place, fence in OPERATION.findall(body[: body.index("\n}")]):
        if fence:
            found.append(("fence", fence, ""))
        elif place == "sequence":
            found.append((kind, order, place))
        elif not any(seen[2] in WORDS for seen in found):  # the last, cut word is copied like the others
            found += [(kind, order, word) for word in WORDS]
    return found


Program = list[Operation]

WRITER = operations("llt_seqlock_write")
READER = operations("llt_seqlock_try_read")


def must_stay(earlier: Operation, later: Operation) -> bool:
    """Whether C11 keeps these two, in program order, in this order for another thread."""
    if earlier[2] and earlier[2] == later[2]:
        return True  # coherence: one place
    if earlier[0] == "load" and earlier[1] == "acquire":
        return True
    if later[0] == "store" and later[1] == "release":
        return True
    if earlier[0] == "fence":
        return earlier[1] == "acquire" or later[0] != "load"
    if later[0] == "fence":
        return later[1] == "release" or earlier[0] == "load"
    return False


@cache
def orders(program: tuple[Operation, ...]) -> tuple[tuple[int, ...], ...]:
    """Every order in which a thread may perform its operations, as positions in the program."""
    pairs = [
        (first, second)
        for second in range(len(program))
        for first in range(second)
        if must_stay(program[first], program[second])
    ]
    return tuple(
        order
        for order in permutations(range(len(program)))
        if all(order.index(first) < order.index(second) for first, second in pairs)
    )


def interleavings(left: int, right: int) -> Iterator[list[bool]]:
    """Every merge of ``left`` steps of the writer (True) and ``right`` of the reader."""
    if left == 0 or right == 0:
        yield [True] * left + [False] * right
        return
    for rest in interleavings(left - 1, right):
        yield [True, *rest]
    for rest in interleavings(left, right - 1):
        yield [False, *rest]


def torn_copies(writer: list[Operation], reader: list[Operation]) -> set[tuple[int, int]]:
    """Copies that the reader takes for stable in some execution although no write made them."""
    # The writer's own loads are of its own words: they order nothing. It goes from (0, 0) to (1, 1).
    writer = [step for step in writer if step[0] != "load"]
    values = dict.fromkeys(WORDS, 1)
    torn = set()
    merges = list(interleavings(len(writer), len(reader)))
    for writes in orders(tuple(writer)):
        for reads in orders(tuple(reader)):
            for merge in merges:
                memory = {"sequence": 0, **dict.fromkeys(WORDS, 0)}
                seen: dict[int, int] = {}
                write, read = iter(writes), iter(reads)
                for writers_turn in merge:
                    if writers_turn:
                        kind, _, place = writer[position := next(write)]
                        if kind == "store":
                            sequence_stores = [i for i, step in enumerate(writer) if step[2] == "sequence"]
                            memory[place] = values.get(place, 1 + (position == sequence_stores[-1]))
                    else:
                        kind, _, place = reader[position := next(read)]
                        if kind == "load":
                            seen[position] = memory[place]
                *_, before, first, second, after = (seen[position] for position in sorted(seen))
                if before % 2 == 0 and before == after and first != second:
                    torn.add((first, second))
    return torn


def without(program: list[Operation], kind: str) -> list[Operation]:
    return [step for step in program if step[0] != kind]


def weakened(program: list[Operation], index: int) -> list[Operation]:
    kind, _, place = program[index]
    return [*program[:index], (kind, "relaxed", place), *program[index + 1 :]]


def test_header_is_read_as_it_is_meant() -> None:
    assert WRITER == [
        ("load", "relaxed", "sequence"),
        ("store", "relaxed", "sequence"),
        ("fence", "release", ""),
        ("store", "relaxed", "first"),
        ("store", "relaxed", "second"),
        ("store", "release", "sequence"),
    ]
    assert READER == [
        ("load", "acquire", "sequence"),
        ("load", "relaxed", "first"),
        ("load", "relaxed", "second"),
        ("fence", "acquire", ""),
        ("load", "relaxed", "sequence"),
    ]


def test_no_execution_gives_a_torn_copy() -> None:
    assert torn_copies(WRITER, READER) == set()


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        pytest.param(
            [("store", "release", "sequence"), *WRITER[3:]], READER, id="the chapter's writer: odd stored with release"
        ),
        pytest.param(without(WRITER, "fence"), READER, id="no fence behind the odd sequence"),
        pytest.param(weakened(WRITER, 5), READER, id="even stored without release"),
        pytest.param(WRITER, weakened(READER, 0), id="first look without acquire"),
        pytest.param(WRITER, without(READER, "fence"), id="no fence before the second look"),
    ],
)
def test_weaker_orders_give_torn_copies(writer: Program, reader: Program) -> None:
    assert torn_copies(writer, reader)
