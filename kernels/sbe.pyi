from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from lltool.kernels.binance_json import Event

TRADE_ENTRY: Final[np.dtype[Any]]

def parse(message: Buffer) -> tuple[Event, NDArray[np.void] | None]: ...
