"""The configuration file: defaults of the chapter, exact decimals, every fault with its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lltool.errors import InvalidInput
from lltool.trading.configuration import SCALE, Configuration, load_configuration, to_fixed
from lltool.trading.show_configuration import show


def faults_of(path: Path, text: str) -> tuple[str, ...]:
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        load_configuration(str(path))
    return caught.value.faults


def test_defaults_are_those_of_the_chapter() -> None:
    defaults = load_configuration()
    assert defaults.market.symbols == ("BTCUSDT",)
    assert defaults.strategy.spread_threshold == 100_000
    assert defaults.risk.max_position == 1 * SCALE
    assert (defaults.breaker.failures, defaults.breaker.recovery_ms) == (5, 5000)


def test_what_is_shown_can_be_read_back(tmp_path: Path) -> None:
    file = tmp_path / "trade.toml"
    file.write_text('[market]\nsymbols = ["ETHUSDT", "BTCUSDT"]\n[strategy]\nquantity = 0.00000001\n')
    changed = load_configuration(str(file))
    assert changed.strategy.quantity == 1
    file.write_text(show(changed))
    assert load_configuration(str(file)) == changed


def test_each_value_is_shown_with_its_unit_and_where_it_is_from(tmp_path: Path) -> None:
    file = tmp_path / "trade.toml"
    file.write_text('[market]\nvenue = "binance-usdm"\n[strategy]\nquantity = 0.002\n')
    lines = {line.partition(" = ")[0]: line for line in show(load_configuration(str(file)), str(file)).splitlines()}
    assert lines["quantity"] == f"quantity = 0.002  # base currency; size of an order; {file}:4"
    assert lines["order_life_ms"] == "order_life_ms = 1000  # ms; an order that rests longer is cancelled; default"
    assert lines["stream_url"].endswith("; venue")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[riks]\nmax_position = 1\n", "did you mean risk?"),
        ("[risk]\nmax_positon = 1\n", "did you mean max_position?"),
        ("[strategy]\nmax_position = 1\n", "did you mean risk.max_position?"),
        ("[strategy]\nzzz = 1\n", "there is no such key"),
    ],
)
def test_what_may_have_been_meant_is_named(tmp_path: Path, text: str, meant: str) -> None:
    (fault,) = faults_of(tmp_path / "trade.toml", text)
    assert fault.endswith(meant)


def test_every_key_is_shown_with_its_meaning() -> None:
    lines = show(Configuration()).splitlines()
    keys = [
        key for section in Configuration.model_fields for key in type(getattr(Configuration(), section)).model_fields
    ]
    for key in keys:
        assert any(line.startswith(f"{key} = ") and "  # " in line for line in lines), key


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "trade.toml"
    faults = faults_of(
        file,
        '[market]\nsymbols = ["btcusdt"]\nspeed = 1\n[riks]\nmax_position = 1\n'
        "[strategy]\nquantity = 0.000000001\n[breaker]\nfailures = 65\n",
    )
    assert [fault.split(": ")[0] for fault in faults] == [f"{file}:{line}" for line in (2, 3, 7, 9, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "[strategy]\nquantity = true\n",
        "[strategy]\nquantity = 0\n",
        "[strategy]\nquantity = nan\n",
        "[strategy]\nquantity = 93000000000\n",
        "[breaker]\nfailures = 5.0\n",
        "[pipeline]\ncores = [1, 1]\n",
        '[pipeline]\nlayout = "three-cores"\ncores = [1, 2]\n',
        "[market]\nsymbols = []\n",
        "[market\n",
    ],
)
def test_a_value_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    assert faults_of(tmp_path / "trade.toml", text)


def test_a_fault_between_two_tables_has_no_place_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "trade.toml"
    (fault,) = faults_of(path, '[live]\nencoding = "packed"\norder_entry = "fix"\n')
    assert fault.startswith(f"{path}: live.encoding and live.order_entry: ")


def test_a_value_does_not_change_at_run_time() -> None:
    with pytest.raises(ValidationError):
        load_configuration().strategy.quantity = 2  # type: ignore[misc]


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_decimals_are_exact(units: int) -> None:
    assert to_fixed(str(Decimal(units) / SCALE) if abs(units) < 10**18 else Decimal(units).scaleb(-8)) == units
