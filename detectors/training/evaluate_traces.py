"""How well the traces of a simulated gateway are judged: which operation is at fault, and how often something is said where nothing is."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from detectors.series.anomaly import TraceKind
from detectors.series.spans import trace_of
from detectors.series.traces import Report, TraceWatch
from detectors.training import trace_faults
from detectors.training.trace_faults import OPERATIONS, Fault, traces

LEARNED, JUDGED = 5000, 300
RUNS = 70
QUIET = 60_000
_SEEDS = 5
_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault in one of ``operations`` at a time, and what is to be said of it."""

    name: str
    fault: Fault
    operations: Sequence[str]
    kind: TraceKind


SCENARIOS = (
    Scenario("x1.3 on all", Fault("", times=1.3), OPERATIONS, "slow operation"),
    Scenario("x2 on all", Fault("", times=2), OPERATIONS, "slow operation"),
    Scenario("x3 on 20 %", Fault("", times=3, share=0.2), OPERATIONS, "slow operation"),
    Scenario("x10 on 5 %", Fault("", times=10, share=0.05), OPERATIONS, "slow operation"),
    Scenario("no scan in 30 %", Fault("", "missing", share=0.3), ("guard input > scan",), "missing span"),
    Scenario("a second scan in 30 %", Fault("", "extra", share=0.3), ("guard input > scan again",), "extra span"),
    Scenario("three calls in 15 %", Fault("", "retries", share=0.15), ("gateway > upstream",), "retry storm"),
    Scenario("pauses x10 in 15 %", Fault("", "pauses", 10, 0.15), ("stream",), "stall"),
    Scenario("15 % fail", Fault("", "failing", share=0.15), ("upstream",), "failing operation"),
)


def learned(seed: str, number: int = LEARNED) -> bytes:
    watch = TraceWatch(("app",))
    for trace in traces(f"{seed} learned", number):
        watch.update(trace)
    watch.tick(LEARNED * _EVERY_S + 1e4)
    return watch.snapshot()


def judged(scenario: Scenario, snapshots: Sequence[bytes], runs: int) -> dict[str, float]:
    """Of so many faults: the share that was ranked first, that was told at all, and that other operations were blamed besides."""
    first = told = besides = 0
    for run in range(runs):
        operation = scenario.operations[run % len(scenario.operations)]
        fault = Fault(operation, scenario.fault.kind, scenario.fault.times, scenario.fault.share)
        report = _last(snapshots[run % len(snapshots)], f"{scenario.name} {run}", fault)
        named = [each.series for each in report.anomalies if each.kind == scenario.kind]
        first += report.ranking[0].operation == operation
        told += operation in named
        besides += any(name != operation for name in named)
    shares = {"told": told / runs, "blamed_besides": besides / runs}
    return {"first": first / runs, **shares} if scenario.kind == "slow operation" else shares


def _last(snapshot: bytes, seed: str, fault: Fault | None) -> Report:
    """Of one window."""
    watch = TraceWatch.restore(snapshot)
    start = LEARNED * _EVERY_S + 1e5
    reports = [watch.update(trace) for trace in traces(seed, JUDGED, start, fault, every_s=0.1)]
    return next(report for report in (*reports, watch.tick(start + 1e5)) if report)


def quiet(number: int) -> dict[str, object]:
    """What is said of so many traces without a fault; their load changes from trace to trace."""
    watch = TraceWatch(("app",))
    reports = [report for trace in traces("quiet", number) if (report := watch.update(trace))]
    kinds = Counter(anomaly.kind for report in reports for anomaly in report.anomalies)
    return {"traces": number, "windows": len(reports), "anomalies": dict(kinds)}


def cost() -> dict[str, float]:
    """Processor time of a span, from the spans of a trace to what is said of it; and what is kept of one key."""
    watch = TraceWatch.restore(learned("cost"))
    known = list(traces("cost", LEARNED, LEARNED * _EVERY_S))
    spans = [list(trace_faults.spans_of("cost", at)) for at in range(LEARNED)]
    count = sum(map(len, spans))
    before = time.process_time()
    for at, each in enumerate(spans):
        trace_of(str(at), float(at), each)
    parted = time.process_time()
    for trace in known:
        watch.update(trace)
    done = time.process_time()
    us = {"us_per_span_read": (parted - before) / count * 1e6, "us_per_span_judged": (done - parted) / count * 1e6}
    return {**{name: round(value, 2) for name, value in us.items()}, "snapshot_kb": round(len(watch.snapshot()) / 1000, 1)}


def simulated(runs: int = RUNS, number: int = QUIET) -> dict[str, object]:
    snapshots = [learned(f"seed {seed}") for seed in range(min(_SEEDS, runs))]
    faults = {scenario.name: judged(scenario, snapshots, runs) for scenario in SCENARIOS}
    return {"runs": runs, "faults": faults, "quiet": quiet(number), "cost": cost()}
