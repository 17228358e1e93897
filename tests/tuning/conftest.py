"""A profile with boot settings, persisted and judged as the commands do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lltool.tuning.apply import apply
from lltool.tuning.boot.state import BootState
from lltool.tuning.model import Finding
from lltool.tuning.persistence.plan import plan_persistence
from lltool.tuning.plan import Target, target
from lltool.tuning.rollback import open_transactions
from lltool.tuning.store import Store
from lltool.tuning.verdicts import judge
from tests.fake_host import FakeKernel

PROFILE = """[settings]
"boot.isolcpus" = "managed_irq,domain,{isolated}"
"boot.skew_tick" = 1
"""

Observed = dict[str, Finding]


@pytest.fixture
def make_target(tmp_path: Path, kernel: FakeKernel) -> Callable[..., Target]:
    def make(text: str = PROFILE, cores: tuple[int, ...] = (2, 3)) -> Target:
        (tmp_path / "boot.toml").write_text(text)
        return target(str(tmp_path / "boot.toml"), kernel, cores=cores)

    return make


@pytest.fixture
def persist(store: Store, kernel: FakeKernel) -> Callable[[Target], tuple[str, ...]]:
    """Tune with --persist; returns the notes."""

    def act(wanted: Target) -> tuple[str, ...]:
        observations = wanted.observe()
        persistence = plan_persistence(observations, kernel, open_transactions(store, kernel), ["tune"])
        apply(observations, kernel, store, "test", keep_going=False, persistence=persistence)
        return persistence.notes

    return act


@pytest.fixture
def verdicts(store: Store, kernel: FakeKernel) -> Callable[[Target], Observed]:
    def act(wanted: Target) -> Observed:
        transactions = open_transactions(store, kernel)
        in_force = [change for each in reversed(transactions) for change in each.in_force]
        return {each.setting: each for each in judge(wanted.observe(), in_force, BootState(kernel, transactions))}

    return act
