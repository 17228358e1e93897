"""Trees for the tests of lltool.host: the recorded hosts, and small ones written on the spot."""

from __future__ import annotations

import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lltool.host.caches import Cache, read_caches
from lltool.host.topology import Topology, read_topology
from lltool.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "hosts"


@dataclass(frozen=True)
class Recording:
    """One recorded host: its tree, the expected values as text, and what lltool reads in it."""

    root: Root
    expected: str
    topology: Topology
    caches: tuple[Cache, ...]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Recording]:
    """Extract and read a recorded host, once a session."""
    recordings: dict[str, Recording] = {}

    def get(name: str) -> Recording:
        if name not in recordings:
            archives = sorted(HOSTS.glob(f"{name}.tar.*"))
            if not archives:
                pytest.skip(f"needs ../shared/data/hosts/{name}.tar.*")
            directory = tmp_path_factory.mktemp(name)
            with tarfile.open(archives[0]) as archive:
                # Python 3.11.2 (Debian 12) has no filters yet; later ones warn where none is chosen.
                archive.extraction_filter = getattr(tarfile, "tar_filter", None)
                members = [member for member in archive if not _UNREAD.search(member.name)]
                archive.extractall(directory, members)  # noqa: S202 - our own archives, filtered where Python can
            (tree,) = directory.iterdir()
            (expected,) = HOSTS.glob(f"{name}.expected.*")
            root = Root(tree)
            topology = read_topology(root)
            # Not read_text(): a carriage return inside a firmware's name is not the end of a line.
            text = expected.read_bytes().decode()
            recordings[name] = Recording(root, text, topology, read_caches(root, topology.online))
        return recordings[name]

    return get


# The bulk of a recording, which no fact comes from: unpacking it would take most of the time of these tests.
_UNREAD = re.compile(r"/(?:power|cpuidle|hotplug|thermal_throttle|acpi_cppc|crash_notes\w*|memory\d+|bus/pci)(?:/|$)")


Tree = dict[str, str | bytes | None]


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Tree], Root]:
    """Write a tree: path to text or bytes; ``None`` is a directory; text that begins with ``->`` is a link."""

    def write(files: Tree) -> Root:
        for name, content in files.items():
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.mkdir(exist_ok=True)
            elif isinstance(content, bytes):
                path.write_bytes(content)
            elif content.startswith("->"):
                os.symlink(content.removeprefix("->"), path)
            else:
                path.write_text(content)
        return Root(tmp_path)

    return write
