"""The configuration as a person reads it: TOML with each key's value, unit, meaning and source. It can be read back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

from pydantic.fields import FieldInfo

from lltool.toml_lines import TomlLines
from lltool.trading.configuration import SCALE, Configuration, Section, Unit

_UNITS = ("ms", "us", "s", "percent")
"""That the names of keys end with."""


def show(configuration: Configuration, path: str | None = None) -> str:
    """``configuration``, which was loaded from the file at ``path`` or is the default. OSError for one that is gone."""
    text = ""
    if path is not None:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    lines = TomlLines(text)
    plain = Configuration()
    parts: list[str] = []
    for table, field in type(configuration).model_fields.items():
        section: Section = getattr(configuration, table)
        parts.append(f"[{table}]  # {(field.annotation.__doc__ or '').splitlines()[0]}" if field.annotation else table)
        for key, about in type(section).model_fields.items():
            value = getattr(section, key)
            line = lines.of(table, key)
            # Addresses and pings that the file does not name follow the venue that it does.
            source = f"{path}{line}" if line else "default" if value == getattr(getattr(plain, table), key) else "venue"
            parts.append(f"{key} = {_toml(value, about)}  # {'; '.join((*_meaning(key, about), source))}")
        parts.append("")
    return "\n".join(parts).rstrip()


def _meaning(key: str, about: FieldInfo) -> Iterator[str]:
    unit = _unit(about) or next((unit for unit in _UNITS if key.endswith(f"_{unit}")), None)
    if unit is not None:
        yield unit
    choices = [choice for choice in get_args(about.annotation) if isinstance(choice, str)]
    yield f"{about.description} ({', '.join(choices)})" if choices else str(about.description)


def _unit(about: FieldInfo) -> str | None:
    return next((mark.name for mark in about.metadata if isinstance(mark, Unit)), None)


def _toml(value: object, about: FieldInfo) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(each, about) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_toml(each, about)}' for key, each in value.items())}}}"
    if isinstance(value, int):
        return f"{Decimal(value) / SCALE:f}" if _unit(about) else str(value)
    return f'"{value}"'
