"""Boot arguments on each boot loader: staged, pending, in force, taken back; and nothing of anyone else's touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lltool.errors import LltoolError
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.plan import Target
from lltool.tuning.rollback import open_transactions, rollback
from lltool.tuning.store import Store
from lltool.tuning.undo import Outcome
from lltool.tuning.verdicts import exit_code
from tests.fake_boot import OWN, MakeLoader
from tests.fake_host import FakeKernel

LOADERS = ["grub", "grub-bls", "rpm-ostree", "systemd-boot"]
OURS = ["isolcpus=managed_irq,domain,2-3", "skew_tick=1"]
DROP_IN = "/etc/default/grub.d/99-lltool.cfg"

Persist = Callable[[Target], tuple[str, ...]]
Verdicts = Callable[[Target], dict[str, Finding]]
MakeTarget = Callable[..., Target]


@pytest.mark.parametrize("name", LOADERS)
class TestEveryLoader:
    def test_every_ordinary_entry_gets_the_arguments_and_the_recovery_entry_none(
        self, name: str, make_loader: MakeLoader, make_target: MakeTarget, persist: Persist
    ) -> None:
        loader = make_loader(name)
        rescue = loader.rescue
        assert persist(make_target()) == ()
        assert [line.split() for line in loader.entries] == [[*OWN.split(), *OURS]] * len(loader.entries)
        assert loader.rescue == rescue

    def test_staged_is_pending_until_the_kernel_has_it(
        self, name: str, make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, verdicts: Verdicts
    ) -> None:
        loader, wanted = make_loader(name), make_target()
        assert {each.verdict for each in verdicts(wanted).values()} == {Verdict.DRIFT}
        persist(wanted)
        pending = verdicts(wanted)
        assert {each.verdict for each in pending.values()} == {Verdict.PENDING_REBOOT}
        assert exit_code(list(pending.values())) == 4
        loader.boot()
        assert {each.verdict for each in verdicts(wanted).values()} == {Verdict.OK}

    def test_rollback_takes_exactly_that_back_also_after_a_reboot(
        self,
        name: str,
        make_loader: MakeLoader,
        make_target: MakeTarget,
        persist: Persist,
        store: Store,
        kernel: FakeKernel,
    ) -> None:
        loader = make_loader(name)
        before, etc = loader.entries, tree(kernel)
        persist(make_target())
        loader.boot()
        outcomes = {each.outcome for each in rollback(store, kernel)}
        assert outcomes <= {Outcome.RESTORED, Outcome.UNCHANGED}
        assert loader.entries == before
        assert tree(kernel) == etc
        assert open_transactions(store, kernel) == []

    def test_what_the_owner_adds_meanwhile_stays(
        self,
        name: str,
        make_loader: MakeLoader,
        make_target: MakeTarget,
        persist: Persist,
        store: Store,
        kernel: FakeKernel,
    ) -> None:
        if name == "grub":
            pytest.skip("the owner's words are in another file there")
        loader = make_loader(name)
        persist(make_target())
        loader.kernels = {kernel_name: f"{line} nosmt" for kernel_name, line in loader.kernels.items()}
        if name == "systemd-boot":
            loader.put("/etc/kernel/cmdline", kernel.read("/etc/kernel/cmdline") + " nosmt\n")
        rollback(store, kernel)
        assert set(loader.entries) == {f"{OWN} nosmt"}

    def test_staging_twice_does_nothing_the_second_time(
        self,
        name: str,
        make_loader: MakeLoader,
        make_target: MakeTarget,
        persist: Persist,
        store: Store,
        kernel: FakeKernel,
    ) -> None:
        make_loader(name)
        persist(make_target())
        persist(make_target())
        assert len(store.journals()) == 1

    def test_other_cores_replace_the_argument_and_roll_back_to_none(
        self,
        name: str,
        make_loader: MakeLoader,
        make_target: MakeTarget,
        persist: Persist,
        store: Store,
        kernel: FakeKernel,
    ) -> None:
        loader = make_loader(name)
        persist(make_target())
        persist(make_target(cores=(3,)))
        assert "isolcpus=managed_irq,domain,3" in loader.entries[0].split()
        assert OURS[0] not in loader.entries[0].split()
        rollback(store, kernel)
        assert set(loader.entries) == {OWN}

    def test_an_argument_of_the_owner_is_neither_contradicted_nor_taken_over(
        self,
        name: str,
        make_loader: MakeLoader,
        make_target: MakeTarget,
        persist: Persist,
        store: Store,
        kernel: FakeKernel,
    ) -> None:
        loader = make_loader(name)
        if name == "grub":
            loader.put("/etc/default/grub.d/50-own.cfg", 'GRUB_CMDLINE_LINUX_DEFAULT="isolcpus=1 skew_tick=1"\n')
            kernel.run("update-grub")
        elif name == "systemd-boot":
            loader.put("/etc/kernel/cmdline", f"{OWN} isolcpus=1 skew_tick=1\n")
            for kernel_name, image in loader.images.items():
                kernel.run("kernel-install", "add", kernel_name, image)
        else:
            loader.kernels = dict.fromkeys(loader.kernels, f"{OWN} isolcpus=1 skew_tick=1")
        before = loader.entries
        (note,) = persist(make_target())
        assert "isolcpus=1" in note
        assert "not lltool's" in note
        assert loader.entries == before
        rollback(store, kernel)
        assert loader.entries == before


def test_commands_are_those_that_the_distribution_documents(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, kernel: FakeKernel
) -> None:
    make_loader("grub-bls")
    persist(make_target())
    changing = [command for command in kernel.ran if "--info=ALL" not in command]
    assert changing == [
        ("grubby", f"--update-kernel=/boot/vmlinuz-{name}", f"--args={' '.join(OURS)}")
        for name in ("6.1.0-1", "6.1.0-2")
    ]


def test_rpm_ostree_makes_one_deployment_and_waits_for_none(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, kernel: FakeKernel
) -> None:
    make_loader("rpm-ostree")
    persist(make_target())
    changing = [command for command in kernel.ran if len(command) > 2]
    assert changing == [("rpm-ostree", "kargs", *(f"--append-if-missing={word}" for word in OURS))]


def test_a_busy_rpm_ostree_undoes_the_tune(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, kernel: FakeKernel
) -> None:
    loader = make_loader("rpm-ostree")
    answer = kernel.programs["rpm-ostree"]
    kernel.programs["rpm-ostree"] = lambda *words: "State: busy\n" if words == ("status",) else answer(*words)
    with pytest.raises(LltoolError, match="at work on another deployment"):
        persist(make_target())
    assert loader.entries == [OWN]


def test_systemd_boot_without_a_command_line_file_starts_from_the_running_one(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, store: Store, kernel: FakeKernel
) -> None:
    loader = make_loader("systemd-boot")
    Path(kernel.path("/etc/kernel/cmdline")).unlink()
    loader.put("/proc/cmdline", f"initrd=\\initrd {OWN}")
    persist(make_target())
    assert kernel.read("/etc/kernel/cmdline").split() == [*OWN.split(), *OURS]
    rollback(store, kernel)
    assert not kernel.exists("/etc/kernel/cmdline")


def test_a_unified_image_is_left_alone_and_the_arguments_are_printed(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist
) -> None:
    loader = make_loader("systemd-boot")
    loader.put("/etc/kernel/install.conf", "layout=uki\n")
    (note,) = persist(make_target())
    assert "unified" in note
    assert " ".join(OURS) in note


def test_without_a_known_loader_the_arguments_are_printed(make_target: MakeTarget, persist: Persist) -> None:
    (note,) = persist(make_target())
    assert "no boot loader that lltool knows" in note
    assert " ".join(OURS) in note


def test_a_failing_update_grub_undoes_the_tune(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, kernel: FakeKernel
) -> None:
    loader = make_loader("grub")
    before, answer = tree(kernel), kernel.programs["update-grub"]

    def fail_once() -> str:
        kernel.programs["update-grub"] = answer
        raise OSError(5, "`update-grub` ended with 1: no space left", "update-grub")

    kernel.programs["update-grub"] = fail_once
    with pytest.raises(LltoolError, match="`update-grub` ended with 1"):
        persist(make_target())
    assert tree(kernel) == before
    assert set(loader.entries) == {OWN}


def test_the_drop_in_says_whose_it_is_and_is_valid_shell(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, kernel: FakeKernel
) -> None:
    make_loader("grub")
    persist(make_target())
    script = f'GRUB_CMDLINE_LINUX_DEFAULT=ro; . {kernel.path(DROP_IN)}; printf %s "$GRUB_CMDLINE_LINUX_DEFAULT"'
    shell = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=True)
    assert shell.stdout == f"ro {' '.join(OURS)}"
    assert "Managed by lltool" in kernel.read(DROP_IN)


def test_a_drop_in_changed_by_hand_is_kept_and_named(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, store: Store, kernel: FakeKernel
) -> None:
    make_loader("grub")
    persist(make_target())
    Path(kernel.path(DROP_IN)).write_text("GRUB_CMDLINE_LINUX_DEFAULT=mine\n")
    outcomes = {each.change.knob.path: each.outcome for each in rollback(store, kernel)}
    assert outcomes[DROP_IN] is Outcome.FOREIGN
    assert kernel.read(DROP_IN) == "GRUB_CMDLINE_LINUX_DEFAULT=mine"
    with pytest.raises(LltoolError, match="not as lltool writes it"):
        persist(make_target())


def test_a_kernel_that_does_not_know_a_word_makes_it_no_effect(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, verdicts: Verdicts
) -> None:
    loader, wanted = make_loader("grub"), make_target()
    persist(wanted)
    loader.boot(unknown="BOOT_IMAGE=/vmlinuz skew_tick=1")
    assert verdicts(wanted)["boot.skew_tick"].verdict is Verdict.NO_EFFECT
    assert verdicts(wanted)["boot.isolcpus"].verdict is Verdict.OK


def test_a_kernel_that_took_only_part_is_partial(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, verdicts: Verdicts
) -> None:
    loader, wanted = make_loader("grub"), make_target()
    persist(wanted)
    loader.boot()
    loader.put("/sys/devices/system/cpu/isolated", "3")
    assert verdicts(wanted)["boot.isolcpus"].verdict is Verdict.PARTIAL


def test_a_reboot_into_another_entry_is_drift_not_pending(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, verdicts: Verdicts, kernel: FakeKernel
) -> None:
    loader, wanted = make_loader("grub"), make_target()
    persist(wanted)
    loader.put("/proc/sys/kernel/random/boot_id", "another")
    finding = verdicts(wanted)["boot.isolcpus"]
    assert finding.verdict is Verdict.DRIFT
    assert "another entry" in finding.reason


def test_arguments_that_someone_took_out_are_drift(
    make_loader: MakeLoader, make_target: MakeTarget, persist: Persist, verdicts: Verdicts, kernel: FakeKernel
) -> None:
    loader, wanted = make_loader("grub-bls"), make_target()
    persist(wanted)
    loader.kernels = dict.fromkeys(loader.kernels, OWN)
    assert "no longer has it" in verdicts(wanted)["boot.isolcpus"].reason


def test_the_diff_shows_the_drop_in_and_changes_nothing(
    make_loader: MakeLoader, make_target: MakeTarget, kernel: FakeKernel, tmp_path: Path
) -> None:
    make_loader("grub")
    make_target()
    before = tree(kernel)
    shown = subprocess.run(
        [sys.executable, "-m", "lltool", "plan", "-p", str(tmp_path / "boot.toml"), "--cores", "2-3", "--diff",
         "--root", kernel.directory],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert f"+++ {DROP_IN}" in shown
    assert f'+GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT {" ".join(OURS)}"' in shown
    assert "# then runs: update-grub" in shown
    assert tree(kernel) == before


def tree(kernel: FakeKernel) -> dict[str, str]:
    """Every path below /etc, with the content of files."""
    etc = Path(kernel.directory, "etc")
    return {str(path): path.read_text() if path.is_file() else "" for path in etc.rglob("*")}
