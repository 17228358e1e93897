"""One call a host: run lltool, and say in Ansible's words what it did."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lltool
short_description: Tune, verify, measure or roll back a host with lltool
description:
  - Runs lltool on the host and maps its verdicts to C(changed), C(diff) and facts.
  - In check mode O(action=tune) plans, and O(action=rollback) reads the history; nothing is written.
version_added: 0.1.0
options:
  action:
    description: What to do.
    type: str
    required: true
    choices: [tune, verify, rollback, bench, compare, trial, state]
  profile:
    description: Name of a profile, or the path of one on the host.
    type: str
    default: hft
  cores:
    description: Cores to isolate or to measure on, as a list such as V(2-5,8). lltool chooses them by default.
    type: str
  only:
    description: Patterns of settings, the others being left alone.
    type: list
    elements: str
    default: []
  skip:
    description: Patterns of settings that are left alone.
    type: list
    elements: str
    default: []
  allow:
    description: Disruptions that are allowed.
    type: list
    elements: str
    choices: [link, smi, reboot, security]
    default: []
  persist:
    description: Stage boot settings and make the others hold after a reboot.
    type: bool
    default: false
  benchmarks:
    description: Benchmarks or patterns of O(action=bench); all of them where there is none.
    type: list
    elements: str
    default: []
  quick:
    description: Measure shorter and less often.
    type: bool
    default: true
  output:
    description: Result file of O(action=bench), or directory of O(action=trial), on the host.
    type: path
  before:
    description: The earlier result of O(action=compare), on the host.
    type: path
  after:
    description: The later result of O(action=compare), on the host.
    type: path
  executable:
    description: lltool on the host.
    type: path
    default: /opt/lltool/bin/lltool
  state_directory:
    description: Where lltool keeps its records, if not in its usual place.
    type: path
attributes:
  check_mode:
    description: Nothing is written in check mode.
    support: full
  diff_mode:
    description: The settings that change, with their values.
    support: full
author:
  - The lltool authors (@lltool)
"""

EXAMPLES = r"""
- name: Tune, and show what changes
  lltool.fleet.lltool:
    action: tune
    profile: hft
    persist: true
  register: tuned

- name: Stop where a host does not comply
  lltool.fleet.lltool:
    action: verify
    profile: hft
  register: verified
  failed_when: verified.exit_code not in [0, 4]
"""

RETURN = r"""
schema:
  description: Version of these return values.
  type: str
  returned: always
  sample: lltool.ansible/1
exit_code:
  description: What lltool exited with (0 compliant, 3 drifted, 4 after a reboot, 5 gate failed).
  type: int
  returned: always
compliant:
  description: Whether the host complies now.
  type: bool
  returned: for tune and verify
reboot_required:
  description: Whether settings wait for a reboot.
  type: bool
  returned: for tune and verify
verdicts:
  description: How many settings have which verdict.
  type: dict
  returned: for tune and verify
state:
  description: The document C(lltool.host-state/1), for C(lltool fleet report).
  type: dict
  returned: for state
messages:
  description: What lltool said beside its result.
  type: list
  returned: always
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule

SCHEMA = "lltool.ansible/1"
COMPLIANT = 0
DRIFTED = 3
REBOOT = 4
MOST_MESSAGES = 20
DONE = {
    "tune": (COMPLIANT, DRIFTED, REBOOT),
    "verify": (COMPLIANT, DRIFTED, REBOOT),
    "rollback": (COMPLIANT, DRIFTED, REBOOT),
    "compare": (COMPLIANT, 5),
}
"""Exit codes that are findings; every other one is a failure of the task."""


class Lltool:
    """lltool on this host, as the parameters of a task describe it."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.parameters = module.params
        self.messages: list[str] = []

    def run(self, *words: str, known: Sequence[int] = (0,)) -> tuple[int, dict[str, Any]]:
        """Run a command; return its exit code and its document. Fails the task for any other exit code."""
        environment = {"LC_ALL": "C.UTF-8"}
        if self.parameters["state_directory"]:
            environment["LLTOOL_STATE_DIR"] = self.parameters["state_directory"]
        command = [self.parameters["executable"], *words]
        code, out, err = self.module.run_command(command, environ_update=environment)
        self.messages += err.splitlines()[:MOST_MESSAGES]
        if code not in known:
            self.module.fail_json(
                msg=f"lltool failed: {err.strip()[-2000:] or 'it said nothing'}",
                schema=SCHEMA,
                exit_code=code,
                cmd=command,
            )
        if "--json" not in words:
            return code, {}
        try:
            return code, json.loads(out)
        except ValueError as error:
            self.module.fail_json(msg=f"lltool printed no JSON: {error}", schema=SCHEMA, exit_code=code, cmd=command)

    def selection(self, *, allow: bool = False) -> list[str]:
        """The options that tune, plan and verify share."""
        words = ["--profile", self.parameters["profile"]]
        if self.parameters["cores"]:
            words += ["--cores", self.parameters["cores"]]
        for option in ("only", "skip", *(("allow",) if allow else ())):
            for value in self.parameters[option]:
                words += [f"--{option}", value]
        return words


