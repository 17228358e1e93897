"""One-byte codes by which hot paths report what happened, without allocating. Chapter 5.8.1.

0 is not an error: a code says how an operation ended, an exception of ``lltool.errors`` that it failed. What surrounds
the hot path turns the one into the other.
"""

from enum import IntEnum


class ErrorCode(IntEnum):
    """How an operation ended. The values are stored in logs and records: they never change."""

    OK = Code.OK
    NETWORK = Code.NETWORK
    PARSE = Code.PARSE
    RISK_LIMIT = Code.RISK_LIMIT
    QUEUE_FULL = Code.QUEUE_FULL
    INVALID_ORDER = Code.INVALID_ORDER
    REJECTED = Code.REJECTED
    OVERLOAD = Code.OVERLOAD
    DISCONNECTED = Code.DISCONNECTED
    TIMEOUT = Code.TIMEOUT
