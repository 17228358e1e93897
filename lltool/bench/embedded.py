"""Results inside a report: packed small enough for a page, found again in it.

A packed result is a JSON object (schema ``lltool.embedded/1``): ``data`` is the base64 of what xz makes of the result
file's JSON, a line feed, and the plain HDR V2 encodings of its histograms one after the other; in the JSON ``hdr`` is
empty where an encoding of the sequel belongs. ``bytes`` is the length of all that, ``sha256`` its digest. Keys and
conditions repeat in every run and histograms resemble each other, so a packed result takes a third of the file or less.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import lzma
from html.parser import HTMLParser
from typing import Any

from lltool.bench import hdr

SCHEMA = "lltool.embedded/1"
ELEMENT_PREFIX = "result-"
"""The ``id`` of the script elements that hold results: ``result-1``, ``result-2`` ..."""

_BEGINNINGS = (b"<!doctype html", b"<html")
_MOST_BYTES = 1 << 30
_MOST_MEMORY = 1 << 28
_DAMAGED = "the embedded result is damaged"


def pack(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` (the content of a result file) as a packed result. Raises ValueError for NaN and infinity."""
    encodings: list[bytes] = []
    if "runs" in document:
        document = {**document, "runs": [_without_encoding(run, encodings) for run in document["runs"]]}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = b"\n".join((text.encode("utf-8", errors="replace"), b"".join(encodings)))
    return {
        "schema": SCHEMA,
        "encoding": "HDR apart, xz, base64",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "data": base64.b64encode(lzma.compress(data)).decode("ascii"),
    }


def unpack(packed: str) -> bytes:
    """The JSON of the result that ``packed`` holds. Raises ValueError where it is damaged or of a later lltool."""
    try:
        outer = json.loads(packed)
        schema, length, digest, data = (outer[key] for key in ("schema", "bytes", "sha256", "data"))
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{_DAMAGED}: it is not the JSON that a report holds") from error
    if schema != SCHEMA:
        raise ValueError(f"schema: {schema!r} instead of {SCHEMA!r}")
    if not isinstance(length, int) or not 0 <= length <= _MOST_BYTES:
        raise ValueError(f"{_DAMAGED}: bytes is {length!r}")
    try:
        compressed = base64.b64decode(data, validate=True)
        found = lzma.LZMADecompressor(memlimit=_MOST_MEMORY).decompress(compressed, length + 1)
    except (binascii.Error, lzma.LZMAError, TypeError, ValueError) as error:
        raise ValueError(f"{_DAMAGED}: {error}") from error
    if len(found) != length or hashlib.sha256(found).hexdigest() != digest:
        raise ValueError(f"{_DAMAGED}: its checksum does not agree")
    return _with_encodings(found)


def _without_encoding(run: dict[str, Any], encodings: list[bytes]) -> dict[str, Any]:
    """``run`` with the encoding of its histogram moved to the end of ``encodings``."""
    histogram = run["histogram"]
    if histogram is None:
        return run
    encodings.append(hdr.inflate(histogram["hdr"]))
    return {**run, "histogram": {**histogram, "hdr": ""}}


def _with_encodings(data: bytes) -> bytes:
    """The JSON with every encoding of the sequel back in its place. Raises ValueError where one is missing."""
    text, _, encodings = data.partition(b"\n")
    try:
        document = json.loads(text)
        begin = 0
        for run in document.get("runs", ()):
            if run["histogram"] is not None:
                run["histogram"]["hdr"], begin = hdr.deflate(encodings, begin)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{_DAMAGED}: {error}") from error
    return json.dumps(document, ensure_ascii=False).encode("utf-8")


def is_page(data: bytes) -> bool:
    """Whether the content of a file is an HTML page and no result file."""
    return data[:64].lstrip().lower().startswith(_BEGINNINGS)


def packed_results(page: bytes) -> dict[str, str]:
    """The packed results of a report by the id of their element, in order; empty where there are none."""
    finder = _Finder()
    finder.feed(page.decode("utf-8", errors="replace"))
    finder.close()
    return finder.found


class _Finder(HTMLParser):
    """Collects the text of the script elements that hold results; a page cut short gives what it still has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = dict(attrs).get("id") or ""
        if tag == "script" and name.startswith(ELEMENT_PREFIX):
            self._inside = name
            self.found[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[self._inside] += data
