"""verify --since-boot, as an operator meets it: on this machine's kernel, with one harmless value."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.command import Command

VALUE = Path("/proc/sys/vm/stat_interval")
ONLY = ("--only", "sysctl.vm.stat_interval")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(VALUE, os.W_OK), reason="needs root, and a /proc/sys that can be written"
)


@pytest.fixture
def before(lltool: Command) -> Iterator[str]:
    value = VALUE.read_text().strip()
    yield value
    lltool("rollback")
    VALUE.write_text(value)


def test_a_drift_says_when_the_setting_last_held(lltool: Command, before: str) -> None:
    assert lltool("tune", *ONLY, "--yes").returncode == 0
    VALUE.write_text(before)
    done = lltool("verify", "--since-boot", *ONLY, "--json")
    assert done.returncode == 3, done.stderr
    document = json.loads(done.stdout)
    schema = json.loads(files("lltool.schemas").joinpath("lltool.verify-1.json").read_text())
    Draft202012Validator(schema).validate(document)
    (row,) = document["settings"]
    assert row["verdict"] == "drift"
    assert row["held"] is not None
    assert "last seen in force" in lltool("verify", "--since-boot", *ONLY).stdout


def test_what_was_rolled_back_has_no_history(lltool: Command, before: str) -> None:
    lltool("tune", *ONLY, "--yes")
    lltool("rollback", *ONLY)
    assert VALUE.read_text().strip() == before
    assert "not seen in force in this boot" in lltool("verify", "--since-boot", *ONLY).stdout


def test_what_somebody_may_have_meant_is_left_alone_and_counted(lltool: Command, before: str, tmp_path: Path) -> None:
    assert lltool("tune", *ONLY, "--yes").returncode == 0
    VALUE.write_text(before)
    (tmp_path / "one.toml").write_text('[settings]\n"sysctl.vm.stat_interval" = ">= 10"\n')
    done = lltool("monitor", "reapply", "--profile", "one.toml", "--json")
    assert done.returncode == 3, done.stderr
    document = json.loads(done.stdout)
    schema = json.loads(files("lltool.schemas").joinpath("lltool.reapply-1.json").read_text())
    Draft202012Validator(schema).validate(document)
    assert [each["reapply"] for each in document["decisions"]] == [False]
    assert VALUE.read_text().strip() == before
    metrics = lltool("monitor", "metrics").stdout
    assert "\nlltool_settings_reapplied_total 0\n" in metrics
    assert "\nlltool_settings_left_drifted 1\n" in metrics
