"""Runs in the guest: each interrupt, whether it can be moved, and what it does outside of some CPUs in a disk's work.

``outside`` says whether the interrupt's list leaves the CPUs of the first argument, ``delta_outside`` how often it came
elsewhere while one of those CPUs read the NVMe disk.
"""

import json
import os
import sys
from pathlib import Path

DISK = "/dev/nvme0n1"
BLOCK_BYTES = 1 << 16


def main() -> None:
    inside = _cpus(sys.argv[1])
    os.sched_setaffinity(0, {min(inside)})
    before = _counts()
    with open(DISK, "rb", buffering=0) as disk:
        os.posix_fadvise(disk.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while disk.read(BLOCK_BYTES):
            pass
    after = _counts()
    interrupts = []
    for number, counts in after.items():
        path = Path(f"/proc/irq/{number}/smp_affinity_list")
        if not path.exists():
            continue
        earlier = before.get(number, [0] * len(counts))
        deltas = [count - old for count, old in zip(counts, earlier, strict=True)]
        listed = path.read_text()
        interrupts.append(
            {
                "name": ",".join(each.name for each in path.parent.iterdir() if each.is_dir()),
                "movable": _movable(path, listed),
                "outside": not _cpus(listed) <= inside,
                "delta_outside": sum(delta for cpu, delta in enumerate(deltas) if cpu not in inside),
            }
        )
    json.dump(interrupts, sys.stdout)


def _counts() -> dict[int, list[int]]:
    """The counts of each numbered interrupt, by CPU."""
    lines = Path("/proc/interrupts").read_text().splitlines()
    cpus = len(lines[0].split())
    split = [line.split() for line in lines[1:]]
    return {
        int(words[0].rstrip(":")): [int(word) for word in words[1 : cpus + 1]]
        for words in split
        if words[0].rstrip(":").isdigit()
    }


def _cpus(text: str) -> set[int]:
    ranges = [part.partition("-") for part in text.strip().split(",")]
    return {cpu for first, _, last in ranges for cpu in range(int(first), int(last or first) + 1)}


def _movable(path: Path, listed: str) -> bool:
    """Whether the kernel takes the list that is there already."""
    try:
        path.write_text(listed)
    except OSError:
        return False
    return True


main()
