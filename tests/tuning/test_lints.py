"""Remarks on a valid profile: what does nothing, loses, contradicts, or will not last on this host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lltool.tuning.lints import lint
from lltool.tuning.plan import target

Remarks = Callable[[str], dict[str, list[str]]]


@pytest.fixture
def remarks(tmp_path: Path, kernel: Any) -> Remarks:
    def act(settings: str) -> dict[str, list[str]]:
        path = tmp_path / "mine.toml"
        path.write_text(f"[settings]\n{settings}\n")
        found: dict[str, list[str]] = {}
        for remark in lint(target(str(path), kernel)):
            found.setdefault(remark.setting, []).append(remark.text)
        return found

    return act


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('"sysctl.net.ipv4.tcp_low_latency" = 1', "does nothing: no kernel since 4.14"),
        ('"sysctl.kernel.numa_balancing" = 0', "does nothing on this host"),
        ('"sysctl.net.ipv4.tcp_rmem" = "4096 87380 26214400"', "shrinks what this host has"),
        ('"sysctl.net.core.rmem_max" = 4096', "shrinks what this host has"),
        ('"boot.mitigations" = "off"', "best left alone"),
        ('"nic.*.rx_ring" = 4096', "can reset a link that is up: lan0"),
        ('"boot.rcu_nocbs" = "2-3"\n"boot.nohz_full" = "2-3"', "brought about by boot.nohz_full"),
        ('"sysctl.vm.dirty_ratio" = 10\n"sysctl.vm.dirty_bytes" = 8192', "cannot be combined with sysctl.vm.dirty"),
    ],
)
def test_a_remark_says_what_is_wrong(remarks: Remarks, setting: str, words: str) -> None:
    found = remarks(setting)
    assert any(words in text for texts in found.values() for text in texts), found


def test_a_sound_setting_gets_no_remark(remarks: Remarks) -> None:
    assert remarks('"sysctl.net.core.rmem_max" = ">= 26214400"\n"sysctl.vm.swappiness" = 1') == {}


def test_another_file_that_sets_something_else_is_named_with_its_line(remarks: Remarks, kernel: Any) -> None:
    directory = Path(kernel.path("/etc/sysctl.d"))
    directory.mkdir(parents=True)
    (directory / "10-mine.conf").write_text("# ours\nvm.swappiness = 1\nvm/swappiness=33\n")
    found = remarks('"sysctl.vm.swappiness" = 1')
    assert found == {"sysctl.vm.swappiness": ["/etc/sysctl.d/10-mine.conf:3 sets it to 33 at boot, the profile to 1"]}


def test_a_tuner_that_runs_is_named_unless_the_profile_stops_it(remarks: Remarks, kernel: Any) -> None:
    process = Path(kernel.path("/proc/4711"))
    process.mkdir()
    (process / "comm").write_text("irqbalance\n")
    found = remarks('"irq.affinity" = "0"\n"irq.default_affinity" = "0"')
    (text,) = [text for texts in found.values() for text in texts]
    assert "irqbalance is running" in text
    assert "service.irqbalance" in text
    assert remarks('"irq.affinity" = "0"\n"service.irqbalance" = "masked"') == {}
