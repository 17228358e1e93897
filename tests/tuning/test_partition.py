"""The cgroup v2 partition on a hierarchy of plain files that answers as the kernel does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.cgroup_partition import CgroupPartition, CpusetController

KIND = CgroupPartition()
KNOB = Knob("/sys/fs/cgroup/lltool")
FILES = {
    "cpuset.cpus": "",
    "cpuset.cpus.exclusive": "",
    "cpuset.cpus.partition": "member",
    "cgroup.procs": "",
    "cgroup.subtree_control": "",
}


class Hierarchy(Root):
    """Directories get the kernel's files when they are made and take them along when they go."""

    verdict = "isolated"

    def mkdir(self, path: str) -> None:
        super().mkdir(path)
        for name, text in FILES.items():
            Path(self.path(f"{path}/{name}")).write_text(f"{text}\n")

    def rmdir(self, path: str) -> None:
        if self.read(f"{path}/cgroup.procs") or self.read(f"{path}/cpuset.cpus.partition") != "member":
            raise OSError(16, "busy", path)
        for name in FILES:
            Path(self.path(f"{path}/{name}")).unlink()
        super().rmdir(path)

    def write(self, path: str, text: str) -> None:
        if path.endswith(".partition") and text == "isolated":
            text = self.verdict
        if path.endswith("subtree_control"):
            users = [self.read(child) for child in self.glob(f"{path.rpartition('/')[0]}/*/cgroup.subtree_control")]
            if text[0] == "-" and any(text[1:] in words.split() for words in users):
                raise OSError(16, "a group passes it on", path)
            words = set(self.read(path).split())
            text = " ".join(sorted(words | {text[1:]} if text[0] == "+" else words - {text[1:]}))
        super().write(path, text)
        if path.endswith("/cgroup.procs") and not path.startswith(KNOB.path):
            super().write(f"{KNOB.path}/cgroup.procs", "")  # the one process has moved


@pytest.fixture
def hierarchy(tmp_path: Path) -> Hierarchy:
    mount = tmp_path / "sys/fs/cgroup"
    mount.mkdir(parents=True)
    (mount / "cgroup.subtree_control").write_text("cpu memory\n")
    (mount / "cgroup.procs").write_text("")
    return Hierarchy(tmp_path)


def test_a_partition_is_made_and_removed_with_the_process_in_it(hierarchy: Hierarchy) -> None:
    assert KIND.read(hierarchy, KNOB) == "none"
    KIND.write(hierarchy, KNOB, "2-3")
    assert KIND.read(hierarchy, KNOB) == "2-3"
    assert hierarchy.read(f"{KNOB.path}/cpuset.cpus.exclusive") == "2-3"
    Path(hierarchy.path(f"{KNOB.path}/cgroup.procs")).write_text("4711\n")
    KIND.write(hierarchy, KNOB, "none")
    assert KIND.read(hierarchy, KNOB) == "none"
    assert hierarchy.read("/sys/fs/cgroup/cgroup.procs") == "4711"


def test_a_partition_that_the_kernel_does_not_accept_is_invalid_with_its_reason(hierarchy: Hierarchy) -> None:
    hierarchy.verdict = "isolated invalid (Cpu list in cpuset.cpus not exclusive)"
    KIND.write(hierarchy, KNOB, "2-3")
    live = KIND.read(hierarchy, KNOB)
    assert live == "invalid: isolated invalid (Cpu list in cpuset.cpus not exclusive)"
    assert not KIND.foreign(live, "2-3", "2-3")


def test_nobody_takes_the_controller_away_from_under_a_partition(hierarchy: Hierarchy) -> None:
    """As systemd does once no unit of its own needs cpusets any more."""
    hierarchy.write("/sys/fs/cgroup/cgroup.subtree_control", "+cpuset")
    KIND.write(hierarchy, KNOB, "2-3")
    with pytest.raises(OSError, match="passes it on"):
        hierarchy.write("/sys/fs/cgroup/cgroup.subtree_control", "-cpuset")
    KIND.write(hierarchy, KNOB, "none")
    hierarchy.write("/sys/fs/cgroup/cgroup.subtree_control", "-cpuset")


def test_the_controller_goes_back_to_what_it_was(hierarchy: Hierarchy) -> None:
    kind, knob = CpusetController(), Knob("/sys/fs/cgroup/cgroup.subtree_control", "cpuset")
    assert kind.read(hierarchy, knob) == "off"
    kind.write(hierarchy, knob, "on")
    assert kind.read(hierarchy, knob) == "on"
    kind.write(hierarchy, knob, "off")
    assert hierarchy.read(knob.path) == "cpu memory"


def test_a_missing_hierarchy_is_not_an_absent_partition(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        KIND.read(Root(tmp_path), KNOB)
