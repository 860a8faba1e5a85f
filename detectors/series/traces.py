"""What is unusual in the traces of one key: operations that are slower, that pause or fail, and steps that are missing, new or repeated.

Traces are judged together, some tens to hundreds at a time, against what they usually are; what is unusual is not learned, until it has
been so for hours. Nothing is said of an operation before enough of it was seen. Operations are bounded: of more, those that were not seen
for longest are forgotten.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from detectors.series.anomaly import Anomaly, TraceKind, limited
from detectors.series.durations import logged
from detectors.series.operations import Counted, Fan, Level, Odd, Onset, Operation, Shift, Timed, shift
from detectors.series.spans import NO_PARENT, Step, Trace

MAX_OPERATIONS = 128
MAX_STEPS = 5000
"""Of a window: more than that and it ends."""
_MAX_NAME = 128
_SHOWN = 20
_ON_THE_WAY = 0.1
"""Of an operation's steps, the share that a trace's end must have waited for, for it to explain why traces are slow."""


@dataclass(frozen=True, slots=True)
class Settings:
    window_s: float = 60.0
    longest_s: float = 600.0
    """For which a window stays open that has too few traces."""
    least: int = 20
    most: int = 300
    learned: int = 300
    """Steps of an operation before it is judged."""
    alpha: float = 1e-5
    """The chance to be wrong about one operation in one window."""


class Ranked(NamedTuple):
    """How far an operation's own time is off, in terms of how far it usually is. Times are the percentile's that is off most."""

    operation: str
    owner: str
    z: float
    value_s: float
    usual_s: float
    n: int
    is_on_the_way: bool


class Report(NamedTuple):
    """Of a window: what is unusual, and the operations in the order in which they are likely to be why."""

    anomalies: Sequence[Anomaly]
    ranking: Sequence[Ranked]


@dataclass(slots=True)
class _Seen:
    """Of one operation in one window."""

    work: list[tuple[float, str]] = field(default_factory=list)
    pauses: list[tuple[float, str]] = field(default_factory=list)
    totals: list[tuple[float, str]] = field(default_factory=list)
    fans: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    owners: dict[str, int] = field(default_factory=dict)
    critical: int = 0


class _When(NamedTuple):
    """A window's first trace, and its end."""

    start: float
    now: float


class TraceWatch:
    """``update`` for each trace, ``tick`` when none come: each may end a window, and then says what it found."""

    def __init__(self, key: tuple[str, ...], settings: Settings | None = None) -> None:
        self.key = key
        self._settings = settings or Settings()
        self._operations: dict[str, Operation] = {}
        self._window: list[Trace] = []
        self._steps = 0

    def update(self, trace: Trace) -> Report | None:
        if not trace.steps or not is_finite(trace):
            return None
        said = self.tick(trace.ts)
        self._window.append(trace)
        self._steps += len(trace.steps)
        is_full = len(self._window) >= self._settings.most or self._steps >= MAX_STEPS
        return self._close(trace.ts) if is_full and said is None else said

    def tick(self, now: float) -> Report | None:
        if not self._window:
            return None
        lasted_s = now - self._window[0].ts
        is_enough = lasted_s >= self._settings.window_s and len(self._window) >= self._settings.least
        return self._close(now) if is_enough or lasted_s >= self._settings.longest_s else None

    def _close(self, now: float) -> Report:
        traces, self._window, self._steps = self._window, [], 0
        when = _When(traces[0].ts, now)
        found: list[Anomaly] = []
        ranking: list[Ranked] = []
        for name, seen in _sorted_out(traces).items():
            operation = self._operation(name)
            if operation.work.usual.weight >= self._settings.learned and seen.work:
                ranking.append(_ranked(name, seen, operation.work))
            found += self._judge(name, seen, operation, when)
        ranking.sort(key=lambda each: (not each.is_on_the_way, -each.z))
        return Report(found, ranking[:_SHOWN])

    def _operation(self, name: str) -> Operation:
        """Seen last, it stays longest."""
        operation = self._operations.pop(name, None) or Operation()
        if len(self._operations) == MAX_OPERATIONS:
            del self._operations[next(iter(self._operations))]
        self._operations[name] = operation
        return operation

    def _judge(self, name: str, seen: _Seen, operation: Operation, when: _When) -> Iterator[Anomaly]:
        yield from self._times("slow operation", name, seen.work, operation.work, when)
        yield from self._times("stall", name, seen.pauses, operation.pauses, when)
        yield from self._times("slow path", name, seen.totals, operation.totals, when)
        spans, failed = len(seen.ids), len(seen.failed)
        is_known = operation.spans >= self._settings.learned
        odd = self._odd(operation.judge_failures(failed, spans) if is_known else None)
        if odd:
            yield self._told(odd, name, operation.failing, operation.spans, when, reversed(seen.failed))
        operation.learn_failures(failed, spans, when.start, is_unusual=odd is not None)
        for child in list({**operation.fans, **seen.fans}):
            fan, late = operation.fan(child), seen.fans.get(child, ())
            odd = self._odd(fan.judge(late, spans, operation.spans) if is_known else None)
            if odd:
                yield self._told(odd, f"{name} > {child}", fan.onset, operation.spans, when, _showing(odd, late, fan, seen))
            fan.learn(late, spans, operation.spans, when.start, is_unusual=odd is not None)
        operation.spans += spans
        operation.forget()

    def _times(self, kind: TraceKind, name: str, values: Timed, level: Level, when: _When) -> Iterator[Anomaly]:
        if not values:
            return
        found = shift(values, level.usual, level.known) if level.usual.weight >= self._settings.learned else None
        is_unusual = found is not None and found.p < self._settings.alpha
        if found and is_unusual:
            slowest = (trace_id for _, trace_id in sorted(values, reverse=True))
            times = math.exp(found.value), math.exp(found.baseline)
            since, weight = level.onset.began(when.start), int(level.usual.weight)
            yield Anomaly(kind, self.key, name, since, when.now, found.p, *times, weight, limited(slowest))
        level.learn(values, when.start, is_unusual=is_unusual)

    def _odd(self, found: Odd | None) -> Odd | None:
        return found if found and found.p < self._settings.alpha else None

    def _told(self, odd: Odd, series: str, onset: Onset, known: float, when: _When, ids: Iterable[str]) -> Anomaly:
        since = onset.began(when.start)
        return Anomaly(odd.kind, self.key, series, since, when.now, odd.p, odd.value, odd.baseline, int(known), limited(ids))

    def snapshot(self) -> bytes:
        operations = {name: operation.as_json() for name, operation in self._operations.items()}
        window = [[*trace[:3], [list(step) for step in trace.steps]] for trace in self._window]
        return json.dumps([list(self.key), operations, window]).encode()

    @classmethod
    def restore(cls, snapshot: bytes, settings: Settings | None = None) -> "TraceWatch":
        """Raises ValueError for what is no snapshot."""
        try:
            key, operations, window = json.loads(snapshot)
            found = cls(tuple(key), settings)
            found._operations = {name: Operation.from_json(saved) for name, saved in operations.items()}
            found._window = [_trace(*saved) for saved in window]
        except (TypeError, AttributeError, LookupError) as error:
            raise ValueError("not a snapshot") from error
        found._steps = sum(len(trace.steps) for trace in found._window)
        return found


