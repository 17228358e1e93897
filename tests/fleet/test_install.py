"""The role installs exactly what was pinned, from each kind of source, offline, and compiles nothing unasked."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.playing import PLAYBOOK, Play, played, write_inventory

VERSION = "9.9.1"
WORD = "only-for-the-index-23571113"
"""Between reader and host name of an address."""
PROGRAM = f'def main():\n    print("lltool {VERSION}")\n'
# A build backend of its own: nothing is fetched to build it.
BACKEND = """
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{directory}/WHEEL_NAME", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    return "WHEEL_NAME"
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'

pytestmark = pytest.mark.skipif(not PLAYBOOK.exists(), reason="needs ansible-core")


def wheel_files(name: str, module: str, version: str, **metadata: str) -> dict[str, str]:
    info = f"{name}-{version}.dist-info"
    lines = [f"Name: {name}", f"Version: {version}", *(f"{key}: {value}" for key, value in metadata.items())]
    return {
        f"{name}/__init__.py": module,
        f"{info}/METADATA": "Metadata-Version: 2.1\n" + "".join(f"{line}\n" for line in lines),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nlltool = lltool:main\n" if name == "lltool" else "",
        f"{info}/RECORD": "",
    }


def write_wheel(directory: Path, files: dict[str, str], name: str, version: str) -> Path:
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
    return path


def write_source(directory: Path, files: dict[str, str]) -> Path:
    wheel = f"lltool-{VERSION}-py3-none-any.whl"
    backend = f"FILES = {files!r}\n" + BACKEND.replace("WHEEL_NAME", wheel)
    top = f"lltool-{VERSION}"
    path = directory / f"{top}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {
            "PKG-INFO": files[f"{top}.dist-info/METADATA"],
            "pyproject.toml": PYPROJECT,
            "backend.py": backend,
        }.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name in http.server
            """Say nothing."""

        def do_GET(self) -> None:
            credentials = base64.b64encode(f"reader:{WORD}".encode()).decode()
            if self.path.startswith("/locked/") and self.headers.get("Authorization") != f"Basic {credentials}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="locked"')
                self.end_headers()
            else:
                super().do_GET()

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_address[1]}"
        finally:
            running.shutdown()
            thread.join()


def test_each_source_is_installed_once_and_what_is_not_pinned_is_refused(tmp_path: Path, server: str) -> None:
    needing = wheel_files("lltool", PROGRAM, VERSION, **{"Requires-Dist": "lltool_needed"})
    wheel = write_wheel(tmp_path, needing, "lltool", VERSION)
    source = write_source(tmp_path, wheel_files("lltool", PROGRAM, VERSION))
    (tmp_path / "house").mkdir()
    needed = write_wheel(tmp_path / "house", wheel_files("lltool_needed", "", "1.0"), "lltool_needed", "1.0")
    offline = {"lltool_wheelhouse": str(tmp_path / "house")}
    pinned = {"lltool_wheel": str(wheel), "lltool_checksum": sha256(wheel), **offline}
    good: dict[str, dict[str, Any]] = {
        "wheel": dict(pinned),
        "source": {"lltool_source": str(source), "lltool_checksum": sha256(source), **offline},
    }
    bad: dict[str, tuple[dict[str, Any], str]] = {
        "altered": (pinned | {"lltool_checksum": sha256(source)}, "Compare the archive with its checksum"),
        "unpinned": ({"lltool_wheel": str(wheel)}, "Refuse anything but one source"),
        "two": (pinned | {"lltool_index": ""}, "Refuse anything but one source"),
        "index": (
            {"lltool_index": index(tmp_path / "only_source", lltool=source)},
            "Say why it could not be installed",
        ),
        "shell": (
            pinned | {"lltool_directory": f"{tmp_path}/$(touch {tmp_path}/pwned)"},
            "Refuse what is no plain path",
        ),
    }
    controller = Controller(tmp_path, good | {name: variables for name, (variables, _) in bad.items()})

    checked = controller.play("--check", "--limit", ",".join(good))
    assert checked.code == 0, checked.output
    assert not (tmp_path / "hosts").exists()

    first = controller.play()
    assert {name for name, counts in first.recap.items() if counts["failed"]} == set(bad), first.output
    for name, (_, task) in bad.items():
        assert failed_in(first, name).startswith(task), first.output
    for name in good:
        done = subprocess.run([tmp_path / "hosts" / name / "bin/lltool"], capture_output=True, text=True, check=True)
        assert done.stdout == f"lltool {VERSION}\n"
    assert not (tmp_path / "pwned").exists()
    incoming = tmp_path / "hosts/wheel/incoming"
    assert {path.stat().st_mode & 0o777 for path in (incoming, *incoming.iterdir())} == {0o700, 0o600}

    # Once more nothing changes. Wheels of an index are taken; no version is taken for another one.
    del controller.hosts["source"]["lltool_source"]
    other = {"lltool_url": f"{server}/{wheel.name}?x=1", "lltool_checksum": sha256(wheel).upper()}
    controller.hosts["source"] |= other | {"lltool_version": "9.9.2"}
    wheels = index(tmp_path / "wheels", lltool=wheel, **{"lltool-needed": needed})
    controller.hosts["index"]["lltool_index"] = wheels
    again = controller.play("--limit", "wheel,source,index")
    assert failed_in(again, "source").startswith("Make sure that it is the version"), again.output
    assert {name: counts["changed"] > 0 for name, counts in again.recap.items()} == {
        "wheel": False,
        "source": True,
        "index": True,
    }
    assert (tmp_path / "hosts/index/bin/lltool").exists()


