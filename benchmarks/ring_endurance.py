"""Checksummed records through the ring between every ordered pair of cores, the counter's wrap in each piece.

    .venv/bin/python benchmarks/ring_endurance.py --records 1000000000

Needs gcc. Each layout passes that many records in all, in pieces of at most 50 million that start half a piece before
2**64. Ends with exit 1 at the first record that is lost, doubled, torn or out of order.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIECE = 50_000_000
CAPACITY = 1024
LAYOUTS = {1: "sequenced", 2: "indexed"}


def main() -> None:
    """Build the stress program of the tests and run it piece by piece."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000_000)
    arguments = parser.parse_args()
    pairs = list(itertools.permutations(sorted(os.sched_getaffinity(0)), 2))
    if not pairs:
        raise SystemExit("needs two cores")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "spsc_stress"
        source = ROOT / "tests/kernels/spsc_stress.c"
        flags = ["-std=c11", "-O2", "-pthread", f"-I{ROOT / 'kernels/include'}"]
        subprocess.run(["gcc", *flags, str(source), "-o", str(program)], check=True)
        for layout, name in LAYOUTS.items():
            share = -(-arguments.records // len(pairs))
            for cores in pairs:
                start = time.monotonic()
                for done in range(0, share, PIECE):
                    run(program, layout, min(PIECE, share - done), cores)
                taken = time.monotonic() - start
                print(
                    f"{name}, core {cores[0]} to {cores[1]}: {share} records whole and in order, {taken:.0f} s",
                    flush=True,
                )


def run(program: Path, layout: int, records: int, cores: tuple[int, int]) -> None:
    """One piece; its own message where it fails."""
    values = (layout, records, 2**64 - records // 2, CAPACITY, *cores)
    if subprocess.run([str(program), *map(str, values)], check=False).returncode:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
