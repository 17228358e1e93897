"""A virtual machine with 4 CPUs on two nodes and an NVMe disk, and what can be done with it.

Boot it with ``with Guest(disk, log=...) as guest``, where ``disk`` is an overlay over :func:`tests.vm.image.image`.
Then ``guest.run`` and ``guest.lltool`` run commands as root through a port of their own, which needs no network;
``guest.ssh`` is the way of an operator, who can be cut off (``guest.link``); ``guest.copy`` takes a file in;
``guest.reboot``, ``guest.reset`` and ``guest.power_off`` end the running kernel, orderly or not.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.vm.monitor import Monitor

BOOT_SECONDS = 900.0  # software emulation on a busy machine; a quiet one needs half a minute
COMMAND_SECONDS = 600.0
_NIC = "nic0"


@dataclass(frozen=True)
class Done:
    """A command that has ended in the guest."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.stdout)


class Guest:
    """QEMU over a qcow2 ``disk``, in software emulation or what ``LLTOOL_VM_ACCEL`` names (``kvm``).

    ``log`` receives the guest's console. ``options`` are appended to QEMU's command line. The guest sees no network
    but this machine, which reaches its port 22 at 127.0.0.1 and ``ssh_port``.
    """

    def __init__(self, disk: Path, *, log: Path, options: Sequence[str] = ()) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="lltool-vm-")
        self._directory = Path(self._temporary.name)
        self._log = log
        self.ssh_port = _free_port()
        nvme = self._directory / "nvme.img"
        with nvme.open("wb") as file:
            file.truncate(64 << 20)
        self._command = [
            "qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-user-config",
            # QEMU 7.2 emulates cmpxchg16b with the wrong flags, and 6.12 panics of it.
            "-accel", os.environ.get("LLTOOL_VM_ACCEL", "tcg,thread=multi"), "-cpu", "max,-cx16",
            "-smp", "4", "-m", "6144",
            "-object", "memory-backend-ram,id=m0,size=3072M", "-numa", "node,nodeid=0,cpus=0-1,memdev=m0",
            "-object", "memory-backend-ram,id=m1,size=3072M", "-numa", "node,nodeid=1,cpus=2-3,memdev=m1",
            "-drive", f"file={disk},if=virtio,format=qcow2,cache=unsafe",
            "-drive", f"file={nvme},if=none,format=raw,id=nvme", "-device", "nvme,serial=1,drive=nvme",
            "-netdev", f"user,id=user,restrict=on,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22",
            "-device", f"virtio-net-pci,netdev=user,id={_NIC}",
            "-serial", f"file:{log}",
            "-chardev", f"socket,id=agent,path={self._directory}/agent,server=on,wait=off",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=lltool.agent",
            "-qmp", f"unix:{self._directory}/monitor,server=on,wait=off",
            *options,
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            self._connect()
        except BaseException:
            # Interrupted, or never ready: a QEMU that is left holds the lock of its disk.
            self._process.kill()
            self._process.wait()
            raise
        return self

    def _connect(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                # QEMU makes it after the agent's.
                self.monitor = Monitor(self._directory / "monitor")
                break
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"QEMU does not start: {self._said()}") from None
                time.sleep(0.05)
        self._connection.connect(f"{self._directory}/agent")
        self._answers = self._connection.makefile("rb")
        self._await_ready()

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._answers.close()
        self._connection.close()
        self.monitor.close()
        self._temporary.cleanup()

    def run(self, *command: str, expect: int | None = 0, stdin: str = "") -> Done:
        """Run a command as root; its exit code must be ``expect`` (None: any)."""
        self._ask(command, stdin)
        done = Done(**self._answer(COMMAND_SECONDS))
        assert expect is None or done.code == expect, (
            f"{' '.join(command)} ended with {done.code}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        )
        return done

    def lltool(self, *arguments: str, expect: int | None = 0) -> Done:
        """Run the installed lltool."""
        return self.run("/opt/lltool/bin/lltool", *arguments, expect=expect)

    def read(self, path: str) -> str:
        """The text of a file of the guest, without white space at its ends."""
        return self.run("cat", path).stdout.strip()

    def copy(self, source: Path, destination: str) -> None:
        """Copy a text file into the guest."""
        self.run("sh", "-c", 'cat > "$0"', destination, stdin=source.read_text())

    def ssh(self, *command: str) -> list[str]:
        """The command line, on this machine, that runs ``command`` in a root session of the guest."""
        key = self._directory / "key"
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
            self.run("mkdir", "-p", "-m", "700", "/root/.ssh")
            self.copy(key.with_suffix(".pub"), "/root/.ssh/authorized_keys")
        return [
            "ssh", "-i", str(key), "-p", str(self.ssh_port), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "root@127.0.0.1", *command,
        ]  # fmt: skip

    def link(self, *, up: bool) -> None:
        """Plug the network cable in, or pull it."""
        self.monitor.execute("set_link", name=_NIC, up=up)

    def reboot(self) -> None:
        """An orderly reboot; returns when the next boot is up."""
        self._ask(["systemctl", "reboot"])
        self._await_ready()

    def rebooted(self) -> None:
        """Return when the boot is up that somebody else asked for."""
        self._await_ready()

    def reset(self) -> None:
        """A boot without any goodbye, as after a power cut: what was not on the disk is lost."""
        self.monitor.execute("system_reset")
        self._await_ready()

    def power_off(self) -> None:
        """An orderly shutdown, which ends QEMU."""
        self._ask(["systemctl", "poweroff"])
        self._process.wait(timeout=BOOT_SECONDS)

    def _ask(self, command: Sequence[str], stdin: str = "") -> None:
        self._connection.sendall(json.dumps({"command": command, "stdin": stdin}).encode() + b"\n")

    def _await_ready(self) -> None:
        while not self._answer(BOOT_SECONDS).get("ready"):
            pass

    def _answer(self, within_seconds: float) -> dict[str, Any]:
        self._connection.settimeout(within_seconds)
        while True:
            try:
                line = self._answers.readline()
            except TimeoutError:
                raise AssertionError(f"the guest does not answer; the end of its console: {self._console()}") from None
            assert line, f"QEMU ended: {self._said()}"
            try:
                answer = json.loads(line)
            except ValueError:
                continue  # an agent that was cut off in the middle of its answer
            if isinstance(answer, dict):
                return answer

    def _console(self) -> str:
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else "nothing"

    def _said(self) -> str:
        return self._process.stderr.read() if self._process.stderr and self._process.poll() is not None else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
