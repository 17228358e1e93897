"""Every entry of the settings catalogue is complete."""

from __future__ import annotations

import pytest

from lltool.tuning.catalogue import Entry, load_catalogue
from lltool.tuning.kinds import KINDS

CATALOGUE = load_catalogue()
OWN_KEYS = {
    "boot": {"parameter"},
    "cpumask": {"path", "missing"},
    "governor": set(),
    "hugepages": {"path", "missing"},
    "irq_affinity": set(),
    "pm_qos": {"cpus"},
    "swap": set(),
    "sysctl": set(),
    "sysfs": {"path", "missing"},
    "thp": {"path", "missing"},
}
OPTIONAL_KEYS = {"boot": {"cpus_file", "requires"}, "sysfs": {"cpus"}}


@pytest.mark.parametrize("entry", list(CATALOGUE), ids=lambda entry: entry.id)
def test_an_entry_says_what_why_and_whence(entry: Entry) -> None:
    assert entry.title
    assert not entry.title.endswith(".")
    assert entry.why.endswith(".")
    assert entry.sources
    assert entry.kind in KINDS
    assert all(CATALOGUE.find(other) is not None for other in entry.after)


@pytest.mark.parametrize("entry", list(CATALOGUE), ids=lambda entry: entry.id)
def test_an_entry_has_the_keys_of_its_kind_and_no_others(entry: Entry) -> None:
    keys = {key for key, _ in entry.options}
    assert OWN_KEYS[entry.kind] <= keys <= OWN_KEYS[entry.kind] | OPTIONAL_KEYS.get(entry.kind, set())


def test_every_kind_is_used() -> None:
    # Files and boot arguments belong to a transaction, not to a setting.
    assert {entry.kind for entry in CATALOGUE} == {name for name, kind in KINDS.items() if not kind.persistent}
