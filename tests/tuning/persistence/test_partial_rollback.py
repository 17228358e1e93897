"""A part that is rolled back does not come back at the next boot, and the rest stays; a later rollback takes all."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from lltool.errors import LltoolError, UnfinishedTransaction
from lltool.root import Root
from lltool.tuning.catalogue import load_catalogue
from lltool.tuning.plan import Target
from lltool.tuning.rollback import PartUndone, open_transactions, rollback, rollback_part
from lltool.tuning.store import Store
from lltool.tuning.undo import Outcome
from tests.fake_boot import MakeLoader
from tests.fake_host import FakeKernel
from tests.fake_systemd import FakeSystemd
from tests.tuning.persistence.test_persistence import MASK, PROFILE, SWAPPINESS, SYSCTL_D, UNIT, killed, tree

DROP_IN = "/etc/default/grub.d/99-lltool.cfg"

Persist = Callable[[Target], tuple[str, ...]]
RollBack = Callable[..., PartUndone]


@pytest.fixture
def wanted(make_loader: MakeLoader, make_target: Callable[..., Target], systemd: FakeSystemd) -> Target:
    make_loader("grub")
    return make_target(PROFILE + '"boot.skew_tick" = 1\n')


@pytest.fixture
def roll_back(store: Store, kernel: FakeKernel) -> RollBack:
    return lambda *only: rollback_part(store, kernel, only, load_catalogue())


def test_a_sysctl_goes_out_of_the_file_and_is_not_applied_at_boot(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, store: Store
) -> None:
    before = tree(kernel)
    persist(wanted)
    undone = roll_back("sysctl.vm.*")
    assert undone.notes == ()
    assert kernel.read(SWAPPINESS) == "60"
    assert kernel.read(SYSCTL_D).splitlines()[2:] == ["net.core.rmem_max = 26214400"]
    assert "--skip sysctl.vm.swappiness" in kernel.read(UNIT)
    assert kernel.read("/proc/sys/net/core/rmem_max") == "26214400"
    assert {(each.change.knob.path, each.outcome) for each in undone.restorations} == {
        (SYSCTL_D, Outcome.REDUCED),
        (UNIT, Outcome.REDUCED),
        (SWAPPINESS, Outcome.RESTORED),
    }
    rollback(store, kernel)
    assert tree(kernel) == before
    assert open_transactions(store, kernel) == []


def test_the_last_sysctl_takes_the_file_with_it(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, store: Store
) -> None:
    before = tree(kernel)
    persist(wanted)
    roll_back("sysctl.vm.*")
    roll_back("sysctl.net.*")
    assert not kernel.exists(SYSCTL_D)
    assert kernel.read("/proc/sys/net/core/rmem_max") == "212992"
    assert kernel.exists(UNIT)
    rollback(store, kernel)
    assert tree(kernel) == before


def test_an_argument_leaves_the_boot_loader_and_the_others_stay(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, store: Store
) -> None:
    before = tree(kernel)
    persist(wanted)
    assert "skew_tick=1" in kernel.read("/boot/grub/grub.cfg")
    roll_back("boot.skew_tick")
    assert "skew_tick=1" not in kernel.read("/boot/grub/grub.cfg")
    assert "isolcpus=managed_irq,domain,2-3" in kernel.read("/boot/grub/grub.cfg")
    roll_back("boot.*")
    assert not kernel.exists(DROP_IN)
    assert "isolcpus" not in kernel.read("/boot/grub/grub.cfg")
    rollback(store, kernel)
    assert tree(kernel) == before


@pytest.mark.parametrize("rebooted", [False, True])
def test_a_service_runs_again(
    wanted: Target,
    persist: Persist,
    roll_back: RollBack,
    kernel: FakeKernel,
    store: Store,
    systemd: FakeSystemd,
    rebooted: bool,
) -> None:
    persist(wanted)
    if rebooted:
        systemd.boot()
    assert systemd.active == set()
    roll_back("service.*")
    assert systemd.active == {"irqbalance.service"}
    assert not kernel.exists_or_is_link(MASK)
    rollback(store, kernel)
    assert systemd.active == {"irqbalance.service"}


def test_everything_by_a_pattern_is_everything(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, store: Store
) -> None:
    before = tree(kernel)
    persist(wanted)
    roll_back("*")
    assert tree(kernel) == before
    assert open_transactions(store, kernel) == []


@pytest.mark.parametrize("path", [SYSCTL_D, UNIT, DROP_IN])
def test_a_file_changed_by_hand_is_left_and_named(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, path: str
) -> None:
    persist(wanted)
    Path(kernel.path(path)).write_text("by hand\n")
    undone = roll_back("sysctl.vm.*", "boot.skew_tick")
    (note,) = undone.notes
    assert path in note
    assert kernel.read(path) == "by hand"
    assert kernel.read(SWAPPINESS) == "60"


def test_a_file_that_cannot_be_rewritten_undoes_nothing(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    persist(wanted)
    after = tree(kernel)

    def fail(self: Root, path: str, text: str | None) -> None:
        raise OSError(28, os.strerror(28), path)

    monkeypatch.setattr(Root, "put_file", fail)
    with pytest.raises(LltoolError, match="no space left"):
        roll_back("sysctl.vm.*")
    assert tree(kernel) == after


def test_what_can_only_go_back_after_another_takes_that_with_it(
    make_target: Callable[..., Target], persist: Persist, roll_back: RollBack, kernel: FakeKernel, systemd: FakeSystemd
) -> None:
    persist(make_target('[settings]\n"sysctl.kernel.sched_rt_runtime_us" = -1\n"isolation.fair_server" = 0\n'))
    undone = roll_back("sysctl.kernel.sched_rt_runtime_us")
    assert {each.change.setting for each in undone.restorations} >= {"isolation.fair_server"}
    assert kernel.read("/proc/sys/kernel/sched_rt_runtime_us") == "950000"
    assert kernel.read("/sys/kernel/debug/sched/fair_server/cpu3/runtime") == "50000000"


def test_a_part_that_fails_stays_in_force_and_leaves_nothing_unfinished(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, store: Store
) -> None:
    before = tree(kernel)
    persist(wanted)
    kernel.errors[SWAPPINESS] = 16
    outcomes = {each.change.knob.path: each.outcome for each in roll_back("sysctl.*").restorations}
    assert outcomes[SWAPPINESS] is Outcome.FAILED
    kernel.errors.clear()
    roll_back("sysctl.net.*")
    assert kernel.read(SWAPPINESS) == "1"
    rollback(store, kernel)
    assert tree(kernel) == before


@pytest.mark.parametrize("name", ["put_file", "run", "write"])
def test_killed_in_a_partial_rollback_a_whole_one_restores_everything(
    wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel, store: Store, name: str
) -> None:
    before = tree(kernel)
    reached = 0
    persist(wanted)
    owner = Root if name == "put_file" else FakeKernel
    while killed(lambda: roll_back("sysctl.vm.*", "boot.*"), owner, name, "after", reached):
        reached += 1
        if any(each.status.name == "UNFINISHED" for each in open_transactions(store, kernel)):
            with pytest.raises(UnfinishedTransaction, match="lltool rollback"):
                roll_back("sysctl.net.*")
        rollback(store, kernel)
        assert tree(kernel) == before, f"killed after {name} number {reached}"
        persist(wanted)
    assert reached


def test_signals_wait(wanted: Target, persist: Persist, roll_back: RollBack, kernel: FakeKernel) -> None:
    persist(wanted)
    caught: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: caught.append(number))
    try:
        kernel.before_write = lambda path, text: os.kill(os.getpid(), signal.SIGTERM)
        roll_back("sysctl.vm.*")
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert kernel.read(SWAPPINESS) == "60"
    assert caught
