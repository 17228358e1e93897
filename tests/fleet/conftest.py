"""Six hosts for the tests of the collection."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.namespaces import namespace_hosts
from tests.fleet.playing import BIN, NAMES, PROFILE, Fleet, obstacle, write_inventory


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    if obstacle():
        pytest.skip(obstacle())
    (tmp_path / "profile.toml").write_text(PROFILE)
    with namespace_hosts(NAMES, tmp_path) as hosts:
        options = (
            f"-i {tmp_path}/keys/client -o ControlMaster=no -o ControlPersist=no -o UserKnownHostsFile=/dev/null "
            "-o ConnectTimeout=5"
        )
        variables = {
            "ansible_user": "root",
            "ansible_ssh_common_args": options,
            "ansible_python_interpreter": sys.executable,
            "lltool_profile": str(tmp_path / "profile.toml"),
            "lltool_report_executable": str(BIN / "lltool"),
        }
        write_inventory(tmp_path, {name: {"ansible_host": host.address} for name, host in hosts.items()}, variables)
        yield Fleet(hosts, tmp_path)
