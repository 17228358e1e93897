"""The files for Prometheus, Grafana and systemd: valid, and of metrics and commands that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lltool.host.cpulist import parse_cpulist
from lltool.monitor.rules.texts import alert_rules, dashboard
from lltool.monitor.timer import NAME, Watch, timer_units
from lltool.root import Root
from tests.fake_host import FakeKernel

Command = Callable[..., subprocess.CompletedProcess[str]]
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: prometheus)")
WATCH = Watch("hft", None, "5min", "/var/lib/x/lltool.prom")
SOURCES = Path(__file__).parents[2] / "lltool"


@needs_promtool
def test_the_rules_are_valid(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(alert_rules())
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_alerts_fire_when_they_should() -> None:
    path = Path(__file__).with_name("rules_test.yml")
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_dashboard_ask_for_metrics_that_exist() -> None:
    known = set()
    for path in SOURCES.rglob("*.py"):
        known |= set(re.findall(r'"(lltool_[a-z0-9_]+)"', path.read_text()))
    asked = set(re.findall(r"\blltool_[a-z0-9_]+", alert_rules() + dashboard()))
    assert asked - known == set()


def test_the_dashboard_has_a_query_in_every_panel_and_no_two_in_one_place() -> None:
    found = json.loads(dashboard())
    panels = found["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken
        taken |= cells


def test_the_timer_runs_on_housekeeping_cores_only(kernel: FakeKernel) -> None:
    kernel.put("/sys/devices/system/cpu/isolated", "2-3")
    service = timer_units(kernel, WATCH)[f"{NAME}.service"]
    (cpus,) = re.findall(r"^CPUAffinity=(.*)$", service, re.MULTILINE)
    assert set(parse_cpulist(cpus)) == {0, 1}


def test_the_timers_commands_are_commands_of_lltool(lltool: Command, tmp_path: Path) -> None:
    output = tmp_path / "with space.prom"
    watch = Watch("chapter5", "0", "5min", str(output), reapply=os.geteuid() == 0)
    service = timer_units(Root(), watch)[f"{NAME}.service"]
    commands = re.findall(r"^ExecStart(?:Post)?=-?(.*)$", service, re.MULTILINE)
    assert len(commands) == 2 + watch.reapply
    for command in commands:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
        assert words[:3] == [sys.executable, "-m", "lltool"]
        done = lltool(*words[3:])
        assert done.returncode in {0, 3, 4}, done.stderr
    assert 'lltool_profile_info{name="chapter5"' in output.read_text()


def test_the_timer_changes_nothing_without_permission(kernel: FakeKernel) -> None:
    def commands(watch: Watch) -> str:
        return timer_units(kernel, watch)[f"{NAME}.service"]

    assert "reapply" not in commands(WATCH)
    assert " verify --since-boot --profile " in commands(WATCH)
    assert " monitor reapply --profile " in commands(replace(WATCH, reapply=True))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name, text in timer_units(Root(), WATCH).items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / f"{NAME}.timer"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
