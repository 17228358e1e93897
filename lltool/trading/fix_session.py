"""A FIX 4.4 session on one connection, either side of it: logon, sequence numbers, heartbeats, resending, logout.

Off the hot path: orders come written, from templates (``kernels/order_wire.pyx``); here any other message is numbered,
stamped, kept for resending, and written. The state outlives the connection, so that a reconnect goes on with
the numbers and asks for what was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from lltool.kernels.fix import Message

Fields = Sequence[tuple[int, bytes]]

KEPT = 10_000
"""Application messages kept for resending; what is older is gap-filled."""

ADMINISTRATIVE = frozenset({b"0", b"1", b"2", b"3", b"4", b"5", b"A"})


@dataclass(slots=True)
class FixState:
    """Sequence numbers of a session and what was sent in it. ``next_out`` and ``next_in`` are those of the next one."""

    next_out: int = 1
    next_in: int = 1
    sent: dict[int, tuple[bytes, Fields]] = field(default_factory=dict)

    def reset(self) -> None:
        """Start over with number 1 on both sides."""
        self.next_out = self.next_in = 1
        self.sent.clear()


class FixHandler(Protocol):
    """Whose session it is."""

    def on_logon(self, session: FixSession) -> None:
        """Both sides have logged on."""

    def on_message(self, session: FixSession, message: Message) -> None:
        """An application message came, in sequence."""

    def on_end(self, session: FixSession, reason: str) -> None:
        """The connection is gone."""


class FixSession(asyncio.Protocol):
    """The session between ``own`` and ``peer`` (CompIDs); ``peer`` may be unknown to an acceptor until the logon.

    ``initiator`` logs on first. ``heartbeat_seconds`` is what it asks for; an acceptor takes its peer's. One that does
    not ``resend`` answers a resend request with a gap fill: whoever sends orders asks what became of one that is
    missing and never sends it again, least of all after the kill switch.
    """

    def __init__(
        self,
        handler: FixHandler,
        *,
        own: bytes,
        peer: bytes | None,
        state: FixState | None = None,
        initiator: bool = False,
        heartbeat_seconds: float = 5.0,
        reset: bool = False,
        resend: bool = True,
    ) -> None:
        from lltool.kernels.fix import Framer

        self.handler = handler
        self.own, self.peer = own, peer
        self.state = state or FixState()
        self.initiator = initiator
        self.heartbeat_seconds = heartbeat_seconds
        self.logged_on = False
        self._reset = reset
        self._resends = resend
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._asked_from = 0
        self._reason = "the peer closed the connection"
        self._sent_at = self._received_at = 0.0
        self._tested = False
        self._timer: asyncio.TimerHandle | None = None

    # --- the connection -----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there: an initiator logs on."""
        self._transport = cast("asyncio.Transport", transport)
        self._received_at = asyncio.get_running_loop().time()
        if self.initiator:
            if self._reset:
                self.state.reset()
            self._logon()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Bytes came, in whatever pieces."""
        self._received_at = asyncio.get_running_loop().time()
        self._tested = False
        for message in self._framer.feed(data):
            if self._transport is None or self._transport.is_closing():
                return
            self._take(message)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._transport = None
        self.logged_on = False
        if self._timer is not None:
            self._timer.cancel()
        self.handler.on_end(self, self._reason if error is None else str(error))

    def close(self, reason: str) -> None:
        """Log out, saying why, and close."""
        self._reason = reason
        if self._transport is not None and not self._transport.is_closing():
            if self.logged_on:
                self._write(b"5", [(58, reason.encode())])
            # From here on nothing is sent any more, though the end of the connection is told of later.
            self.logged_on = False
            self._transport.close()

    @property
    def garbled_bytes(self) -> int:
        """Bytes that were no valid message and were skipped, as FIX demands."""
        return self._framer.skipped_bytes

    # --- sending ------------------------------------------------------------------------------------------------

    def send(self, kind: bytes, fields: Fields, *, possible_resend: bool = False) -> int:
        """Send an application message; its sequence number. Without a connection it is kept and sent when asked for."""
        header: Fields = [(97, b"Y")] if possible_resend else []
        number = self.state.next_out
        if self._resends:
            self.state.sent[number] = (kind, [*header, *fields])
            self.state.sent.pop(number - KEPT, None)
        if self.logged_on:
            self._write(kind, [*header, *fields])
        else:
            self.state.next_out += 1
        return number

    def send_written(self, message: bytes) -> None:
        """Send an application message that was written with this session's header, and has taken its last number.

        To be called when both sides are logged on, in a session that does not resend.
        """
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(message)
            self._sent_at = asyncio.get_running_loop().time()

    def _write(self, kind: bytes, fields: Fields, *, number: int | None = None, first_sent: bool = True) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if number is None:
            number = self.state.next_out
            self.state.next_out += 1
        duplicate: Fields = [] if first_sent else [(43, b"Y"), (122, timestamp())]
        self._transport.write(
            encode(
                kind,
                [
                    (49, self.own),
                    (56, self.peer or b""),
                    (34, b"%d" % number),
                    (52, timestamp()),
                    *duplicate,
                    *fields,
                ],
            )
        )
        self._sent_at = asyncio.get_running_loop().time()

    def _logon(self) -> None:
        reset: Fields = [(141, b"Y")] if self._reset else []
        self._write(b"A", [(98, b"0"), (108, b"%d" % max(1, round(self.heartbeat_seconds))), *reset])

    # --- receiving ----------------------------------------------------------------------------------------------

    def _take(self, message: Message) -> None:
        kind = message[35]
        try:
            number = message.integer(34)
            self._admit(kind, message[49])
        except (KeyError, ValueError) as error:
            self.close(f"refused: {error}")
            return
        if kind == b"A" and _is_yes(message, 141):
            self._peer_resets()
        if kind == b"4":
            self._sequence_reset(message, number)
        elif number < self.state.next_in:
            if not _is_yes(message, 43):
                self.close(f"MsgSeqNum too low, expecting {self.state.next_in} but received {number}")
        elif number > self.state.next_in:
            # A logon is answered and a resend request served before asking: two gaps at once would block each other.
            if kind in {b"A", b"2"}:
                self._administrate(kind, message)
            self._ask_again(number)
        else:
            self.state.next_in += 1
            if kind in ADMINISTRATIVE:
                self._administrate(kind, message)
            else:
                self.handler.on_message(self, message)

    def _admit(self, kind: bytes, sender: bytes) -> None:
        """Raises ValueError for a message that may not come now, or from another one."""
        if not self.logged_on and kind != b"A":
            raise ValueError("the first message is no Logon")
        if self.peer is None:
            self.peer = sender
        if sender != self.peer:
            raise ValueError(f"SenderCompID {sender!r} is not {self.peer!r}")

    def _peer_resets(self) -> None:
        self.state.next_in = 1
        if not self.initiator:
            self.state.reset()
            self._reset = True

    def _ask_again(self, number: int) -> None:
        if self._asked_from != self.state.next_in:
            self._asked_from = self.state.next_in
            self._write(b"2", [(7, b"%d" % self.state.next_in), (16, b"0")])

    def _sequence_reset(self, message: Message, number: int) -> None:
        if _is_yes(message, 123) and number > self.state.next_in:
            self._ask_again(number)
            return
        self.state.next_in = max(self.state.next_in, message.integer(36))

    def _administrate(self, kind: bytes, message: Message) -> None:
        if kind == b"A":
            self._logged_on(message)
        elif kind == b"1":
            self._write(b"0", [(112, message[112])] if 112 in message else [])
        elif kind == b"2":
            self._resend(message.integer(7), message.integer(16))
        elif kind == b"5":
            self._reason = message[58].decode(errors="replace") if 58 in message else "the peer logged out"
            self.close(self._reason)

    def _logged_on(self, message: Message) -> None:
        if self.logged_on:
            return
        if not self.initiator:
            self.heartbeat_seconds = float(message.integer(108)) if 108 in message else self.heartbeat_seconds
            self._logon()
        self.logged_on = True
        self.handler.on_logon(self)

    def _resend(self, first: int, last: int) -> None:
        """Send messages again; administrative ones and those no longer kept become one gap fill each run."""
        end = self.state.next_out - 1 if last == 0 else min(last, self.state.next_out - 1)
        gap: int | None = None
        for number in range(first, end + 1):
            kept = self.state.sent.get(number)
            if kept is None:
                gap = number if gap is None else gap
                continue
            if gap is not None:
                self._fill_gap(gap, number)
                gap = None
            self._write(kept[0], kept[1], number=number, first_sent=False)
        if gap is not None:
            self._fill_gap(gap, end + 1)

    def _fill_gap(self, number: int, next_number: int) -> None:
        self._write(b"4", [(123, b"Y"), (36, b"%d" % next_number)], number=number, first_sent=False)

    # --- being alive --------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Heartbeats when nothing was sent; a test when nothing came; the end when it stays without an answer."""
        loop = asyncio.get_running_loop()
        beat = self.heartbeat_seconds
        if self._transport is None:
            return
        if beat > 0 and self.logged_on:
            silent = loop.time() - self._received_at
            if loop.time() - self._sent_at >= beat:
                self._write(b"0", [])
            if silent >= 2.4 * beat:
                self.close("the peer is silent")
                return
            if silent >= 1.2 * beat and not self._tested:
                self._tested = True
                self._write(b"1", [(112, timestamp())])
        self._timer = loop.call_later(max(beat / 4, 0.05), self._watch)


def _is_yes(message: Message, tag: int) -> bool:
    return tag in message and message[tag] == b"Y"


def encode(kind: bytes, fields: Fields) -> bytes:
    """A whole message: ``kind`` (35) and the fields after it, framed."""
    from lltool.kernels.fix import Template

    return Template([(35, kind), *fields]).build()


def timestamp() -> bytes:
    """Now, as FIX writes it: UTC, milliseconds."""
    return datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:-3].encode()
