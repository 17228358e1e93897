"""The JSON Schema of profiles accepts what the loader accepts, and refuses what it refuses."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lltool.errors import InvalidInput
from lltool.root import Root
from lltool.tuning.catalogue import DISRUPTIONS, Entry, load_catalogue
from lltool.tuning.facts import FACTS
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


NAMES = {
    "": [""],
    "nic": ["eth0", "*", "enp1s0f0np0", "eth0.100", "e/0", "", "abcdefghijklmnop", "a b"],
    "node": ["node0", "node17", "*", "node", "nodes", "nodeA"],
    "account": ["trading", "@trading", "*", "9lives", "a b", "_svc"],
    "unit": ["system.slice", "feed@1.service", "*", "feed", "a/b.service", "x.socket"],
}
TEXTS = [
    *["performance", "on", "off", "masked", "never", "N", "n/a", "0x0007", "", "rubbish", "all"],
    *["none", "0", "2-5,8", "0-6:1/2", "2-", ",", "managed_irq,domain,2-3", "quiet,2", "domain"],
    *["1 2 3", "1 2", "3 4 1 3", ">= 1 2 3", "0:4,1:4", "unlimited", "infinity", "4 init=/bin/sh"],
    *(f"{{{fact}}}" for fact in FACTS),
    *["domain,{isolated}", "2,{housekeeping}", "{nic.queues} 2 3", ">= {nic.queues}", "{no.such.fact}", "{isolated} x"],
]


def named(entry: Entry) -> st.SearchStrategy[str]:
    before, _, behind = entry.id.partition("*")
    return st.sampled_from(NAMES[entry.device]).map(
        lambda device: before + device + behind if entry.device else entry.id
    )


def wished(entry: Entry) -> st.SearchStrategy[Any]:
    """What a hand may write there, right and wrong."""
    near = {entry.value.minimum, entry.value.maximum, entry.value.minimum - 1, entry.value.maximum + 1, 0, 1}
    values = [*sorted(near), *entry.value.choices, *TEXTS, True, 1.5]
    return st.sampled_from(values)


SETTINGS = st.sampled_from(list(CATALOGUE)).flatmap(lambda entry: st.tuples(named(entry), wished(entry)))
KEYS = st.fixed_dictionaries(
    {},
    optional={
        "description": st.sampled_from(["words", 3]),
        "extends": st.just(1),
        "allow": st.lists(st.sampled_from([*DISRUPTIONS, "rubbish"]), max_size=2),
        "rubbish": st.just(1),
    },
)


@given(keys=KEYS, setting=SETTINGS)
def test_whatever_a_hand_writes_both_say_the_same_of_it(
    keys: dict[str, Any], setting: tuple[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    name, value = setting
    table = {**keys, "settings": {name: value}}
    lines = [f"{key} = {json.dumps(keys[key])}" for key in keys]
    text = "\n".join([*lines, "[settings]", f"{json.dumps(name)} = {json.dumps(value)}\n"])
    path = tmp_path_factory.getbasetemp() / "hand.toml"
    path.write_text(text)
    assert tomllib.loads(text) == table
    try:
        load_profile(str(path), CATALOGUE, Root())
    except InvalidInput as error:
        # The bounds of a number in a text are beyond a schema.
        assert faults(table) or (isinstance(value, str) and "is outside" in str(error)), (
            f"the loader alone refuses {text}: {error}"
        )
    else:
        assert faults(table) == [], f"the schema alone refuses {text}"
