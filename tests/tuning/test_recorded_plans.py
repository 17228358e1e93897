"""The plan of hft for every recorded host: sensible by rule, and pinned as text that was read.

``python -m tests.tuning.test_recorded_plans`` writes the texts anew; read the difference before committing it.
"""

from __future__ import annotations

import re
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lltool.host.cpulist import format_cpulist
from lltool.root import Root
from lltool.tuning.plan import Target, make_plan, target

HOSTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "hosts"
PLANS = Path(__file__).resolve().parent / "plans"
ARCHIVES = sorted(HOSTS.glob("*.tar.*"))

each_host = pytest.mark.parametrize("archive", ARCHIVES, ids=[archive.name for archive in ARCHIVES])
pytestmark = pytest.mark.skipif(not ARCHIVES, reason="needs ../shared/data/hosts")

# Tens of thousands of files that no plan reads: making them would take nearly all of the time of these tests.
_UNREAD = re.compile(
    r"/(?:cpuidle|hotplug|thermal_throttle|acpi_cppc|crash_notes\w*|memory\d+|bus/pci|microcode|uevent|firmware_node)(?:/|$)"
    r"|/cache/(?:index\d+/(?!(?:level|type|shared_cpu_\w+)$)|power)"
    r"|/cpufreq/\w+/(?!scaling_(?:available_)?governors?$|energy_|boost$|cpuinfo_max|base_freq)"
)


def name_of(archive: Path) -> str:
    return archive.name.partition(".tar")[0]


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Target]:
    return {archive: target_of(archive, tmp_path_factory.mktemp("host")) for archive in ARCHIVES}


@pytest.fixture
def wanted(archive: Path, targets: dict[Path, Target]) -> Target:
    return targets[archive]


def target_of(archive: Path, directory: Path) -> Target:
    with tarfile.open(archive) as recording:
        # Python 3.11.2 (Debian 12) has no filters yet; later ones warn where none is chosen.
        recording.extraction_filter = getattr(tarfile, "tar_filter", None)
        members = [member for member in recording if not _UNREAD.search(member.name)]
        recording.extractall(directory, members)  # noqa: S202 - our own archives, filtered where Python can
    (tree,) = directory.iterdir()
    return target("hft", Root(tree))


def plan_text(wanted: Target) -> str:
    """Roles of the cores, then each setting that this host can have."""
    cores = wanted.host.cores
    return "\n".join([*_roles(wanted), *_settings(wanted), ""]) if cores.housekeeping else "no CPU is known\n"


def _roles(wanted: Target) -> Iterator[str]:
    cores = wanted.host.cores
    for role in ("housekeeping", "isolated", "interrupt", "idle"):
        yield f"{role}: {format_cpulist(getattr(cores, role)) or 'none'}"


def _settings(wanted: Target) -> Iterator[str]:
    for item in make_plan(wanted.observe()):
        if item.action != "none":
            yield f"{item.setting}: {item.live or '-'} -> {item.wanted} [{item.action}]"


@each_host
def test_every_node_keeps_a_core_for_the_system_and_no_sibling_is_split(wanted: Target) -> None:
    cores, topology = wanted.host.cores, wanted.host.facts.topology
    isolated, housekeeping = set(cores.isolated), set(cores.housekeeping)
    assert housekeeping
    assert not isolated & housekeeping
    if not isolated:
        return
    for node in topology.nodes:
        if node.cpus:
            assert housekeeping & set(node.cpus), f"node {node.id} has no core for the system"
    for core in topology.cores:
        assert set(core.cpus) <= isolated or not set(core.cpus) & isolated, f"core {core.cpus} is split"


@each_host
def test_interrupts_stay_off_isolated_cores_and_near_the_network(wanted: Target) -> None:
    cores = wanted.host.cores
    assert set(cores.interrupt) <= set(cores.housekeeping)
    nodes = {nic.node for nic in wanted.host.facts.nics if nic.is_up and nic.node is not None}
    if nodes and cores.preferred:
        near = {cpu for node in wanted.host.facts.topology.nodes if node.id in nodes for cpu in node.cpus}
        if near & set(cores.isolated):
            assert cores.preferred[0] in near


@each_host
def test_a_recorded_host_is_never_said_to_be_changed_by_what_only_a_driver_or_systemd_knows(wanted: Target) -> None:
    for item in make_plan(wanted.observe()):
        if item.setting.startswith(("service.", "nic.*.adaptive", "nic.*.lro")):
            assert item.action == "none"


@each_host
def test_the_plan_is_the_one_that_was_read(archive: Path, wanted: Target) -> None:
    assert plan_text(wanted) == (PLANS / f"{name_of(archive)}.txt").read_text()


if __name__ == "__main__":
    for each in ARCHIVES:
        with tempfile.TemporaryDirectory() as scratch:
            (PLANS / f"{name_of(each)}.txt").write_text(plan_text(target_of(each, Path(scratch))))
