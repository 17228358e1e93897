"""The JSON Schema of a profile, made from the catalogue: editors complete and check TOML with it."""

from __future__ import annotations

import re
from typing import Any

from lltool.tuning.catalogue import DEVICES, DISRUPTIONS, EVERY, Catalogue, Entry
from lltool.tuning.explanation import accepted
from lltool.tuning.facts import SAMPLES
from lltool.tuning.values import ValueSpec

_CPUS = r"[0-9]+(-[0-9]+(:[0-9]+/[0-9]+)?)?"


def profile_schema(catalogue: Catalogue) -> dict[str, Any]:
    """Schema of a whole profile. Settings may be nested tables too: these the loader checks, the schema does not."""
    settable = [entry for entry in catalogue if entry.kind != "advice"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lltool profile",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string"},
            "extends": {"type": "string", "description": "Name or path of the profile that this one starts from."},
            "drop": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Settings of the extended profile that are left out.",
            },
            "allow": {
                "type": "array",
                "items": {"enum": list(DISRUPTIONS)},
                "description": "Disruptions that this profile may cause.",
            },
            "settings": {
                "type": "object",
                "properties": {entry.id: _setting(entry) for entry in settable if _names_itself(entry)},
                "patternProperties": {_pattern(entry): _setting(entry) for entry in settable if entry.device}
                | {r"^[a-z0-9_]+$": {"type": "object"}},
                "additionalProperties": False,
            },
        },
    }


def _pattern(entry: Entry) -> str:
    before, _, behind = entry.id.partition(EVERY)
    return f"^{re.escape(before)}({DEVICES[entry.device].pattern}){re.escape(behind)}$"


def _names_itself(entry: Entry) -> bool:
    """Whether a profile may name the entry as it is written, with its ``*`` where it has one."""
    return not entry.device or DEVICES[entry.device].together


def _setting(entry: Entry) -> dict[str, Any]:
    return {"title": entry.title, "description": f"{entry.why} Values: {accepted(entry.value)}."} | _values(entry.value)


def _values(value: ValueSpec) -> dict[str, Any]:
    fact = _fact(value)
    cpus, number = f"({_CPUS}|{fact})", f"(-?[0-9]+|{fact})"
    if value.type == "int":
        bounded = {"type": "integer", "minimum": value.minimum, "maximum": value.maximum}
        return {"anyOf": [bounded, _text(f"(>= *)?{number}")]}
    if value.type == "ints":
        return _text(f"(>= *)?{number}( {number}){{{value.count - 1}}}")
    if value.type == "choice":
        numbers = [int(choice) for choice in value.choices if choice.isdigit()]
        return {"anyOf": [{"enum": [*value.choices, *numbers]}, _text(fact)]}
    if value.type == "cpus":
        return {"anyOf": [_text(f"none|{cpus}(,{cpus})*"), {"type": "integer", "minimum": 0}]}
    if value.type == "flags_cpus":
        flags = "|".join(value.choices)
        return {"anyOf": [_text(f"(({flags}),)*{cpus}(,{cpus})*"), {"type": "integer", "minimum": 0}]}
    return {"anyOf": [_text(f"{value.pattern}|{fact}"), {"type": "integer", "minimum": 0}]}


def _text(pattern: str) -> dict[str, str]:
    return {"type": "string", "pattern": f"^({pattern})$"}


def _fact(value: ValueSpec) -> str:
    """A pattern of the host facts that such a value can be; one that matches nothing where none can."""
    fitting = [name for name, sample in SAMPLES.items() if _accepts(value, " ".join([sample] * value.count))]
    return rf"\{{({'|'.join(map(re.escape, fitting))})\}}" if fitting else "(?!)"


def _accepts(value: ValueSpec, text: str) -> bool:
    try:
        value.parse(text)
    except ValueError:
        return False
    return True
