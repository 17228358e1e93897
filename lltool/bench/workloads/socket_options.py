"""Socket options asked for, and what the kernel made of them."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

SO_BUSY_POLL = 46
"""asm-generic/socket.h; Python's socket module does not name it."""

BUFFERS = frozenset({"SO_RCVBUF", "SO_SNDBUF"})
"""The kernel books its own overhead on these and answers with twice of what it took."""

LIMITS = {"SO_RCVBUF": "net.core.rmem_max", "SO_SNDBUF": "net.core.wmem_max"}


@dataclass(frozen=True, slots=True)
class SocketOption:
    """One option of ``setsockopt`` and the value asked for."""

    name: str
    level: int
    number: int
    value: int


TUNED = (
    SocketOption("SO_RCVBUF", socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20),
    SocketOption("SO_SNDBUF", socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20),
    SocketOption("TCP_NODELAY", socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    SocketOption("SO_KEEPALIVE", socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    SocketOption("TCP_KEEPIDLE", socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    SocketOption("TCP_KEEPINTVL", socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    SocketOption("SO_BUSY_POLL", socket.SOL_SOCKET, SO_BUSY_POLL, 50),
)
"""Chapter 5.4.1, value for value. To be set before the connection: the window scale is settled in its handshake."""

QUICKACK = SocketOption("TCP_QUICKACK", socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
"""Holds for the next exchange only: whoever wants it sets it again after each receive."""


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
