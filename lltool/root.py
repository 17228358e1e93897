"""The one door to /proc, /sys, /dev and /etc.

Every such path is spelled in full (``/proc/cmdline``) and passed through a :class:`Root`, so that the same
code reads this machine, a recorded tree (``--root DIR``) or a test's fake kernel.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import os
import stat
from functools import cache
from typing import TYPE_CHECKING

from lltool.atomic import sync_directory

if TYPE_CHECKING:
    import socket

# <sys/swap.h>
_SWAP_FLAG_PREFER = 0x8000
_SWAP_FLAG_PRIO_MASK = 0x7FFF

# <linux/sched.h>, <linux/mount.h>
_CLONE_NEWNS = 0x00020000
_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18
_SIOCETHTOOL = 0x8946  # <linux/sockios.h>

_OWNED_MODE = 0o644
_READ_BYTES = 65536
_LONGEST_COMMAND_SECONDS = 600
_COMMAND_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Root:
    """A file system tree that holds /proc, /sys, /dev and /etc.

    Paths given to its methods are absolute in that tree. All methods raise ``OSError`` with errno as the kernel
    gave it; a link that would lead out of a recorded tree counts as missing (``FileNotFoundError``).
    """

    def __init__(self, directory: str | os.PathLike[str] = "/") -> None:
        self.directory = os.path.realpath(directory)

    @property
    def is_live(self) -> bool:
        """True for the running machine, False for a recorded tree."""
        return self.directory == "/"

    def path(self, path: str) -> str:
        """Where ``path`` lies on the file system that this process sees."""
        if self.is_live:
            return path
        outside = os.path.join(self.directory, path.lstrip("/"))
        resolved = os.path.realpath(outside)
        if resolved != self.directory and not resolved.startswith(self.directory + os.sep):
            raise FileNotFoundError(errno.ENOENT, "leads out of the recorded tree", outside)
        return outside

    def read(self, path: str) -> str:
        """The text of a file, without its final newline. Undecodable bytes are kept as surrogates."""
        text = _content(self.path(path)).decode("utf-8", errors="surrogateescape")
        # As in any text file of Python's, every kind of line end is one.
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text.rstrip("\n")

    def read_or(self, path: str, default: str | None = None) -> str | None:
        """Like :meth:`read`, but ``default`` where the file is missing or cannot be read."""
        try:
            return self.read(path)
        except OSError:
            return default

    def write(self, path: str, text: str) -> None:
        """Write ``text`` to an existing file in one system call, as /proc and /sys want it."""
        descriptor = os.open(self.path(path), os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
        try:
            data = text.encode("utf-8", errors="surrogateescape")
            if os.write(descriptor, data) != len(data):
                raise OSError(errno.EIO, "written only in part", path)
        finally:
            os.close(descriptor)

    def put_file(self, path: str, text: str | None) -> None:
        """Make ``path`` a file with this text and mode 0644, or remove it (None): whole or not at all, and on the disk.

        A link at ``path`` is replaced, never followed. What a killed call left beside it is for :meth:`clear_leftover`.
        """
        target = self._entry(path)
        if text is None:
            self._remove(target)
            return
        self.clear_leftover(path)
        temporary = _leftover(target)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNED_MODE)
            with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                os.fchmod(descriptor, _OWNED_MODE)
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            os.replace(temporary, target)
        except OSError:
            self.clear_leftover(path)
            raise
        sync_directory(os.path.dirname(target))

    def put_link(self, path: str, destination: str | None) -> None:
        """Make ``path`` a symbolic link, or remove it (None): whole or not at all, and on the disk."""
        target = self._entry(path)
        if destination is None:
            self._remove(target)
            return
        self.clear_leftover(path)
        os.symlink(destination, _leftover(target))
        os.replace(_leftover(target), target)
        sync_directory(os.path.dirname(target))

    def clear_leftover(self, path: str) -> None:
        """Remove what a :meth:`put_file` or :meth:`put_link` that was killed may have left beside ``path``."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(_leftover(self._entry(path)))

    def sync_directory(self, path: str) -> None:
        """Put the entries of a directory on the disk."""
        sync_directory(self.path(path))

    def exists_or_is_link(self, path: str) -> bool:
        """Whether there is an entry at ``path``, also a link that points nowhere."""
        try:
            return os.path.lexists(self._entry(path))
        except FileNotFoundError:
            return False

    def run(self, *command: str) -> str:
        """Run a program of this machine; return what it printed on stdout.

        Raises ``FileNotFoundError`` where there is no such program, and ``OSError`` with the program's own words
        where it fails or takes longer than ten minutes.
        """
        if not self.is_live:
            raise OSError(errno.ENOSYS, "not run on a recorded tree", command[0])
        # Here, because every measuring process imports this module, and hardly one runs a program.
        import subprocess

        environment = os.environ | {"LC_ALL": "C", "PATH": _COMMAND_PATH}
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=environment,
                check=False,
                timeout=_LONGEST_COMMAND_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise OSError(errno.ETIMEDOUT, f"still running after {_LONGEST_COMMAND_SECONDS} s", command[0]) from None
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or "it printed nothing").splitlines()[-1]
            raise OSError(errno.EIO, f"`{' '.join(command)}` ended with {done.returncode}: {said}", command[0])
        return done.stdout

    def exists(self, path: str) -> bool:
        """Whether ``path`` exists in this tree."""
        try:
            return os.path.exists(self.path(path))
        except FileNotFoundError:
            return False

    def is_writable_by_mode(self, path: str) -> bool:
        """Whether the file has any write bit: the kernel clears them all where it will refuse every write."""
        return bool(os.stat(self.path(path)).st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))

    def modified_seconds(self, path: str) -> float:
        """When a file was last written, in seconds since the epoch."""
        return os.stat(self.path(path)).st_mtime

    def listdir(self, path: str) -> list[str]:
        """Sorted names in a directory; empty where it does not exist."""
        try:
            return sorted(os.listdir(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def glob(self, pattern: str) -> list[str]:
        """Sorted absolute paths in this tree that match; ``*`` and ``[...]`` stay within one component."""
        found = ["/"]
        for component in pattern.strip("/").split("/"):
            if not any(character in component for character in "*?["):
                found = [os.path.join(base, component) for base in found]
            else:
                found = [
                    os.path.join(base, name)
                    for base in found
                    for name in self.listdir(base)
                    if fnmatch.fnmatchcase(name, component)
                ]
        return sorted(path for path in found if self.exists(path))

    def readlink(self, path: str) -> str:
        """Where a symbolic link points, as it is written: also where that leads out of a recorded tree."""
        directory, name = os.path.split(path.rstrip("/"))
        return os.readlink(os.path.join(self.path(directory), name))

    def realpath(self, path: str) -> str:
        """``path`` with its links followed, absolute in this tree."""
        resolved = os.path.realpath(self.path(path))
        return resolved if self.is_live else "/" + os.path.relpath(resolved, self.directory)

    def mkdir(self, path: str) -> None:
        """Make a directory, as tracefs and cgroupfs take it for a new object."""
        os.mkdir(self.path(path))

    def rmdir(self, path: str) -> None:
        """Remove an empty directory, or such an object."""
        os.rmdir(self.path(path))

    def mount_privately(self, kind: str, path: str) -> None:
        """Mount a file system of the kernel (``tracefs``) where only this process and its children see it.

        The calling process gets a mount namespace of its own, which ends with it: nothing is left to unmount, however
        the process ends. To be called before it has a second thread.
        """
        if not self.is_live:
            raise OSError(errno.ENOSYS, "mount on a recorded tree", path)
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        flags = ctypes.c_ulong(_MS_REC | _MS_PRIVATE)
        done = (
            libc.unshare(_CLONE_NEWNS) == 0
            and libc.mount(b"none", b"/", None, flags, None) == 0
            and libc.mount(kind.encode(), os.fsencode(path), kind.encode(), ctypes.c_ulong(0), None) == 0
        )
        if not done:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)

    def swapon(self, path: str, priority: int) -> None:
        """Take a swap area into use (swapon(2)); a negative priority lets the kernel choose the next lower one."""
        flags = _SWAP_FLAG_PREFER | (priority & _SWAP_FLAG_PRIO_MASK) if priority >= 0 else 0
        self._system_call("swapon", path, flags)

    def swapoff(self, path: str) -> None:
        """Take a swap area out of use (swapoff(2)); what it holds moves to memory first."""
        self._system_call("swapoff", path)

    def set_affinity(self, task: int, cpus: tuple[int, ...]) -> None:
        """Let a task run on these CPUs only (sched_setaffinity(2)); one that has ended is missing, like a file."""
        if not self.is_live:
            raise OSError(errno.ENOSYS, "sched_setaffinity on a recorded tree", str(task))
        try:
            os.sched_setaffinity(task, cpus)
        except ProcessLookupError:
            raise FileNotFoundError(errno.ENOENT, "the task has ended", str(task)) from None

    @property
    def answers_ethtool(self) -> bool:
        """Whether drivers of this tree can be asked (:meth:`ethtool`)."""
        return self.is_live

    def ethtool(self, interface: str, request: bytes) -> bytes:
        """Ask the driver of a network interface (ioctl SIOCETHTOOL); return the structure as the kernel left it."""
        if not self.is_live:
            raise OSError(errno.ENOSYS, "ethtool on a recorded tree", interface)
        import fcntl
        import struct
        from array import array

        structure = array("B", request)  # its memory stays where it is
        # struct ifreq: 16 bytes of name, then a union that starts with the pointer and is as large as a struct ifmap
        name = interface.encode()
        ifreq = struct.pack("16sP16x", name, structure.buffer_info()[0])
        fcntl.ioctl(_ethtool_socket(), _SIOCETHTOOL, ifreq)
        return structure.tobytes()

    def _entry(self, path: str) -> str:
        """Where the entry ``path`` itself lies: links are followed in its directory, not in its name."""
        directory, name = os.path.split(path)
        return os.path.join(self.path(directory), name)

    def _remove(self, target: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(target)
            sync_directory(os.path.dirname(target))

    def _system_call(self, name: str, path: str, *arguments: int) -> None:
        if not self.is_live:
            raise OSError(errno.ENOSYS, f"{name} on a recorded tree", path)
        import ctypes

        function = getattr(ctypes.CDLL(None, use_errno=True), name)
        if function(os.fsencode(path), *arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)


def _content(path: str) -> bytes:
    """All of a file. open() costs several times as much, and a verify reads hundreds of files."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces: list[bytes] = []
        while piece := os.read(descriptor, _READ_BYTES):
            pieces.append(piece)
    except OSError as error:
        error.filename = path
        raise
    finally:
        os.close(descriptor)
    return b"".join(pieces)


@cache
def _ethtool_socket() -> socket.socket:
    """Any socket reaches every driver of its network namespace; one is enough for all questions."""
    import socket

    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def _leftover(target: str) -> str:
    directory, name = os.path.split(target)
    return os.path.join(directory, f".{name}.lltool-part")
