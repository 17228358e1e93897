"""Going on with an earlier result: what is missing of it, and whether it was measured under the same conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lltool.bench.benchmark import Benchmark
from lltool.bench.estimates import CLOCK_AGREEMENT
from lltool.bench.fingerprint import differences
from lltool.bench.model import Result, Run
from lltool.errors import InvalidInput

Step = tuple[Benchmark, int]


def first_round(earlier: Result | None, *, resume: bool) -> int:
    """The round to begin with: the first one, or, where runs are added, the one after the last there is."""
    if earlier is None or resume:
        return 0
    return max((run.block for run in earlier.runs), default=-1) + 1


def left_to_do(plan: Sequence[Step], runs: Sequence[Run]) -> list[Step]:
    """The steps of ``plan`` that none of ``runs`` has done; one that failed is done again."""
    done = {(run.benchmark, run.block) for run in runs if run.failed is None}
    return [step for step in plan if (step[0].name, step[1]) not in done]


def refuse_if_unlike(
    earlier: Result, host: Mapping[str, Any], passport: Mapping[str, Any], cores: Sequence[int], effort: str
) -> None:
    """Raise ``InvalidInput`` with everything that keeps new runs from being runs of ``earlier``."""
    faults = [f"{name}: {old} then, {new} now" for name, old, new in differences(earlier.host, host)]
    efforts = {run.effort for run in earlier.runs} - {effort}
    if efforts:
        faults.append(f"effort: {', '.join(sorted(efforts)) or 'not recorded'} then, {effort} now")
    measured_on = {run.cores[0] for run in earlier.runs if run.cores} - {cores[0]}
    if measured_on:
        faults.append(f"measuring core: {', '.join(map(str, sorted(measured_on)))} then, {cores[0]} now")
    if any(run.arm != "bench" for run in earlier.runs):
        faults.append("it holds the arms of a trial")
    then, now = earlier.passport.get("tick_hz"), passport["tick_hz"]
    if isinstance(then, int | float) and then > 0 and abs(now / then - 1) > CLOCK_AGREEMENT:
        faults.append(f"clock: {then / 1e6:.1f} MHz then, {now / 1e6:.1f} MHz now")
    if faults:
        raise InvalidInput(
            "these runs would not be of one measurement", faults, next_step="measure into a new file (-o FILE)"
        )
