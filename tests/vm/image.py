"""The disk of the guest: Debian 12 with systemd, GRUB, two kernels that can do NO_HZ_FULL, and lltool's dependencies.

It is built once and kept outside the checkout: in ``LLTOOL_VM_CACHE``, else in ``lltool-test-vm`` of the user's cache
directory. What it is built from is part of its name, and a build that was cut off goes on after the last step that was
done. ``LLTOOL_VM_MIRROR`` names another Debian mirror. Partitions of a loop device are not needed: ``mke2fs -d`` fills
one without mounting, and the guest itself installs its boot loader when it is started for the first time, from outside
the disk.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.vm.guest import Guest

CHECKOUT = Path(__file__).parents[2]
KERNELS = ("6.1", "6.12")
"""What Debian 12 came with, and what its backports have: the first lines of long-term kernels that differ in much."""

_SUITE, _BACKPORTS = "bookworm", "bookworm-backports"
_PYTHON = (3, 11)  # of the suite: the wheel must be for it
_KERNEL_PACKAGE = "linux-image-cloud-amd64"
_PACKAGES = (
    f"{_KERNEL_PACKAGE},grub-pc,systemd-sysv,udev,kmod,procps,dbus,libpam-systemd,iproute2,openssh-server,irqbalance,"
    "python3,python3-pip,python3-venv"
)
_PROGRAMS = ("qemu-system-x86_64", "qemu-img", "debootstrap", "mke2fs", "tar", "unshare", "ssh", "ssh-keygen")
_DEBIAN = ("qemu-system-x86", "qemu-utils", "debootstrap", "e2fsprogs", "tar", "util-linux", "openssh-client")
_PARTITION_OFFSET_BYTES = 1 << 20
_DISK_BYTES = 3 << 30
_SWAP_BYTES = 64 << 20
_PARAMETERS = "console=ttyS0 net.ifnames=0"

_FILES = {
    "etc/hostname": "guest\n",
    "etc/fstab": "/dev/vda1 / ext4 errors=remount-ro 0 1\n/swapfile none swap sw,pri=5 0 0\n",
    "etc/default/grub": (
        'GRUB_DEFAULT=saved\nGRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'
        f'GRUB_CMDLINE_LINUX="{_PARAMETERS}"\nGRUB_TERMINAL=console\n'
    ),
    "etc/systemd/network/eth0.network": "[Match]\nName=eth0\n\n[Network]\nAddress=10.0.2.15/24\n",
    # An operator's processes end with his session: what must outlive it has to be more than a child of his shell.
    "etc/systemd/logind.conf.d/sessions.conf": "[Login]\nKillUserProcesses=yes\n",
    "etc/systemd/system/agent.service": (
        "[Unit]\nDescription=Runs what the test asks for\nAfter=multi-user.target\n\n"
        "[Service]\nExecStart=/usr/bin/python3 /opt/agent.py\nKillMode=process\nRestart=on-failure\nRestartSec=1\n"
    ),
}
_LINKS = {
    "etc/systemd/system/multi-user.target.wants/agent.service": "/etc/systemd/system/agent.service",
    # GRUB's recovery entries boot into this target.
    "etc/systemd/system/rescue.target.wants/agent.service": "/etc/systemd/system/agent.service",
    "etc/systemd/system/multi-user.target.wants/systemd-networkd.service": (
        "/lib/systemd/system/systemd-networkd.service"
    ),
}


def obstacle() -> str:
    """Why no guest can be built or run here; empty where it can."""
    missing = [program for program in _PROGRAMS if shutil.which(program, path=_search_path()) is None]
    if missing:
        return f"needs {', '.join(missing)}: apt-get install {' '.join(_DEBIAN)}"
    if os.geteuid() != 0:
        return "debootstrap needs root"
    if sys.version_info[:2] != _PYTHON:
        return f"the guest has Python {'.'.join(map(str, _PYTHON))}, and the wheel is built by the Python of this run"
    return ""


def image(kernel: str) -> Path:
    """The disk with everything but lltool that boots one of :data:`KERNELS`; built where it is not there yet."""
    base = _cache() / f"debian-{_digest()}.qcow2"
    if not base.exists():
        _build(base)
    chosen = base.with_name(f"{base.stem}-{kernel}.qcow2")
    if not chosen.exists():
        part = _overlay(base, chosen.with_suffix(".part"))
        with Guest(part, log=_cache() / "build.log") as guest:
            guest.run("grub-set-default", boot_entry(guest, kernel, "advanced"))
            guest.power_off()
        part.rename(chosen)
    return chosen


def overlay(kernel: str, disk: Path) -> Path:
    """Make ``disk`` a copy of the image that takes what a guest writes."""
    return _overlay(image(kernel), disk)


def boot_entry(guest: Guest, kernel: str, variant: str) -> str:
    """GRUB's name for the entry of a kernel: its ``advanced`` one, or the ``recovery`` one."""
    menu = guest.read("/boot/grub/grub.cfg")
    submenu = re.search(r"gnulinux-advanced-[\w-]+", menu)
    entry = re.search(rf"gnulinux-{re.escape(kernel)}\.\d[\w.+-]*-{variant}-[\w-]+", menu)
    assert submenu, f"no submenu in the menu of GRUB:\n{menu}"
    assert entry, f"no {variant} entry for Linux {kernel} in the menu of GRUB:\n{menu}"
    return f"{submenu[0]}>{entry[0]}"


