from enum import IntEnum

class ErrorCode(IntEnum):
    OK = 0
    NETWORK = 1
    PARSE = 2
    RISK_LIMIT = 3
    QUEUE_FULL = 4
    INVALID_ORDER = 5
    REJECTED = 6
    OVERLOAD = 7
    DISCONNECTED = 8
    TIMEOUT = 9
