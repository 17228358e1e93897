"""Network interfaces with hardware behind them: driver, queues, place in the machine, interrupts."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_cpulist, read_int, read_names, read_text

if TYPE_CHECKING:
    from lltool.host.interrupts import Interrupts
    from lltool.root import Root

_NET = "/sys/class/net"

# Vectors that carry no packets: configuration, control, link state, management, errors, flow director.
_CONTROL = re.compile(
    r"-config$|-control$|-mgmnt|-mgmnt@|^mlx5_(?:async|cmd|pages)|mlx4-async|[:-]misc$|[:-]async|fdir|[:-]lsc$"
    r"|[:-](?:link|other|aeq|oicr|slow|mbx)\d*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Nic:
    """One physical or virtio network interface.

    ``irqs`` deliver packets, ``control_irqs`` do not; ``irq_source`` is the file that named them. ``node`` is
    ``None`` where the machine does not say; ``local_cpus`` are then its only hint. ``master`` is the bond, team or
    bridge that it serves. ``speed_mbps`` is ``None`` while the link is down and for most virtual hardware.
    """

    name: str
    driver: str | None
    bus_address: str | None
    is_up: bool
    speed_mbps: int | None
    node: int | None
    local_cpus: tuple[int, ...]
    rx_queues: int
    tx_queues: int
    irqs: tuple[int, ...]
    control_irqs: tuple[int, ...]
    irq_source: str
    master: str | None


def read_nics(root: Root, interrupts: Interrupts) -> tuple[Nic, ...]:
    """Read the interfaces that have a device; loopback, bonds, bridges, VLANs and other software ones have none."""
    return tuple(
        _nic(root, name, interrupts) for name in read_names(root, _NET) if root.exists(f"{_NET}/{name}/device")
    )


def physical_names(root: Root, interface: str) -> tuple[str, ...]:
    """Follow a bond, team, bridge or VLAN down to the interfaces with hardware that carry its packets.

    An interface with hardware is its own answer; empty where there is no such interface or nothing beneath it.
    """
    found: set[str] = set()
    pending, seen = [interface], {interface}
    while pending:
        name = pending.pop()
        if root.exists(f"{_NET}/{name}/device"):
            found.add(name)
            continue
        lower = {
            entry.removeprefix("lower_") for entry in read_names(root, f"{_NET}/{name}") if entry.startswith("lower_")
        }
        # Bonds on kernels before 3.9 have no lower_* links.
        lower.update((read_text(root, f"{_NET}/{name}/bonding/slaves") or "").split())
        pending += lower - seen
        seen |= lower
    return tuple(sorted(found))


def _nic(root: Root, name: str, interrupts: Interrupts) -> Nic:
    directory = f"{_NET}/{name}"
    queues = read_names(root, f"{directory}/queues")
    device = root.realpath(f"{directory}/device")
    bus_device = os.path.dirname(device) if _is_on_bus(root, device, "virtio") else device
    numbers, source = _irq_numbers(root, name, device, bus_device, interrupts)
    irqs, control = _split(name, numbers, interrupts)
    node = read_int(root, f"{bus_device}/numa_node")
    speed = read_int(root, f"{directory}/speed")
    return Nic(
        name=name,
        driver=_link_name(root, f"{device}/driver"),
        bus_address=os.path.basename(bus_device) or None,
        is_up=read_text(root, f"{directory}/operstate") == "up",
        speed_mbps=speed if speed is not None and speed > 0 else None,
        node=node if node is not None and node >= 0 else None,
        local_cpus=read_cpulist(root, f"{bus_device}/local_cpulist") or (),
        rx_queues=sum(queue.startswith("rx-") for queue in queues),
        tx_queues=sum(queue.startswith("tx-") for queue in queues),
        irqs=irqs,
        control_irqs=control,
        irq_source=source,
        master=_link_name(root, f"{directory}/master"),
    )


def _link_name(root: Root, path: str) -> str | None:
    try:
        return os.path.basename(root.readlink(path)) or None
    except OSError:
        return None


def _is_on_bus(root: Root, device: str, bus: str) -> bool:
    modalias = read_text(root, f"{device}/modalias") or ""
    return modalias.startswith(f"{bus}:") or _link_name(root, f"{device}/subsystem") == bus


def _irq_numbers(
    root: Root, name: str, device: str, bus_device: str, interrupts: Interrupts
) -> tuple[tuple[int, ...], str]:
    for directory in dict.fromkeys((device, bus_device)):
        numbers = tuple(sorted(int(entry) for entry in read_names(root, f"{directory}/msi_irqs") if entry.isdigit()))
        if numbers:
            return numbers, f"{directory}/msi_irqs"
    for directory in dict.fromkeys((device, bus_device)):
        number = read_int(root, f"{directory}/irq")
        if number:
            return (number,), f"{directory}/irq"
    # Xen and some platform devices only put the interface's name beside the interrupt.
    belongs = re.compile(rf"(?:^|[\s,:@]){re.escape(name)}(?:$|[\s,:@-])")
    numbers = tuple(line.number for line in interrupts.lines if belongs.search(line.name))
    return numbers, "names in /proc/interrupts" if numbers else "none found"


def _split(name: str, numbers: tuple[int, ...], interrupts: Interrupts) -> tuple[tuple[int, ...], tuple[int, ...]]:
    actions = {line.number: line.name for line in interrupts.lines}
    # With one vector a queue, the vector that bears the bare name of the interface is for link changes (igb, ixgbe).
    has_queues = any(name in actions.get(number, "") and actions[number] != name for number in numbers)

    def is_control(number: int) -> bool:
        action = actions.get(number, "")
        return _CONTROL.search(action) is not None or (has_queues and action == name)

    return (
        tuple(number for number in numbers if not is_control(number)),
        tuple(number for number in numbers if is_control(number)),
    )
