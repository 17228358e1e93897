"""From observations to verdicts, and from verdicts to an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lltool.tuning.boot.state import NOT_STAGED, BootState
from lltool.tuning.kinds.base import Knob
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.observation import KnobState, Observation
from lltool.tuning.transaction import Change

_SEVERITY = (Verdict.NO_EFFECT, Verdict.REFUSED, Verdict.PENDING_REBOOT, Verdict.PARTIAL, Verdict.DRIFT)


def judge(
    observations: Sequence[Observation], in_force: Iterable[Change], boot: BootState | None = None
) -> list[Finding]:
    """One finding for each observation; ``in_force`` is what lltool's own transactions recorded of the knobs.

    Without ``boot``, a boot setting that is not in force is drift, whatever is staged.
    """
    changes = {(change.setting, change.knob): change for change in in_force}
    return [_finding(observation, changes, boot) for observation in observations]


def exit_code(findings: Sequence[Finding], *, strict: bool = False) -> int:
    """0 compliant, 3 drifted, 4 compliant once the pending reboot has happened (design.md section 5)."""
    verdicts = {finding.verdict for finding in findings}
    bad = {Verdict.DRIFT, Verdict.PARTIAL} | ({Verdict.REFUSED} if strict else set())
    if verdicts & bad:
        return 3
    return 4 if Verdict.PENDING_REBOOT in verdicts else 0


def _finding(observation: Observation, changes: dict[tuple[str, Knob], Change], boot: BootState | None) -> Finding:
    if observation.settled is not None:
        verdict, reason = observation.settled, observation.reason
    elif _is_left_out(observation, changes):
        # Nobody asked for it to be changed, so it is not drift; and it is not in force, so it is not ok.
        verdict, reason = Verdict.NOT_APPLICABLE, f"left out: needs --allow {observation.needs}"
    else:
        unmet = [state for state in observation.knobs if not state.met]
        judged = [_judge(observation, state, changes.get((observation.setting, state.knob)), boot) for state in unmet]
        judged += [(Verdict.PARTIAL, reason) for reason in _shortfalls(observation, changes)]
        if not unmet and boot is not None and _by_text(observation) and boot.ignored(observation):
            judged = [(Verdict.NO_EFFECT, "it is on the command line, and the kernel says that it does not know it")]
        verdict = max((verdict for verdict, _ in judged), key=_SEVERITY.index, default=Verdict.OK)
        remarks = [state.remark for state in observation.knobs if state.remark]
        reason = _summary([reason for _, reason in judged] or remarks, len(observation.knobs))
    return Finding(observation.setting, verdict, observation.live, observation.wanted, reason)


def _shortfalls(observation: Observation, changes: dict[tuple[str, Knob], Change]) -> Iterator[str]:
    """Why values that are as wanted are in force only in part."""
    for state in observation.knobs:
        change = changes.get((observation.setting, state.knob))
        if state.shortfall:
            yield state.shortfall
        elif state.evidence and change is not None and change.evidence not in {"", state.evidence}:
            yield f"{observation.kind.belied}: {state.remark}"


def _by_text(observation: Observation) -> bool:
    """Whether it is a boot setting that is only known by its text, not by what the kernel made of it."""
    return observation.entry.kind == "boot" and any(state.knob.part for state in observation.knobs)


def _is_left_out(observation: Observation, changes: dict[tuple[str, Knob], Change]) -> bool:
    """Whether a disruptive setting was not allowed, is not in force, and was not set by lltool either."""
    if not observation.needs or all(state.met for state in observation.knobs):
        return False
    return not any((observation.setting, state.knob) in changes for state in observation.knobs)


def _judge(
    observation: Observation, state: KnobState, change: Change | None, boot: BootState | None
) -> tuple[Verdict, str]:
    if observation.entry.kind == "boot":
        return (Verdict.DRIFT, NOT_STAGED) if boot is None else boot.judge(observation, state)
    if state.refusal:
        return Verdict.REFUSED, state.refusal
    if observation.kind.filed:
        return Verdict.DRIFT, f"not written: --persist does that, to {state.knob.path}"
    return (Verdict.DRIFT, "not applied") if change is None else _judge_written(state, change)


def _judge_written(state: KnobState, change: Change) -> tuple[Verdict, str]:
    if change.error and state.live == change.before:
        return Verdict.REFUSED, change.error
    if state.live == change.after:
        return Verdict.PARTIAL, f"the kernel made {state.live!r} of {change.wanted!r}"
    return Verdict.DRIFT, f"changed by someone else since it was set to {change.after!r}"


def _summary(reasons: Sequence[str], knobs: int) -> str:
    counted = Counter(reasons).most_common()
    if knobs == 1 or not counted:
        return "; ".join(reason for reason, _ in counted)
    return "; ".join(f"{count} of {knobs}: {reason}" for reason, count in counted)
