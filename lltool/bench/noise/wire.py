"""What is read out of a document of ``lltool noise --json``, key by key. Keys that it does not know are tolerated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = "lltool.noise/1"

Natural = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CorePass(BaseModel):
    """What one core lost, untraced."""

    core: Natural
    watched_ns: Annotated[int, Field(gt=0)]
    lost_ns: Natural
    lost_share: Share
    gaps: Natural
    unrecorded_gaps: Natural
    p50_ns: Natural | None
    p99_ns: Natural | None
    max_ns: Natural | None


class CoreCause(BaseModel):
    """What one cause took from one core."""

    kind: str
    name: str
    lost_ns: Natural


class CoreCauses(BaseModel):
    """The causes of one core, the most first."""

    core: Natural
    watched_ns: Annotated[int, Field(gt=0)]
    causes: tuple[CoreCause, ...]


class Cause(BaseModel):
    """What one cause took from all cores, and what helps."""

    kind: str
    name: str
    lost_ns: Natural
    share_of_lost: Share
    gaps: Natural
    worst_ns: Natural
    setting: str | None
    fix: str


class GapPart(BaseModel):
    """What one cause took of one gap."""

    kind: str
    name: str
    ns: Natural


class WorstGap(BaseModel):
    """One of the longest gaps."""

    core: Natural
    at_seconds: Share
    length_ns: Natural
    causes: tuple[GapPart, ...]


class NoiseDocument(BaseModel):
    """See ``lltool.schemas``: who disturbed which cores, how that was found out, and what helps."""

    model_config = ConfigDict(extra="allow")

    format: Annotated[Literal["lltool.noise/1"], Field(alias="schema")]
    cores: tuple[Natural, ...]
    seconds: Share
    threshold_ns: Natural
    policy: str
    untraced: tuple[CorePass, ...]
    level: str
    level_reason: str
    explained_share: float | None
    causes: tuple[Cause, ...]
    by_core: tuple[CoreCauses, ...] = ()
    worst: tuple[WorstGap, ...]
