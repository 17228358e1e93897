"""lltool whose benchmark has a figure that the test chose: FILE holds it in ns, untuned and tuned.

    python measured.py FILE bench run ...

Everything but `bench run` and `bench compare` is lltool's own.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from lltool.__main__ import main
from lltool.latest import keep_latest
from lltool.root import Root

BENCHMARK = "tcp.rtt"
TUNED = "8192"


def _main() -> int:
    figures = Path(sys.argv.pop(1)).read_text().split()
    if sys.argv[1:3] == ["bench", "run"]:
        tuned = Path("/proc/sys/net/core/somaxconn").read_text().strip() == TUNED
        _keep(float(figures[tuned]))
        return 0
    if sys.argv[1:3] == ["bench", "compare"]:
        sys.stdout.write(json.dumps({"schema": "lltool.compare/1", "comparisons": [], "outcomes": {}}))
        return 0
    main()
    return 0


def _keep(value: float) -> None:
    brief = {"cores": [0], "runs": 10, "figures": {"p50": value}, "units": {"p50": "ns"}, "count": 10, "sum_ns": 1.0}
    origin = {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "label": "", "version": "0"}
    keep_latest("bench", {"benchmarks": {BENCHMARK: brief | origin}}, Root())


if __name__ == "__main__":
    sys.exit(_main())
