"""Histograms as HDR V2 blobs, which HistogramLogAnalyzer and every HdrHistogram port read.

The blob holds the counts; exact minimum, maximum and sum are kept beside it, because HDR rounds them to its buckets.
HDR counts signed 64-bit values: what lies above (only a clock that ran backwards gives that) is kept beside it too.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterable

import numpy as np
from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from hdrh.histogram import HdrHistogram

HIGHEST_TICKS = 2**63 - 1
SIGNIFICANT_FIGURES = 3

_HEAD = struct.Struct(">II")
_COMPRESSED = 0x1C849314
_ENCODING_HEAD_BYTES = 40
"""Cookie, length of the counts, and the histogram's settings."""

_DAMAGE = (
    binascii.Error,
    zlib.error,
    HdrCookieException,
    HdrHistogramSettingsException,
    HdrLengthException,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
)


def encode(bins: Iterable[tuple[int, int]]) -> str:
    """The base64 HDR V2 blob of (value, count) pairs: values in ticks, each at most HIGHEST_TICKS.

    Raises ValueError where the format has no place for a value: hdrhistogram itself would lose it silently.
    """
    histogram = HdrHistogram(1, HIGHEST_TICKS, SIGNIFICANT_FIGURES)
    for value, count in bins:
        if not histogram.record_value(value, count):
            raise ValueError(f"{value} ticks is out of the range of an HDR histogram")
    blob: bytes = histogram.encode()
    return blob.decode("ascii")


def decode(blob: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Lowest values (ticks) of the non-empty buckets of a blob, ascending, and their counts.

    Raises ValueError where the blob is damaged, or was made with a unit or precision that lltool does not use.
    """
    try:
        histogram = HdrHistogram.decode(blob.encode("ascii"))
        counts = np.frombuffer(histogram.counts, dtype=np.uint64)
        indices = [int(index) for index in np.flatnonzero(counts)]
        if (histogram.lowest_trackable_value, histogram.significant_figures) != (1, SIGNIFICANT_FIGURES):
            raise ValueError(f"not in units of 1 tick with {SIGNIFICANT_FIGURES} significant figures")
        values = tuple(int(histogram.get_value_from_index(index)) for index in indices)
        return values, tuple(int(counts[index]) for index in indices)
    except _DAMAGE as error:
        raise ValueError(f"the HDR blob does not decode ({str(error) or type(error).__name__})") from error


def inflate(blob: str) -> bytes:
    """The plain HDR V2 encoding inside a blob: many of them compress far better together than each by itself.

    Raises ValueError where the blob is damaged.
    """
    try:
        return zlib.decompress(base64.b64decode(blob, validate=True)[_HEAD.size :])
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"the HDR blob does not inflate ({error})") from error


def deflate(encodings: bytes, begin: int) -> tuple[str, int]:
    """The blob of the plain HDR V2 encoding at ``begin`` of ``encodings``, and where that encoding ends.

    Raises ValueError where it is cut short.
    """
    try:
        _, length = _HEAD.unpack_from(encodings, begin)
    except struct.error as error:
        raise ValueError("an HDR encoding is missing") from error
    end = begin + _ENCODING_HEAD_BYTES + length
    if end > len(encodings):
        raise ValueError("an HDR encoding is cut short")
    deflated = zlib.compress(encodings[begin:end])
    return base64.b64encode(_HEAD.pack(_COMPRESSED, len(deflated)) + deflated).decode("ascii"), end


def bucket(value: int) -> tuple[int, int]:
    """The lowest and the highest value (ticks) that share a bucket with ``value``."""
    shift = max(value.bit_length() - 11, 0)
    lowest = value >> shift << shift
    return lowest, lowest + (1 << shift) - 1
