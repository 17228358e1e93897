"""Runs in the guest: local timer interrupts of each CPU while one thread spins on the first and the last CPU."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

SPIN = "import time; end = time.monotonic() + 6\nwhile time.monotonic() < end: pass"


def _timer_interrupts() -> list[int]:
    line = next(line for line in Path("/proc/interrupts").read_text().splitlines() if line.strip().startswith("LOC:"))
    return [int(word) for word in line.split()[1:] if word.isdigit()]


def main() -> None:
    cpus = sorted(os.sched_getaffinity(0) | {int(word) for word in sys.argv[1:]})
    spinning = [
        subprocess.Popen([sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{{cpu}}}); exec({SPIN!r})"])
        for cpu in (int(word) for word in sys.argv[1:])
    ]
    time.sleep(2)
    before = _timer_interrupts()
    time.sleep(3)
    after = _timer_interrupts()
    for process in spinning:
        process.wait()
    json.dump({cpu: after[cpu] - before[cpu] for cpu in cpus}, sys.stdout)


main()
