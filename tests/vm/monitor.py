"""QEMU's machine protocol (docs/interop/qmp-spec): what is done to a virtual machine from outside."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Monitor:
    """A connection to the monitor of a QEMU that listens at ``path``."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")
        self._lines.readline()  # its greeting
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: object) -> Any:
        """Run one command; return what it answers."""
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            line = self._lines.readline()
            assert line, f"QEMU ended before it answered {command}"
            answer = json.loads(line)
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]  # anything else is an event

    def close(self) -> None:
        """End the connection."""
        self._lines.close()
        self._socket.close()
