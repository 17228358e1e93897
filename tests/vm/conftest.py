"""One guest a kernel, with this checkout's lltool, for all tests of the folder: each leaves it as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.comparison import state
from tests.vm.guest import Guest
from tests.vm.image import CHECKOUT, KERNELS, obstacle, overlay, wheel_disk

_PAYLOAD = ("state.py", "ticks.py", "interrupts.py")
# A failure keeps the console here, for whoever looks at it.
_CONSOLE = CHECKOUT / "build/vm"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run everything on each kernel, or on the one that LLTOOL_VM_KERNEL names."""
    if "kernel" in metafunc.fixturenames:
        chosen = os.environ.get("LLTOOL_VM_KERNEL")
        if chosen and chosen not in KERNELS:
            raise pytest.UsageError(f"LLTOOL_VM_KERNEL={chosen}: choose among {', '.join(KERNELS)}")
        metafunc.parametrize("kernel", [chosen] if chosen else KERNELS, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A guest in software emulation takes minutes: longer than a test may, and than the ordinary suite should."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(3600))
            if not os.environ.get("LLTOOL_VM"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: `make test-vm` runs it"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with the wheel of this checkout."""
    if obstacle():
        pytest.skip(obstacle())
    return wheel_disk(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def guest(kernel: str, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """A guest that has just booted through its own GRUB; what it writes is thrown away."""
    directory = tmp_path_factory.mktemp("guest")
    disk = overlay(kernel, directory / "disk.qcow2")
    _CONSOLE.mkdir(parents=True, exist_ok=True)
    with Guest(
        disk,
        log=_CONSOLE / f"console-{kernel}.log",
        options=["-drive", f"file={wheel},if=virtio,format=raw,readonly=on"],
    ) as running:
        running.run("mkdir", "/opt/wheel")
        running.run("tar", "-C", "/opt/wheel", "-xf", "/dev/vdb")
        running.run("sh", "-c", "/opt/lltool/bin/pip install --quiet --no-index --no-deps /opt/wheel/*.whl")
        for script in _PAYLOAD:
            running.copy(Path(__file__).parent / script, f"/opt/{script}")
        yield running
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def before(guest: Guest) -> dict[str, object]:
    """The guest as it was before the first tune."""
    return state(guest)
