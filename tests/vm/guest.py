"""A virtual machine with 4 CPUs on two nodes and an NVMe disk, and a way to run commands in it."""

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

BOOT_SECONDS = 900.0  # software emulation on a busy machine; a quiet one needs half a minute
COMMAND_SECONDS = 600.0


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
    """QEMU over a qcow2 ``disk``; KVM where it is there, else software emulation. Ends with its ``with`` block.

    ``log`` receives the guest's console. ``options`` are appended to the command line.
    """

    def __init__(self, disk: Path, *, log: Path, options: Sequence[str] = ()) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="lltool-vm-")
        self._socket_path = f"{self._directory.name}/agent"
        nvme = f"{self._directory.name}/nvme.img"
        with open(nvme, "wb") as file:
            file.truncate(64 << 20)
        self._command = [
            "qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-user-config",
            "-accel", os.environ.get("LLTOOL_VM_ACCEL", "tcg,thread=multi"), "-cpu", "max", "-smp", "4", "-m", "6144",
            "-object", "memory-backend-ram,id=m0,size=3072M", "-numa", "node,nodeid=0,cpus=0-1,memdev=m0",
            "-object", "memory-backend-ram,id=m1,size=3072M", "-numa", "node,nodeid=1,cpus=2-3,memdev=m1",
            "-drive", f"file={disk},if=virtio,format=qcow2,cache=unsafe",
            "-drive", f"file={nvme},if=none,format=raw,id=nvme", "-device", "nvme,serial=1,drive=nvme",
            "-nic", "user,restrict=on,model=virtio-net-pci",
            "-serial", f"file:{log}",
            "-chardev", f"socket,id=agent,path={self._socket_path},server=on,wait=off", "-serial", "chardev:agent",
            *options,
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._connection = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 30
        while True:
            try:
                self._connection.connect(self._socket_path)
                break
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"QEMU does not start: {self._said()}") from None
                time.sleep(0.05)
        self._answers = self._connection.makefile("rb")
        self._await_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._answers.close()
        self._connection.close()
        self._directory.cleanup()

    def run(self, *command: str, expect: int | None = 0) -> Done:
        """Run a command as root; its exit code must be ``expect`` (None: any)."""
        self._connection.settimeout(COMMAND_SECONDS)
        self._connection.sendall(json.dumps({"command": command}).encode() + b"\n")
        done = Done(**self._answer())
        assert expect is None or done.code == expect, (
            f"{' '.join(command)} ended with {done.code}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        )
        return done

    def lltool(self, *arguments: str, expect: int | None = 0) -> Done:
        """Run the installed lltool."""
        return self.run("/opt/lltool/bin/lltool", *arguments, expect=expect)

    def reboot(self) -> None:
        """An orderly reboot; returns when the next boot is up."""
        self._connection.sendall(json.dumps({"command": ["systemctl", "reboot"]}).encode() + b"\n")
        self._await_ready()

    def cut_power(self) -> None:
        """End at once, as a power cut would; the disk keeps what was synced."""
        self._process.kill()
        self._process.wait()

    def power_off(self) -> None:
        """An orderly shutdown."""
        self._connection.sendall(json.dumps({"command": ["systemctl", "poweroff"]}).encode() + b"\n")
        self._process.wait(timeout=BOOT_SECONDS)

    def _await_ready(self) -> None:
        self._connection.settimeout(BOOT_SECONDS)
        while not self._answer().get("ready"):
            pass

    def _answer(self) -> dict[str, Any]:
        while True:
            try:
                line = self._answers.readline()
            except TimeoutError:
                raise AssertionError("the guest does not answer") from None
            assert line, f"QEMU ended: {self._said()}"
            try:
                answer = json.loads(line)
            except ValueError:
                continue  # the firmware and a dying agent may leave noise on the line
            if isinstance(answer, dict):
                return answer

    def _said(self) -> str:
        return self._process.stderr.read() if self._process.stderr and self._process.poll() is not None else ""
