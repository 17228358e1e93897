"""Runs in the guest: takes commands as JSON lines from a virtio port, runs them, and answers in JSON lines."""

import io
import json
import subprocess

PORT = "/dev/virtio-ports/lltool.agent"


def main() -> None:
    with open(PORT, "r+b", buffering=0) as port:
        port.write(b'{"ready": true}\n')
        for line in io.BufferedReader(port):
            request = json.loads(line)
            done = subprocess.run(request["command"], input=request["stdin"].encode(), capture_output=True, check=False)
            answer = {
                "code": done.returncode,
                "stdout": done.stdout.decode(errors="replace"),
                "stderr": done.stderr.decode(errors="replace"),
            }
            view = memoryview(json.dumps(answer).encode() + b"\n")
            while view:
                view = view[port.write(view) :]


main()
