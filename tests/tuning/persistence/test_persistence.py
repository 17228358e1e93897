"""What --persist leaves in /etc: complete, marked, undone in every state of it, and killed at every write."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lltool.errors import LltoolError, UnfinishedTransaction
from lltool.root import Root
from lltool.tuning.journal import Journal
from lltool.tuning.kinds.owned_file import is_marked
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.persistence.sysctl_d import overrides
from lltool.tuning.plan import Target
from lltool.tuning.rollback import open_transactions, rollback
from lltool.tuning.store import Store
from lltool.tuning.transaction import Status, read_transactions, refuse_if_unfinished
from lltool.tuning.undo import Outcome
from tests.fake_boot import MakeLoader
from tests.fake_host import FakeKernel
from tests.fake_systemd import FakeSystemd

SYSCTL_D = "/etc/sysctl.d/99-zz-lltool.conf"
UNIT = "/etc/systemd/system/lltool-apply.service"
MASK = "/etc/systemd/system/irqbalance.service"
SWAPPINESS = "/proc/sys/vm/swappiness"

PROFILE = """[settings]
"boot.isolcpus" = "managed_irq,domain,{isolated}"
"sysctl.vm.swappiness" = 1
"sysctl.net.core.rmem_max" = ">= 26214400"
"memory.thp_enabled" = "never"
"service.irqbalance" = "masked"
"irq.default_affinity" = "{housekeeping}"
"""

Persist = Callable[[Target], tuple[str, ...]]
MakeTarget = Callable[..., Target]


@pytest.fixture
def wanted(make_loader: MakeLoader, make_target: MakeTarget, systemd: FakeSystemd) -> Target:
    make_loader("grub")
    return make_target(PROFILE)


def tree(kernel: FakeKernel) -> dict[str, Any]:
    """Every path of the fake host: links as links, texts as the kernel would print them."""
    return {
        str(path.relative_to(kernel.directory)): os.readlink(path)
        if path.is_symlink()
        else path.read_text().split()
        if path.is_file()
        else "directory"
        for path in Path(kernel.directory).rglob("*")
    }


def test_each_class_persists_by_its_own_mechanism(wanted: Target, persist: Persist, kernel: FakeKernel) -> None:
    assert persist(wanted) == ()
    assert kernel.read(SYSCTL_D).splitlines()[2:] == ["net.core.rmem_max = 26214400", "vm.swappiness = 1"]
    unit = kernel.read(UNIT)
    assert "-m lltool tune" in unit
    assert "Type=oneshot" in unit
    assert kernel.readlink("/etc/systemd/system/multi-user.target.wants/lltool-apply.service") == UNIT
    assert kernel.readlink(MASK) == "/dev/null"
    for path in (SYSCTL_D, UNIT, "/etc/default/grub.d/99-lltool.cfg"):
        text = Path(kernel.path(path)).read_text()
        assert is_marked(text)
        assert not is_marked(text.replace("lltool", "other", 1))
        assert not is_marked(text + "x")


def test_a_value_that_the_next_boot_may_want_otherwise_is_left_to_the_run_in_that_boot(
    make_loader: MakeLoader, make_target: MakeTarget, systemd: FakeSystemd, persist: Persist, kernel: FakeKernel
) -> None:
    make_loader("grub")
    timers = Path(kernel.path("/proc/sys/kernel/timer_migration"))
    timers.write_text("1\n")
    profile = PROFILE + '"sysctl.kernel.timer_migration" = "{timer_migration}"\n'
    persist(make_target(profile))
    assert "timer_migration" not in kernel.read(SYSCTL_D)
    assert "-m lltool tune" in kernel.read(UNIT)
    files = {path: kernel.read(path) for path in (SYSCTL_D, UNIT)}

    systemd.boot()
    kernel.put("/sys/devices/system/cpu/isolated", "2-3")
    persist(make_target(profile))
    assert timers.read_text().strip() == "0"
    assert {path: kernel.read(path) for path in files} == files


def test_systemd_accepts_the_unit(wanted: Target, persist: Persist, kernel: FakeKernel, tmp_path: Path) -> None:
    persist(wanted)
    (tmp_path / "lltool-apply.service").write_text(kernel.read(UNIT))
    try:
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(tmp_path / "lltool-apply.service")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("needs systemd-analyze")
    assert "lltool-apply" not in checked.stderr, checked.stderr


def test_rollback_in_the_same_boot_restores_everything(
    wanted: Target, persist: Persist, kernel: FakeKernel, store: Store, systemd: FakeSystemd
) -> None:
    before = tree(kernel)
    persist(wanted)
    rollback(store, kernel)
    assert tree(kernel) == before
    assert systemd.active == {"irqbalance.service"}


def test_rollback_after_a_reboot_restores_files_services_and_the_values_that_a_file_renews(
    wanted: Target, persist: Persist, kernel: FakeKernel, store: Store, systemd: FakeSystemd
) -> None:
    before = tree(kernel)
    persist(wanted)
    # The reboot: what the kernel forgets is as before, what sysctl.d sets is set again.
    kernel.write("/sys/kernel/mm/transparent_hugepage/enabled", "madvise")
    kernel.write("/proc/irq/default_smp_affinity", "f")
    systemd.boot()
    assert systemd.active == set()
    assert [each.status for each in read_transactions(store, kernel)] == [Status.APPLIED]
    outcomes = {each.change.setting: each.outcome for each in rollback(store, kernel)}
    assert "memory.thp_enabled" not in outcomes
    assert outcomes["sysctl.vm.swappiness"] is Outcome.RESTORED
    kernel.write("/proc/sys/kernel/random/boot_id", "first-boot")
    assert tree(kernel) == before
    assert systemd.active == {"irqbalance.service"}


def test_a_renewed_value_that_a_later_boot_did_not_get_is_ended_not_foreign(
    wanted: Target, persist: Persist, kernel: FakeKernel, store: Store, systemd: FakeSystemd
) -> None:
    persist(wanted)
    systemd.boot()
    kernel.write(SWAPPINESS, "60")
    kernel.write("/proc/sys/net/core/rmem_max", "4096")
    outcomes = {each.change.setting: each.outcome for each in rollback(store, kernel)}
    assert outcomes["sysctl.vm.swappiness"] is Outcome.UNCHANGED
    assert outcomes["sysctl.net.core.rmem_max"] is Outcome.ENDED


@pytest.mark.parametrize("path", [SYSCTL_D, UNIT, "/etc/default/grub.d/99-lltool.cfg"])
def test_a_file_changed_by_hand_is_kept_and_the_rest_goes(
    wanted: Target, persist: Persist, kernel: FakeKernel, store: Store, path: str
) -> None:
    before = tree(kernel)
    persist(wanted)
    Path(kernel.path(path)).write_text("by hand\n")
    outcomes = {each.change.knob.path: each.outcome for each in rollback(store, kernel)}
    assert outcomes[path] is Outcome.FOREIGN
    left = {name: value for name, value in tree(kernel).items() if before.get(name) != value}
    assert left.pop(path.lstrip("/")) == ["by", "hand"]
    assert set(left) <= {os.path.dirname(path).lstrip("/")}
    assert open_transactions(store, kernel) == []


def test_a_file_of_someone_else_in_the_place_is_not_overwritten(
    wanted: Target, persist: Persist, kernel: FakeKernel
) -> None:
    Path(kernel.directory, "etc/sysctl.d").mkdir(parents=True)
    Path(kernel.path(SYSCTL_D)).write_text("vm.swappiness = 10\n")
    before = tree(kernel)
    with pytest.raises(LltoolError, match="not as lltool writes it"):
        persist(wanted)
    assert tree(kernel) == before


def test_a_directory_that_others_use_by_now_stays(
    wanted: Target, persist: Persist, kernel: FakeKernel, store: Store
) -> None:
    persist(wanted)
    Path(kernel.path("/etc/sysctl.d/50-own.conf")).write_text("vm.swappiness = 5\n")
    rollback(store, kernel)
    assert kernel.listdir("/etc/sysctl.d") == ["50-own.conf"]
    assert open_transactions(store, kernel) == []


def test_an_administrators_own_unit_is_not_replaced_by_a_mask(
    wanted: Target, persist: Persist, kernel: FakeKernel
) -> None:
    Path(kernel.path(MASK)).write_text("[Service]\nExecStart=/usr/sbin/irqbalance\n")
    persist(wanted)
    assert kernel.read(MASK).startswith("[Service]")


ACTS = (
    (Root, "put_file"),
    (Root, "put_link"),
    (Root, "mkdir"),
    (Root, "rmdir"),
    (FakeKernel, "write"),
    (FakeKernel, "run"),
    (Journal, "append"),
    (os, "replace"),
    (os, "unlink"),
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("owner", "name"), ACTS, ids=lambda each: getattr(each, "__name__", each))
def test_killed_at_any_write_of_a_file_or_record_everything_comes_back(
    wanted: Target,
    persist: Persist,
    kernel: FakeKernel,
    store: Store,
    systemd: FakeSystemd,
    owner: Any,
    name: str,
    when: str,
) -> None:
    before = tree(kernel)
    reached = 0
    while killed(lambda: persist(wanted), owner, name, when, reached):
        reached += 1
        rollback(store, kernel)
        assert tree(kernel) == before, f"killed {when} {name} number {reached}"
        assert open_transactions(store, kernel) == []
    assert reached or name in {"rmdir", "unlink"}
    # The child's fakes died with it: what it started and masked is done here again.
    kernel.run("update-grub")
    reached = 0
    while killed(lambda: rollback(store, kernel), owner, name, when, reached):
        reached += 1
        rollback(store, kernel)
        assert tree(kernel) == before, f"rollback killed {when} {name} number {reached}"
        persist(wanted)


def killed(act: Callable[[], object], owner: Any, name: str, when: str, nth: int) -> bool:
    """Run ``act`` in a child that is killed before or after the nth call of ``owner.name``; whether it was killed."""
    child = os.fork()
    if child == 0:
        original, calls = getattr(owner, name), iter(range(nth))

        def die() -> None:
            if next(calls, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            if when == "before":
                die()
            result = original(*arguments, **options)
            if when == "after":
                die()
            return result

        setattr(owner, name, wrapped)
        try:
            act()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_an_interrupted_transaction_is_in_the_way_also_after_a_reboot(
    wanted: Target, persist: Persist, kernel: FakeKernel, store: Store, systemd: FakeSystemd
) -> None:
    before = tree(kernel)
    assert killed(lambda: persist(wanted), Root, "put_link", "before", 0)
    systemd.boot()
    with pytest.raises(UnfinishedTransaction):
        refuse_if_unfinished(read_transactions(store, kernel))
    rollback(store, kernel)
    kernel.write("/proc/sys/kernel/random/boot_id", "first-boot")
    after = tree(kernel)
    for volatile in ("proc/sys/vm/swappiness", "proc/irq/default_smp_affinity", "proc/sys/net/core/rmem_max",
                     "sys/kernel/mm/transparent_hugepage/enabled"):  # fmt: skip
        after.pop(volatile)  # a real reboot resets these; the fake one leaves them
        before.pop(volatile)
    assert after == before


@pytest.mark.parametrize("name", ["put_file", "put_link", "mkdir"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EPERM, errno.EIO])
def test_a_file_that_cannot_be_written_undoes_the_tune(
    wanted: Target, persist: Persist, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    before = tree(kernel)

    def fail(self: Root, path: str, *_: object) -> None:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(Root, name, fail)
    with pytest.raises(LltoolError, match=r"persist\..*everything was put back"):
        persist(wanted)
    monkeypatch.undo()
    assert tree(kernel) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_full_disk_leaves_no_torn_file(
    wanted: Target, persist: Persist, kernel: FakeKernel, make_target: MakeTarget
) -> None:
    directory = Path(kernel.directory, "etc/sysctl.d")
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(directory)], check=True)
    try:
        (directory / "full").write_bytes(bytes(4096))
        with pytest.raises(LltoolError, match="no space left"):
            persist(wanted)
        assert os.listdir(directory) == ["full"]
    finally:
        subprocess.run(["umount", str(directory)], check=True)


@pytest.mark.parametrize(
    ("path", "reader"),
    [("/etc/sysctl.d/99-zzz.conf", "systemd-sysctl"), ("/usr/lib/sysctl.d/zz.conf", "systemd-sysctl"),
     ("/etc/sysctl.conf", "sysctl --system")],
)  # fmt: skip
@pytest.mark.parametrize("line", ["vm.swappiness = 10", "-vm/swappiness=10", "vm.swap* = 10"])
def test_a_later_file_that_would_override_ours_is_named(
    wanted: Target, persist: Persist, kernel: FakeKernel, path: str, reader: str, line: str
) -> None:
    persist(wanted)
    place = Path(kernel.directory, path.lstrip("/"))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"# a comment\n{line}\n")
    (override,) = overrides(kernel)
    assert (override.place, override.key, override.theirs) == (f"{path}:2", "vm.swappiness", "10")
    assert override.reader == reader


def test_an_earlier_a_hidden_or_an_agreeing_file_is_not_named(
    wanted: Target, persist: Persist, kernel: FakeKernel
) -> None:
    persist(wanted)
    for path, text in {
        "etc/sysctl.d/10-own.conf": "vm.swappiness = 10\n",
        "usr/lib/sysctl.d/99-zzz.conf": "vm.swappiness = 10\n",
        "etc/sysctl.d/99-zzz.conf": "vm.swappiness = 1\n; vm.swappiness = 3\n",
    }.items():
        place = Path(kernel.directory, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    assert overrides(kernel) == []


def test_verdicts_hold_across_the_reboot(
    wanted: Target, persist: Persist, kernel: FakeKernel, verdicts: Callable[[Target], dict[str, Finding]]
) -> None:
    persist(wanted)
    kernel.write("/proc/sys/kernel/random/boot_id", "second-boot")
    assert verdicts(wanted)["sysctl.vm.swappiness"].verdict is Verdict.OK
    kernel.write(SWAPPINESS, "60")
    assert verdicts(wanted)["sysctl.vm.swappiness"].verdict is Verdict.DRIFT


def test_a_second_tune_of_another_part_keeps_what_the_first_has_run_at_boot(
    wanted: Target, make_target: MakeTarget, persist: Persist, kernel: FakeKernel, store: Store
) -> None:
    def runs() -> int:
        return sum(line.startswith("ExecStart=") for line in kernel.read(UNIT).splitlines())

    before = tree(kernel)
    persist(make_target('[settings]\n"memory.thp_enabled" = "never"\n"sysctl.vm.swappiness" = 1\n'))
    persist(make_target('[settings]\n"irq.default_affinity" = "{housekeeping}"\n"sysctl.vm.stat_interval" = 9\n'))
    assert runs() == 2
    assert kernel.read(SYSCTL_D).splitlines()[2:] == ["vm.stat_interval = 9", "vm.swappiness = 1"]
    persist(make_target(PROFILE + '"sysctl.vm.stat_interval" = 9\n'))
    assert runs() == 1
    rollback(store, kernel)
    assert tree(kernel) == before
