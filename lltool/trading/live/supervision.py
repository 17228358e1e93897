"""The trading process and the one that supervises it.

`lltool trade run` is the supervisor: it starts the process that trades, beats for it in the page of the kill switch,
hands signals on, writes its counters down, and passes its report through. When it dies the beats stop, and the trading
process cancels everything and ends. An operator trips the same page from anywhere (`lltool trade kill`).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from lltool.errors import InvalidInput, LltoolError, Locked, from_os_error
from lltool.root import Root
from lltool.trading.live.counters import CountersPage, counters_file
from lltool.trading.live.lifecycle import Run, monotonic_ns
from lltool.trading.log_file import log_file
from lltool.trading.placement import core_of, pin, threads_beside
from lltool.trading.run_directory import VARIABLE, kill_page_path

if TYPE_CHECKING:
    from lltool.kernels.kill_switch import KillSwitch
    from lltool.trading.configuration import Configuration

BEATS = 10
"""Within the time that a supervisor may be silent."""

_FAILED = 1
_HANDED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _new_page(name: str) -> Iterator[tuple[int, KillSwitch]]:
    """A fresh page under ``name``, locked as long as the supervisor lives. Locked when another run has the name."""
    import fcntl

    from lltool.kernels.kill_switch import KillSwitch

    path = kill_page_path(Root(), name)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LltoolError(
            f"{path} cannot be made",
            cause=error.strerror or str(error),
            next_step=f"name a directory that this user can write to in {VARIABLE}",
        ) from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked(
                f"a run named {name} is going on", next_step="choose another --name, or end it: `lltool trade kill`"
            ) from error
        os.ftruncate(fd, 0)  # a run that was killed left its page
        yield fd, KillSwitch.create(fd)
        with suppress(FileNotFoundError):
            os.unlink(path)
    finally:
        os.close(fd)


def supervise(specification: dict[str, Any], name: str) -> tuple[dict[str, Any] | None, int]:
    """Start a run and beat for it until it ends: its report, and its exit code; no report when its input was invalid.

    Raises LltoolError for another run that ended without a report, Locked when one of that name is going on.
    """
    from lltool.trading.configuration import load_configuration

    configuration = load_configuration(specification["config"])
    interval = configuration.kill.supervisor_ms / 1000 / BEATS
    with _new_page(name) as (fd, kill), counters_file(name, len(configuration.market.symbols)) as counters:
        kill.beat(monotonic_ns())
        # A session of its own: Ctrl-C reaches the supervisor alone, who hands it on once.
        child = subprocess.Popen(
            [sys.executable, "-m", "lltool.trading.live.supervision", str(fd), str(counters.fd)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(fd, counters.fd),
            start_new_session=True,
            text=True,
        )

        def each_time() -> None:
            kill.beat(monotonic_ns())
            counters.write_when_due()

        with child, _handed_on(child):
            output = _until_it_ends(child, json.dumps(specification), each_time, interval)
        report = _report_in(output)
        if report is not None and child.returncode == 0:
            counters.remove()
        else:
            counters.write(ended="failure" if report is None else report["ended"])
    if report is None and child.returncode == InvalidInput.exit_code:
        return None, child.returncode  # it has said which
    if report is None:
        raise LltoolError(
            "the trading process ended without a report",
            cause=f"signal {-child.returncode}" if child.returncode < 0 else f"exit code {child.returncode}",
            next_step="its last messages are above; open orders on paper ended with it",
        )
    return report, child.returncode


def _until_it_ends(child: subprocess.Popen[str], text: str, each_time: Callable[[], None], interval: float) -> str:
    """Give the process its ``text``, call ``each_time`` every ``interval`` seconds; what it printed when it ended."""
    rest: str | None = text
    while True:
        try:
            output, _ = child.communicate(rest, timeout=interval)
        except subprocess.TimeoutExpired:
            rest = None  # communicate goes on with what it was given
            each_time()
        else:
            return output


def _report_in(output: str) -> dict[str, Any] | None:
    try:
        report: dict[str, Any] | None = json.loads(output) if output else None
    except json.JSONDecodeError:
        return None
    return report


@contextmanager
def _handed_on(child: subprocess.Popen[str]) -> Iterator[None]:
    """SIGINT and SIGTERM go to the trading process: the first stops it gracefully, a second ends it.

    SIGHUP has it read its limits again; where it says that the terminal is gone, it stops as by SIGTERM.
    """
    had_terminal = os.isatty(0)

    def hand_on(number: int, _frame: object) -> None:
        if number == signal.SIGHUP and had_terminal and not os.isatty(0):
            number = signal.SIGTERM
        with suppress(ProcessLookupError):
            child.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in _HANDED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def trip(name: str) -> bool:
    """Trip the kill switch of a run from another process; False when it was tripped before.

    Raises LltoolError when there is no such run.
    """
    from lltool.kernels.kill_switch import KillSource, KillSwitch

    path = kill_page_path(Root(), name)
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError as error:
        raise from_os_error(f"there is no run named {name}: {path}", error) from error
    try:
        return KillSwitch.attach(fd).trip(KillSource.OPERATOR, monotonic_ns())
    except BufferError as error:
        raise LltoolError(f"{path} is no page of a run", cause=str(error)) from error
    finally:
        os.close(fd)


async def trade(
    specification: dict[str, Any],
    configuration: Configuration,
    kill: KillSwitch,
    counters: CountersPage,
    *,
    log: Callable[[str], None] | None,
    cores_beside: frozenset[int],
) -> dict[str, Any]:
    """Trade on this thread until it is over; what waits does so on ``cores_beside``. The report."""
    from lltool.kernels.shutdown import ShutdownToken
    from lltool.trading.live.report import report_of

    asyncio.get_running_loop().set_default_executor(threads_beside(cores_beside))
    # Now, with the loop running: asyncio would have put its own handler of Ctrl-C over the token's.
    with ShutdownToken(kill) as token:
        run = _kind_of_run(configuration)(
            configuration,
            kill=kill,
            token=token,
            tell=lambda line: print(f"lltool: {line}", file=sys.stderr, flush=True),  # noqa: T201
            log_to=log,
            publish=counters.publish,
            seconds=specification["seconds"],
        )
        # By the loop: between two messages, never within one.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _take_limits, run, specification["config"])
        gc.freeze()
        await run.run()
        return report_of(run)


def _kind_of_run(configuration: Configuration) -> type[Run]:
    if configuration.live.encoding == "packed":
        from lltool.trading.live.packed_run import PackedRun

        return PackedRun
    from lltool.trading.live.run import TradingRun

    return TradingRun


def _take_limits(run: Run, path: str | None) -> None:
    from lltool.trading.configuration import load_configuration

    if path is None:
        run.tell("limits: the run has no configuration file to read again")
        return
    try:
        run.take_limits(load_configuration(path))
    except LltoolError as error:
        run.tell(f"limits: nothing was changed: {error}")


def exit_code(report: dict[str, Any]) -> int:
    """0 for a run that ended as asked with every order confirmed; else 1."""
    return 0 if report["orders_confirmed"] and report["ended"] in {"signal", "time", "asked"} else _FAILED


def main() -> int:
    """The trading process: the descriptors of its pages are its arguments, what to do comes on stdin."""
    from lltool.kernels.kill_switch import KillSwitch
    from lltool.trading.configuration import load_configuration

    kill, counters = KillSwitch.attach(int(sys.argv[1])), CountersPage.attach(int(sys.argv[2]))
    specification = json.load(sys.stdin)
    try:
        configuration = load_configuration(specification["config"])
        # The threads of the packed feed have cores of their own.
        cores_beside = pin(None if configuration.live.encoding == "packed" else core_of(configuration, Root()))
        with log_file(specification["log"]) as log:
            report = asyncio.run(
                trade(specification, configuration, kill, counters, log=log, cores_beside=cores_beside)
            )
    except LltoolError as error:
        sys.stderr.write(f"lltool: {error}\n")
        return error.exit_code
    with suppress(BrokenPipeError):  # the supervisor may be gone: that is why it ended
        json.dump(report, sys.stdout)
        sys.stdout.flush()
    return exit_code(report)


if __name__ == "__main__":
    sys.exit(main())
