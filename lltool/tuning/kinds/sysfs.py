"""Files that hold one value each: one a host, a CPU, a device."""

from __future__ import annotations

from lltool.tuning.kinds.base import Kind


class SysfsFile(Kind):
    """The files at the entry's ``path``, as :func:`lltool.tuning.kinds.places.files_of` finds them."""
