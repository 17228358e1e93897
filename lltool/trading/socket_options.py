"""Socket options asked for, what each does, and what the kernel made of them. Chapter 5.4.1."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.errors import LltoolError, from_os_error

SO_BUSY_POLL = 46
"""asm-generic/socket.h; Python's socket module does not name it."""

BUFFERS = frozenset({"SO_RCVBUF", "SO_SNDBUF"})
"""The kernel books its own overhead on these and answers with twice of what it took."""

LIMITS = {"SO_RCVBUF": "net.core.rmem_max", "SO_SNDBUF": "net.core.wmem_max"}


@dataclass(frozen=True, slots=True)
class SocketOption:
    """One option of ``setsockopt``, the value asked for, and what it does."""

    name: str
    level: int
    number: int
    value: int
    effect: str


_TCP, _SOCKET = socket.IPPROTO_TCP, socket.SOL_SOCKET

TUNED = (
    SocketOption(
        "SO_RCVBUF", _SOCKET, socket.SO_RCVBUF, 4 << 20,
        "ends the kernel's own sizing of the receive buffer; a large one hides a slow reader",
    ),
    SocketOption(
        "SO_SNDBUF", _SOCKET, socket.SO_SNDBUF, 4 << 20,
        "ends the kernel's own sizing of the send buffer; what waits in it is late",
    ),
    SocketOption(
        "TCP_NODELAY", _TCP, socket.TCP_NODELAY, 1,
        "a small write leaves at once; without it, it waits for the acknowledgement of the one before",
    ),
    SocketOption("SO_KEEPALIVE", _SOCKET, socket.SO_KEEPALIVE, 1, "a silent connection is probed"),
    SocketOption(
        "TCP_KEEPIDLE", _TCP, socket.TCP_KEEPIDLE, 60,
        "seconds of silence before the first probe: too late for failover, which needs heartbeats of its own",
    ),
    SocketOption("TCP_KEEPINTVL", _TCP, socket.TCP_KEEPINTVL, 10, "seconds between probes"),
    SocketOption(
        "SO_BUSY_POLL", _SOCKET, SO_BUSY_POLL, 50,
        "microseconds for which a blocking read polls the device's queue: no effect on the loopback and on devices "
        "without NAPI; above net.core.busy_read it takes CAP_NET_ADMIN",
    ),
)  # fmt: skip
"""Chapter 5.4.1, value for value. To be set before the connection: the window scale is settled in its handshake."""

QUICKACK = SocketOption(
    "TCP_QUICKACK", _TCP, socket.TCP_QUICKACK, 1,
    "what arrives is acknowledged at once, until the kernel thinks better of it: set again after each receive",
)  # fmt: skip
"""Holds for the next exchange only: see :func:`receive`."""


def connect(address: tuple[str, int], *, timeout_seconds: float = 5.0) -> tuple[socket.socket, dict[str, str]]:
    """A blocking TCP connection with all options of the chapter, and what the kernel made of each, by name.

    An option that the kernel refuses does not end the connection: its text says so. Raises ``LltoolError`` where
    there is no connection within ``timeout_seconds``.
    """
    connection = socket.socket()
    try:
        connection.settimeout(timeout_seconds)
        refused = apply(connection, TUNED)
        connection.connect(address)
        connection.settimeout(None)
        refused |= apply(connection, (QUICKACK,))
        return connection, read_back(connection, (*TUNED, QUICKACK), refused)
    except TimeoutError as error:
        connection.close()
        raise LltoolError(
            f"connect to {address[0]}:{address[1]}", cause=f"no answer within {timeout_seconds:g} s"
        ) from error
    except OSError as error:
        connection.close()
        raise from_os_error(f"connect to {address[0]}:{address[1]}", error) from error


def receive(connection: socket.socket, buffer: bytearray | memoryview) -> int:
    """Receive into ``buffer`` and ask for quick acknowledgements again; 0 is the end. Raises ``OSError``."""
    count = connection.recv_into(buffer)
    connection.setsockopt(QUICKACK.level, QUICKACK.number, QUICKACK.value)
    return count


def named(*names: str) -> tuple[SocketOption, ...]:
    """The options of :data:`TUNED` with these names."""
    return tuple(option for option in TUNED if option.name in names)


def apply(connection: socket.socket, options: Sequence[SocketOption]) -> dict[str, str]:
    """Set each option; gives the reason of the kernel for each that it refused, by name."""
    refused = {}
    for option in options:
        try:
            connection.setsockopt(option.level, option.number, option.value)
        except OSError as error:
            refused[option.name] = error.strerror or str(error)
    return refused


def read_back(
    connection: socket.socket, options: Sequence[SocketOption], refused: dict[str, str] | None
) -> dict[str, str]:
    """What each option is, in words; ``refused`` is the answer of :func:`apply`, None where none was asked for."""
    return {option.name: _describe(connection, option, refused) for option in options}


def _describe(connection: socket.socket, option: SocketOption, refused: dict[str, str] | None) -> str:
    try:
        holds = connection.getsockopt(option.level, option.number)
    except OSError as error:
        return f"not known to this kernel ({error.strerror})"
    if refused is None:
        return f"{holds}, the default"
    if option.name in refused:
        return f"{holds}, refused {option.value} ({refused[option.name]})"
    if option.name in BUFFERS:
        return _describe_buffer(option, holds)
    return f"{holds}" if holds == option.value else f"{holds}, asked for {option.value}"


def _describe_buffer(option: SocketOption, holds: int) -> str:
    if holds < 2 * option.value:
        return f"{holds}, asked for {option.value}: clamped by {LIMITS[option.name]}, then doubled for overhead"
    return f"{holds}, asked for {option.value}: doubled for overhead"
