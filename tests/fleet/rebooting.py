"""An lltool of one setting that needs a reboot: tune stages it, and verify finds what FILE says after the reboot.

python rebooting.py FILE tune ...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SETTING = "boot.isolcpus"
CODES = {"ok": 0, "drift": 3, "pending-reboot": 4}


def _answer(words: list[str], after: str) -> tuple[dict[str, object], int]:
    if "--dry-run" in words:
        planned = {"setting": SETTING, "action": "reboot", "live": "", "wanted": "1"}
        return {"schema": "lltool.plan/1", "settings": [planned], "persist": ["update-grub"]}, 0
    found: dict[str, object] = {"schema": f"lltool.{words[0]}/1"}
    if words[0] == "tune":
        change = {"setting": SETTING, "before": "", "after": "1"}
        settings = [{"setting": SETTING, "verdict": "pending-reboot"}]
        return found | {"settings": settings, "changes": [change]}, CODES["pending-reboot"]
    if words[0] == "verify":
        return found | {"settings": [{"setting": SETTING, "verdict": after}]}, CODES[after]
    return found | {"transactions": [], "knobs": []}, 0


if __name__ == "__main__":
    document, code = _answer(sys.argv[2:], Path(sys.argv[1]).read_text())
    sys.stdout.write(json.dumps(document))
    sys.exit(code)
