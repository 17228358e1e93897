"""Whatever a profile's file holds: it is read, or refused with its faults."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lltool.errors import InvalidInput
from lltool.root import Root
from lltool.tuning.catalogue import load_catalogue
from lltool.tuning.profile import load_profile
from tests.toml_mutants import FUZZ, mutants

PROFILES = Path(__file__).resolve().parents[2] / "profiles"


@pytest.mark.parametrize("name", ["hft", "hft-vm"])
@settings(FUZZ, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_an_arbitrary_file_is_read_or_refused(tmp_path: Path, name: str, data: st.DataObject) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(data.draw(mutants((PROFILES / f"{name}.toml").read_text())))
    with contextlib.suppress(InvalidInput):
        load_profile(str(file), load_catalogue(), Root("/"))


@pytest.mark.parametrize("other", ["y" * 70_000, "", "..", "/", "a/\\u0000", "\\u0000", "x.toml"],
                         ids=["too long", "empty", "up", "root", "no path", "no name", "missing"])  # fmt: skip
def test_a_base_that_no_profile_can_be_is_refused(tmp_path: Path, other: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f'extends = "{other}"\n')
    with pytest.raises(InvalidInput):
        load_profile(str(file), load_catalogue(), Root("/"))