def wheel_disk(directory: Path) -> Path:
    """A disk that holds the wheel of this checkout, as a tar archive."""
    wheels = directory / "wheels"
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(CHECKOUT))
    disk = directory / "wheel.img"
    _run("tar", "-C", str(wheels), "-cf", str(disk), ".")
    return disk


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    directory = Path(os.environ.get("LLTOOL_VM_CACHE") or home / "lltool-test-vm")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _dependencies() -> list[str]:
    return list(tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["dependencies"])


def _digest() -> str:
    agent = (Path(__file__).parent / "agent.py").read_text()
    parts = (_PACKAGES, repr(_FILES), repr(_LINKS), repr(_dependencies()), agent)
    return _short_hash("\n".join(parts))


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _build(base: Path) -> None:
    tree = _tree()
    for name, text in _FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    for name, destination in _LINKS.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).unlink(missing_ok=True)
        (tree / name).symlink_to(destination)
    shutil.copy(Path(__file__).parent / "agent.py", tree / "opt/agent.py")
    wheels = tree / "opt/wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    _run(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(wheels),
         *_dependencies())  # fmt: skip
    part = _filled_disk(tree, base.with_suffix(".part"))
    kernel, initrd = max(tree.glob("boot/vmlinuz-*")), max(tree.glob("boot/initrd.img-*"))
    outside = ["-kernel", str(kernel), "-initrd", str(initrd), "-append", f"root=/dev/vda1 {_PARAMETERS}"]
    with Guest(part, log=_cache() / "build.log", options=outside) as guest:
        guest.run("grub-install", "/dev/vda")
        guest.run("update-grub")
        guest.run("dd", "if=/dev/zero", "of=/swapfile", f"bs={_SWAP_BYTES}", "count=1")
        guest.run("chmod", "600", "/swapfile")
        guest.run("mkswap", "/swapfile")
        guest.run("python3", "-m", "venv", "/opt/lltool")
        guest.run("sh", "-c", "/opt/lltool/bin/pip install --quiet --no-index /opt/wheels/*.whl && rm -r /opt/wheels")
        guest.power_off()
    part.rename(base)


def _tree() -> Path:
    """The files of Debian, with both kernels."""
    mirror = os.environ.get("LLTOOL_VM_MIRROR")
    tree = _cache() / f"tree-{_short_hash(_PACKAGES)}"
    if not (tree / ".debian").exists():
        shutil.rmtree(tree, ignore_errors=True)
        _run("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(tree), *filter(None, [mirror]))
        (tree / ".debian").touch()
    if not (tree / ".backports").exists():
        used = (tree / "etc/apt/sources.list").read_text().split()[1]
        source = f"deb {used} {_BACKPORTS} main\n"
        (tree / "etc/apt/sources.list.d/backports.list").write_text(source)
        shutil.copy("/etc/resolv.conf", tree / "etc/resolv.conf")
        script = (
            'mount -t proc proc "$0/proc" && export DEBIAN_FRONTEND=noninteractive && chroot "$0" apt-get update -qq &&'
            f' chroot "$0" apt-get install -qq -y -t {_BACKPORTS} {_KERNEL_PACKAGE} && chroot "$0" apt-get clean'
        )
        _run("unshare", "--mount", "sh", "-c", script, str(tree))
        (tree / ".backports").touch()
    return tree


def _filled_disk(tree: Path, disk: Path) -> Path:
    raw = disk.with_suffix(".raw")
    with raw.open("wb") as file:
        file.truncate(_DISK_BYTES)
        file.write(_partition_table())
    size_kib = (_DISK_BYTES - _PARTITION_OFFSET_BYTES) // 1024
    offset = f"offset={_PARTITION_OFFSET_BYTES}"
    _run("mke2fs", "-q", "-t", "ext4", "-d", str(tree), "-E", offset, str(raw), f"{size_kib}k")
    _run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(disk))
    raw.unlink()
    return disk


def _partition_table() -> bytes:
    """A master boot record with one bootable Linux partition."""
    sectors = _DISK_BYTES // 512
    start = _PARTITION_OFFSET_BYTES // 512
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", start, sectors - start)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def _overlay(backing: Path, disk: Path) -> Path:
    _run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(backing), str(disk))
    return disk


def _search_path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _run(*command: str) -> None:
    environment = os.environ | {"PATH": _search_path(), "LC_ALL": "C"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{command[0]} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    )
