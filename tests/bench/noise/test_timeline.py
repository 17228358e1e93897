"""From events to segments: contexts nest, times are net, and what was lost ends with the next switch."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lltool.bench.noise.model import Cause, Event, Kind, Segment
from lltool.bench.noise.senders import Senders
from lltool.bench.noise.timeline import by_core, segments, thread_cause
from lltool.bench.noise.trace_text import parse_trace

SPINNER = 77
HZ = 1e9

TRACE = """\
# tracer: nop
#
#                                _-----=> irqs-off/BH-disabled
          python-21153   [001] d.h1. 1000: irq_handler_entry: irq=36 name=virtio1-req.0
          python-21153   [001] d.h1. 1200: irq_handler_exit: irq=36 ret=handled
CPU:1 [LOST 12 EVENTS]
   my - odd name-5       [000] ..s.. 1300: softirq_entry: vec=7 [action=SCHED]
            bash-21146   [000] d..2. 1400: sched_switch: prev_comm=ba sh prev_pid=21146 prev_prio=120 prev_state=S ==> \
next_comm=kworker/0:1 next_pid=12 next_prio=120
"""


def event(ticks: int, name: str, text: str = "", core: int = 1) -> Event:
    return Event(core, ticks, name, "task", 1, text)


def switch(ticks: int, previous: int, following: int, name: str = "other") -> Event:
    before = f"prev_comm=a prev_pid={previous} prev_prio=120 prev_state=R"
    return event(ticks, "sched_switch", f"{before} ==> next_comm={name} next_pid={following} next_prio=1")


def nobody(_received: Event) -> str:
    return ""


def found(*events: Event, span: tuple[int, int] = (0, 10_000)) -> list[Segment]:
    return segments(events, SPINNER, span, nobody, HZ)


def test_lines_become_events_and_others_are_left_out() -> None:
    events = list(parse_trace(TRACE.splitlines()))
    assert [(one.core, one.ticks, one.name) for one in events] == [
        (1, 1000, "irq_handler_entry"),
        (1, 1200, "irq_handler_exit"),
        (0, 1300, "softirq_entry"),
        (0, 1400, "sched_switch"),
    ]
    assert (events[2].task, events[2].pid, events[2].text) == ("my - odd name", 5, "vec=7 [action=SCHED]")
    assert set(by_core(events)) == {0, 1}


@given(st.text())
def test_no_line_breaks_the_parser(line: str) -> None:
    list(parse_trace([line]))


def test_another_thread_has_the_core_until_the_switch_back() -> None:
    assert found(switch(100, SPINNER, 5), switch(300, 5, SPINNER)) == [Segment(100, 300, Cause(Kind.THREAD, "other"))]


def test_a_thread_from_before_the_first_switch_is_named_by_it() -> None:
    assert found(switch(300, 5, SPINNER)) == [Segment(0, 300, Cause(Kind.THREAD, "a"))]


def test_nested_contexts_are_net_of_each_other() -> None:
    device, work = Cause(Kind.INTERRUPT, "nic"), Cause(Kind.SOFTIRQ, "NET_RX")
    assert found(
        event(100, "softirq_entry", "vec=3 [action=NET_RX]"),
        event(200, "irq_handler_entry", "irq=9 name=nic"),
        event(250, "irq_handler_exit", "irq=9 ret=handled"),
        event(400, "softirq_exit", "vec=3 [action=NET_RX]"),
    ) == [Segment(100, 200, work), Segment(200, 250, device), Segment(250, 400, work)]


def test_an_interrupt_of_another_thread_is_not_that_threads_time() -> None:
    timer = Cause(Kind.TIMER, "local timer")
    other = Cause(Kind.THREAD, "other")
    assert found(
        switch(100, SPINNER, 5),
        event(150, "local_timer_entry", "vector=236"),
        event(170, "local_timer_exit", "vector=236"),
        switch(200, 5, SPINNER),
    ) == [Segment(100, 150, other), Segment(150, 170, timer), Segment(170, 200, other)]


def test_an_entry_without_its_exit_ends_with_the_next_switch() -> None:
    assert found(event(100, "local_timer_entry"), switch(200, SPINNER, 5), switch(300, 5, SPINNER)) == [
        Segment(100, 200, Cause(Kind.TIMER, "local timer")),
        Segment(200, 300, Cause(Kind.THREAD, "other")),
    ]


def test_an_exit_without_its_entry_is_nothing() -> None:
    assert found(event(100, "local_timer_exit"), event(150, "softirq_exit")) == []


def test_an_nmi_is_cut_out_of_what_it_interrupted() -> None:
    cut = found(switch(100, SPINNER, 5), event(250, "nmi_handler", "perf_event_nmi_handler() delta_ns: 50 handled: 1"),
                switch(300, 5, SPINNER))  # fmt: skip
    assert [(one.start, one.end, one.cause.kind) for one in cut] == [
        (100, 200, Kind.THREAD),
        (200, 250, Kind.NMI),
        (250, 300, Kind.THREAD),
    ]


def test_segments_stay_within_the_span() -> None:
    assert found(switch(100, SPINNER, 5), switch(900, 5, SPINNER), span=(200, 500)) == [
        Segment(200, 500, Cause(Kind.THREAD, "other"))
    ]


NAMES = (
    "local_timer_entry",
    "local_timer_exit",
    "softirq_entry",
    "softirq_exit",
    "irq_handler_entry",
    "irq_handler_exit",
)


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.sampled_from([*NAMES, "there", "back", "nmi"])), max_size=40).map(
        sorted
    )
)
def test_segments_never_overlap_whatever_the_trace(steps: list[tuple[int, str]]) -> None:
    events = []
    for ticks, step in steps:
        if step == "there":
            events.append(switch(ticks, SPINNER, 5))
        elif step == "back":
            events.append(switch(ticks, 5, SPINNER))
        elif step == "nmi":
            events.append(event(ticks, "nmi_handler", "x() delta_ns: 30 handled: 1"))
        else:
            events.append(event(ticks, step, "vec=1 [action=TIMER]"))
    cut = segments(events, SPINNER, (100, 900), nobody, HZ)
    assert all(one.start < one.end for one in cut)
    assert all(first.end <= second.start for first, second in itertools.pairwise(cut))


def test_threads_of_the_kernel_lose_their_numbers() -> None:
    assert str(thread_cause("kworker/3:2", 9)) == "thread kworker"
    assert str(thread_cause("kworker/3:1H-kblockd", 9)) == "thread kworker"
    assert str(thread_cause("kworker/u8:2", 9)) == "thread kworker (unbound)"
    assert str(thread_cause("migration/3", 9)) == "thread migration"
    assert str(thread_cause("swapper/1", 0)) == "thread idle"
    assert str(thread_cause("trader/1x", 9)) == "thread trader/1x"


def sent(ticks: int, text: str, task: str = "bash", name: str = "ipi_send_cpu") -> Event:
    return Event(0, ticks, name, task, 5, text)


def test_the_latest_sender_to_this_core_is_named() -> None:
    senders = Senders(
        [
            sent(100, "cpu=1 callsite=on_each_cpu_cond_mask+0x20/0x60 callback=generic_smp+0x0/0x10"),
            sent(200, "cpu=2 callsite=other+0x1/0x2 callback=generic_smp+0x0/0x10"),
            sent(
                300, "cpumask=00000000,00000002 callsite=tlb+0x1/0x2 callback=g+0x0/0x1", "mysqld", "ipi_send_cpumask"
            ),
            sent(400, "cpu=1 callsite=native_smp_send_reschedule+0x3/0x40 callback=0x0", "waker"),
        ],
        HZ,
    )
    assert senders.name(event(250, "call_function_single_entry")) == "bash (on_each_cpu_cond_mask)"
    assert senders.name(event(350, "call_function_entry")) == "mysqld (tlb)"
    assert senders.name(event(450, "reschedule_entry")) == "waker"
    assert senders.name(event(50, "call_function_entry")) == ""
    assert senders.name(event(350 + 10**8, "call_function_entry")) == ""
    assert senders.name(event(350, "call_function_entry", core=3)) == ""
