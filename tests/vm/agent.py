"""Runs in the guest: takes commands as JSON lines from a serial port, runs them, and answers in JSON lines."""

import json
import os
import subprocess
import termios
import tty

PORT = "/dev/ttyS1"


def main() -> None:
    descriptor = os.open(PORT, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(descriptor, termios.TCSANOW)
    with open(descriptor, "rb", closefd=False) as requests:
        os.write(descriptor, b'{"ready": true}\n')
        for line in requests:
            try:
                request = json.loads(line)
            except ValueError:
                continue
            done = subprocess.run(request["command"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
            answer = json.dumps(
                {
                    "code": done.returncode,
                    "stdout": done.stdout.decode(errors="replace"),
                    "stderr": done.stderr.decode(errors="replace"),
                }
            ).encode()
            view = memoryview(answer + b"\n")
            while view:
                view = view[os.write(descriptor, view) :]


main()
