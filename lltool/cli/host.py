"""``lltool host``: what this machine is, what limits it, and which cores to choose."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from lltool.cli.output import print_json, print_table

Row = tuple[str, str]


def host(
    root: Annotated[
        str, typer.Option("--root", metavar="DIR", help="Read a recorded tree (DIR/proc, DIR/sys ...) instead.")
    ] = "/",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document (schema lltool.host/1).")] = False,
) -> None:
    """Show what this machine is, what limits it, and which cores to choose and why. Changes nothing.

    Example: lltool host --json | jq .cores.isolated
    """
    from lltool.errors import InvalidInput
    from lltool.host.describe import describe_host
    from lltool.root import Root

    if not os.path.isdir(root):
        raise InvalidInput(
            f"cannot read a host from {root}",
            [f"--root {root}: not a directory"],
            next_step="name the directory that holds proc and sys of the recorded tree",
        )
    document = describe_host(Root(root))
    if json:
        print_json(document)
        return
    unknown = "unknown (this kernel does not say)" if document["live"] else "unknown (not in this recorded tree)"
    for title, section in _SECTIONS.items():
        rows = [(name, value or unknown) for name, value in section(document)]
        if rows:
            print_table((title, ""), rows)
            typer.echo()
    _print_core_plan(document["cores"])


def _processor(document: dict[str, Any]) -> list[Row]:
    cpu, clock, machine = document["cpu"], document["clock"], document["hypervisor"]
    identity = [
        f"{word} {cpu[key]}"
        for word, key in (("family", "family"), ("model", "model"), ("stepping", "stepping"))
        if cpu[key] is not None
    ]
    if cpu["microcode"]:
        identity.append(f"microcode {', '.join(cpu['microcode'])}")
    vendor, product = cpu["product"]["vendor"] or "", cpu["product"]["name"] or ""
    if not product.startswith(vendor):
        product = f"{vendor} {product}".strip()
    guest = {True: f"guest of {machine['name'] or 'an unnamed one'}", False: "none seen", None: "unknown"}
    rows = [
        ("model", cpu["model_name"]),
        ("vendor", " ".join(text for text in (cpu["vendor"], f"({', '.join(identity)})" if identity else "") if text)),
        ("architecture", cpu["architecture"]),
        ("machine", product),
        ("firmware", cpu["product"]["firmware"]),
        ("hypervisor", f"{guest[machine['is_guest']]}: {machine['evidence']}"),
        *([] if cpu["arm_parts"] else [("TSC", _tsc(clock))]),
        ("clock source", _clocksource(clock)),
    ]
    rows[2:2] = [("Arm design", f"{part['name'] or part['part']}: CPUs {part['cpus']}") for part in cpu["arm_parts"]]
    return rows


def _tsc(clock: dict[str, Any]) -> str:
    if clock["has_invariant_tsc"] is None:
        return ""
    flags = f" ({', '.join(clock['tsc_flags'])})" if clock["tsc_flags"] else ""
    return ("invariant" if clock["has_invariant_tsc"] else "not invariant: its rate can change") + flags


def _clocksource(clock: dict[str, Any]) -> str:
    if clock["clocksource"] is None:
        return ""
    return f"{clock['clocksource']} (available: {', '.join(clock['available']) or 'unknown'})"


def _topology(document: dict[str, Any]) -> list[Row]:
    topology = document["topology"]
    threads = max((_size(core["cpus"]) for core in topology["cores"]), default=0)
    cpus = _size(topology["online"])
    if not cpus:
        return [("online", ""), *(("note", note) for note in topology["notes"])]
    rows = [
        (
            "layout",
            f"{_count(len(topology['packages']), 'package')}, {_count(len(topology['cores']), 'physical core')}, "
            f"{_count(cpus, 'CPU')} online"
            + (f", up to {threads} threads a core (SMT)" if threads > 1 else ", no SMT"),
        ),
        ("online", topology["online"]),
    ]
    if topology["offline"]:
        rows.append(("offline", topology["offline"]))
    if len(topology["kinds"]) > 1:
        rows += [(kind["name"], f"CPUs {kind['cpus']} (told by {kind['evidence']})") for kind in topology["kinds"]]
    for node in topology["nodes"]:
        memory = _bytes(node["memory_bytes"]) if node["memory_bytes"] is not None else "unknown"
        rows.append((f"NUMA node {node['id']}", f"CPUs {node['cpus'] or 'none'}, memory {memory}"))
    if topology["l3_groups"]:
        rows.append(("L3 groups", "  ".join(topology["l3_groups"])))
    if threads > 1:
        rows.append(("SMT siblings", "  ".join(core["cpus"] for core in topology["cores"] if _size(core["cpus"]) > 1)))
    rows += [(cache["name"], f"{len(cache['instances'])} x {_cache(cache)}") for cache in document["caches"]]
    rows += [("note", note) for note in topology["notes"]]
    return rows


def _cache(cache: dict[str, Any]) -> str:
    size = _bytes(cache["size_bytes"]) if cache["size_bytes"] is not None else "unknown size"
    ways = f", {cache['ways']} ways" if cache["ways"] else ""
    line = f", {cache['line_bytes']}-byte lines" if cache["line_bytes"] else ""
    sharing = {_size(cpus) for cpus in cache["instances"]}
    return f"{size}{ways}{line}, each for {' or '.join(_count(number, 'CPU') for number in sorted(sharing))}"


def _kernel(document: dict[str, Any]) -> list[Row]:
    kernel = document["kernel"]
    preemption = kernel["preemption"]
    rows = [
        ("release", " ".join(text for text in (kernel["release"], kernel["version"]) if text)),
        ("preemption", f"{preemption['current'] or 'unknown'} ({preemption['source']})"),
        ("timer", f"{kernel['hz']} Hz" if kernel["hz"] is not None else ""),
    ]
    rows += [(name, f"{option['answer']} ({option['source']})") for name, option in kernel["options"].items()]
    nohz_full = kernel["nohz_full"]
    if nohz_full is None and kernel["options"]["NO_HZ_FULL"]["answer"] == "no":
        nohz_full = "not possible: built without NO_HZ_FULL"
    rows += [
        ("isolated", "no CPU" if kernel["isolated"] == "" else kernel["isolated"]),
        ("nohz_full", "no CPU" if nohz_full == "" else nohz_full),
        ("command line", kernel["cmdline"]),
    ]
    return rows


def _system(document: dict[str, Any]) -> list[Row]:
    memory, boot = document["memory"], document["boot"]
    return [
        ("memory", _bytes(memory["total_bytes"]) if memory["total_bytes"] is not None else ""),
        *_hugepages(document),
        ("transparent huge pages", _transparent(document)),
        ("swap", _swap(memory["swaps"])),
        ("control groups", _cgroup(document["cgroup"])),
        ("boot loader", f"{boot['loader']}: {boot['evidence']}" if boot["loader"] else boot["evidence"]),
        ("other tuners", _tuners(document["tuners"])),
        ("privileges", _privileges(document["privileges"])),
    ]


def _hugepages(document: dict[str, Any]) -> list[Row]:
    has_many_nodes = len(document["topology"]["nodes"]) > 1
    return [
        (
            f"huge pages {_bytes(pool['page_bytes'])}",
            f"{pool['total']} ({pool['free'] if pool['free'] is not None else 'unknown'} free)"
            + (f" on node {pool['node']}" if pool["node"] is not None else ""),
        )
        for pool in document["memory"]["pools"]
        if pool["node"] is None or has_many_nodes  # a single node repeats the host's line
    ]


def _swap(swaps: list[dict[str, Any]] | None) -> str:
    if swaps is None:
        return ""
    return ", ".join(f"{swap['path']} ({_bytes(swap['size_bytes'])})" for swap in swaps) or "none"


def _cgroup(cgroup: dict[str, Any]) -> str:
    if cgroup["version"] == "unknown":
        return ""
    if cgroup["cpuset_version"] is None:
        return f"{cgroup['version']}, no cpusets seen"
    return f"{cgroup['version']}, cpusets v{cgroup['cpuset_version']} at {cgroup['cpuset_mount']}"


def _transparent(document: dict[str, Any]) -> str:
    transparent = document["memory"]["transparent"]
    if transparent is None:
        return "not in this kernel" if document["live"] else ""
    return f"enabled: {transparent['enabled'] or 'unknown'}, defrag: {transparent['defrag'] or 'unknown'}"


def _tuners(tuners: dict[str, Any]) -> str:
    found = [f"{tuner['name']} {tuner['state']} (changes {tuner['changes']})" for tuner in tuners["found"]]
    if not tuners["has_processes"]:
        found.append("running ones are not known: a recorded tree has no processes")
    return "; ".join(found) or "none seen"


def _privileges(privileges: dict[str, Any] | None) -> str:
    if privileges is None:
        return "unknown (a recorded tree says nothing about this process)"
    parts = [
        "root" if privileges["euid"] == 0 else f"user id {privileges['euid']}",
        f"capabilities {', '.join(privileges['capabilities']) or 'none'}",
        f"/proc/sys {'writable' if privileges['is_proc_sys_writable'] else 'not writable'}",
        f"/sys {'writable' if privileges['is_sys_writable'] else 'not writable'}",
        f"may run on CPUs {privileges['allowed_cpus']}",
    ]
    if privileges["container"] is not None:
        parts.append(f"perhaps in a container: {privileges['container']}")
    return ", ".join(parts)


def _network(document: dict[str, Any]) -> list[Row]:
    lines = {line["number"]: line for line in document["interrupts"]["lines"]}
    rows = []
    for nic in document["nics"]:
        facts = [
            nic["model"] or nic["driver"] or "driver unknown",
            "up" if nic["is_up"] else "down",
            f"{nic['speed_mbps']} Mbit/s" if nic["speed_mbps"] else "speed unknown",
            f"NUMA node {nic['node']}" if nic["node"] is not None else "no NUMA node",
            f"queues {nic['rx_queues']} rx {nic['tx_queues']} tx",
        ]
        if nic["master"]:
            facts.append(f"serves {nic['master']}")
        rows.append((nic["name"], ", ".join(facts)))
        rows += [(f"  interrupt {number}", _interrupt(lines.get(number), "")) for number in nic["irqs"]]
        rows += [
            (f"  interrupt {number}", _interrupt(lines.get(number), "no packets: ")) for number in nic["control_irqs"]
        ]
    return rows or [("interfaces", "none with hardware behind it")]


def _interrupt(line: dict[str, Any] | None, prefix: str) -> str:
    if line is None:
        return f"{prefix}not in /proc/interrupts"
    where = f"allowed on {line['affinity']}, goes to {line['effective']}" if line["effective"] else "affinity unknown"
    return f"{prefix}{line['name'] or 'not in use'}, {where}" + (
        ", managed by the kernel" if line["is_managed"] else ""
    )


_SECTIONS = {
    "processor": _processor,
    "topology": _topology,
    "kernel": _kernel,
    "system": _system,
    "network": _network,
}


def _print_core_plan(cores: dict[str, Any]) -> None:
    print_table(
        ("core plan", "CPUs"), [(role, cores[role] or "none") for role in ("housekeeping", "isolated", "interrupt")]
    )
    typer.echo()
    print_table(
        ("CPUs", "role", "why"),
        [(reason["cpus"] or "none", reason["role"], reason["text"]) for reason in cores["reasons"]],
    )


def _size(cpulist: str) -> int:
    from lltool.host.cpulist import parse_cpulist

    return len(parse_cpulist(cpulist))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _bytes(number: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= size:
            return f"{number / size:.4g} {unit}"
    return f"{number} B"
