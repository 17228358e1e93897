"""Profiles: wanted values for a set of settings, read from TOML, every fault reported at once."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from lltool.errors import InvalidInput, from_os_error
from lltool.root import Root
from lltool.toml_lines import TomlLines, parse_toml
from lltool.tuning import facts
from lltool.tuning.catalogue import DEVICES, DISRUPTIONS, Catalogue

LOCAL_DIRECTORY = "/etc/lltool/profiles"
_LARGEST = 1_000_000


_KEYS: dict[str, tuple[type, str]] = {
    "description": (str, "a text"),
    "extends": (str, "a text"),
    "drop": (list, "a list of settings"),
    "allow": (list, f"a list of {', '.join(DISRUPTIONS)}"),
    "settings": (dict, "a table"),
}
"""The keys of a profile file. Checked by hand: a model of these five costs more than verifying a hundred settings."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Wanted values by setting id, as written (facts still in braces); ``source`` is the file.

    ``allow`` are the disruptions that its author allows, those of the profiles that it extends among them.
    """

    name: str
    source: str
    description: str
    settings: dict[str, str]
    allow: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """12 hexadecimal digits that are the same wherever the same values are wanted, whatever the file is called."""
        wanted = json.dumps([sorted(self.settings.items()), sorted(self.allow)])
        return hashlib.sha256(wanted.encode()).hexdigest()[:12]


def shipped_names() -> list[str]:
    """The profiles that come with lltool."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in files("lltool.profiles").iterdir() if entry.name.endswith(".toml")
    )


def local_names(root: Root) -> list[str]:
    """The profiles of this host's owner."""
    return [name.removesuffix(".toml") for name in root.listdir(LOCAL_DIRECTORY) if name.endswith(".toml")]


def load_profile(name: str, catalogue: Catalogue, root: Root) -> Profile:
    """Load a profile by name (``/etc/lltool/profiles`` before the shipped ones) or by path, with what it extends.

    Raises :class:`InvalidInput` with every fault and its line.
    """
    faults: list[str] = []
    profile = _load(name, catalogue, root, (), faults)
    if faults or profile is None:
        raise InvalidInput(
            f"profile {name} cannot be used", faults, next_step="correct it; `lltool explain` lists the settings"
        )
    return profile


def _load(name: str, catalogue: Catalogue, root: Root, chain: tuple[str, ...], faults: list[str]) -> Profile | None:
    source, text = _read(name, root)
    if source in chain:
        faults.append(f"{chain[-1]}: extends {name}, which extends it again")
        return None
    try:
        table = parse_toml(text)
    except ValueError as error:
        faults.append(f"{source}: {error}")
        return None
    lines = TomlLines(text)
    wrong = list(_wrong_keys(table, source, lines))
    if wrong:
        faults += wrong
        return None
    drop: list[str] = table.get("drop", [])
    extends: str | None = table.get("extends")
    inherited: dict[str, str] = {}
    allow = frozenset[str](table.get("allow", ()))
    if extends is not None:
        try:
            base = _load(extends, catalogue, root, (*chain, source), faults)
        except InvalidInput as error:
            faults.append(f"{source}{lines.of('extends')}: extends: {error.what}")
            base = None
        if base is not None:
            inherited = dict(base.settings)
            allow |= base.allow
    place = f"{source}{lines.of('drop')}: drop"
    faults += [f"{place}: {setting} is not in {extends}" for setting in drop if setting not in inherited]
    inherited = {setting: value for setting, value in inherited.items() if setting not in drop}
    settings = inherited | _own_settings(table.get("settings", {}), source, lines, catalogue, faults)
    faults += _named_twice(settings, source, lines, catalogue)
    return Profile(name, source, table.get("description", ""), settings, allow)


