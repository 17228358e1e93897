"""Where orders go. The desk's own paper exchange takes them in the kernel; what is left for this side is the rest.

A gateway is told of cancels and questions, and says whether it is connected. Answers go to the desk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lltool.kernels.desk import Desk


class Gateway(Protocol):
    """The way to an exchange."""

    unsent: int
    """Orders that had no connection to leave by, and were rejected here."""

    missing: int
    """Orders that were lost with a connection: the exchange, asked, did not know them."""

    @property
    def connected(self) -> bool:
        """Whether orders can be sent, and answers come."""

    def send(self, desk: Desk, now_ns: int) -> None:
        """Send the order that the desk gave out. Called for gateways that the desk does not serve itself."""

    def cancel(self, desk: Desk, order_id: int, now_ns: int) -> None:
        """Ask for an order to be taken off."""

    def cancel_all(self, now_ns: int) -> None:
        """Ask for every order of the account to be taken off, also those that are not known here."""

    def query(self, desk: Desk, order_id: int, now_ns: int) -> None:
        """Ask what became of an order."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""


class PaperGateway:
    """The paper exchange beside each desk; it is always connected."""

    connected = True
    unsent = 0
    missing = 0

    def __init__(self, desks: list[Desk]) -> None:
        self._desks = desks

    def send(self, desk: Desk, now_ns: int) -> None:
        """The desk has sent it."""

    def cancel(self, desk: Desk, order_id: int, now_ns: int) -> None:
        if desk.paper is not None:
            desk.paper.cancel(order_id, now_ns)

    def cancel_all(self, now_ns: int) -> None:
        for desk in self._desks:
            if desk.paper is not None:
                desk.paper.cancel_all(now_ns)

    def query(self, desk: Desk, order_id: int, now_ns: int) -> None:
        if desk.paper is not None:
            desk.paper.query(order_id, now_ns)

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""