def test_credentials_of_an_index_or_a_url_are_nowhere_afterwards(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = write_wheel(tmp_path, wheel_files("lltool", PROGRAM, VERSION), "lltool", VERSION)
    index(tmp_path / "locked/index", lltool=tmp_path / "locked" / wheel.name)
    wheel = wheel.rename(tmp_path / "locked" / wheel.name)
    locked = server.replace("//", f"//reader:{WORD}@") + "/locked"
    controller = Controller(
        tmp_path,
        {
            "index": {"lltool_index": f"{locked}/index"},
            "url": {"lltool_url": f"{locked}/{wheel.name}", "lltool_checksum": sha256(wheel)},
            "empty": {"lltool_index": f"{locked}/nothing"},
        },
    )
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\nlog_path = {tmp_path}/log\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    play = controller.play("-vvv")
    assert WORD not in play.output
    assert {name: counts["failed"] for name, counts in play.recap.items()} == {"index": 0, "url": 0, "empty": 1}
    assert "No matching distribution found for lltool==9.9.1" in play.output
    assert "TASK [lltool.fleet.lltool : Install]" in (tmp_path / "log").read_text()
    (tmp_path / "inventory.json").unlink()
    told = [path for path in tmp_path.rglob("*") if path.is_file() and WORD.encode() in path.read_bytes()]
    assert told == []


def index(directory: Path, **archives: Path) -> str:
    """The URL of a package index (PEP 503) in a directory that has these."""
    for name, archive in archives.items():
        (directory / name).mkdir(parents=True)
        (directory / name / "index.html").write_text(
            f'<a href="{os.path.relpath(archive, directory / name)}">{archive.name}</a>'
        )
    return directory.as_uri()


def failed_in(play: Play, host: str) -> str:
    """The task in which a host failed."""
    task = ""
    for line in play.output.splitlines():
        if line.startswith("TASK ["):
            task = line.removeprefix("TASK [").removeprefix("lltool.fleet.lltool : ")
        elif re.match(rf"fatal: \[{host}[ \]]", line):
            return task
    raise AssertionError(f"{host} did not fail:\n{play.output}")


class Controller:
    """Plays the install playbook on hosts that are directories of this machine."""

    def __init__(self, directory: Path, hosts: dict[str, dict[str, Any]]) -> None:
        self.directory = directory
        self.hosts = {name: {"lltool_directory": f"{directory}/hosts/{name}"} | each for name, each in hosts.items()}

    def play(self, *arguments: str) -> Play:
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "lltool_python": sys.executable,
            "lltool_version": VERSION,
        }
        write_inventory(self.directory, self.hosts, variables)
        return played("install", *arguments, "-e", '{"lltool_serial": ["100%"]}', directory=self.directory)
