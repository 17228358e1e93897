"""Round trips over TCP on the loopback, with default sockets and with the options of chapter 5.4.1."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from lltool.bench.peer import peer_thread
from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, warm_up
from lltool.bench.workloads.socket_options import QUICKACK, TUNED, apply, read_back
from lltool.kernels.loops import tcp as loop
from lltool.kernels.recorder import Recorder

MESSAGE_BYTES = 64
ROUND_TRIPS_PER_BLOCK = 20
MIN_BLOCKS = 3
TRIPS_PER_LOOK = 100
BLOCK_SHARE = 0.4
"""Share of ``Effort.seconds`` for block mode; the rest is for single round trips. A trip takes 10 to 100 us, so time,
not the number of samples, has to end a quick run."""


def rtt(cores: Sequence[int], effort: Effort) -> Measurement:
    """Default sockets, blocking on both ends."""
    return _measure(cores, effort, tuned=False)


def rtt_tuned(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same with the chapter's options; the notes hold what the kernel made of each."""
    return _measure(cores, effort, tuned=True)


def connected_pair(*, tuned: bool) -> tuple[socket.socket, socket.socket, dict[str, str]]:
    """Both ends of a connection on 127.0.0.1, and the options as the client's end has them.

    The server's end inherits the options of the listening socket. Raises ``OSError``.
    """
    with socket.socket() as listener:
        client = socket.socket()
        try:
            if tuned:
                apply(listener, TUNED)
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            refused = apply(client, TUNED) if tuned else None
            client.connect(listener.getsockname())
            if tuned:
                refused = {**(refused or {}), **apply(client, [QUICKACK])}
            server, _ = listener.accept()
        except OSError:
            client.close()
            raise
    return client, server, read_back(client, [*TUNED, QUICKACK], refused)


def _measure(cores: Sequence[int], effort: Effort, *, tuned: bool) -> Measurement:
    client, server, options = connected_pair(tuned=tuned)
    peer_core = cores[1] if len(cores) > 1 else cores[0]
    recorder = Recorder(effort.samples)

    def echo() -> None:
        # Closed whatever happens: a client that waits for an answer then gets an error, not silence.
        with server:
            loop.echo(server.fileno(), MESSAGE_BYTES, quickack=tuned)

    def block() -> int:
        return loop.block(client.fileno(), MESSAGE_BYTES, ROUND_TRIPS_PER_BLOCK, quickack=tuned)

    def stop() -> None:
        # A peer that failed has closed already, and its own error tells more than this one.
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    with client, server, peer_thread(peer_core, echo, stop):
        steady = warm_up(block, effort)
        blocks: list[int] = []
        deadline = time.monotonic() + BLOCK_SHARE * effort.seconds
        while len(blocks) < effort.blocks and (len(blocks) < MIN_BLOCKS or time.monotonic() < deadline):
            blocks.append(block())
        deadline = time.monotonic() + (1 - BLOCK_SHARE) * effort.seconds
        while recorder.count < effort.samples and (recorder.count == 0 or time.monotonic() < deadline):
            trips = min(TRIPS_PER_LOOK, effort.samples - recorder.count)
            loop.each(client.fileno(), MESSAGE_BYTES, recorder, trips, quickack=tuned)
    notes: dict[str, Any] = {"steady": steady, "message_bytes": MESSAGE_BYTES, "socket_options": options}
    if peer_core == cores[0]:
        notes["peer"] = f"on the same core {peer_core}: each answer is also a switch between two threads"
    return Measurement(
        samples=histogram(recorder),
        block_ops=ROUND_TRIPS_PER_BLOCK,
        block_ticks=tuple(blocks),
        notes=notes,
    )
