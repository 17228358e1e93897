"""The words of tuning: verdict and finding."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """The state of one setting."""

    OK = "ok"
    DRIFT = "drift"
    PENDING_REBOOT = "pending-reboot"
    PARTIAL = "partial"
    REFUSED = "refused"
    NOT_APPLICABLE = "not-applicable"
    NO_EFFECT = "no-effect"


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one setting, with the live and the wanted value as text and the reason in words."""

    setting: str
    verdict: Verdict
    live: str
    wanted: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON types."""
        return asdict(self)
