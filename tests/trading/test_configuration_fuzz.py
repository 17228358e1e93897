"""Whatever the configuration file holds: it is read, or refused with its faults."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from lltool.errors import InvalidInput
from lltool.trading.configuration import Configuration, load_configuration
from lltool.trading.show_configuration import show
from tests.toml_mutants import FUZZ, mutants


@settings(FUZZ, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=mutants(show(Configuration())))
def test_an_arbitrary_file_is_read_or_refused(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "trade.toml"
    file.write_bytes(text)
    with contextlib.suppress(InvalidInput):
        show(load_configuration(str(file)))
