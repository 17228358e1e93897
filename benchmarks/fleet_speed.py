"""Time of a rollout by the collection beside a role with one command task a setting, on hosts in network namespaces.

Needs root, ansible-core, OpenSSH and iproute2; the hosts are those of tests/fleet. Both write the same settings over
the same ssh with the same forks and pipelining, in turn.

    python -m benchmarks.fleet_speed --hosts 6 16
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fleet.namespaces import namespace_hosts

REPOSITORY = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

# Per network namespace: hosts on one kernel do not write each other's values.
SETTINGS = {
    "net.core.optmem_max": 262144,
    "net.core.somaxconn": 8192,
    "net.ipv4.tcp_autocorking": 0,
    "net.ipv4.tcp_fastopen": 3,
    "net.ipv4.tcp_moderate_rcvbuf": 0,
    "net.ipv4.tcp_notsent_lowat": 16384,
    "net.ipv4.tcp_sack": 0,
    "net.ipv4.tcp_slow_start_after_idle": 0,
    "net.ipv4.tcp_thin_linear_timeouts": 1,
    "net.ipv4.tcp_timestamps": 0,
}

# Reads, and writes where the value differs: what a careful role does, and what makes a second run change nothing.
BY_COMMAND = """
- hosts: all
  gather_facts: false
  tasks:
{tasks}
"""
TASK = """
    - name: {key}
      ansible.builtin.command:
        argv: [sh, -c, '[ "$(sysctl -n {key})" = {value} ] || {{ sysctl -q -w {key}={value}; echo changed; }}']
      register: done
      changed_when: done.stdout == 'changed'
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, nargs="+", default=[6, 16])
    for hosts in parser.parse_args().hosts:
        with tempfile.TemporaryDirectory() as directory:
            measure(hosts, Path(directory))


def measure(hosts: int, directory: Path) -> None:
    """Print the seconds of a first and a second run of both, on ``hosts`` fresh hosts each."""
    collections = directory / "ansible_collections" / "lltool"
    collections.mkdir(parents=True)
    (collections / "fleet").symlink_to(REPOSITORY / "ansible")
    profile = directory / "profile.toml"
    profile.write_text("[settings]\n" + "".join(f'"sysctl.{key}" = {value}\n' for key, value in SETTINGS.items()))
    by_command = directory / "by_command.yml"
    by_command.write_text(
        BY_COMMAND.format(tasks="".join(TASK.format(key=key, value=value) for key, value in SETTINGS.items()))
    )
    names = [f"s{number}" for number in range(1, hosts + 1)]
    variables = json.dumps({"lltool_profile": str(profile), "lltool_serial": ["100%"], "lltool_become": False})
    with namespace_hosts(names, directory) as fleet:
        inventory = directory / "inventory.json"
        options = f"-i {directory}/keys/client -o UserKnownHostsFile=/dev/null -o ControlPath={directory}/%h"
        inventory.write_text(
            json.dumps(
                {
                    "all": {
                        "hosts": {name: {"ansible_host": host.address} for name, host in fleet.items()},
                        "vars": {
                            "ansible_user": "root",
                            "ansible_ssh_common_args": f"{options} -o ControlMaster=auto -o ControlPersist=60s",
                            "ansible_python_interpreter": sys.executable,
                        },
                    }
                }
            )
        )
        seconds = {}
        for run in ("first", "second"):
            seconds["lltool.fleet.tune", run] = played(directory, inventory, "lltool.fleet.tune", "-e", variables)
        played(directory, inventory, "lltool.fleet.rollback", "-e", variables)
        for run in ("first", "second"):
            seconds["a command a setting", run] = played(directory, inventory, str(by_command))
    for run in ("first", "second"):
        ours, theirs = seconds["lltool.fleet.tune", run], seconds["a command a setting", run]
        print(
            f"{hosts} hosts, {len(SETTINGS)} settings, {run} run: lltool.fleet.tune {ours:.1f} s, "
            f"a command a setting {theirs:.1f} s, ratio {ours / theirs:.2f}",
            flush=True,
        )


def played(directory: Path, inventory: Path, playbook: str, *arguments: str) -> float:
    """The seconds that a playbook took; SystemExit where it failed."""
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(directory),
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_FORKS": "16",
        "ANSIBLE_HOME": str(directory / "home"),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    began = time.monotonic()
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", inventory, playbook, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