def is_finite(trace: Trace) -> bool:
    """Whether all of its times are: a sum is not where one of them is none."""
    times = trace.ts + trace.total_s
    for step in trace.steps:
        times += (step.self_s or 0.0) + (step.pause_s or 0.0)
    return math.isfinite(times)


def _trace(trace_id: str, ts: float, total_s: float, steps: Sequence[Sequence[Any]]) -> Trace:
    return Trace(trace_id, ts, total_s, tuple(Step(*step) for step in steps))


def _sorted_out(traces: Sequence[Trace]) -> dict[str, _Seen]:
    found: dict[str, _Seen] = {}
    for trace_id, _, total_s, steps in traces:
        fans: dict[tuple[int, str], int] = {}
        root = True
        for name, parent, self_s, pause_s, is_error, owner, is_critical in steps:
            name = name[:_MAX_NAME]
            seen = found.get(name)
            if seen is None:
                seen = found[name] = _Seen()
            seen.ids.append(trace_id)
            seen.owners[owner] = seen.owners.get(owner, 0) + 1
            seen.critical += is_critical
            if self_s is not None:
                seen.work.append((logged(self_s), trace_id))
            if pause_s is not None:
                seen.pauses.append((logged(pause_s), trace_id))
            if is_error:
                seen.failed.append(trace_id)
            if parent != NO_PARENT:
                fans[parent, name] = fans.get((parent, name), 0) + 1
            elif root:
                seen.totals.append((logged(total_s), trace_id))
                root = False
        for (parent, name), count in fans.items():
            found[steps[parent].operation[:_MAX_NAME]].fans.setdefault(name, []).append((count, trace_id))
    return found


def _ranked(name: str, seen: _Seen, level: Level) -> Ranked:
    found: Shift = shift(seen.work, level.usual, level.known)
    is_on_the_way = seen.critical >= _ON_THE_WAY * len(seen.ids)
    owner = max(seen.owners, key=seen.owners.__getitem__)
    return Ranked(name, owner, found.z, math.exp(found.value), math.exp(found.baseline), len(seen.work), is_on_the_way)


def _showing(odd: Odd, late: Counted, fan: Fan, seen: _Seen) -> Iterator[str]:
    """Traces that show it, the last first."""
    if odd.kind == "missing span":
        have = {trace_id for _, trace_id in late}
        return (trace_id for trace_id in reversed(seen.ids) if trace_id not in have)
    usually = fan.usually() if odd.kind == "retry storm" else 0
    return (trace_id for count, trace_id in reversed(late) if count > usually)
