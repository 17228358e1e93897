from collections.abc import Iterable, Sequence
from typing import Self, final

from lltool.kernels.fix import Template
from lltool.kernels.loops.loop import Cycle

@final
class Orders(Cycle):
    def __new__(cls, form: Template, orders: Iterable[Sequence[bytes | int]]) -> Self: ...
    @property
    def path(self) -> str: ...
