"""What only the running system tells about network interfaces: names from the hardware database, link speed.

pyudev and psutil load here, and only for the live root: a recorded tree has neither a udev database nor links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.host.nics import Nic
    from lltool.root import Root


def device_name(root: Root, nic: Nic) -> str | None:
    """Return vendor and model from udev's hardware database; ``None`` where it does not know the device."""
    if not root.is_live:
        return None
    try:
        import pyudev

        device = pyudev.Devices.from_path(pyudev.Context(), root.realpath(f"/sys/class/net/{nic.name}"))
    except (ImportError, OSError, LookupError, ValueError):
        # pyudev raises ImportError where the system has no libudev, LookupError where the interface is gone by now.
        return None
    names = (device.properties.get(f"ID_{part}_FROM_DATABASE") for part in ("VENDOR", "MODEL"))
    return " ".join(name for name in names if name) or None


def link_speed_mbps(root: Root, nic: Nic) -> int | None:
    """Return the speed of the link: from sysfs, else from the driver by ioctl, which some drivers alone answer."""
    if nic.speed_mbps is not None or not root.is_live:
        return nic.speed_mbps
    import psutil

    stats = psutil.net_if_stats().get(nic.name)
    return stats.speed if stats is not None and stats.speed > 0 else None
