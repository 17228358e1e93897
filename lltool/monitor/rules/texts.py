"""The files for Prometheus and Grafana that come with lltool."""

from __future__ import annotations

from importlib.resources import files


def alert_rules() -> str:
    """Recording and alerting rules, as Prometheus loads them."""
    return _text("lltool.rules.yml")


def dashboard() -> str:
    """A dashboard, as Grafana imports it."""
    return _text("dashboard.json")


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
