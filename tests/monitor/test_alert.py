"""A drift made on this host reaches an alert, through a real node_exporter and a real Prometheus on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from lltool.monitor.rules.texts import alert_rules

Command = Callable[..., subprocess.CompletedProcess[str]]
SETTING = Path("/proc/sys/net/ipv4/tcp_notsent_lowat")
PROGRAMS = ("prometheus", "prometheus-node-exporter")
LONGEST_SECONDS = 90.0

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(any(shutil.which(name) is None for name in PROGRAMS), reason=f"needs {', '.join(PROGRAMS)}"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*command: str, log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()


def firing(port: int) -> dict[str, dict[str, str]]:
    """The labels of the alerts that fire, by name; none while Prometheus is still starting."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/api/v1/alerts")
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    alerts = answer.get("data", {}).get("alerts", [])
    return {each["labels"]["alertname"]: each["labels"] for each in alerts if each["state"] == "firing"}


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.5)
    return condition()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[int]:
    """Its port. The waiting times of the rules are cut: five minutes are not what is tested."""
    textfiles = tmp_path / "textfiles"
    textfiles.mkdir()
    exporter, port = free_port(), free_port()
    rules = tmp_path / "lltool.rules.yml"
    rules.write_text(alert_rules().replace("for: 5m", "for: 1s"))
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: [{rules}]\n"
        f"scrape_configs: [{{job_name: node, static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]}}]\n"
    )
    with (
        running(
            "prometheus-node-exporter",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={textfiles}",
            f"--web.listen-address=127.0.0.1:{exporter}",
            log=tmp_path / "exporter.log",
        ),
        running(
            "prometheus",
            f"--config.file={configuration}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            log=tmp_path / "prometheus.log",
        ),
    ):
        yield port


def test_a_drift_fires_and_its_end_is_seen(prometheus: int, lltool: Command, tmp_path: Path) -> None:
    before = SETTING.read_text().strip()
    (tmp_path / "one.toml").write_text(f'[settings]\n"sysctl.net.ipv4.tcp_notsent_lowat" = {before}\n')

    def tell(code: int) -> None:
        verified = lltool("verify", "--profile", "one.toml")
        assert verified.returncode == code, verified.stderr
        assert lltool("monitor", "metrics", "-o", str(tmp_path / "textfiles" / "lltool.prom")).returncode == 0

    tell(0)
    try:
        SETTING.write_text(f"{int(before) - 1}\n")
        tell(3)
    finally:
        SETTING.write_text(f"{before}\n")
    assert wait_for(lambda: "LltoolDrift" in firing(prometheus)), (tmp_path / "prometheus.log").read_text()
    assert firing(prometheus)["LltoolDrift"]["profile"] == "one.toml"
    assert "LltoolTextfileError" not in firing(prometheus)
    tell(0)
    assert wait_for(lambda: "LltoolDrift" not in firing(prometheus))