def tune(lltool: Lltool) -> dict[str, Any]:
    """Apply what differs, in one run of lltool; in check mode plan it."""
    parameters, check = lltool.parameters, lltool.module.check_mode
    words = ["tune", "--dry-run" if check else "--yes", "--json", *(["--persist"] if parameters["persist"] else [])]
    code, found = lltool.run(*words, *lltool.selection(allow=True), known=(0,) if check else DONE["tune"])
    if check:
        acts = {"change", "reboot"} if parameters["persist"] else {"change"}
        acted = [item for item in found["settings"] if item["action"] in acts]
        changes = [(item["setting"], item["live"], item["wanted"]) for item in acted]
        return {"changed": bool(changes), "exit_code": code, "diff": diff_of(changes)}
    if "changes" not in found:
        lltool.module.fail_json(
            msg="lltool on this host is older than this collection: install its own version (lltool.fleet.install)",
            schema=SCHEMA,
            exit_code=code,
            changed=True,  # which is not known: what it did is undone
        )
    changes = [(each["setting"], each["before"], each["after"]) for each in found["changes"]]
    return {"changed": bool(changes), "exit_code": code, "diff": diff_of(changes), **judged(code, found)}


def diff_of(changes: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Settings as they were and as they are, or will be, for Ansible's diff mode."""
    return {
        "before": "".join(f"{setting} = {before}\n" for setting, before, _ in changes),
        "after": "".join(f"{setting} = {after}\n" for setting, _, after in changes),
    }


def judged(code: int, found: Mapping[str, Any]) -> dict[str, Any]:
    """What a document of tune or verify says, in numbers."""
    verdicts: dict[str, int] = {}
    for finding in found["settings"]:
        verdicts[finding["verdict"]] = verdicts.get(finding["verdict"], 0) + 1
    return {
        "msg": ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()),
        "compliant": code == COMPLIANT,
        "reboot_required": "pending-reboot" in verdicts,
        "verdicts": verdicts,
    }


def verify(lltool: Lltool) -> dict[str, Any]:
    """Verify; a finding is no failure."""
    code, found = lltool.run("verify", "--json", *lltool.selection(), known=DONE["verify"])
    return {"changed": False, "exit_code": code, **judged(code, found)}


def rollback(lltool: Lltool) -> dict[str, Any]:
    """Undo what is in force."""
    code, found = lltool.run("history", "--json")
    in_force = [each for each in found["transactions"] if each["status"] in ("applied", "unfinished")]
    diff = {
        "before": "".join(f"{name} = lltool's\n" for each in in_force for name in each["settings"]),
        "after": "",
    }
    if lltool.module.check_mode:
        return {"changed": bool(in_force), "exit_code": code, "diff": diff}
    only = [word for pattern in lltool.parameters["only"] for word in ("--only", pattern)]
    code, found = lltool.run("rollback", "--json", *only, known=DONE["rollback"])
    return {"changed": bool(found["knobs"]), "exit_code": code, "diff": diff}


