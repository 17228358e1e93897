"""The documents of hosts as they arrive: from elsewhere, so every size and type is checked before it is used."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Text = Annotated[str, Field(max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Verdict = Literal["ok", "drift", "pending-reboot", "partial", "refused", "not-applicable", "no-effect"]
Names = Annotated[list[Name], Field(max_length=5000)]


class Finding(BaseModel):
    """The verdict on one setting."""

    setting: Name
    verdict: Verdict
    reason: Text = ""


class Verify(BaseModel):
    """The last verification."""

    created: Seconds
    profile: Name
    profile_hash: Text = ""
    verdicts: dict[Verdict, Names]
    findings: Annotated[list[Finding], Field(max_length=5000)]


class Brief(BaseModel):
    """The figures of one benchmark by metric."""

    figures: Annotated[dict[Name, Number], Field(max_length=50)]
    units: Annotated[dict[Name, Name], Field(max_length=50)]


class Bench(BaseModel):
    """The last benchmarks."""

    benchmarks: Annotated[dict[Name, Brief], Field(max_length=500)]


class Comparison(BaseModel):
    """One line of a trial."""

    benchmark: Name
    metric: Name
    outcome: Literal["better", "worse", "equivalent", "inconclusive", "not compared"]
    change: Number | None
    low: Number | None
    high: Number | None


class TrialBrief(BaseModel):
    """The last trial."""

    comparisons: Annotated[list[Comparison], Field(max_length=500)]


class HostState(BaseModel):
    """``lltool.host-state/1``."""

    host: Name
    created: Seconds
    version: Text
    equipment: Annotated[dict[Name, Text], Field(max_length=50)]
    verify: Verify | None
    bench: Bench | None
    trial: TrialBrief | None
    unfinished: bool | None = None


class HostStatus(BaseModel):
    """``lltool.host-status/1``: what whoever collected the files knows of a host that sent none."""

    status: Literal["unreachable", "refused", "failed", "unfinished"]
    reason: Text = ""


class Head(BaseModel):
    """What every document says of itself."""

    document_schema: Annotated[str, Field(alias="schema", max_length=100)]
