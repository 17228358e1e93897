"""The one door to /proc, /sys, /dev and /etc.

Every such path is spelled in full (``/proc/cmdline``) and passed through a :class:`Root`, so that the same
code reads this machine, a recorded tree (``--root DIR``) or a test's fake kernel.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import stat

# <sys/swap.h>
_SWAP_FLAG_PREFER = 0x8000
_SWAP_FLAG_PRIO_MASK = 0x7FFF

# <linux/sched.h>, <linux/mount.h>
_CLONE_NEWNS = 0x00020000
_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18


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
        with open(self.path(path), encoding="utf-8", errors="surrogateescape") as file:
            return file.read().rstrip("\n")

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

    def exists(self, path: str) -> bool:
        """Whether ``path`` exists in this tree."""
        try:
            return os.path.exists(self.path(path))
        except FileNotFoundError:
            return False

    def is_writable_by_mode(self, path: str) -> bool:
        """Whether the file has any write bit: the kernel clears them all where it will refuse every write."""
        return bool(os.stat(self.path(path)).st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))

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

    def _system_call(self, name: str, path: str, *arguments: int) -> None:
        if not self.is_live:
            raise OSError(errno.ENOSYS, f"{name} on a recorded tree", path)
        import ctypes

        function = getattr(ctypes.CDLL(None, use_errno=True), name)
        if function(os.fsencode(path), *arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
