"""A connection is tuned as the chapter asks; each option is read back; quick acknowledgements are asked for again."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from lltool.errors import LltoolError
from lltool.trading.socket_options import QUICKACK, TUNED, connect, receive


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen(1)
        yield made


def test_each_option_is_set_and_read_back(listener: socket.socket) -> None:
    connection, state = connect(listener.getsockname())
    with connection:
        assert set(state) == {option.name for option in (*TUNED, QUICKACK)}
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert state["TCP_NODELAY"] == "1"
        assert "for overhead" in state["SO_RCVBUF"]
        assert connection.gettimeout() is None


def test_each_option_says_what_it_does() -> None:
    assert all(option.effect for option in (*TUNED, QUICKACK))


def test_quick_acknowledgements_are_asked_for_after_each_receive(listener: socket.socket) -> None:
    connection, _ = connect(listener.getsockname())
    peer, _ = listener.accept()
    with connection, peer:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
        peer.sendall(b"12345")
        buffer = bytearray(16)
        assert receive(connection, buffer) == 5
        assert buffer[:5] == b"12345"
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK) == 1
        peer.close()
        assert receive(connection, buffer) == 0


def test_no_connection_is_said_with_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host, port = unused.getsockname()
        with pytest.raises(LltoolError, match=f"connect to {host}:{port}: connection refused"):
            connect((host, port))