def bench(lltool: Lltool) -> dict[str, Any]:
    """Measure; the result stays on the host, its figures are in the next state."""
    parameters = lltool.parameters
    words = ["bench", "run", *parameters["benchmarks"]] if parameters["benchmarks"] else ["bench", "all"]
    words += ["--quick"] if parameters["quick"] else []
    words += ["--cores", parameters["cores"]] if parameters["cores"] else []
    words += ["--output", parameters["output"]] if parameters["output"] else []
    if lltool.module.check_mode:
        return {"changed": False, "exit_code": 0, "skipped": True}
    code, _ = lltool.run(*words)
    return {"changed": False, "exit_code": code}


def compare(lltool: Lltool) -> dict[str, Any]:
    """The gate: whether anything is worse than before."""
    parameters = lltool.parameters
    words = ["bench", "compare", parameters["before"], parameters["after"], "--fail-on", "worse", "--json"]
    code, found = lltool.run(*words, known=DONE["compare"])
    worse = [each["benchmark"] for each in found["comparisons"] if each["outcome"] == "worse"]
    return {"changed": False, "exit_code": code, "worse": sorted(set(worse)), "outcomes": found["outcomes"]}


def trial(lltool: Lltool) -> dict[str, Any]:
    """Measure untuned and tuned in turn; the host is put back."""
    parameters = lltool.parameters
    if lltool.module.check_mode:
        return {"changed": False, "exit_code": 0, "skipped": True}
    words = ["trial", "--profile", parameters["profile"]]
    words += ["--quick"] if parameters["quick"] else []
    words += ["--cores", parameters["cores"]] if parameters["cores"] else []
    words += ["--output", parameters["output"]] if parameters["output"] else []
    code, _ = lltool.run(*words)
    return {"changed": False, "exit_code": code}


def state(lltool: Lltool) -> dict[str, Any]:
    """The state of the host in one small document."""
    code, found = lltool.run("monitor", "metrics", "--json")
    return {"changed": False, "exit_code": code, "state": found}


ACTIONS = {
    "tune": tune,
    "verify": verify,
    "rollback": rollback,
    "bench": bench,
    "compare": compare,
    "trial": trial,
    "state": state,
}


def main() -> None:
    """Run one action."""
    module = AnsibleModule(
        argument_spec={
            "action": {"type": "str", "required": True, "choices": list(ACTIONS)},
            "profile": {"type": "str", "default": "hft"},
            "cores": {"type": "str"},
            "only": {"type": "list", "elements": "str", "default": []},
            "skip": {"type": "list", "elements": "str", "default": []},
            "allow": {
                "type": "list",
                "elements": "str",
                "choices": ["link", "smi", "reboot", "security"],
                "default": [],
            },
            "persist": {"type": "bool", "default": False},
            "benchmarks": {"type": "list", "elements": "str", "default": []},
            "quick": {"type": "bool", "default": True},
            "output": {"type": "path"},
            "before": {"type": "path"},
            "after": {"type": "path"},
            "executable": {"type": "path", "default": "/opt/lltool/bin/lltool"},
            "state_directory": {"type": "path"},
        },
        required_if=[("action", "compare", ("before", "after"))],
        supports_check_mode=True,
    )
    if not os.access(module.params["executable"], os.X_OK):
        module.fail_json(
            msg=f"{module.params['executable']} cannot be run: the role lltool.fleet.lltool installs it",
            schema=SCHEMA,
            exit_code=1,
        )
    lltool = Lltool(module)
    result = ACTIONS[module.params["action"]](lltool)
    module.exit_json(schema=SCHEMA, messages=lltool.messages[:MOST_MESSAGES], **result)


if __name__ == "__main__":
    main()
