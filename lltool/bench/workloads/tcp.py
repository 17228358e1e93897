"""Round trips on the loopback: TCP with default sockets, with each option of chapter 5.4.1, with all; UDP."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from lltool.bench.peer import peer_thread
from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.timebound import measure_timebound
from lltool.kernels.loops import tcp as loop
from lltool.trading.socket_options import QUICKACK, TUNED, SocketOption, apply, named, read_back

MESSAGE_BYTES = 64
ROUND_TRIPS_PER_BLOCK = 20


def rtt(cores: Sequence[int], effort: Effort) -> Measurement:
    """Default sockets, blocking on both ends."""
    return _over_tcp(cores, effort, ())


def rtt_tuned(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same with the chapter's options; the notes hold what the kernel made of each."""
    return _over_tcp(cores, effort, (*TUNED, QUICKACK))


def rtt_nodelay(cores: Sequence[int], effort: Effort) -> Measurement:
    """TCP_NODELAY alone."""
    return _over_tcp(cores, effort, named("TCP_NODELAY"))


def rtt_quickack(cores: Sequence[int], effort: Effort) -> Measurement:
    """TCP_QUICKACK alone, set again after each receive."""
    return _over_tcp(cores, effort, (QUICKACK,))


def rtt_busy_poll(cores: Sequence[int], effort: Effort) -> Measurement:
    """SO_BUSY_POLL alone."""
    return _over_tcp(cores, effort, named("SO_BUSY_POLL"))


def rtt_buffers(cores: Sequence[int], effort: Effort) -> Measurement:
    """Buffers of 4 MiB alone."""
    return _over_tcp(cores, effort, named("SO_RCVBUF", "SO_SNDBUF"))


def rtt_keepalive(cores: Sequence[int], effort: Effort) -> Measurement:
    """Keepalive alone."""
    return _over_tcp(cores, effort, named("SO_KEEPALIVE", "TCP_KEEPIDLE", "TCP_KEEPINTVL"))


def udp_rtt(cores: Sequence[int], effort: Effort) -> Measurement:
    """Connected UDP sockets, blocking on both ends."""
    client, server = udp_pair()
    return _measure(cores, effort, client, server, {}, quickack=False)


def connected_pair(options: Sequence[SocketOption]) -> tuple[socket.socket, socket.socket, dict[str, str]]:
    """Both ends of a connection on 127.0.0.1, and all options of the chapter as the client's end has them.

    Only ``options`` are set; the server's end inherits them from the listening socket. Raises ``OSError``.
    """
    early = [option for option in options if option is not QUICKACK]
    with socket.socket() as listener:
        client = socket.socket()
        try:
            apply(listener, early)
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            refused = apply(client, early)
            client.connect(listener.getsockname())
            if QUICKACK in options:
                refused |= apply(client, [QUICKACK])
            server, _ = listener.accept()
        except OSError:
            client.close()
            raise
    asked = {option.name for option in options}
    chapter = (*TUNED, QUICKACK)
    state = read_back(client, [option for option in chapter if option.name in asked], refused)
    state |= read_back(client, [option for option in chapter if option.name not in asked], None)
    return client, server, {option.name: state[option.name] for option in chapter}


def udp_pair() -> tuple[socket.socket, socket.socket]:
    """Two UDP sockets on 127.0.0.1, each connected to the other. Raises ``OSError``."""
    client, server = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    try:
        client.bind(("127.0.0.1", 0))
        server.bind(("127.0.0.1", 0))
        client.connect(server.getsockname())
        server.connect(client.getsockname())
    except OSError:
        client.close()
        server.close()
        raise
    return client, server


def _over_tcp(cores: Sequence[int], effort: Effort, options: Sequence[SocketOption]) -> Measurement:
    client, server, state = connected_pair(options)
    return _measure(cores, effort, client, server, {"socket_options": state}, quickack=QUICKACK in options)


def _measure(
    cores: Sequence[int],
    effort: Effort,
    client: socket.socket,
    server: socket.socket,
    notes: dict[str, Any],
    *,
    quickack: bool,
) -> Measurement:
    peer_core = cores[1] if len(cores) > 1 else cores[0]
    notes |= {"message_bytes": MESSAGE_BYTES}
    if peer_core == cores[0]:
        notes["peer"] = f"on the same core {peer_core}: each answer is also a switch between two threads"

    def echo() -> None:
        # Closed whatever happens: a client that waits for an answer then gets an error, not silence.
        with server:
            loop.echo(server.fileno(), MESSAGE_BYTES, quickack=quickack)

    def stop() -> None:
        # Both ends: a datagram socket does not hear of the other's. A peer that failed has closed already, and its
        # own error tells more than this one.
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    with client, server, peer_thread(peer_core, echo, stop):
        return measure_timebound(
            effort,
            lambda trips: loop.block(client.fileno(), MESSAGE_BYTES, trips, quickack=quickack),
            lambda recorder, trips: loop.each(client.fileno(), MESSAGE_BYTES, recorder, trips, quickack=quickack),
            ROUND_TRIPS_PER_BLOCK,
            notes,
        )
