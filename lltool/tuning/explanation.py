"""Everything that the catalogue knows of one setting, and what this host makes of it, as titled paragraphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lltool.errors import InvalidInput
from lltool.tuning.catalogue import DEVICES, DISRUPTIONS, Catalogue, Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds import KINDS
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.observation import read_failure
from lltool.tuning.values import ValueSpec

_SHOWN_FILES = 4


def find_entry(catalogue: Catalogue, setting: str) -> Entry:
    """The entry of a setting; raises :class:`InvalidInput` with those that resemble it."""
    entry = catalogue.find(setting)
    if entry is None:
        raise InvalidInput(
            f"there is no setting {setting}",
            [f"did you mean {name}?" for name in catalogue.near(setting)],
            next_step="`lltool explain` lists all settings",
        )
    device = entry.device_in(setting)
    if setting != entry.id and entry.device and not entry.can_name(device):
        raise InvalidInput(
            f"there is no setting {setting}", [f"{device!r} cannot be the name of a {DEVICES[entry.device].words}"]
        )
    return entry


def explain(entry: Entry, setting: str, host: TunedHost) -> Iterator[tuple[str, str]]:
    """Yield title and text of each paragraph that has something to say."""
    kind = KINDS[entry.kind]
    disrupts = f"{DISRUPTIONS[entry.disrupts]}: needs --allow {entry.disrupts}" if entry.disrupts else ""
    paragraphs = (
        ("Why", entry.why),
        ("Leave it alone", entry.leave),
        ("No effect", entry.no_effect),
        ("Disputed", entry.disputed),
        ("Needs", entry.needs),
        ("Values", accepted(entry.value)),
        ("Kernel's default", entry.kernel_default),
        ("Takes effect", _takes_effect(entry)),
        ("Disrupts", disrupts),
        ("Verified", kind.verified),
        ("Undone", f"{kind.undone}; {entry.undo_note}" if entry.undo_note else kind.undone),
        ("Applied after", ", ".join(entry.after)),
        ("Undone after", ", ".join(entry.undone_after)),
        ("Brought about by", ", ".join(entry.implied_by)),
        ("Conflicts with", ", ".join(entry.conflicts)),
        ("Sources", "; ".join(entry.sources)),
        ("On this host", _live(entry, setting, host)),
    )
    return ((title, text) for title, text in paragraphs if text)


def _takes_effect(entry: Entry) -> str:
    kind = KINDS[entry.kind]
    if kind.runtime:
        return "at once"
    if kind.filed:
        return "once --persist has written its file, for what starts or begins from then on"
    return "" if entry.kind == "advice" else "at the next boot, once --persist has staged it"


def accepted(value: ValueSpec) -> str:
    """What a profile may ask for, in words."""
    numbers = f"from {value.minimum} to {value.maximum}; >= N raises only"
    return {
        "int": f"a whole number {numbers}",
        "ints": f"{value.count} whole numbers, each {numbers}",
        "choice": ", ".join(value.choices),
        "cpus": "a list of CPUs: 2-5,8, or a host fact such as {housekeeping}; none for no CPU",
        "flags_cpus": f"any of {', '.join(value.choices)}, then a list of CPUs",
        "text": f"a text of the form {value.pattern}",
        "never": "",
    }[value.type]


def _live(entry: Entry, setting: str, host: TunedHost) -> str:
    kind = KINDS[entry.kind]
    if entry.kind == "advice":
        return ""
    try:
        knobs = kind.knobs(entry, setting, host)
    except NotApplicable as reason:
        return f"not applicable: {reason}"
    values: list[str] = []
    for knob in knobs:
        try:
            values.append(kind.read(host.root, knob))
        except (OSError, ValueError) as error:
            values.append(f"unreadable ({read_failure(error)})")
    if len(knobs) <= _SHOWN_FILES:
        return ", ".join(f"{knob}: {value}" for knob, value in zip(knobs, values, strict=True))
    counted = ", ".join(f"{value} (x{count})" for value, count in Counter(values).most_common())
    return f"{knobs[0]} and {len(knobs) - 1} more: {counted}"


def listing(catalogue: Catalogue) -> Iterator[tuple[str, list[Entry]]]:
    """The entries of each class, in the catalogue's order."""
    groups: dict[str, list[Entry]] = {}
    for entry in catalogue:
        groups.setdefault(entry.group, []).append(entry)
    yield from groups.items()
