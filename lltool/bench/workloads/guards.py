"""What stands beside each order or message: breaker, shutdown token, risk check, histogram, log."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.bothmodes import measure_both
from lltool.kernels.loops.guards import Guard

OPS_PER_BLOCK = 5000


def breaker_allow(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The question to a closed circuit breaker."""
    return _measure("breaker", effort)


def shutdown_look(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The look at a shutdown token."""
    return _measure("shutdown", effort)


def risk_check(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Sixteen checks of an order that passes."""
    return _measure("risk", effort)


def histogram_record(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A value counted in a histogram."""
    return _measure("histogram", effort)


def log_write(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A record written to the log and taken out on the same core."""
    return _measure("log", effort)


def _measure(kind: str, effort: Effort) -> Measurement:
    return measure_both(effort, Guard(kind), OPS_PER_BLOCK, {})
