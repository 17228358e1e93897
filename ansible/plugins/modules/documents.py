"""What hosts answered, on the controller: one file a host, for `lltool fleet`."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: documents
short_description: Keep what each host answered, as lltool fleet reads it
description:
  - Writes C(DIRECTORY/HOST.json) of every host, for its owner only, in one call however many hosts there are.
  - A host that sent no document, or one beyond all measure, is written down as what it is; none is left out.
version_added: 0.1.0
options:
  directory:
    description: Where the files go; it is made where it is missing.
    type: path
    required: true
  answers:
    description: By name of the host, what M(lltool.fleet.lltool) returned for its state.
    type: dict
    required: true
  purge:
    description: Remove files of other hosts.
    type: bool
    default: false
attributes:
  check_mode:
    description: Nothing is written in check mode.
    support: full
  diff_mode:
    description: It has none.
    support: none
author:
  - The lltool authors (@lltool)
"""

EXAMPLES = r"""
- name: Keep what each host sent
  lltool.fleet.documents:
    directory: ./fleet
    answers: "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars)
      | map(attribute='lltool_state', default={}))) }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
written:
  description: How many files are new or have another content now.
  type: int
  returned: always
"""

import json
import os
import stat
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

STATUS = "lltool.host-status/1"
LONGEST_REASON = 900
LARGEST_BYTES = 1 << 20
"""The state of a host with a thousand CPUs is a tenth of it."""

SUFFIX = ".json"
MODE = 0o600


def document(answer: dict[str, Any]) -> str:
    """What is kept of one host's answer."""
    state = answer.get("state")
    if isinstance(state, dict):
        text = json.dumps(state)
        if len(text) <= LARGEST_BYTES:
            return text
        return status("refused", f"its document has {len(text)} bytes, more than {LARGEST_BYTES}")
    reason = str(answer.get("msg") or "it was not asked")
    return status("unreachable" if answer.get("unreachable") or not answer else "failed", reason)


def status(word: str, reason: str) -> str:
    """A document about a host that has none of its own."""
    return json.dumps({"schema": STATUS, "status": word, "reason": reason[:LONGEST_REASON]})


def write(path: str, text: str) -> bool:
    """Have a file for its owner only with this text, whatever is in its place; whether that changed anything."""
    if present(path) == text:
        return False
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return True


def present(path: str) -> str | None:
    """The text of a file as C(write) leaves one; None for anything else, which is not followed and not waited for."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == MODE:
                return file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError):
        pass  # not there, or not what it should be: it is written
    return None


def main() -> None:
    """Keep the answers."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "answers": {"type": "dict", "required": True},
            "purge": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
        no_log=True,  # hosts' documents are nothing for the controller's system log
    )
    directory, answers = module.params["directory"], module.params["answers"]
    unfit = sorted(name for name in answers if not name or name.startswith(".") or "/" in name or "\0" in name)
    if unfit:
        module.fail_json(msg=f"names that are no file names: {', '.join(map(repr, unfit))}")
    if module.check_mode:
        module.exit_json(changed=False, written=0)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        written = sum(write(os.path.join(directory, name + SUFFIX), document(answers[name])) for name in answers)
        others = [
            name
            for name in os.listdir(directory)
            if module.params["purge"] and name.endswith(SUFFIX) and name.removesuffix(SUFFIX) not in answers
        ]
        for name in others:
            os.unlink(os.path.join(directory, name))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or directory}: {error.strerror}")
    module.exit_json(changed=bool(written or others), written=written)


if __name__ == "__main__":
    main()
