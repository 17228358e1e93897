"""The second thread of a two-core benchmark, pinned to its own core."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def peer_thread(core: int, loop: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Run ``loop`` in a thread pinned to ``core`` for the length of the block; ``stop`` makes it return.

    ``loop`` must release the GIL. Neither it nor the block starts before both threads are there and the new one is
    pinned; they wait asleep, because they may have one core between them. Raises what pinning raised (``OSError``),
    or what ``loop`` raised, in the calling thread.
    """
    from lltool.kernels.placement import pin, prefault_stack

    start = threading.Barrier(2)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            pin(core)
            prefault_stack()
        except BaseException as error:  # noqa: BLE001 - handed to the calling thread
            raised.append(error)
        start.wait()
        if raised:
            return
        try:
            loop()
        except BaseException as error:  # noqa: BLE001 - handed to the calling thread
            raised.append(error)

    thread = threading.Thread(target=run, name=f"peer on core {core}")
    thread.start()
    start.wait()
    if raised:
        thread.join()
        raise raised[0]
    try:
        yield
    finally:
        stop()
        thread.join()
    if raised:
        raise raised[0]
