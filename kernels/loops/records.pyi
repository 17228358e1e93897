from typing import Self, final

from lltool.kernels.codec import Layout
from lltool.kernels.loops.loop import Cycle

@final
class Records(Cycle):
    def __new__(cls, layout: Layout, wire: bytes) -> Self: ...
