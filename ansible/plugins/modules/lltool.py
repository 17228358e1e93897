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
    description:
      - Result file of O(action=bench), or directory of O(action=trial), on the host.
      - The directory that it is in is made where it is missing, for its owner only.
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
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

SCHEMA = "lltool.ansible/1"
COMPLIANT = 0
DRIFTED = 3
REBOOT = 4
MOST_MESSAGES = 20
LONGEST_MESSAGE = 500
LARGEST_BYTES = 1 << 20
"""Of a document: the state of a host with a thousand CPUs is a tenth of it."""

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

    def run(self, *words: str, known: Sequence[int] = (0,)) -> tuple[int, str]:
        """Run a command; return its exit code and what it printed. Fails the task for any other exit code."""
        environment = {"LC_ALL": "C.UTF-8"}
        if self.parameters["state_directory"]:
            environment["LLTOOL_STATE_DIR"] = self.parameters["state_directory"]
        code, out, err = self.module.run_command([self.parameters["executable"], *words], environ_update=environment)
        self.messages += [line[:LONGEST_MESSAGE] for line in err.splitlines()[:MOST_MESSAGES]]
        if code not in known:
            self.fail(f"lltool failed: {err.strip()[-2000:] or 'it said nothing'}", code, words)
        return code, out

    def ask(self, document: str, *words: str, known: Sequence[int] = (0,)) -> tuple[int, dict[str, Any]]:
        """Run a command that prints C(lltool.DOCUMENT/1); return its exit code and that. Fails for any other one."""
        words = (*words, "--json")
        code, out = self.run(*words, known=known)
        if len(out) > LARGEST_BYTES:
            self.fail(f"lltool printed {len(out)} characters, more than {LARGEST_BYTES}", code, words)
        try:
            found = json.loads(out)
        except (ValueError, RecursionError) as error:
            self.fail(f"lltool printed no JSON: {error}", code, words)
        understood = f"lltool.{document}/1"
        schema = found.get("schema") if isinstance(found, dict) else None
        if schema != understood:
            self.fail_for_version(f"it prints {str(schema)[:80]!r}, and {understood!r} is understood", code, words)
        return code, found

    def fail_for_version(self, reason: str, code: int, words: Sequence[str]) -> NoReturn:
        """Fail, because lltool on the host is older or newer than the collection."""
        self.fail(
            f"lltool on this host is of another version than this collection: {reason}; "
            "install its own (lltool.fleet.install)",
            code,
            words,
        )

    def fail(self, message: str, code: int, words: Sequence[str]) -> NoReturn:
        """Fail. Whether anything was changed is not known then: what is in force is undone where a rollout fails."""
        self.module.fail_json(
            msg=message,
            schema=SCHEMA,
            exit_code=code,
            cmd=[self.parameters["executable"], *words],
            changed=words[0] == "tune" and "--yes" in words and code in DONE["tune"],
        )
        raise AssertionError("fail_json does not return")

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
    check = lltool.module.check_mode
    words = ["tune", "--dry-run" if check else "--yes", *(["--persist"] if lltool.parameters["persist"] else [])]
    words += lltool.selection(allow=True)
    if check:
        return planned(*lltool.ask("plan", *words))
    code, found = lltool.ask("tune", *words, known=DONE["tune"])
    if "changes" not in found:
        lltool.fail_for_version("it does not tell what it changed", code, words)
    changes = [(each["setting"], each["before"], each["after"]) for each in found["changes"]]
    return {"changed": bool(changes), "exit_code": code, "diff": diff_of(changes), **judged(code, found)}


def planned(code: int, found: Mapping[str, Any]) -> dict[str, Any]:
    """What tune would change. ``persist`` names the files that it would write: where there is none, all is staged."""
    acts = {"change", "reboot", "file"} if found["persist"] else {"change"}
    acted = [item for item in found["settings"] if item["action"] in acts]
    diff = diff_of([(item["setting"], item["live"], item["wanted"]) for item in acted])
    diff["after"] += "".join(f"{line}\n" for line in found["persist"])
    return {"changed": bool(acted or found["persist"]), "exit_code": code, "diff": diff}


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
    code, found = lltool.ask("verify", "verify", *lltool.selection(), known=DONE["verify"])
    return {"changed": False, "exit_code": code, **judged(code, found)}


def rollback(lltool: Lltool) -> dict[str, Any]:
    """Undo what is in force."""
    code, found = lltool.ask("history", "history")
    in_force = [each for each in found["transactions"] if each["status"] in ("applied", "unfinished")]
    diff = {
        "before": "".join(f"{name} = lltool's\n" for each in in_force for name in each["settings"]),
        "after": "",
    }
    if lltool.module.check_mode:
        return {"changed": bool(in_force), "exit_code": code, "diff": diff}
    only = [word for pattern in lltool.parameters["only"] for word in ("--only", pattern)]
    code, found = lltool.ask("rollback", "rollback", *only, known=DONE["rollback"])
    return {"changed": bool(found["knobs"]), "exit_code": code, "diff": diff}


def bench(lltool: Lltool) -> dict[str, Any]:
    """Measure; the result stays on the host, its figures are in the next state."""
    benchmarks = lltool.parameters["benchmarks"]
    return measured(lltool, ["bench", "run" if benchmarks else "all"], ["--", *benchmarks] if benchmarks else [])


def trial(lltool: Lltool) -> dict[str, Any]:
    """Measure untuned and tuned in turn; the host is put back."""
    return measured(lltool, ["trial", "--profile", lltool.parameters["profile"]], [])


def measured(lltool: Lltool, command: Sequence[str], operands: Sequence[str]) -> dict[str, Any]:
    """Run a command that measures; in check mode nothing."""
    parameters = lltool.parameters
    if lltool.module.check_mode:
        return {"changed": False, "exit_code": 0, "skipped": True}
    words = [*command, *(["--quick"] if parameters["quick"] else [])]
    words += ["--cores", parameters["cores"]] if parameters["cores"] else []
    if parameters["output"]:
        words += ["--output", parameters["output"]]
        os.makedirs(os.path.dirname(os.path.abspath(parameters["output"])), mode=0o700, exist_ok=True)
    code, _ = lltool.run(*words, *operands)
    return {"changed": False, "exit_code": code}


def compare(lltool: Lltool) -> dict[str, Any]:
    """The gate: whether anything is worse than before."""
    parameters = lltool.parameters
    words = ["bench", "compare", parameters["before"], parameters["after"], "--fail-on", "worse"]
    code, found = lltool.ask("compare", *words, known=DONE["compare"])
    worse = [each["benchmark"] for each in found["comparisons"] if each["outcome"] == "worse"]
    return {"changed": False, "exit_code": code, "worse": sorted(set(worse)), "outcomes": found["outcomes"]}


def state(lltool: Lltool) -> dict[str, Any]:
    """The state of the host in one small document."""
    code, found = lltool.ask("host-state", "monitor", "metrics")
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
