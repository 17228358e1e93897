"""Make the documents of a fleet that does not exist, and time `lltool fleet report` on it.

    python benchmarks/fleet_simulate.py DIR --hosts 10000           makes DIR/HOST.json
    python benchmarks/fleet_simulate.py DIR --time 1000 3000 10000  makes, reports, and prints seconds and memory

Hosts are of three kinds of equipment; one in twenty drifted, one in five hundred is unreachable, one in a thousand sent
rubbish, one in a hundred is slower than its equals in one benchmark. The same seed gives the same fleet.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

from lltool.bench.benchmark import Benchmark
from lltool.bench.catalogue import BENCHMARKS
from lltool.root import Root
from lltool.tuning.catalogue import load_catalogue
from lltool.tuning.profile import load_profile

PROFILE = "hft"
CREATED = 1_700_000_000.0
KINDS = (
    ("PowerEdge R660", "Intel(R) Xeon(R) Gold 6444Y", "0-31", "6.1.0-28-amd64"),
    ("ProLiant DL365", "AMD EPYC 9374F 32-Core Processor", "0-63", "6.1.0-28-amd64"),
    ("PowerEdge R660", "Intel(R) Xeon(R) Gold 6444Y", "0-31", "6.12.9-amd64"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--time", type=int, nargs="+", metavar="HOSTS")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.time:
        simulate(options.directory, options.hosts, options.seed)
        return
    print(f"{'hosts':>8} {'input':>9} {'seconds':>8} {'ms/host':>8} {'peak':>8} {'page':>8}")
    for hosts in options.time:
        shutil.rmtree(options.directory, ignore_errors=True)
        simulate(options.directory, hosts, options.seed)
        print(measured(options.directory, hosts), flush=True)


def simulate(directory: Path, hosts: int, seed: int) -> None:
    """Write the documents of ``hosts`` hosts into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    settings = sorted(load_profile(PROFILE, load_catalogue(), Root()).settings)
    chance = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    for number in range(hosts):
        text = document(f"host{number:05d}", settings, chance)
        (directory / f"host{number:05d}.json").write_text(text, encoding="utf-8")


def document(name: str, settings: list[str], chance: random.Random) -> str:
    """What the host ``name`` sends."""
    fate = chance.random()
    if fate < 0.001:
        return '{"schema": "lltool.host-state/1", "host": '
    if fate < 0.003:
        return json.dumps({"schema": "lltool.host-status/1", "status": "unreachable", "reason": "timed out"})
    machine, processor, cores, kernel = KINDS[chance.randrange(len(KINDS))]
    drifted = set(chance.sample(settings, chance.randint(1, 3))) if chance.random() < 0.05 else set[str]()
    verdicts = {
        "ok": [setting for setting in settings if setting not in drifted],
        "drift": sorted(drifted),
    }
    slow = chance.choice(BENCHMARKS).name if chance.random() < 0.01 else ""
    state = {
        "schema": "lltool.host-state/1",
        "host": name,
        "created": CREATED,
        "version": "0.1.0",
        "equipment": {"machine": machine, "processor": processor, "online cores": cores, "kernel": kernel},
        "verify": {
            "created": CREATED,
            "profile": PROFILE,
            "profile_hash": "3a0adb07d92b",
            "verdicts": verdicts,
            "findings": [
                {"setting": each, "verdict": "drift", "live": "1", "wanted": "0", "reason": "changed by someone else"}
                for each in sorted(drifted)
            ],
        },
        "bench": {"created": CREATED, "benchmarks": {known.name: brief(known, slow, chance) for known in BENCHMARKS}},
        "noise": None,
        "trial": None,
        "reboot_required": False,
        "rollback_available": True,
        "unfinished": False,
    }
    return json.dumps(state)


def brief(known: Benchmark, slow: str, chance: random.Random) -> dict[str, object]:
    """The figures of one benchmark: 3 % apart from host to host, half as much again on a slow one."""
    factor = chance.gauss(1.0, 0.03) * (1.5 if known.name == slow else 1.0)
    base = 20.0 + sum(known.name.encode()) % 1000
    return {
        "created": "2023-11-14T22:13:20Z",
        "label": "",
        "version": "0.1.0",
        "cores": [2],
        "runs": 10,
        "figures": {metric: base * factor * (place + 1) for place, metric in enumerate(known.metrics)},
        "units": {metric: "ppm" if metric == "lost" else "ns" for metric in known.metrics},
        "count": 1000,
        "sum_ns": base * 1000,
    }


def measured(directory: Path, hosts: int) -> str:
    """Time one report of ``directory`` in a process of its own."""
    page = directory.with_suffix(".html")
    command = [sys.executable, "-m", "lltool", "fleet", "report", str(directory), "-o", str(page)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1, 3, 4}:
        raise SystemExit(f"the report of {hosts} hosts ended with {process.returncode}")
    seconds = usage.ru_utime + usage.ru_stime
    size = sum(entry.stat().st_size for entry in os.scandir(directory))
    return (
        f"{hosts:8d} {size / 1e6:6.0f} MB {seconds:8.1f} {1000 * seconds / hosts:8.2f} "
        f"{usage.ru_maxrss / 1024:5.0f} MB {page.stat().st_size / 1e6:5.2f} MB"
    )


if __name__ == "__main__":
    main()
