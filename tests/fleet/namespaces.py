"""Hosts in network namespaces: each with its own /etc, /run, /var/lib/lltool, /opt/lltool, host name and sshd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BRIDGE = "llt-br0"
NETWORK = "198.18.77"
"""Of the block that is set aside for tests between networks (RFC 2544)."""

_READY_SECONDS = 20.0

# sshd refuses to start without its privilege-separation directory. The system's own lltool stands in for an installed
# one: what is tested is the collection.
_SETUP = """
set -e
hostname {name}
mount -t overlay overlay -o lowerdir=/etc,upperdir={home}/etc,workdir={home}/work /etc
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /var/lib/lltool /opt/lltool
mount --bind {home}/state /var/lib/lltool
mount --bind {home}/opt /opt/lltool
exec /usr/sbin/sshd -D -e -f {home}/sshd_config
"""

_SSHD = """
Port 22
ListenAddress {address}
HostKey {home}/host_key
AuthorizedKeysFile {keys}/client.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
PidFile none
"""


@dataclass
class NamespaceHost:
    """One host; ``home`` holds the upper layer of its /etc, its state and its /opt/lltool."""

    name: str
    address: str
    home: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End its sshd and the sessions of it: the host does not answer any more."""
        for pid in _in_namespace(self.name):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def run(self, *command: str) -> str:
        """Run a command in its network namespace; what it printed."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *command], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()


@contextmanager
def namespace_hosts(names: Sequence[str], directory: Path) -> Iterator[dict[str, NamespaceHost]]:
    """The hosts, up and answering; whatever happens, nothing of them is left."""
    keys = directory / "keys"
    keys.mkdir()
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / "client"))
    hosts: dict[str, NamespaceHost] = {}
    _run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        _run("ip", "address", "add", f"{NETWORK}.1/24", "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        for number, name in enumerate(names, start=11):
            hosts[name] = _host(name, f"{NETWORK}.{number}", directory / name, keys)
        for host in hosts.values():
            _wait_for(host)
        yield hosts
    finally:
        for name in names:
            for pid in _in_namespace(name):
                os.kill(pid, signal.SIGKILL)
            if name in hosts:
                hosts[name].process.wait()
            # Deleting the namespace alone leaves the pair alive for a moment, and the next one cannot have its name.
            subprocess.run(["ip", "link", "delete", _outer(name)], capture_output=True, check=False)
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
        subprocess.run(["ip", "link", "delete", BRIDGE], capture_output=True, check=False)


def _host(name: str, address: str, home: Path, keys: Path) -> NamespaceHost:
    for part in ("etc", "work", "state", "opt/bin"):
        (home / part).mkdir(parents=True)
    (home / "state").chmod(0o700)
    (home / "opt/bin/lltool").write_text(f'#!/bin/sh\nexec {sys.executable} -m lltool "$@"\n')
    (home / "opt/bin/lltool").chmod(0o755)
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "host_key"))
    (home / "sshd_config").write_text(_SSHD.format(address=address, home=home, keys=keys))
    _run("ip", "netns", "add", name)
    _run("ip", "link", "add", _outer(name), "type", "veth", "peer", "name", "eth0", "netns", name)
    _run("ip", "link", "set", _outer(name), "master", BRIDGE, "up")
    for command in (
        ("ip", "address", "add", f"{address}/24", "dev", "eth0"),
        ("ip", "link", "set", "eth0", "up"),
        ("ip", "link", "set", "lo", "up"),
    ):
        _run("ip", "netns", "exec", name, *command)
    with (home / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, "unshare", "-u", "-m", "sh", "-c", _SETUP.format(name=name, home=home)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    return NamespaceHost(name, address, home, process)


def _wait_for(host: NamespaceHost) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    log = host.home / "sshd.log"
    while b"Server listening" not in log.read_bytes():
        if host.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{host.name} did not come up: {log.read_text()}")
        time.sleep(0.05)


def _outer(name: str) -> str:
    return f"v-{name}"


def _in_namespace(name: str) -> list[int]:
    done = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False)
    return [int(pid) for pid in done.stdout.split()]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
