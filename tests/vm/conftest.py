"""One guest with this checkout's lltool, for all tests of the folder."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.guest import Guest
from tests.vm.image import base_image, missing_programs, wheel_disk


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """A guest that has just booted through its own GRUB; what it writes is thrown away."""
    missing = missing_programs()
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    directory = tmp_path_factory.mktemp("vm")
    disk = directory / "disk.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base_image()), str(disk)], check=True
    )
    wheel = f"file={wheel_disk(directory)},if=virtio,format=raw,readonly=on"
    with Guest(disk, log=directory / "console.log", options=["-drive", wheel]) as running:
        running.run("mkdir", "/opt/wheel")
        running.run("tar", "-C", "/opt/wheel", "-xf", "/dev/vdb")
        running.run("sh", "-c", "/opt/lltool/bin/pip install --quiet --no-index --no-deps /opt/wheel/*.whl")
        for script in ("state.py", "ticks.py"):
            text = (Path(__file__).parent / script).read_text()
            running.run("python3", "-c", f"open('/opt/{script}', 'w').write({text!r})")
        yield running
    # The console's log stays for whoever looks at a failure.
    disk.unlink()
