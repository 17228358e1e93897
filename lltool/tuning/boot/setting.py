"""The name under which transactions record what they do to the boot loader."""

from __future__ import annotations

SETTING = "persist.boot"
