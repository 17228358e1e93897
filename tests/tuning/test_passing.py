"""What settings change in passing.

A partition resets kernel threads: the fake answers as Linux 6.1 and 6.12 did (cpuset.c, sched/core.c). And irqbalance
moves interrupts until the moment in which it is stopped.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.tuning.apply import apply
from lltool.tuning.plan import Target
from lltool.tuning.rollback import rollback
from lltool.tuning.store import Store
from tests.fake_host import FILES, FakeKernel

MOUNT = "/sys/fs/cgroup"
GROUP = f"{MOUNT}/lltool"
THREADS = {2: ("kthreadd", "0-3"), 9: ("irq/9-acpi", "1"), 71: ("kswapd0", "0-1"), 72: ("kswapd1", "2-3")}
BEFORE = dict(THREADS.values())
PROFILE = """[settings]
"isolation.cpuset_controller" = "on"
"isolation.partition" = "{isolated}"
"isolation.kthread_affinity" = "{housekeeping}"
"""


class KernelWithThreads(FakeKernel):
    """A partition that comes or goes gives every thread all CPUs that no partition has."""

    @property
    def partition(self) -> set[int]:
        state = self.read_or(f"{GROUP}/cpuset.cpus.partition", "")
        return set(parse_cpulist(self.read(f"{GROUP}/cpuset.cpus"))) if state == "isolated" else set()

    def mkdir(self, path: str) -> None:
        super().mkdir(path)
        if path == GROUP:
            for name in ("cpuset.cpus", "cpuset.cpus.partition", "cgroup.procs", "cgroup.subtree_control"):
                Path(self.path(f"{GROUP}/{name}")).write_text("")

    def rmdir(self, path: str) -> None:
        for file in Path(self.path(path)).iterdir():
            file.unlink()
        super().rmdir(path)

    def write(self, path: str, text: str) -> None:
        super().write(path, text)
        if path == f"{GROUP}/cpuset.cpus.partition":
            for number, (name, _) in THREADS.items():
                self.place(number, name, format_cpulist(set(range(4)) - self.partition))

    def set_affinity(self, task: int, cpus: tuple[int, ...]) -> None:
        allowed = set(cpus) - self.partition
        if not allowed:
            raise OSError(errno.EINVAL, "Invalid argument", str(task))
        self.place(task, THREADS[task][0], format_cpulist(allowed))

    def place(self, number: int, name: str, cpus: str) -> None:
        folder = Path(self.path("/proc")) / str(number)
        folder.mkdir(exist_ok=True)
        # PF_KTHREAD
        (folder / "stat").write_text(f"{number} ({name}) S 2 0 0 0 -1 2097152 0\n")
        (folder / "status").write_text(f"Name:\t{name}\nCpus_allowed_list:\t{cpus}\n")

    @property
    def threads(self) -> dict[str, str]:
        return {name: self.read(f"/proc/{number}/status").split()[-1] for number, (name, _) in THREADS.items()}


@pytest.fixture
def kernel(tmp_path: Path) -> KernelWithThreads:
    files = {
        **FILES,
        "/proc/mounts": f"cgroup2 {MOUNT} cgroup2 rw 0 0",
        f"{MOUNT}/cgroup.controllers": "cpuset cpu",
        f"{MOUNT}/cgroup.subtree_control": "cpu",
        f"{MOUNT}/cgroup.procs": "",
    }
    for path, text in files.items():
        file = tmp_path / "root" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    kernel = KernelWithThreads(str(tmp_path / "root"))
    for number, (name, cpus) in THREADS.items():
        kernel.place(number, name, cpus)
    return kernel


@pytest.mark.parametrize("profile", [PROFILE, PROFILE.rpartition('"isolation.kthread')[0]])
def test_threads_have_their_cpus_again_once_the_partition_is_gone(
    profile: str, kernel: KernelWithThreads, make_target: Callable[..., Target], store: Store
) -> None:
    apply(make_target(profile).observe(), kernel, store, "test", keep_going=False)
    assert kernel.partition == {2, 3}
    left = [each for each in rollback(store, kernel) if each.left_as_is]
    assert left == []
    assert kernel.threads == BEFORE


def test_a_partition_does_not_undo_what_the_profile_wants_of_threads(
    kernel: KernelWithThreads, make_target: Callable[..., Target], store: Store
) -> None:
    """Three cores are left to the system, of which the threads are to have one."""
    narrow = PROFILE.replace("{isolated}", "3").replace("{housekeeping}", "0")
    apply(make_target(narrow).observe(), kernel, store, "test", keep_going=False)
    assert set(kernel.threads.values()) == {"0"}
    rollback(store, kernel)
    assert kernel.threads == BEFORE


def test_a_thread_that_someone_else_took_cpus_from_is_left_alone(
    kernel: KernelWithThreads, make_target: Callable[..., Target], store: Store
) -> None:
    profile = '[settings]\n"isolation.kthread_affinity" = "{housekeeping}"\n'
    apply(make_target(profile).observe(), kernel, store, "test", keep_going=False)
    kernel.set_affinity(2, (0,))
    (kept,) = [each for each in rollback(store, kernel) if each.left_as_is]
    assert str(kept.change.knob) == "/proc/2 kthreadd"
    assert kernel.threads == BEFORE | {"kthreadd": "0"}


def test_an_interrupt_that_irqbalance_moves_while_it_is_being_stopped_is_put_where_it_should_be(
    kernel: KernelWithThreads, make_target: Callable[..., Target], store: Store
) -> None:
    place = "/proc/irq/24/smp_affinity_list"
    kernel.put(place, "0\n")  # as wanted when the host is looked at
    systemctl = kernel.programs["systemctl"]

    def stop(verb: str, *words: str) -> str:
        if verb == "mask":
            kernel.put(place, "3\n")
        return systemctl(verb, *words)

    kernel.programs["systemctl"] = stop
    profile = '[settings]\n"service.irqbalance" = "masked"\n"irq.affinity" = "{housekeeping}"\n'
    apply(make_target(profile).observe(), kernel, store, "test", keep_going=False)
    assert kernel.read(place) == "0"
    rollback(store, kernel)
    assert kernel.read(place) == "0"