def _wrong_keys(table: dict[str, Any], source: str, lines: TomlLines) -> Iterator[str]:
    for key, value in table.items():
        place = f"{source}{lines.of(key)}: {key}"
        if key not in _KEYS:
            yield f"{place}: a profile has no such key; it has {', '.join(_KEYS)}"
        elif not isinstance(value, _KEYS[key][0]):
            yield f"{place}: {value!r} must be {_KEYS[key][1]}"
        elif key in {"drop", "allow"}:
            known = DISRUPTIONS if key == "allow" else None
            for member in table[key]:  # noqa: PLR1733 - its type is known there
                if not isinstance(member, str) or (known is not None and member not in known):
                    yield f"{place}: {member!r} is not one of {_KEYS[key][1].removeprefix('a list of ')}"


def _named_twice(settings: dict[str, str], source: str, lines: TomlLines, catalogue: Catalogue) -> Iterator[str]:
    """Settings of one device beside the same of every device: which one holds must not depend on their order."""
    for setting in settings:
        entry = catalogue.find(setting)
        if entry is not None and entry.id != setting and entry.id in settings:
            place = f"{source}{lines.of('settings', setting)}: {setting}"
            yield f'{place}: {entry.id} already names every device; drop = ["{entry.id}"] and name them one by one'


def _read(name: str, root: Root) -> tuple[str, str]:
    if os.sep in name or name.endswith(".toml"):
        return name, _read_file(name, name)
    local = f"{LOCAL_DIRECTORY}/{name}.toml"
    if root.exists(local):
        return local, _read_file(root.path(local), local)
    if name not in shipped_names():
        known = ", ".join([*local_names(root), *shipped_names()])
        raise InvalidInput(f"there is no profile {name}", [f"known profiles: {known}"])
    return f"{name}.toml", files("lltool.profiles").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def _read_file(path: str, shown: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            # Whoever can write the profile would otherwise decide what root writes into the kernel.
            if os.geteuid() == 0 and (status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
                raise InvalidInput(
                    f"profile {shown} is not used by root",
                    ["others than root can write it"],
                    next_step=f"chown root {shown} && chmod go-w {shown}",
                )
            text = file.read(_LARGEST + 1)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"profile {shown} cannot be read", [f"not UTF-8: {error}"]) from None
    except OSError as error:
        wrapped = from_os_error(f"profile {shown} cannot be read", error)
        raise InvalidInput(wrapped.what, [str(wrapped.cause)], next_step=wrapped.next_step) from None
    except ValueError as error:
        # A path that no file can have.
        raise InvalidInput(f"profile {shown!r} cannot be read", [str(error)]) from None
    if len(text) > _LARGEST:
        raise InvalidInput(f"profile {shown} cannot be read", [f"longer than {_LARGEST} characters: no profile is"])
    return text


def _own_settings(
    table: dict[str, Any], source: str, lines: TomlLines, catalogue: Catalogue, faults: list[str]
) -> dict[str, str]:
    settings: dict[str, str] = {}
    for setting, raw in _flatten(table):
        place = f"{source}{lines.of('settings', setting)}: {setting}"
        entry = catalogue.find(setting)
        if entry is None:
            near = catalogue.near(setting)
            faults.append(f"{place}: no such setting" + (f"; did you mean {' or '.join(near)}?" if near else ""))
            continue
        device = entry.device_in(setting)
        if entry.device and not entry.can_name(device):
            faults.append(f"{place}: {device!r} cannot be the name of a {DEVICES[entry.device].words}")
            continue
        if entry.kind == "advice":
            faults.append(f"{place}: lltool does not set it: {entry.leave}")
            continue
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            faults.append(f"{place}: {raw!r} must be a number or a text")
            continue
        value = str(raw)
        names = facts.named(value)
        unknown = [name for name in names if name not in facts.FACTS]
        if unknown:
            faults.append(f"{place}: no such host fact: {', '.join(unknown)}; known: {', '.join(facts.FACTS)}")
            continue
        try:
            entry.value.parse(facts.with_samples(value))
        except ValueError as error:
            faults.append(f"{place}: {error}" + (f" (as {value} might read)" if names else ""))
            continue
        settings[setting] = value
    return settings


def _flatten(table: dict[str, Any], stem: str = "") -> Iterator[tuple[str, Any]]:
    """``sysctl.vm.swappiness = 1`` without quotes is nested tables to TOML, and means the same."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{stem}{key}.")
        else:
            yield stem + key, value
