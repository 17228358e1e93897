"""CPU time of `lltool verify` over the whole catalogue beside `tuned-adm verify` with network-latency, in one run.

Needs root and the packages tuned and dbus. Daemons that are not there yet are started, and ended by their ids. Both
tools run from compiled modules, as they do once they are installed.

    python benchmarks/verify_speed.py
"""

from __future__ import annotations

import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lltool.tuning.catalogue import Entry, load_catalogue
from lltool.tuning.values import ValueSpec

PROFILE = "network-latency"
RUNS = 15
_BUS = "/run/dbus/system_bus_socket"
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def main() -> int:
    settings = [entry for entry in load_catalogue() if entry.kind != "advice"]
    with tempfile.TemporaryDirectory() as directory:
        profile = Path(directory) / "everything.toml"
        profile.write_text(everything())
        lltool = [sys.executable, "-m", "lltool"]
        with tuned() as daemon:
            subprocess.run([*lltool, "profile", "check", str(profile)], check=True, stdout=subprocess.DEVNULL)
            cpu_seconds([*lltool, "verify"])  # compiles
            ours, theirs, one = [], [], []
            for _ in range(RUNS):
                # In turn, so that a disturbance of the machine meets all of them.
                ours.append(cpu_seconds([*lltool, "verify", "--profile", str(profile)]))
                theirs.append(cpu_seconds(["tuned-adm", "verify", "--ignore-missing"], daemon))
                one.append(
                    cpu_seconds([*lltool, "verify", "--profile", str(profile), "--only", "sysctl.vm.swappiness"])
                )
    print(f"lltool verify, {len(settings)} entries of the catalogue: {spread(ours)}")
    print(f"lltool verify, one of them: {spread(one)}")
    print(f"tuned-adm verify, {PROFILE}, client and daemon: {spread(theirs)}")
    print(f"ratio of the medians: {statistics.median(ours) / statistics.median(theirs):.2f}")
    extra = 1e3 * (statistics.median(ours) - statistics.median(one)) / (len(settings) - 1)
    print(f"one more setting: {extra:.3f} ms")
    return 0


def everything() -> str:
    """A profile that names every entry of the catalogue that can be set, with some value that it accepts."""
    lines = [
        f'"{_named(entry)}" = "{_some_value(entry.value)}"' for entry in load_catalogue() if entry.kind != "advice"
    ]
    return "\n".join(["[settings]", *lines]) + "\n"


def _named(entry: Entry) -> str:
    names = {"node": "node0", "account": "root", "unit": "system.slice"}
    return entry.id.replace("*", names.get(entry.device, "*"))


def _some_value(value: ValueSpec) -> str:
    if value.type in {"int", "ints"}:
        return " ".join([str(value.minimum)] * value.count)
    return {"cpus": "0", "flags_cpus": "domain,{isolated}", "text": "1"}.get(value.type) or value.choices[0]


def cpu_seconds(command: list[str], daemon: int | None = None) -> float:
    """CPU time of one command, and of a daemon while it runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    daemon_before = _daemon_seconds(daemon)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return own + _daemon_seconds(daemon) - daemon_before


def _daemon_seconds(daemon: int | None) -> float:
    if daemon is None:
        return 0.0
    fields = Path(f"/proc/{daemon}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def spread(seconds: list[float]) -> str:
    median, n = statistics.median(seconds), len(seconds)
    return f"median {median:.3f} s of CPU ({min(seconds):.3f} to {max(seconds):.3f}, n={n})"


@contextmanager
def tuned() -> Iterator[int]:
    """The daemon of tuned with its profile, on a bus of its own where there is none; its process id."""
    children: list[subprocess.Popen[bytes]] = []
    try:
        if not _answers(_BUS):
            os.makedirs(os.path.dirname(_BUS), exist_ok=True)
            command = ["dbus-daemon", "--system", "--nofork", "--nopidfile"]
            children.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
            _wait(lambda: _answers(_BUS))
        daemon = subprocess.Popen(["tuned"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        children.append(daemon)
        choose = ["tuned-adm", "profile", PROFILE]
        _wait(lambda: subprocess.run(choose, capture_output=True, check=False).returncode == 0)
        yield daemon.pid
        subprocess.run(["tuned-adm", "off"], check=True)
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait()


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("a daemon did not come up in 20 s")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
