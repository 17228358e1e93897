"""Every entry of the settings catalogue is complete, and the catalogue covers what profiles and guides name."""

from __future__ import annotations

import pytest

from lltool.root import Root
from lltool.tuning.catalogue import DEVICES, DISRUPTIONS, FILES, Entry, load_catalogue
from lltool.tuning.kinds import KINDS
from lltool.tuning.profile import load_profile

CATALOGUE = load_catalogue()
OWN_KEYS: dict[str, set[str]] = {
    "boot": {"parameter"},
    "bracketed": {"path", "missing"},
    "cpumask": {"path", "missing"},
    "ethtool": {"command", "field"},
    "fair_server": {"path", "missing", "cpus"},
    "hugepages": {"path", "missing"},
    "listed": {"path", "missing"},
    "service": {"unit"},
    "sysfs": {"path", "missing"},
    "turbo": {"missing"},
    "unit_property": {"property"},
    "user_limit": {"item"},
}
OPTIONAL_KEYS = {
    "boot": {"cpus_file", "implied_by_file", "requires", "flag", "argument"},
    "listed": {"cpus"},
    "sysfs": {"cpus"},
}
each_entry = pytest.mark.parametrize("entry", list(CATALOGUE), ids=lambda entry: entry.id)


@each_entry
def test_an_entry_says_what_why_and_whence(entry: Entry) -> None:
    assert entry.title
    assert not entry.title.endswith(".")
    assert entry.why.endswith(".")
    assert entry.sources
    assert entry.kind in KINDS
    assert entry.group in FILES.values()
    assert not entry.leave.endswith(".")
    assert entry.disrupts in {"", *DISRUPTIONS}


@each_entry
def test_an_entry_refers_to_settings_that_exist(entry: Entry) -> None:
    for other in (*entry.after, *entry.undone_after, *entry.implied_by, *entry.conflicts):
        assert any(other == known.id for known in CATALOGUE), other
        assert other != entry.id


@each_entry
def test_an_entry_has_the_keys_of_its_kind_and_no_others(entry: Entry) -> None:
    keys = {key for key, _ in entry.options}
    own = OWN_KEYS.get(entry.kind, set())
    assert own <= keys <= own | OPTIONAL_KEYS.get(entry.kind, set())


@each_entry
def test_only_ids_of_devices_have_a_star(entry: Entry) -> None:
    assert ("*" in entry.id) == bool(entry.device)
    assert entry.device in {"", *DEVICES}
    assert "{device}" not in str(dict(entry.options).get("path", "")) or entry.device


@each_entry
def test_the_kernels_default_is_a_value_that_a_profile_may_ask_for(entry: Entry) -> None:
    if entry.kernel_default:
        assert entry.value.parse(entry.kernel_default)


@each_entry
def test_what_cannot_be_set_accepts_no_value_and_says_why(entry: Entry) -> None:
    assert (entry.kind == "advice") == (entry.value.type == "never")
    if entry.kind == "advice":
        assert entry.leave


@each_entry
def test_what_gives_up_a_protection_is_left_alone_by_default(entry: Entry) -> None:
    if entry.disrupts in {"security", "reboot"}:
        assert entry.leave


@each_entry
def test_a_setting_is_either_wanted_by_a_profile_or_the_reason_against_it_is_named(entry: Entry) -> None:
    wanted = [load_profile(name, CATALOGUE, Root()).settings for name in ("hft", "hft-dynamic", "hft-vm", "chapter5")]
    named = any(CATALOGUE.find(setting) is entry for settings in wanted for setting in settings)
    assert named or entry.leave


def test_settings_to_leave_are_in_no_hft_profile() -> None:
    for name in ("hft", "hft-dynamic", "hft-vm"):
        settings = load_profile(name, CATALOGUE, Root()).settings
        assert [setting for setting in settings if (e := CATALOGUE.find(setting)) is not None and e.leave] == []


def test_every_kind_is_used() -> None:
    # Files and boot arguments belong to a transaction, not to a setting.
    assert {entry.kind for entry in CATALOGUE} == {name for name, kind in KINDS.items() if not kind.persistent}


def test_no_two_entries_cover_the_same_setting() -> None:
    for entry in CATALOGUE:
        named = entry.id.replace("*", "node0" if entry.device == "node" else "eth0")
        assert [other.id for other in CATALOGUE if other.covers(named)] == [entry.id]


def test_every_class_of_the_catalogue_has_entries() -> None:
    assert {entry.group for entry in CATALOGUE} == set(FILES.values())
