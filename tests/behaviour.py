"""How kernels answer writes: what they reject, clamp, mask, and change elsewhere, as seen on 6.1, 6.12 and 6.18.

Each function takes the fake kernel, the path and the text, and returns the text that the file then holds, or raises
the kernel's ``OSError``.
"""

from __future__ import annotations

import errno
import os
import re
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from lltool.host.cpulist import format_cpumask, parse_cpulist, parse_cpumask
from lltool.host.ethtool import GROUPS

if TYPE_CHECKING:
    from tests.fake_host import FakeKernel

RT_RUNTIME = "/proc/sys/kernel/sched_rt_runtime_us"
FAIR_SERVERS = "/sys/kernel/debug/sched/fair_server/cpu*/runtime"
ETHTOOL = "/fake/ethtool"
SYSTEMD = "/fake/systemd"


def error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


def _bracketed(kernel: FakeKernel, path: str, text: str) -> str:
    choices = re.sub(r"[\[\]]", "", kernel.read(path)).split()
    if len(choices) < 2:
        return text
    if text not in choices:
        raise error(errno.EINVAL, path)
    return " ".join(f"[{choice}]" if choice == text else choice for choice in choices)


def _governor(kernel: FakeKernel, path: str, text: str) -> str:
    if text not in kernel.read(path.replace("scaling_governor", "scaling_available_governors")).split():
        raise error(errno.EINVAL, path)
    return text


def _energy_preference(kernel: FakeKernel, path: str, text: str) -> str:
    offered = path.replace("_preference", "_available_preferences")
    if text not in kernel.read(offered).split():
        raise error(errno.EINVAL, path)
    return text


def _dirty(kernel: FakeKernel, path: str, text: str) -> str:
    if path.endswith("_bytes") and text == "0":
        raise error(errno.EINVAL, path)
    other = path.replace("_bytes", "_ratio") if path.endswith("_bytes") else path.replace("_ratio", "_bytes")
    kernel.put(other, "0")
    return text


def _fair_server(kernel: FakeKernel, path: str, text: str) -> str:
    if kernel.read(RT_RUNTIME) != "-1":
        raise error(errno.EBUSY, path)
    return text


def _rt_runtime(kernel: FakeKernel, path: str, text: str) -> str:
    if text != "-1" and any(kernel.read(server) == "0" for server in kernel.glob(FAIR_SERVERS)):
        raise error(errno.EBUSY, path)
    return text


def _steering(kernel: FakeKernel, path: str, text: str) -> str:
    asked = parse_cpumask(text)
    left = tuple(cpu for cpu in asked if cpu not in parse_cpulist(kernel.read("/sys/devices/system/cpu/isolated")))
    if asked and not left:
        raise error(errno.EINVAL, path)
    return format_cpumask(left)


def _default_affinity(kernel: FakeKernel, path: str, text: str) -> str:
    if not parse_cpumask(text):
        raise error(errno.EINVAL, path)
    return text


def _node_pages(kernel: FakeKernel, path: str, text: str) -> str:
    return str(min(int(text), kernel.node_room.get(path, int(text))))


def _smt(kernel: FakeKernel, path: str, text: str) -> str:
    if kernel.read(path) == "forceoff":
        raise error(errno.EPERM, path)
    return text


def _swappiness(kernel: FakeKernel, path: str, text: str) -> str:
    if not 0 <= int(text) <= 200:
        raise error(errno.EINVAL, path)
    return text


BEHAVIOUR: tuple[tuple[str, Callable[[FakeKernel, str, str], str]], ...] = (
    (r"/sys/kernel/mm/transparent_hugepage/.*", _bracketed),
    (r".*/cpufreq/scaling_governor", _governor),
    (r".*/cpufreq/energy_performance_preference", _energy_preference),
    (r"/proc/sys/vm/dirty_(background_)?(ratio|bytes)", _dirty),
    (r"/sys/kernel/debug/sched/fair_server/cpu\d+/runtime", _fair_server),
    (re.escape(RT_RUNTIME), _rt_runtime),
    (r".*/rps_cpus", _steering),
    (r"/proc/irq/default_smp_affinity", _default_affinity),
    (r"/sys/devices/system/node/.*/nr_hugepages", _node_pages),
    (r"/sys/devices/system/cpu/smt/control", _smt),
    (r"/proc/sys/vm/swappiness", _swappiness),
)


def ethtool(kernel: FakeKernel, interface: str, request: bytes) -> bytes:
    """The ioctl over files below /fake/ethtool: one for each structure, one for the offloads."""
    command = struct.unpack_from("I", request)[0]
    directory = f"{ETHTOOL}/{interface}"
    if not kernel.exists(directory):
        raise error(errno.ENODEV, interface)
    for name, group in GROUPS.items():
        if command in {group.get, group.set} and not kernel.exists(f"{directory}/{name}"):
            raise error(errno.EOPNOTSUPP, interface)
        if command == group.get:
            return struct.pack(f"I{len(group.words)}I", command, *map(int, kernel.read(f"{directory}/{name}").split()))
        if command == group.set:
            words = dict(zip(group.words, struct.unpack_from(f"{len(group.words)}I", request, 4), strict=True))
            for word, bound in group.bounds.items():
                if words[word] > words[bound]:
                    raise error(errno.EINVAL, interface)
            if name == "coalesce" and words["rx_usecs"] % 2:
                words["rx_usecs"] += 1  # drivers round to what their timer can do
            kernel.write(f"{directory}/{name}", " ".join(map(str, words.values())))
            return request
    return _features(kernel, f"{directory}/features", command, request)


def _features(kernel: FakeKernel, path: str, command: int, request: bytes) -> bytes:
    features = [line.split() for line in kernel.read(path).splitlines()]  # name, on or off, fixed or free
    if command == 0x37:
        return struct.pack("IIQI", command, 0, 1 << 4, len(features))
    if command == 0x1B:
        return request[:12] + b"".join(name.encode().ljust(32, b"\0") for name, _, _ in features)
    blocks = struct.unpack_from("I", request, 4)[0]
    if command == 0x3A:
        words = [0] * (4 * blocks)
        for bit, (_, state, change) in enumerate(features):
            words[0] |= (change == "free") << bit
            words[2] |= (state == "on") << bit
            words[3] |= (change == "fixed") << bit
        return struct.pack(f"II{4 * blocks}I", command, blocks, *words)
    valid, asked = struct.unpack_from("II", request, 8)
    for bit, feature in enumerate(features):
        if valid >> bit & 1 and feature[2] == "free":
            feature[1] = "on" if asked >> bit & 1 else "off"
    kernel.write(path, "\n".join(" ".join(feature) for feature in features))
    return request


def systemctl(kernel: FakeKernel, *arguments: str) -> str:
    """Units as files below /fake/systemd that hold ``active enabled``."""
    *words, unit = arguments
    path = f"{SYSTEMD}/{unit}"
    active, _, state = kernel.read(path).partition(" ")
    if words[0] == "show":
        return f"ActiveState={active}\nUnitFileState={state}\n"
    if words[:2] == ["mask", "--runtime"]:
        kernel.write(path, "inactive masked-runtime")
    elif words[:2] == ["unmask", "--runtime"]:
        kernel.write(path, f"inactive {kernel.enabled[unit]}")
    elif words == ["start"]:
        kernel.write(path, f"active {state}")
    return ""
