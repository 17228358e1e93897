"""Settings of network interfaces by the SIOCETHTOOL ioctl: rings, channels, coalescing, pause, offloads.

Structures and commands: include/uapi/linux/ethtool.h. Every structure is a row of 32-bit words in the machine's
order, the command first.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.root import Root

_WORD = struct.calcsize("I")


@dataclass(frozen=True, slots=True)
class Group:
    """One structure: its commands to get and to set it, its words by name, and the word that bounds each of them."""

    get: int
    set: int
    words: tuple[str, ...]
    bounds: dict[str, str]


GROUPS = {
    "rings": Group(
        0x10,
        0x11,
        ("rx_max", "rx_mini_max", "rx_jumbo_max", "tx_max", "rx", "rx_mini", "rx_jumbo", "tx"),
        {"rx": "rx_max", "tx": "tx_max"},
    ),
    "channels": Group(
        0x3C,
        0x3D,
        ("rx_max", "tx_max", "other_max", "combined_max", "rx", "tx", "other", "combined"),
        {"rx": "rx_max", "tx": "tx_max", "combined": "combined_max"},
    ),
    "coalesce": Group(
        0x0E,
        0x0F,
        (
            *("rx_usecs", "rx_frames", "rx_usecs_irq", "rx_frames_irq"),
            *("tx_usecs", "tx_frames", "tx_usecs_irq", "tx_frames_irq"),
            *("stats_usecs", "adaptive_rx", "adaptive_tx"),
            *("rate_low", "rx_usecs_low", "rx_frames_low", "tx_usecs_low", "tx_frames_low"),
            *("rate_high", "rx_usecs_high", "rx_frames_high", "tx_usecs_high", "tx_frames_high"),
            "rate_interval",
        ),
        {},
    ),
    "pause": Group(0x12, 0x13, ("autoneg", "rx", "tx"), {}),
}
"""The structures by the names of ethtool(8)'s options."""

_SET_INFO, _STRINGS, _FEATURES_SET = 0x37, 0x1B, 4
_GET_FEATURES, _SET_FEATURES = 0x3A, 0x3B
_STRING_BYTES = 32  # ETH_GSTRING_LEN


def read_group(root: Root, interface: str, name: str) -> dict[str, int]:
    """Read one structure; raises ``OSError``: EOPNOTSUPP where the driver does not have it."""
    group = GROUPS[name]
    answer = root.ethtool(interface, struct.pack(f"I{len(group.words)}I", group.get, *[0] * len(group.words)))
    return dict(zip(group.words, struct.unpack(f"I{len(group.words)}I", answer)[1:], strict=True))


def write_group(root: Root, interface: str, name: str, words: dict[str, int]) -> None:
    """Write one structure as a whole, as :func:`read_group` gave it but for the words to change."""
    group = GROUPS[name]
    values = [words[word] for word in group.words]
    root.ethtool(interface, struct.pack(f"I{len(values)}I", group.set, *values))


@dataclass(frozen=True, slots=True)
class Feature:
    """One offload: whether it is in force, and whether it can be changed at all (``[fixed]`` in ethtool's list)."""

    is_on: bool
    is_fixed: bool


def read_feature(root: Root, interface: str, name: str) -> Feature:
    """Read one offload by the kernel's name; raises ``OSError``: EOPNOTSUPP where the kernel has no such feature."""
    block, bit = divmod(_position(root, interface, name), 32)
    blocks = block + 1
    request = struct.pack(f"II{4 * blocks}I", _GET_FEATURES, blocks, *[0] * (4 * blocks))
    words = struct.unpack(f"II{4 * blocks}I", root.ethtool(interface, request))[2:]
    available, _, active, never_changed = (bool(word >> bit & 1) for word in words[4 * block : 4 * block + 4])
    return Feature(active, is_fixed=never_changed or not available)


def write_feature(root: Root, interface: str, name: str, *, on: bool) -> None:
    """Ask for one offload; the kernel may leave it as it was, which reading it back tells."""
    names = _names(root, interface)
    block, bit = divmod(_position(root, interface, name), 32)
    blocks = -(-len(names) // 32)  # the kernel wants all of them
    words = [0] * (2 * blocks)
    words[2 * block : 2 * block + 2] = [1 << bit, int(on) << bit]
    root.ethtool(interface, struct.pack(f"II{2 * blocks}I", _SET_FEATURES, blocks, *words))


def _position(root: Root, interface: str, name: str) -> int:
    try:
        return _names(root, interface).index(name)
    except ValueError:
        raise OSError(errno.EOPNOTSUPP, "this kernel has no such feature", name) from None


@lru_cache(maxsize=16)  # a verify asks for one feature after the other; the names do not change while it runs
def _names(root: Root, interface: str) -> list[str]:
    # struct ethtool_sset_info holds a 64-bit mask: command, reserved, mask (two words), one count.
    request = struct.pack("IIQI", _SET_INFO, 0, 1 << _FEATURES_SET, 0)
    count = struct.unpack("IIQI", root.ethtool(interface, request))[3]
    request = struct.pack("III", _STRINGS, _FEATURES_SET, count) + bytes(count * _STRING_BYTES)
    texts = root.ethtool(interface, request)[3 * _WORD :]
    return [
        texts[start : start + _STRING_BYTES].split(b"\0", 1)[0].decode("ascii", "replace")
        for start in range(0, count * _STRING_BYTES, _STRING_BYTES)
    ]
