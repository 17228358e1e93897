"""The shutdown token, set by calls and by signals, also while no Python code runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

shutdown = pytest.importorskip("lltool.kernels.shutdown", reason="needs the compiled kernels")


def test_a_request_stays() -> None:
    token = shutdown.ShutdownToken()
    assert not token.requested
    token.request()
    token.request()
    assert (token.requested, token.signal) == (True, None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_the_token_and_the_old_handler_comes_back(number: int) -> None:
    token = shutdown.ShutdownToken()
    before = signal.getsignal(number)
    with token:
        os.kill(os.getpid(), number)
        assert (token.requested, token.signal) == (True, number)
    assert signal.getsignal(number) == before


def test_a_signal_trips_the_kill_switch_before_any_python_runs() -> None:
    kill_switch = pytest.importorskip("lltool.kernels.kill_switch")
    kill = kill_switch.KillSwitch()
    with shutdown.ShutdownToken(kill):
        signal.raise_signal(signal.SIGTERM)
        assert kill.source is kill_switch.KillSource.SIGNAL
    assert not kill.may_send()


def test_a_call_leaves_the_kill_switch_alone() -> None:
    kill = pytest.importorskip("lltool.kernels.kill_switch").KillSwitch()
    with shutdown.ShutdownToken(kill) as token:
        token.request()
        assert kill.source is None


def test_one_token_at_a_time_catches_signals() -> None:
    with shutdown.ShutdownToken(), pytest.raises(RuntimeError, match="another shutdown token"):
        shutdown.ShutdownToken().__enter__()
    with shutdown.ShutdownToken():
        pass


SECOND_SIGNAL = """
import os, signal
from lltool.kernels.shutdown import ShutdownToken
with ShutdownToken() as token:
    os.kill(os.getpid(), signal.SIGTERM)
    print(token.requested, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("still here")
"""


def test_a_second_signal_ends_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SECOND_SIGNAL], check=False, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout.split()) == (-signal.SIGTERM, ["True"])
