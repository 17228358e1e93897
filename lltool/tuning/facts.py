"""Host facts that the values of a profile may name in braces: ``"{isolated}"``."""

from __future__ import annotations

import re
from collections.abc import Callable

from lltool.host.cores import HOUSEKEEPING
from lltool.host.cpulist import format_cpulist
from lltool.tuning.host import TunedHost

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class NoSuchFact(Exception):
    """This host has nothing to put for a fact; the message says why."""


def _isolated(host: TunedHost) -> str:
    if not host.cores.isolated:
        reasons = [reason.text for reason in host.cores.reasons if reason.role == HOUSEKEEPING]
        raise NoSuchFact("no core can be isolated here: " + "; ".join(reasons))
    return format_cpulist(host.cores.isolated)


def _housekeeping(host: TunedHost) -> str:
    return format_cpulist(host.cores.housekeeping)


def _interrupt(host: TunedHost) -> str:
    return format_cpulist(host.cores.interrupt)


def _nic_queues(host: TunedHost) -> str:
    queues = [max(nic.rx_queues, nic.tx_queues) for nic in host.facts.nics]
    if not queues:
        raise NoSuchFact("no physical network interface is here")
    return str(max(queues))


def _timer_migration(host: TunedHost) -> str:
    """0 where the kernel isolates cores from boot on: their timers then have no business elsewhere, nor others' there.

    Cores isolated later keep timers that were set before, unless timers may migrate (1).
    """
    return "0" if host.facts.kernel.isolated else "1"


FACTS: dict[str, Callable[[TunedHost], str]] = {
    "isolated": _isolated,
    "housekeeping": _housekeeping,
    "interrupt": _interrupt,
    "nic.queues": _nic_queues,
    "timer_migration": _timer_migration,
}

_OF_A_BOOT = frozenset({"timer_migration"})
"""Facts that follow from how the kernel was started."""

_SOME_CPUS, _SOME_NUMBER = "0-1", "1"
SAMPLES = {
    "isolated": _SOME_CPUS,
    "housekeeping": _SOME_CPUS,
    "interrupt": _SOME_CPUS,
    "nic.queues": _SOME_NUMBER,
    "timer_migration": _SOME_NUMBER,
}
"""What each fact looks like on some host: a profile is checked before a host is known."""


def with_samples(text: str) -> str:
    """A value as it might read on some host; raises ``KeyError`` for a fact that is none."""
    return _PLACEHOLDER.sub(lambda match: SAMPLES[match[1]], text)


def named(text: str) -> list[str]:
    """The facts that a value names, in order."""
    return _PLACEHOLDER.findall(text)


def is_of_a_boot(text: str) -> bool:
    """Whether a value is right for this boot, and perhaps not for the next, which may have other arguments."""
    return not _OF_A_BOOT.isdisjoint(named(text))


def fill(text: str, host: TunedHost) -> str:
    """Replace every fact by its value on this host; raises :class:`NoSuchFact`."""
    return _PLACEHOLDER.sub(lambda match: FACTS[match[1]](host), text)
