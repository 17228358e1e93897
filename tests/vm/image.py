"""The disk of the guest: Debian 12 with a kernel that can do NO_HZ_FULL, systemd, GRUB and lltool's dependencies.

It is built once and kept outside the checkout (``LLTOOL_VM_CACHE``, else ``~/.cache/lltool-test-vm``); what it is
built from is part of its name. Partitions of a loop device are not needed: ``mke2fs -d`` fills one without mounting,
and the guest itself installs its boot loader when it is started for the first time, from outside the disk.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.vm.guest import Guest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = (
    "linux-image-cloud-amd64,grub-pc,systemd-sysv,udev,kmod,procps,python3,python3-pip,python3-venv,dbus,irqbalance"
)
PROGRAMS = ("qemu-system-x86_64", "qemu-img", "debootstrap", "mke2fs", "tar")
PARTITION_OFFSET_BYTES = 1 << 20
DISK_BYTES = 3 << 30

FILES = {
    "etc/hostname": "guest\n",
    "etc/fstab": "/dev/vda1 / ext4 errors=remount-ro 0 1\n",
    "etc/default/grub": (
        'GRUB_DEFAULT=0\nGRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'
        'GRUB_CMDLINE_LINUX="console=ttyS0 net.ifnames=0"\nGRUB_TERMINAL=console\n'
    ),
    "etc/systemd/system/agent.service": (
        "[Unit]\nDescription=Runs what the test asks for\nAfter=multi-user.target\n\n"
        "[Service]\nExecStart=/usr/bin/python3 /opt/agent.py\nKillMode=process\n"
    ),
}


def missing_programs() -> list[str]:
    """What has to be installed before an image can be built."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return [program for program in PROGRAMS if shutil.which(program, path=path) is None]


def cache() -> Path:
    """Where images are kept."""
    directory = Path(os.environ.get("LLTOOL_VM_CACHE") or Path.home() / ".cache/lltool-test-vm")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def base_image() -> Path:
    """The disk with everything but lltool; built where it is not there yet."""
    image = cache() / f"base-{_digest()}.qcow2"
    if not image.exists():
        _build(image)
    return image


def wheel_disk(directory: Path) -> Path:
    """A disk that holds the wheel of this checkout, as a tar archive."""
    wheels = directory / "wheels"
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(CHECKOUT)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    disk = directory / "wheel.img"
    subprocess.run(["tar", "-C", str(wheels), "-cf", str(disk), "."], check=True)
    return disk


def _dependencies() -> list[str]:
    return list(tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["dependencies"])


def _digest() -> str:
    parts = [PACKAGES, repr(FILES), repr(_dependencies()), (Path(__file__).parent / "agent.py").read_text()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _build(image: Path) -> None:
    tree = cache() / f"tree-{hashlib.sha256(PACKAGES.encode()).hexdigest()[:12]}"
    if not (tree / "complete").exists():
        shutil.rmtree(tree, ignore_errors=True)
        _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(tree))
        (tree / "complete").touch()
    for name, text in FILES.items():
        (tree / name).write_text(text)
    shutil.copy(Path(__file__).parent / "agent.py", tree / "opt/agent.py")
    wants = tree / "etc/systemd/system/multi-user.target.wants/agent.service"
    wants.unlink(missing_ok=True)
    wants.symlink_to("/etc/systemd/system/agent.service")
    shutil.rmtree(tree / "opt/wheels", ignore_errors=True)
    _run(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--python-version=3.11",
         "--dest", str(tree / "opt/wheels"), *_dependencies())  # fmt: skip
    raw = image.with_suffix(".raw")
    raw.unlink(missing_ok=True)
    with raw.open("wb") as file:
        file.truncate(DISK_BYTES)
        file.write(_partition_table())
    size_kib = (DISK_BYTES - PARTITION_OFFSET_BYTES) // 1024
    _run(
        "mke2fs",
        "-q",
        "-t",
        "ext4",
        "-d",
        str(tree),
        "-E",
        f"offset={PARTITION_OFFSET_BYTES}",
        str(raw),
        f"{size_kib}k",
    )
    kernel, initrd = max(tree.glob("boot/vmlinuz-*")), max(tree.glob("boot/initrd.img-*"))
    outside = ["-kernel", str(kernel), "-initrd", str(initrd), "-append", "root=/dev/vda1 console=ttyS0 net.ifnames=0"]
    part = image.with_suffix(".part")
    _run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(part))
    raw.unlink()
    with Guest(part, log=cache() / "build.log", options=outside) as guest:
        guest.run("grub-install", "/dev/vda")
        guest.run("update-grub")
        guest.run("python3", "-m", "venv", "/opt/lltool")
        guest.run("sh", "-c", "/opt/lltool/bin/pip install --quiet --no-index /opt/wheels/*.whl && rm -r /opt/wheels")
        guest.power_off()
    part.rename(image)


def _partition_table() -> bytes:
    """A master boot record with one bootable Linux partition."""
    sectors = DISK_BYTES // 512
    start = PARTITION_OFFSET_BYTES // 512
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", start, sectors - start)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def _run(*command: str) -> None:
    environment = os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{command[0]} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    )
