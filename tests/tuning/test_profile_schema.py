"""The JSON Schema of profiles accepts what the loader accepts, and refuses what it refuses."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lltool.errors import InvalidInput
from lltool.root import Root
from lltool.tuning.catalogue import load_catalogue
from lltool.tuning.profile import load_profile
from lltool.tuning.profile_schema import profile_schema

CATALOGUE = load_catalogue()
SCHEMA = profile_schema(CATALOGUE)
PROFILES = sorted((Path(__file__).resolve().parents[2] / "profiles").glob("*.toml"))


def faults(table: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(table)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_shipped_profiles_keep_it(path: Path) -> None:
    assert faults(tomllib.loads(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    [
        '"sysctl.vm.swappiness" = 201',
        '"sysctl.vm.swapiness" = 1',
        '"sysctl.vm.swappiness" = "much"',
        '"cpu.governor" = "fast"',
        '"nic.e/0.gro" = "off"',
        '"nic.eth0.gro" = "maybe"',
        '"irq.affinity" = "all"',
        '"irq.affinity" = "{housekeping}"',
        '"boot.isolcpus" = "quiet,2-3"',
        '"sysctl.net.ipv4.tcp_rmem" = "1 2"',
        '"cpu.firmware" = "fast"',
        '"boot.hugepages_1g" = "4 init=/bin/sh"',
    ],
)
def test_a_fault_is_one_to_both(line: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[settings]\n{line}\n")
    assert faults(tomllib.loads(path.read_text()))
    with pytest.raises(InvalidInput, match=r"mine\.toml:2"):
        load_profile(str(path), CATALOGUE, Root())


@pytest.mark.parametrize(
    "line",
    [
        '"sysctl.vm.swappiness" = ">= 10"',
        '"sysctl.vm.swappiness" = "10"',
        '"nic.eth0.100.gro" = "off"',
        '"memory.hugepages_2m.node1" = 4',
        '"boot.hugepages_1g" = "0:4,1:4"',
        '"boot.isolcpus" = "managed_irq,domain,2-5"',
        '"nic.*.rps_cpus" = "none"',
        '"boot.nowatchdog" = "on"',
    ],
)
def test_what_the_loader_takes_the_schema_takes(line: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[settings]\n{line}\n")
    assert faults(tomllib.loads(path.read_text())) == []
    assert load_profile(str(path), CATALOGUE, Root()).settings
