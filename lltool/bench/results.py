"""Result files: one JSON document each, written whole or not at all, read with every fault named.

A report holds the results that it was made of, and is read like them.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lltool.atomic import write_atomically
from lltool.bench import embedded
from lltool.bench.noise import wire as noise
from lltool.bench.wire import SCHEMA, Head, WireResult, document
from lltool.errors import InvalidInput

if TYPE_CHECKING:
    from lltool.bench.model import Result

_NEXT_STEP = "give a result that `lltool bench run` or `lltool trial` wrote, or a report"


def write_result(result: Result, path: str | os.PathLike[str]) -> None:
    """Write ``result`` to ``path`` atomically, mode 0644.

    A byte of a host's file that is no UTF-8 becomes ``?``: as an escaped surrogate most JSON parsers would refuse it.
    Raises LltoolError with path, cause and next step where the file cannot be written.
    """
    text = json.dumps(document(result), ensure_ascii=False, allow_nan=False)
    write_atomically(path, text.encode("utf-8", errors="replace").decode("utf-8") + "\n")


def read_result(path: str | os.PathLike[str]) -> Result:
    """The result in ``path``: a result file, or a report of one result. Raises as :func:`read_results`."""
    results = read_results(path)
    if len(results) != 1:
        raise InvalidInput(
            f"{os.fspath(path)} is not one result",
            [f"the report holds {len(results)} results"],
            next_step="give a report of one result, or the result files",
        )
    return results[0]


def read_arms(before: str | os.PathLike[str], after: str | os.PathLike[str]) -> tuple[Result, Result]:
    """The results to compare; a report of two results given twice stands for those two. Raises as read_results."""
    if os.fspath(before) == os.fspath(after) and len(both := read_results(before)) == 2:
        return both[0], both[1]
    return read_result(before), read_result(after)


def read_results(path: str | os.PathLike[str]) -> list[Result]:
    """The results in ``path``: one of a result file, all those of a report.

    Raises InvalidInput with every fault and its place (``runs[3].histogram``) where the file cannot be read, is
    damaged or is of another kind or a later version.
    """
    shown = os.fspath(path)
    try:
        with open(shown, "rb") as file:
            data = file.read()
    except OSError as error:
        cause = os.strerror(error.errno or 0).lower()
        raise InvalidInput(f"{shown} cannot be read", [cause], next_step=_NEXT_STEP) from error
    if not embedded.is_page(data):
        return [_result(data, shown)]
    packed = embedded.packed_results(data)
    if not packed:
        cause = "an HTML page that holds no result, or was cut short"
        raise InvalidInput(f"{shown} is not a usable report", [cause], next_step=_NEXT_STEP)
    return [_embedded_result(text, f"{shown}#{name}") for name, text in packed.items()]


def read_noise(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The document of ``lltool noise --json`` in ``path``; None where there is something else, or nothing.

    Raises InvalidInput with every fault and its place where it is damaged or of a later version.
    """
    shown = os.fspath(path)
    try:
        with open(shown, "rb") as file:
            data = file.read()
        schema = Head.model_validate_json(data, strict=True).format
    except (OSError, ValidationError):
        return None
    if schema.rpartition("/")[0] != noise.SCHEMA.rpartition("/")[0]:
        return None
    what = f"{shown} is not a usable document of `lltool noise`"
    if schema != noise.SCHEMA:
        raise InvalidInput(what, [_why_not(schema, noise.SCHEMA)], next_step=_NEXT_STEP)
    try:
        return noise.NoiseDocument.model_validate_json(data, strict=True).model_dump(by_alias=True)
    except ValidationError as error:
        raise InvalidInput(what, _faults(error), next_step=_NEXT_STEP) from error


def _embedded_result(packed: str, shown: str) -> Result:
    try:
        data = embedded.unpack(packed)
    except ValueError as error:
        raise InvalidInput(f"{shown} is not a usable result", [str(error)], next_step=_NEXT_STEP) from error
    return _result(data, shown)


def _result(data: bytes, shown: str) -> Result:
    what = f"{shown} is not a usable result"
    try:
        schema = Head.model_validate_json(data, strict=True).format
        if schema != SCHEMA:
            raise InvalidInput(what, [_why_not(schema, SCHEMA)], next_step=_NEXT_STEP)
        return WireResult.model_validate_json(data, strict=True).result()
    except ValidationError as error:
        raise InvalidInput(what, _faults(error), next_step=_NEXT_STEP) from error


def _why_not(schema: str, expected: str) -> str:
    family, _, version = schema.rpartition("/")
    own_family, _, known = expected.rpartition("/")
    if family == own_family and version.isdecimal() and int(version) > int(known):
        return f"schema: {schema!r} is of a later lltool; this one reads {expected!r}"
    return f"schema: {schema!r} instead of {expected!r}"


def _faults(error: ValidationError) -> list[str]:
    return [
        _fault(fault["loc"], "missing" if fault["type"] == "missing" else fault["msg"])
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _fault(location: tuple[str | int, ...], message: str) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
    text = message.removeprefix("Value error, ")
    return f"{place}: {text}" if place else text
