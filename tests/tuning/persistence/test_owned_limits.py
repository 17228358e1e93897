"""Limits of users and properties of units: files of lltool's own, read back as their programs read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lltool.tuning.model import Verdict
from lltool.tuning.plan import Target, make_plan
from lltool.tuning.rollback import rollback
from lltool.tuning.store import Store
from tests.fake_host import FakeKernel
from tests.fake_systemd import FakeSystemd
from tests.tuning.conftest import Observed

LIMITS = "/etc/security/limits.d/99-zz-lltool.conf"
SLICE = "/etc/systemd/system/system.slice.d/90-lltool.conf"
FEED = "/etc/systemd/system/feed.service.d/90-lltool.conf"

PROFILE = """[settings]
"limit.@trading.memlock" = "unlimited"
"limit.@trading.nice" = -20
"limit.alice.rtprio" = 99
"unit.system.slice.allowed_cpus" = "{housekeeping}"
"unit.feed.service.memlock" = "infinity"
"unit.feed.service.nice" = -10
"""

Persist = Callable[[Target], tuple[str, ...]]
Verdicts = Callable[[Target], Observed]


@pytest.fixture
def wanted(kernel: FakeKernel, make_target: Callable[..., Target], systemd: FakeSystemd) -> Target:
    for path, text in {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n",
        "etc/group": "root:x:0:\ntrading:x:2000:alice\n",
        "etc/pam.d/common-session": "session required pam_limits.so\n",
        "etc/security/limits.conf": "@trading hard memlock 64 # old\n* - nofile 4096\n",
    }.items():
        file = Path(kernel.directory, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return make_target(PROFILE)


def files(kernel: FakeKernel) -> dict[str, str]:
    return {str(path): path.read_text() for path in Path(kernel.directory, "etc").rglob("*") if path.is_file()}


def test_they_are_drift_until_they_are_written_and_come_back(
    wanted: Target, persist: Persist, verdicts: Verdicts, kernel: FakeKernel, store: Store, systemd: FakeSystemd
) -> None:
    before = files(kernel)
    assert {each.verdict for each in verdicts(wanted).values()} == {Verdict.DRIFT}
    assert verdicts(wanted)["limit.@trading.memlock"].live == "soft (default), hard 64"
    persist(wanted)
    assert {each.verdict for each in verdicts(wanted).values()} == {Verdict.OK}
    assert kernel.read(LIMITS).splitlines()[2:] == [
        "@trading - memlock unlimited",
        "@trading - nice -20",
        "alice - rtprio 99",
    ]
    assert kernel.read(SLICE).splitlines()[2:] == ["[Slice]", "AllowedCPUs=0-1"]
    assert kernel.read(FEED).splitlines()[2:] == ["[Service]", "LimitMEMLOCK=infinity", "LimitNICE=-10"]
    rollback(store, kernel)
    assert files(kernel) == before
    assert systemd.loaded == {}


def test_a_plan_says_which_file_would_hold_them(wanted: Target) -> None:
    plan = {item.setting: item for item in make_plan(wanted.observe())}
    assert {item.action for item in plan.values()} == {"file"}
    assert plan["limit.alice.rtprio"].notes == (f"with --persist: written to {LIMITS}",)


def test_a_second_tune_of_a_part_keeps_what_the_first_wrote(
    wanted: Target, persist: Persist, make_target: Callable[..., Target], kernel: FakeKernel
) -> None:
    persist(wanted)
    persist(make_target('[settings]\n"limit.@trading.nice" = -5\n"unit.feed.service.rtprio" = 50\n'))
    assert kernel.read(LIMITS).splitlines()[2:] == [
        "@trading - memlock unlimited",
        "@trading - nice -5",
        "alice - rtprio 99",
    ]
    assert kernel.read(FEED).splitlines()[3:] == ["LimitMEMLOCK=infinity", "LimitNICE=-10", "LimitRTPRIO=50"]


def test_a_line_that_pam_limits_reads_later_counts(
    wanted: Target, persist: Persist, verdicts: Verdicts, kernel: FakeKernel
) -> None:
    persist(wanted)
    Path(kernel.path("/etc/security/limits.d/99-zzz.conf")).write_text("alice soft rtprio 10\n")
    finding = verdicts(wanted)["limit.alice.rtprio"]
    assert finding.verdict is Verdict.DRIFT
    assert finding.live == "soft 10, hard 99"


def test_a_process_that_began_with_less_is_named(
    wanted: Target, persist: Persist, verdicts: Verdicts, kernel: FakeKernel
) -> None:
    for process, groups, limit in (("77", "1000 2000", "8388608"), ("78", "2000", "unlimited"), ("79", "5", "0")):
        directory = Path(kernel.directory, "proc", process)
        directory.mkdir()
        (directory / "status").write_text(f"Name:\tx\nUid:\t1000\t1000\nGid:\t1000\t1000\nGroups:\t{groups}\n")
        (directory / "limits").write_text(f"Max locked memory         {limit}    {limit}    bytes\n")
    persist(wanted)
    finding = verdicts(wanted)["limit.@trading.memlock"]
    assert finding.verdict is Verdict.OK
    assert "1 running processes of @trading" in finding.reason


def test_cpus_that_the_kernel_does_not_keep_a_slice_to_are_partial(
    wanted: Target, persist: Persist, verdicts: Verdicts, systemd: FakeSystemd
) -> None:
    persist(wanted)
    systemd.effective["system.slice"] = "0-3"
    assert verdicts(wanted)["unit.system.slice.allowed_cpus"].verdict is Verdict.PARTIAL


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [
        ("limit.@nobody_here.memlock", '"unlimited"', "no group nobody_here"),
        ("limit.bob.rtprio", "1", "no user bob"),
        ("unit.other.service.rtprio", "1", "no unit other.service"),
        ("unit.system.slice.rtprio", "1", "limits belong to services"),
    ],
)
def test_what_is_not_on_this_host_is_not_applicable(
    wanted: Target, make_target: Callable[..., Target], verdicts: Verdicts, setting: str, value: str, word: str
) -> None:
    finding = verdicts(make_target(f'[settings]\n"{setting}" = {value}\n'))[setting]
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert word in finding.reason


def test_without_pam_limits_a_limit_does_nothing(wanted: Target, verdicts: Verdicts, kernel: FakeKernel) -> None:
    Path(kernel.path("/etc/pam.d/common-session")).write_text("# session required pam_limits.so\n")
    finding = verdicts(wanted)["limit.alice.rtprio"]
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert "pam_limits" in finding.reason
