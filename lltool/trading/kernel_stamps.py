"""The kernel's stamps of packets: SO_TIMESTAMPING in software, asked for and, where it is refused, the reason.

Documentation/networking/timestamping.rst. What is done with them: ``kernels/include/llt_kernel_stamps.h``.
"""

from __future__ import annotations

import socket

# asm-generic/socket.h and linux/net_tstamp.h; Python's socket module names none of them.
SO_TIMESTAMPING = 37
TX_SOFTWARE = 1 << 1
RX_SOFTWARE = 1 << 3
SOFTWARE = 1 << 4
OPT_ID = 1 << 7
OPT_TSONLY = 1 << 11

RECEIVE = RX_SOFTWARE | SOFTWARE
TRANSMIT = TX_SOFTWARE | SOFTWARE | OPT_ID | OPT_TSONLY


def stamp(connection: socket.socket, flags: int) -> str | None:
    """Switch stamps on; None, or why the kernel does not give them.

    A stream's TRANSMIT stamps number its bytes from here: before the first send.
    """
    try:
        connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, flags)
    except OSError as error:
        return f"SO_TIMESTAMPING refused: {(error.strerror or str(error)).lower()}"
    return None
