"""The metrics of a host: what Prometheus makes of them, and what they say of what lltool found."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lltool.errors import LltoolError
from lltool.latest import keep_latest, read_latest
from lltool.monitor.exposition import Family, exposition
from lltool.monitor.host_state import LONGEST_TEXT, host_state, shortened, verdicts_of
from lltool.monitor.metrics import metrics
from lltool.monitor.scrape import scrape_server
from lltool.root import Root

Command = Callable[..., subprocess.CompletedProcess[str]]
SCHEMA = json.loads((Path(__file__).parents[2] / "lltool/schemas/lltool.host-state-1.json").read_text())

SAMPLE = re.compile(r'^([a-z_0-9]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? ([-+.0-9e]+|inf|nan)$')
"""A line of the text format, as its specification has it."""


@pytest.fixture
def state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "state"
    monkeypatch.setenv("LLTOOL_STATE_DIR", str(directory))
    return directory


def finding(setting: str, verdict: str, **texts: str) -> dict[str, str]:
    return {"setting": setting, "verdict": verdict, "live": "0", "wanted": "1", "reason": "not applied"} | texts


def verify_document(*findings: dict[str, str]) -> dict[str, Any]:
    return {"schema": "lltool.verify/1", "profile": "hft", "profile_hash": "abc", "settings": list(findings)}


def samples(state: dict[str, Any]) -> dict[str, float]:
    text = exposition(metrics(state))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.match(line) for line in lines), text
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_every_verdict_is_counted_and_says_whether_it_complies(state_directory: Path) -> None:
    root = Root()
    verdicts = {
        "ok": 1.0, "drift": 0.0, "partial": 0.0, "pending-reboot": 0.0, "refused": 1.0, "no-effect": 1.0,
    }  # fmt: skip
    keep_latest(
        "verify",
        verify_document(*(finding(f"s.{name}", name) for name in [*verdicts, "not-applicable"])),
        root,
    )
    state = host_state(root)
    Draft202012Validator(SCHEMA).validate(state)
    found = samples(state)
    for verdict, compliant in verdicts.items():
        assert found[f'lltool_settings{{profile="hft",verdict="{verdict}"}}'] == 1
        assert found[f'lltool_setting_compliant{{profile="hft",setting="s.{verdict}"}}'] == compliant
    assert 'lltool_setting_compliant{profile="hft",setting="s.not-applicable"}' not in found
    assert found['lltool_settings_drifted{profile="hft"}'] == 2
    assert found["lltool_reboot_required"] == 1
    assert found['lltool_profile_info{name="hft",hash="abc"}'] == 1


def test_a_host_that_was_never_verified_has_no_verdicts(state_directory: Path) -> None:
    state = host_state(Root())
    Draft202012Validator(SCHEMA).validate(state)
    assert state["verify"] is None
    found = samples(state)
    assert not [name for name in found if "setting" in name or "verify" in name]
    assert "lltool_reboot_required" not in found


def test_a_damaged_document_is_an_error_and_not_a_host_without_findings(state_directory: Path) -> None:
    keep_latest("verify", verify_document(), Root())
    (state_directory / "latest" / "verify.json").write_text('{"created": 1, "docu')
    with pytest.raises(LltoolError, match="damaged"):
        host_state(Root())


def test_what_is_kept_is_for_its_owner_only(state_directory: Path) -> None:
    keep_latest("verify", verify_document(), Root())
    kept = state_directory / "latest" / "verify.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(state_directory.stat().st_mode) == 0o700


def test_nothing_is_kept_of_a_recorded_tree(state_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    keep_latest("verify", verify_document(), Root(tmp_path / "tree"))
    assert not state_directory.exists()
    assert read_latest("verify", Root()) is None


@given(st.text(max_size=30))
def test_any_label_value_stays_one_label(value: str) -> None:
    family = Family("lltool_x", "gauge", "x")
    family.add(1, {"name": value})
    lines = exposition([family]).split("\n")
    assert lines[3:] == [""]
    written = lines[2].removeprefix('lltool_x{name="').removesuffix('"} 1')
    unescaped = re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], written)
    assert unescaped == value.encode("utf-8", errors="replace").decode("utf-8")


def test_a_long_mask_is_cut_in_its_middle() -> None:
    text = shortened("a" * 500 + "b" * 500)
    assert len(text) <= LONGEST_TEXT
    assert text.startswith("aaa")
    assert text.endswith("bbb")
    assert shortened("short") == "short"


def test_only_what_is_to_be_looked_at_keeps_its_values(state_directory: Path) -> None:
    keep_latest("verify", verify_document(finding("a", "ok"), finding("b", "drift")), Root())
    latest = read_latest("verify", Root())
    assert latest is not None
    found = verdicts_of(latest)
    assert found["verdicts"] == {"ok": ["a"], "drift": ["b"]}
    assert [each["setting"] for each in found["findings"]] == ["b"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: prometheus)")
def test_promtool_finds_nothing_in_the_metrics_of_this_host(lltool: Command, tmp_path: Path) -> None:
    lltool("verify")
    lltool("noise", "--seconds", "0.2")
    lltool("noise", "--seconds", "0.2")
    lltool("bench", "run", "timer.cost", "noise.gaps", "--quick", "--runs", "1", "-o", "r.json")
    lltool("bench", "run", "tcp.rtt", "--quick", "--runs", "1", "-o", "r2.json")
    path = tmp_path / "lltool.prom"
    done = lltool("monitor", "metrics", "-o", str(path))
    assert done.returncode == 0, done.stderr
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    assert 'lltool_bench_latency_seconds_count{bench="timer.cost"' in text
    assert 'lltool_bench_latency_seconds_count{bench="tcp.rtt"' in text
    assert "lltool_bench_lost_ratio" in text
    watched = re.findall(r"^lltool_jitter_watched_seconds_total\{.*\} (.*)$", text, re.MULTILINE)
    assert watched
    assert all(float(seconds) >= 0.4 for seconds in watched)
    state = json.loads(lltool("monitor", "metrics", "--json").stdout)
    Draft202012Validator(SCHEMA).validate(state)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_part_of_a_profile_is_no_verification_of_it(lltool: Command) -> None:
    lltool("verify", "--only", "sysctl.vm.swappiness")
    assert json.loads(lltool("monitor", "metrics", "--json").stdout)["verify"] is None
    lltool("verify")
    assert json.loads(lltool("monitor", "metrics", "--json").stdout)["verify"]["profile"] == "hft"


@pytest.fixture
def endpoint() -> Iterator[tuple[int, dict[str, Any]]]:
    behaviour: dict[str, Any] = {"text": lambda: "lltool_x 1\n"}

    def text() -> str:
        told: str = behaviour["text"]()
        return told

    with scrape_server("127.0.0.1", 0, text) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], behaviour
        finally:
            server.shutdown()
            thread.join()


def scrape(port: int, path: str = "/metrics") -> tuple[int, str, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_a_scrape_gets_the_metrics_of_its_moment(endpoint: tuple[int, dict[str, Any]]) -> None:
    port, behaviour = endpoint
    assert scrape(port) == (200, "text/plain; version=0.0.4; charset=utf-8", b"lltool_x 1\n")
    behaviour["text"] = lambda: "lltool_x 2\n"
    assert scrape(port, "/metrics?x=1")[2] == b"lltool_x 2\n"


def test_a_scrape_that_fails_says_so_and_the_next_is_answered(endpoint: tuple[int, dict[str, Any]]) -> None:
    port, behaviour = endpoint

    def broken() -> str:
        raise LltoolError("verify.json is damaged")

    behaviour["text"] = broken
    status, _, body = scrape(port)
    assert status == 500
    assert b"verify.json is damaged" in body
    assert scrape(port, "/other")[0] == 404
    behaviour["text"] = lambda: "lltool_x 3\n"
    assert scrape(port)[2] == b"lltool_x 3\n"


def test_an_address_in_use_is_named() -> None:
    with scrape_server("127.0.0.1", 0, str) as server:
        port = server.server_address[1]
        with pytest.raises(LltoolError, match=f"127.0.0.1:{port}"):
            scrape_server("127.0.0.1", port, str)


@pytest.mark.parametrize("arguments", [["--serve", "--json"], ["--serve", "--listen", "nowhere"]])
def test_a_wrong_use_exits_2(lltool: Command, arguments: list[str]) -> None:
    done = lltool("monitor", "metrics", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
