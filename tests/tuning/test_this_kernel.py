"""The real kernel of this machine: applied, verified, rolled back, every value as before."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lltool.root import Root
from lltool.tuning.apply import apply
from lltool.tuning.model import Verdict
from lltool.tuning.observation import snapshot
from lltool.tuning.plan import Target, target
from lltool.tuning.rollback import changes_in_force, rollback
from lltool.tuning.store import Store
from lltool.tuning.verdicts import judge

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A state directory of its own; whatever is in force at the end of the test is undone."""
    monkeypatch.setenv("LLTOOL_STATE_DIR", str(tmp_path / "state"))
    store = Store(Root())
    yield store
    rollback(store, Root())


def everything(wanted: Target) -> dict[str, str]:
    """Every value by its place: a kernel thread, which may end and come back with another number, by its name."""
    return {
        knob.part if re.fullmatch(r"/proc/\d+", knob.path) else str(knob): value
        for knob, value in snapshot(wanted.catalogue, wanted.host, wanted.selected).items()
    }


def apply_all(wanted: Target, store: Store) -> None:
    apply(wanted.observe(), wanted.host.root, store, wanted.profile.name, keep_going=True)


@pytest.mark.parametrize("profile", ["hft", "chapter5"])
def test_a_profile_holds_and_goes_without_a_trace(store: Store, profile: str) -> None:
    wanted = target(profile, Root())
    before = everything(wanted)
    writable = {each.setting for each in wanted.observe() if each.to_write}
    apply_all(wanted, store)
    verdicts = {each.setting: each for each in judge(wanted.observe(), changes_in_force(store, Root()))}
    rollback(store, Root())
    for setting in writable:
        finding = verdicts[setting]
        # Memory for huge pages may be short, and a managed interrupt says no: both must be named, neither may be drift.
        assert finding.verdict in {Verdict.OK, Verdict.PARTIAL, Verdict.REFUSED}, finding
        assert finding.verdict is Verdict.OK or finding.reason
    assert everything(wanted) == before


def test_managed_interrupts_are_refused_and_left_alone(store: Store) -> None:
    wanted = target("hft", Root(), only=["irq.affinity"])
    (observation,) = wanted.observe()
    managed = [state for state in observation.knobs if not Root().is_writable_by_mode(state.knob.path)]
    if not managed:
        pytest.skip("needs a managed interrupt")
    apply_all(wanted, store)
    (finding,) = judge(wanted.observe(), changes_in_force(store, Root()))
    assert finding.verdict is Verdict.REFUSED
    assert "managed by the kernel" in finding.reason
    for state in managed:
        assert Root().read(state.knob.path) == state.live


@pytest.mark.skipif(shutil.which("mkswap") is None, reason="needs mkswap")
def test_swap_areas_come_back_with_their_priorities(store: Store, tmp_path: Path) -> None:
    root = Root()
    if root.read("/proc/swaps").count("\n"):
        pytest.skip("needs a host without swap of its own")
    areas = []
    try:
        for name, priority in [("a b", 5), ("second", -1), ("third", -1)]:
            path = tmp_path / name
            path.write_bytes(bytes(8 << 20))
            path.chmod(0o600)
            subprocess.run(["mkswap", str(path)], check=True, capture_output=True)
            root.swapon(str(path), priority)
            areas.append(str(path))
        before = root.read("/proc/swaps").splitlines()
        apply_all(target("hft", root, only=["memory.swap"]), store)
        assert root.read("/proc/swaps").splitlines() == before[:1]
        rollback(store, root)
        priorities = [line.split()[-1] for line in before]
        assert [line.split()[-1] for line in root.read("/proc/swaps").splitlines()] == priorities
        assert [line.split()[0] for line in root.read("/proc/swaps").splitlines()] == [
            line.split()[0] for line in before
        ]
    finally:
        for path in areas:
            root.swapoff(path)
