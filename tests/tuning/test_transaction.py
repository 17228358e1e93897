"""Apply, read back, judge, undo: on a host of plain files whose kernel misbehaves as told."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lltool.errors import LltoolError, Locked, UnfinishedTransaction
from lltool.tuning.apply import apply
from lltool.tuning.catalogue import load_catalogue
from lltool.tuning.journal import Journal
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.plan import Target
from lltool.tuning.rollback import changes_in_force, open_transactions, rollback, rollback_part
from lltool.tuning.store import Store
from lltool.tuning.transaction import Status, read_history, read_transactions, refuse_if_unfinished
from lltool.tuning.undo import Outcome
from lltool.tuning.verdicts import exit_code, judge

SWAPPINESS = "/proc/sys/vm/swappiness"
HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
IRQ_24 = "/proc/irq/24/smp_affinity_list"

Tree = Callable[[], dict[str, str]]


@pytest.fixture
def tree(kernel: Any) -> Tree:
    return lambda: {
        str(path.relative_to(kernel.directory)): path.read_text()
        for path in sorted(Path(kernel.directory).rglob("*"))
        if path.is_file()
    }


def applied(wanted: Target, store: Store, *, keep_going: bool = False) -> None:
    apply(wanted.observe(), wanted.host.root, store, "test", keep_going=keep_going)


def findings(wanted: Target, store: Store) -> dict[str, Finding]:
    return {each.setting: each for each in judge(wanted.observe(), changes_in_force(store, wanted.host.root))}


def test_what_was_applied_is_in_force_and_verified(wanted: Target, store: Store, kernel: Any) -> None:
    applied(wanted, store)
    verdicts = {setting: finding.verdict for setting, finding in findings(wanted, store).items()}
    assert verdicts == {
        "boot.isolcpus": Verdict.DRIFT,
        "cpu.governor": Verdict.OK,
        "cpu.turbo": Verdict.OK,
        "cpu.energy_performance_preference": Verdict.OK,
        "cpu.clocksource": Verdict.OK,
        "cpu.pm_qos_resume_latency": Verdict.OK,
        "sysctl.net.core.rmem_max": Verdict.OK,
        "sysctl.net.ipv4.tcp_rmem": Verdict.OK,
        "sysctl.net.ipv4.tcp_low_latency": Verdict.NO_EFFECT,
        "sysctl.net.ipv4.tcp_sack": Verdict.OK,
        "sysctl.vm.swappiness": Verdict.OK,
        "sysctl.vm.stat_interval": Verdict.OK,
        "sysctl.vm.dirty_ratio": Verdict.OK,
        "sysctl.vm.dirty_background_bytes": Verdict.OK,
        "sysctl.kernel.numa_balancing": Verdict.NOT_APPLICABLE,
        "sysctl.kernel.sched_rt_runtime_us": Verdict.OK,
        "isolation.fair_server": Verdict.OK,
        "service.irqbalance": Verdict.OK,
        "nic.*.adaptive_rx": Verdict.OK,
        "nic.*.rx_usecs": Verdict.OK,
        "nic.*.gro": Verdict.OK,
        "nic.*.threaded": Verdict.OK,
        "nic.*.rps_cpus": Verdict.OK,
        "memory.thp_enabled": Verdict.OK,
        "memory.hugepages_2m": Verdict.OK,
        "memory.swap": Verdict.OK,
        "irq.affinity": Verdict.REFUSED,
        "irq.default_affinity": Verdict.OK,
    }
    assert kernel.read("/proc/irq/default_smp_affinity") == "3"
    assert kernel.read("/sys/devices/system/cpu/cpu3/power/pm_qos_resume_latency_us") == "n/a"
    assert kernel.read("/sys/devices/system/cpu/cpu1/power/pm_qos_resume_latency_us") == "0"
    assert kernel.read("/proc/sys/net/ipv4/tcp_low_latency") == "0"


def test_interrupts_move_after_the_default_for_new_ones(wanted: Target) -> None:
    order = [observation.setting for observation in wanted.observe()]
    assert order.index("irq.default_affinity") < order.index("irq.affinity")


def test_rollback_restores_every_file(wanted: Target, store: Store, kernel: Any, tree: Tree) -> None:
    before = values(tree())
    applied(wanted, store)
    assert values(tree()) != before
    assert {each.outcome for each in rollback(store, kernel)} == {Outcome.RESTORED}
    assert values(tree()) == before
    assert [each.status for each in read_history(store, kernel)] == [Status.ROLLED_BACK]
    assert rollback(store, kernel) == []


def test_undo_writes_in_strict_reverse(wanted: Target, store: Store, kernel: Any) -> None:
    written: list[str] = []
    kernel.before_write = lambda path, text: written.append(path)
    applied(wanted, store)
    forward = written.copy()
    written.clear()
    rollback(store, kernel)
    # A unit is unmasked, then started; of a pair the member is written that was in force.
    backward = [path for path, before in zip(written, ["", *written], strict=False) if path != before]
    assert [pair(path) for path in backward] == [pair(path) for path in forward[::-1]]


def test_applying_twice_writes_nothing_the_second_time(wanted: Target, store: Store, kernel: Any) -> None:
    applied(wanted, store)
    written: list[str] = []
    kernel.before_write = lambda path, text: written.append(path)
    applied(wanted, store)
    assert written == []
    assert len(store.journals()) == 1


def test_two_transactions_roll_back_to_the_values_before_both(
    wanted: Target, store: Store, kernel: Any, tree: Tree
) -> None:
    before = values(tree())
    applied(wanted, store)
    kernel.write(SWAPPINESS, "90")
    applied(wanted, store)
    kernel.write(SWAPPINESS, "1")
    rollback(store, kernel)
    restored = values(tree())
    # The first transaction finds the 90 of someone else, which the second rightly restored.
    assert restored.pop(SWAPPINESS.lstrip("/")) == "90"
    before.pop(SWAPPINESS.lstrip("/"))
    assert restored == before


def test_what_someone_else_changed_is_kept_and_named(wanted: Target, store: Store, kernel: Any) -> None:
    applied(wanted, store)
    kernel.write(SWAPPINESS, "33")
    assert findings(wanted, store)["sysctl.vm.swappiness"].verdict is Verdict.DRIFT
    assert "someone else" in findings(wanted, store)["sysctl.vm.swappiness"].reason
    outcomes = {each.change.setting: each.outcome for each in rollback(store, kernel)}
    assert outcomes["sysctl.vm.swappiness"] is Outcome.FOREIGN
    assert kernel.read(SWAPPINESS) == "33"


def test_a_part_can_be_rolled_back_and_the_rest_later(wanted: Target, store: Store, kernel: Any, tree: Tree) -> None:
    before = values(tree())
    applied(wanted, store)
    rollback_part(store, kernel, ["sysctl.vm.*"], load_catalogue())
    assert kernel.read(SWAPPINESS) == "60"
    assert kernel.read(HUGEPAGES) == "1024"
    assert [each.status for each in read_transactions(store, kernel)] == [Status.APPLIED]
    rollback(store, kernel)
    assert values(tree()) == before


def test_partly_granted_is_partial_and_comes_back(wanted: Target, store: Store, kernel: Any) -> None:
    kernel.answers[HUGEPAGES] = lambda text: str(min(int(text), 462))
    applied(wanted, store)
    finding = findings(wanted, store)["memory.hugepages_2m"]
    assert finding.verdict is Verdict.PARTIAL
    assert "'462'" in finding.reason
    assert exit_code(list(findings(wanted, store).values())) == 3
    rollback(store, kernel)
    assert kernel.read(HUGEPAGES) == "0"


def test_more_huge_pages_than_half_of_the_free_memory_are_not_asked_for(
    wanted: Target, store: Store, kernel: Any
) -> None:
    Path(kernel.path("/proc/meminfo")).write_text("MemAvailable: 1000000 kB\n")
    applied(wanted, store)
    assert kernel.read(HUGEPAGES) == "0"
    assert findings(wanted, store)["memory.hugepages_2m"].verdict is Verdict.REFUSED


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EROFS])
def test_no_privilege_is_refused_never_ok(wanted: Target, store: Store, kernel: Any, number: int) -> None:
    kernel.errors[SWAPPINESS] = number
    applied(wanted, store)
    assert findings(wanted, store)["sysctl.vm.swappiness"].verdict is Verdict.REFUSED
    assert exit_code(list(findings(wanted, store).values()), strict=True) == 3


def test_an_interrupt_that_answers_eio_is_refused_as_managed(wanted: Target, store: Store, kernel: Any) -> None:
    """Kernels before 6.12 leave the write bits and answer EIO."""
    kernel.errors[IRQ_24] = errno.EIO
    applied(wanted, store)
    finding = findings(wanted, store)["irq.affinity"]
    assert finding.verdict is Verdict.REFUSED
    assert "managed" in finding.reason


def test_a_governor_that_the_driver_lacks_is_refused(wanted: Target, store: Store, kernel: Any) -> None:
    Path(kernel.path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_available_governors")).write_text("powersave\n")
    applied(wanted, store)
    finding = findings(wanted, store)["cpu.governor"]
    assert finding.verdict is Verdict.REFUSED
    assert "powersave" in finding.reason


WRITES = 33  # writes of the profile in `wanted`; test_every_write_is_counted holds it


def test_every_write_is_counted(wanted: Target, store: Store, kernel: Any) -> None:
    written: list[str] = []
    kernel.before_write = lambda path, text: written.append(path)
    applied(wanted, store)
    assert len(written) == WRITES


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EPERM, errno.EBUSY, errno.EINVAL])
@pytest.mark.parametrize("nth", range(WRITES - 1))  # two of them go to one structure of a driver
def test_whichever_write_fails_the_host_comes_back(
    wanted: Target, store: Store, kernel: Any, tree: Tree, nth: int, number: int
) -> None:
    before = values(tree())
    seen: set[str] = set()

    def fail(path: str, text: str) -> None:
        if path not in seen and len(seen) == nth:
            kernel.errors[path] = number
        seen.add(path)

    kernel.before_write = fail
    try:
        applied(wanted, store)
    except LltoolError as error:
        assert number != errno.EPERM
        assert "everything was put back" in str(error)
        assert "--skip" in str(error)
    else:
        rollback(store, kernel)
    assert values(tree()) == before


def test_keep_going_leaves_the_failed_one_out(wanted: Target, store: Store, kernel: Any) -> None:
    kernel.errors[SWAPPINESS] = errno.EINVAL
    applied(wanted, store, keep_going=True)
    verdicts = findings(wanted, store)
    assert verdicts["sysctl.vm.swappiness"].verdict is Verdict.REFUSED
    assert verdicts["sysctl.net.ipv4.tcp_sack"].verdict is Verdict.OK


def killed_when(act: Callable[[], None], patched: Callable[[Callable[[], None]], None], nth: int) -> bool:
    """Run ``act`` in a child that is killed at the nth call of what ``patched`` hooks; whether it was killed."""
    child = os.fork()
    if child == 0:
        calls = iter(range(nth))
        patched(lambda: None if next(calls, None) is not None else os.kill(os.getpid(), signal.SIGKILL))
        try:
            act()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("moment", ["before a write", "after a write", "before a record", "after a record"])
def test_killed_anywhere_rollback_restores_the_exact_state(
    wanted: Target, store: Store, kernel: Any, tree: Tree, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    when, _, what = moment.split()
    owner, name = (type(kernel), "write") if what == "write" else (Journal, "append")
    original = getattr(owner, name)

    def patched(hook: Callable[[], None]) -> None:
        def wrapped(self: Any, *arguments: Any, **options: Any) -> None:
            if when == "before":
                hook()
            original(self, *arguments, **options)
            if when == "after":
                hook()

        setattr(owner, name, wrapped)

    before = values(tree())
    times = 0
    while killed_when(lambda: applied(wanted, store), patched, times):
        times += 1
        with store.lock():
            rollback(store, kernel)
        assert values(tree()) == before, f"killed {moment} number {times}"
        assert open_transactions(store, kernel) == []
    assert times >= WRITES
    # A rollback that is killed itself is finished by the next one.
    times = 0
    applied(wanted, store)
    while killed_when(lambda: [*rollback(store, kernel)] and None, patched, times):
        times += 1
        rollback(store, kernel)
        assert values(tree()) == before, f"rollback killed {moment} number {times}"
        applied(wanted, store)
    assert times >= WRITES


def test_an_interrupted_transaction_is_in_the_way(wanted: Target, store: Store, kernel: Any) -> None:
    def stop(path: str, text: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def act() -> None:
        kernel.before_write = stop
        applied(wanted, store)

    assert killed_when(act, lambda hook: None, 0)
    with pytest.raises(UnfinishedTransaction, match="lltool rollback"):
        refuse_if_unfinished(read_transactions(store, kernel))


def test_ctrl_c_between_two_writes_undoes_what_was_done(wanted: Target, store: Store, kernel: Any, tree: Tree) -> None:
    before = values(tree())

    def interrupt(path: str, text: str) -> None:
        if path == SWAPPINESS and text == "1":
            raise KeyboardInterrupt

    kernel.before_write = interrupt
    with pytest.raises(KeyboardInterrupt):
        applied(wanted, store)
    assert values(tree()) == before
    assert open_transactions(store, kernel) == []


@pytest.mark.parametrize("room", range(30))
def test_a_disk_that_fills_up_anywhere_does_not_keep_the_host_tuned(
    wanted: Target, store: Store, kernel: Any, tree: Tree, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    before = values(tree())
    original = Journal.append
    records = iter(range(room))

    def append(self: Journal, record: dict[str, Any], *, sync: bool) -> None:
        if next(records, None) is None:
            raise LltoolError(f"journal {self.path}", cause="no space left on device")
        original(self, record, sync=sync)

    monkeypatch.setattr(Journal, "append", append)
    try:
        applied(wanted, store)
    except LltoolError as error:
        assert "no space left" in str(error)
        assert values(tree()) == before
    rollback(store, kernel)
    assert values(tree()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_full_disk_is_named_and_the_host_left_as_it_was(
    wanted: Target, store: Store, tree: Tree, tmp_path: Path
) -> None:
    before = values(tree())
    os.mkdir(store.directory)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "none", store.directory], check=True)
    try:
        with pytest.raises(LltoolError, match="no space left"):
            applied(wanted, store)
    finally:
        subprocess.run(["umount", store.directory], check=True)
    assert values(tree()) == before


def test_a_reboot_ends_a_transaction(wanted: Target, store: Store, kernel: Any) -> None:
    applied(wanted, store)
    kernel.write("/proc/sys/kernel/random/boot_id", "second-boot")
    assert [each.status for each in read_transactions(store, kernel)] == [Status.ENDED_BY_REBOOT]
    kernel.write(SWAPPINESS, "60")
    assert rollback(store, kernel) == []


def test_a_device_that_went_away_is_named_and_not_missed(wanted: Target, store: Store, kernel: Any) -> None:
    applied(wanted, store)
    Path(kernel.path(IRQ_24)).unlink()
    outcomes = {each.change.knob.path: each.outcome for each in rollback(store, kernel)}
    assert outcomes[IRQ_24] is Outcome.GONE
    assert outcomes[SWAPPINESS] is Outcome.RESTORED


def test_two_at_once_are_kept_apart(store: Store) -> None:
    with store.lock(), pytest.raises(Locked, match=str(os.getpid())), store.lock():
        pass


def test_a_state_directory_that_cannot_be_made_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LLTOOL_STATE_DIR", str(tmp_path / "file/state"))
    from lltool.root import Root

    with pytest.raises(LltoolError, match="LLTOOL_STATE_DIR"):
        Store(Root()).create()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("place", ["", "transactions"])
def test_root_takes_no_orders_from_a_directory_that_others_can_write(store: Store, place: str) -> None:
    store.create()
    os.chown(os.path.join(store.directory, place), 65534, -1)
    with pytest.raises(LltoolError, match="others than root can write it"), store.lock():
        pass


def pair(path: str) -> str:
    return re.sub(r"(vm/dirty_\w*)(?:ratio|bytes)", r"\1", path)


def values(files: dict[str, str]) -> dict[str, str]:
    """The texts as the kernel would print them: masks and lists have several spellings, white space means nothing."""
    return {path: text.strip().replace("\t", " ") for path, text in files.items()}
