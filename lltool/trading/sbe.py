"""Market data in Binance's SBE (schema 1, spot_stream): written by the simulated exchange, and turned into JSON.

The system itself reads SBE in the kernel (``lltool.kernels.sbe``). In recordings a binary message stands as Base64.
"""

from __future__ import annotations

import base64
import binascii
import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lltool.kernels.binance_json import Event

SCHEMA, VERSION = 1, 0
TRADES, BEST, DEPTH = 10000, 10001, 10003
EXPONENT = -8
"""Of prices and quantities: those of the records here."""

_HEADER = struct.Struct("<HHHH")
_TRADES = struct.Struct("<qqbb")
_TRADE = struct.Struct("<qqqB")
_TRADE_GROUP = struct.Struct("<HI")
_BEST = struct.Struct("<qqbbqqqq")
_DEPTH = struct.Struct("<qqqbb")
_LEVEL_GROUP = struct.Struct("<HH")
_LEVEL_BYTES = 16


def encode(event: Event) -> bytes:
    """A depth update, trade or best quote as one message. ValueError for another kind."""
    from lltool.kernels import binance_json

    if event.kind == binance_json.DEPTH:
        block = _DEPTH.pack(event.event_us, event.first_update_id, event.last_update_id, EXPONENT, EXPONENT)
        return _message(DEPTH, block, _levels(event.bids) + _levels(event.asks), event.symbol)
    if event.kind == binance_json.TRADE:
        block = _TRADES.pack(event.event_us, event.transaction_us, EXPONENT, EXPONENT)
        trade = _TRADE.pack(event.trade_id, event.price, event.quantity, event.buyer_is_maker)
        return _message(TRADES, block, _TRADE_GROUP.pack(_TRADE.size, 1) + trade, event.symbol)
    if event.kind == binance_json.TICKER:
        quote = (*event.best_bid, *event.best_ask)
        return _message(
            BEST, _BEST.pack(event.event_us, event.last_update_id, EXPONENT, EXPONENT, *quote), b"", event.symbol
        )
    raise ValueError(f"{event!r} has no message in this schema")


def _message(template: int, block: bytes, groups: bytes, symbol: str) -> bytes:
    name = symbol.encode()
    return _HEADER.pack(len(block), template, SCHEMA, VERSION) + block + groups + bytes((len(name),)) + name


def _levels(levels: Any) -> bytes:
    packed: bytes = levels.tobytes()
    return _LEVEL_GROUP.pack(_LEVEL_BYTES, len(levels)) + packed


def to_base64(message: bytes) -> bytes:
    """As a binary message stands in a recording."""
    return base64.b64encode(message)


def from_base64(text: bytes) -> bytes:
    """The message of a line; ValueError for what is no Base64."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError(f"neither JSON nor a binary message in Base64 ({error})") from None


def to_json(message: bytes) -> list[bytes]:
    """The same in the exchange's JSON: one message, or one for each trade. ValueError as ``lltool.kernels.sbe.parse``.

    The best levels of a book (depth20) are none of the messages that are used: an empty list.
    """
    from lltool.kernels import binance_json, sbe

    event, trades = sbe.parse(message)
    symbol = event.symbol.encode()
    if trades is not None:
        return [
            b'{"e":"trade","E":%d,"s":"%b","t":%d,"p":"%b","q":"%b","T":%d,"m":%b,"M":true}'
            % (
                event.event_us, symbol, trade["trade_id"], _decimal(trade["price"]), _decimal(trade["quantity"]),
                event.transaction_us, b"true" if trade["buyer_is_maker"] else b"false",
            )
            for trade in trades
        ]  # fmt: skip
    if event.kind == binance_json.TICKER:
        (bid, bid_quantity), (ask, ask_quantity) = event.best_bid, event.best_ask
        return [
            b'{"u":%d,"s":"%b","b":"%b","B":"%b","a":"%b","A":"%b"}'
            % (
                event.last_update_id, symbol, _decimal(bid), _decimal(bid_quantity), _decimal(ask),
                _decimal(ask_quantity),
            )
        ]  # fmt: skip
    if event.kind == binance_json.DEPTH:
        return [
            b'{"e":"depthUpdate","E":%d,"s":"%b","U":%d,"u":%d,"b":%b,"a":%b}'
            % (
                event.event_us, symbol, event.first_update_id, event.last_update_id, _json_levels(event.bids),
                _json_levels(event.asks),
            )
        ]  # fmt: skip
    return []


def _decimal(value: Any) -> bytes:
    return f"{Decimal(int(value)).scaleb(EXPONENT):f}".encode()


def _json_levels(levels: Any) -> bytes:
    return b"[%b]" % b",".join(b'["%b","%b"]' % (_decimal(price), _decimal(quantity)) for price, quantity in levels)
