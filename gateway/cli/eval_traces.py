"""``oddgate eval traces``: whether the operation that is at fault is found, in simulated traces and in those of a set.

A set has ``spans.csv`` and ``windows.csv``, as the injected faults of Nezha's OnlineBoutique do. What is usual is learned from all windows
but those of the fault; what they have of other faults is in it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from detectors.series.spans import Span, Trace, trace_of
from detectors.series.traces import MAX_STEPS, Settings, TraceWatch
from detectors.training.evaluate_traces import QUIET, RUNS, simulated
from gateway.cli.scan import UsageError
from gateway.cli.tables import rows

_KNOWN = Settings(window_s=60.0, least=8, learned=20)
_FOREVER_S = 1e9
_NOTHING = "none"
_TOP = (1, 3)


class Window(NamedTuple):
    fault: str
    """Its kind; empty: there was none."""
    service: str
    traces: Sequence[Trace]
    services: frozenset[str]
    """Of which there are spans."""


def measured(folder: Path | None, runs: int = RUNS, quiet: int = QUIET) -> dict[str, Any]:
    metrics: dict[str, Any] = {"simulated": simulated(runs, quiet)}
    if folder:
        metrics["set"] = of_set(read_windows(folder))
    return metrics


def of_set(windows: Sequence[Window]) -> dict[str, Any]:
    """Of each kind of fault, of how many faults the service is named first, and among three. A fault may have several windows."""
    faults = list(dict.fromkeys((window.fault, window.service) for window in windows if window.fault))
    found: dict[str, dict[str, int]] = {}
    for fault, service in faults:
        of_fault = [window for window in windows if (window.fault, window.service) == (fault, service)]
        named = _named([window for window in windows if window not in of_fault], of_fault)
        for name in (fault, "all"):
            row = found.setdefault(name, {"faults": 0, "with_spans": 0, **{f"top_{top}": 0 for top in _TOP}})
            row["faults"] += 1
            row["with_spans"] += any(service in window.services for window in of_fault)
            for top in _TOP:
                row[f"top_{top}"] += service in named[:top]
    return found


def _named(usual: Iterable[Window], late: Iterable[Window]) -> list[str]:
    """Services, by the operation of theirs that is off most."""
    watch = TraceWatch(("set",), _KNOWN)
    for window in usual:
        for trace in window.traces:
            watch.update(trace)
    watch.tick(math.inf)
    judging = TraceWatch.restore(
        watch.snapshot(), Settings(window_s=math.inf, longest_s=_FOREVER_S, most=MAX_STEPS, learned=_KNOWN.learned)
    )
    for window in late:
        for trace in window.traces:
            judging.update(trace)
    report = judging.tick(math.inf)
    return list(dict.fromkeys(each.owner for each in report.ranking)) if report else []


def read_windows(folder: Path) -> list[Window]:
    spans: dict[str, dict[str, list[Span]]] = {}
    for row in rows(folder / "spans.csv", ("window_id", "trace_id", "span_id", "parent_id", "pod", "operation", "start_us", "duration_us")):
        spans.setdefault(row["window_id"], {}).setdefault(row["trace_id"], []).append(_span(row, folder))
    windows = rows(folder / "windows.csv", ("window_id", "fault_type", "fault_pod"))
    return [_window(row, spans[row["window_id"]]) for row in windows if row["window_id"] in spans]


def _window(row: Mapping[str, str], spans: Mapping[str, Sequence[Span]]) -> Window:
    fault = "" if row["fault_type"] == _NOTHING else row["fault_type"]
    traces = [trace_of(trace_id, max(span.end for span in each), each) for trace_id, each in spans.items()]
    services = frozenset(span.service for each in spans.values() for span in each)
    return Window(fault, _service(row["fault_pod"]), sorted(traces, key=lambda trace: trace.ts), services)


def _span(row: Mapping[str, str], folder: Path) -> Span:
    try:
        start, took = int(row["start_us"]) / 1e6, int(row["duration_us"]) / 1e6
    except ValueError:
        raise UsageError(f"{folder / 'spans.csv'}: not times in microseconds") from None
    service = _service(row["pod"])
    return Span(row["span_id"], row["parent_id"], f"{service} {row['operation']}", start, start + took, service)


def _service(pod: str) -> str:
    """A pod's name without those of its deployment and its own."""
    return pod.rsplit("-", 2)[0]


def lines(metrics: Mapping[str, Any]) -> list[str]:
    found, quiet, cost = (metrics["simulated"][name] for name in ("faults", "quiet", "cost"))
    return [
        f"{'fault (' + str(metrics['simulated']['runs']) + ' each)':<26}{'ranked first':>14}{'told':>8}{'others blamed':>15}",
        *(_fault_line(name, row) for name, row in found.items()),
        "",
        f"{quiet['traces']} traces without a fault, {quiet['windows']} windows: {sum(quiet['anomalies'].values())} anomalies",
        f"cost: {cost['us_per_span_read']} + {cost['us_per_span_judged']} µs a span; snapshot {cost['snapshot_kb']} kB",
        *(_set_lines(metrics["set"]) if "set" in metrics else ()),
    ]


def _fault_line(name: str, row: Mapping[str, float]) -> str:
    first = f"{row['first']:.2f}" if "first" in row else "-"
    return f"{name:<26}{first:>14}{row['told']:>8.2f}{row['blamed_besides']:>15.2f}"


def _set_lines(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    head = f"{'injected fault':<26}{'faults':>8}{'with spans':>12}{'first':>8}{'of three':>10}"
    counts = [
        f"{name:<26}{row['faults']:>8}{row['with_spans']:>12}{row['top_1']:>8}{row['top_3']:>10}"
        for name, row in sorted(found.items(), key=lambda each: each[0] == "all")
    ]
    return ["", head, *counts]
