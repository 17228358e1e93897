"""Every JSON document has a shipped schema, and keeps it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lltool.bench.model import Result, Run
from lltool.bench.wire import WireResult

ROOT = Path(__file__).resolve().parents[2]

Command = Callable[..., subprocess.CompletedProcess[str]]


def schema_of(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        files("lltool.schemas").joinpath(name.replace("/", "-") + ".json").read_text(encoding="utf-8")
    )
    return document


def check(document: dict[str, Any]) -> None:
    """The document keeps its schema, and the schema describes each of its keys."""
    Draft202012Validator(closed(schema_of(document["schema"]))).validate(document)


def closed(schema: Any) -> Any:
    """``schema`` with no room for a key that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        found.setdefault("additionalProperties", False)
    return found


def test_every_schema_that_the_sources_name_is_shipped_and_well_formed() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "lltool").rglob("*.py"))
    names = set(re.findall(r"\blltool\.[a-z-]+/\d+", sources)) | {"lltool.tune/1", "lltool.verify/1"}
    assert len(names) > 10
    for name in names:
        schema = schema_of(name)
        Draft202012Validator.check_schema(schema)
        assert schema["properties"]["schema"]["const"] == name


@pytest.mark.parametrize(
    "arguments",
    [
        ["host"],
        ["plan"],
        ["verify"],
        ["history"],
        ["rollback"],
        ["profile", "list"],
        ["profile", "show", "hft"],
        ["bench", "list"],
        ["monitor", "metrics"],
        ["bench", "passport"],
        ["noise", "--seconds", "0.2"],
        ["bench", "run", "seqlock.read", "--quick", "--runs", "1"],
    ],
)
def test_a_command_prints_one_document_of_its_schema(lltool: Command, arguments: list[str]) -> None:
    done = lltool(*arguments, "--json")
    assert "Traceback" not in done.stderr
    check(json.loads(done.stdout))


def test_a_run_of_the_pipeline_prints_its_stages_against_the_budget(lltool: Command) -> None:
    name = "pipeline.tick_to_trade_fixed"
    document = json.loads(lltool("bench", "run", name, "--quick", "--runs", "1", "--json").stdout)
    check(document)
    findings = {"$ref": "#/$defs/Findings", "$defs": schema_of("lltool.compare/1")["$defs"]}
    Draft202012Validator(closed(findings)).validate(document["findings"])
    stages = {stage["name"]: stage["standing"] for stage in document["findings"]["pipeline"][name]["stages"]}
    assert "unaccounted" in stages
    assert {"within", "over"} & set(stages.values())


def test_a_comparison_prints_a_document_of_its_schema(lltool: Command) -> None:
    for name in ("a.json", "b.json"):
        lltool("bench", "run", "seqlock.read", "--quick", "--runs", "4", "-o", name)
    check(json.loads(lltool("bench", "compare", "a.json", "b.json", "--json").stdout))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_tune_and_rollback_print_documents_of_their_schemas(lltool: Command, tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('[settings]\n"sysctl.vm.swappiness" = 7\n')
    try:
        check(json.loads(lltool("tune", "--profile", "one.toml", "--json").stdout))
        check(json.loads(lltool("history", "--json").stdout))
    finally:
        check(json.loads(lltool("rollback", "--json").stdout))


def test_a_result_describes_every_key_that_it_can_have() -> None:
    """As the models that write and read it have them, in every depth."""
    shipped, written = schema_of("lltool.result/1"), WireResult.model_json_schema()
    for name in ("WireRun", "WireHistogram", "Distance", "Interference"):
        assert set(shipped["$defs"][name]["properties"]) == set(written["$defs"][name]["properties"])
    kept = set(shipped["properties"]) - {"findings"}  # which is derived from the rest
    assert kept == {"schema", *written["properties"]}
    assert {field.name for field in fields(Run)} - {"samples"} | {"histogram"} == set(
        shipped["$defs"]["WireRun"]["properties"]
    )
    assert {field.name for field in fields(Result)} | {"schema"} == kept


def test_a_document_with_a_missing_key_is_noticed() -> None:
    with pytest.raises(Exception, match="profile"):
        check({"schema": "lltool.verify/1", "settings": []})
