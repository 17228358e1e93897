"""The strategy of the configuration: the chapter's, or one that is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.strategy", reason="needs the compiled kernels")

from lltool.errors import InvalidInput
from lltool.trading.configuration import Configuration, load_configuration
from lltool.trading.show_configuration import show
from lltool.trading.strategies import new_strategy

OWN = "lltool.kernels.strategy:SpreadStrategy"


def chosen(own: str, **arguments: Any) -> Configuration:
    return Configuration.model_validate({"strategy": {"own": own, "arguments": arguments}})


def test_unless_one_is_named_it_is_the_chapters() -> None:
    strategy = new_strategy(Configuration())
    assert strategy.wishes(6_000_000_000, 6_000_100_000) is None
    assert strategy.wishes(6_000_000_000, 6_002_000_000) == (0, 6_001_000_000, 100_000)


def test_ones_own_is_made_with_its_arguments() -> None:
    strategy = new_strategy(chosen(OWN, threshold=5, quantity=7, tick=10))
    assert strategy.wishes(100, 120) == (0, 110, 7)


@pytest.mark.parametrize(
    ("own", "arguments", "words"),
    [
        ("nowhere.at_all:Mine", {}, "ModuleNotFoundError"),
        ("lltool.kernels.strategy:Mine", {}, "AttributeError"),
        (OWN, {"threshold": 5}, "TypeError"),
        (OWN, {"threshold": 5, "quantity": 0, "tick": 10}, "each is at least 1"),
        (OWN, {"threshold": 5, "quantity": 2**70, "tick": 10}, "OverflowError"),
        ("pathlib:Path", {}, "it is no lltool.kernels.strategy.Strategy"),
    ],
)
def test_one_that_cannot_be_had_is_refused_with_the_reason(own: str, arguments: dict[str, int], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        new_strategy(chosen(own, **arguments))


@pytest.mark.parametrize("own", ["imbalance", "imbalance:", ":Mine", "a b:Mine"])
def test_a_name_without_module_or_class_is_a_fault_of_the_file(tmp_path: Path, own: str) -> None:
    (tmp_path / "trade.toml").write_text(f'[strategy]\nown = "{own}"\n')
    with pytest.raises(InvalidInput, match=r"strategy\.own"):
        load_configuration(str(tmp_path / "trade.toml"))


def test_what_is_shown_of_it_can_be_read_back(tmp_path: Path) -> None:
    configuration = chosen(OWN, threshold=5, quantity=7, tick=10)
    (tmp_path / "trade.toml").write_text(show(configuration))
    assert load_configuration(str(tmp_path / "trade.toml")) == configuration
