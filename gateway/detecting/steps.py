"""The steps of exchanges: which got slow, pause, fail or are repeated, for each application, model and route.

Whether an answer is streamed, and whether an upstream is called at all, is decided by who asks and by policies: of steps that are missing,
or new, only the guard of what is asked is told.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from detectors.series.anomaly import Anomaly
from detectors.series.spans import Trace
from detectors.series.traces import Ranked, Report, TraceWatch, is_finite
from gateway.detecting.bounded import Bounded
from gateway.detecting.lasting import Lasting
from gateway.detecting.reports import FLOOR_S, SETTINGS, symptoms
from gateway.incidents.symptom import Dimensions, Symptom
from gateway.watch.row import Record
from gateway.watch.traced import GUARD_INPUT, STREAM, key_of, trace_of_record, upstream_of

MAX_KEYS = 100
AHEAD_S, LATE_S = 60.0, 600.0
"""What seems to have ended later than this, ended now; what ended so long ago says nothing of now."""
_VERSION = 1
_STEADY = 100
"""Exchanges of a key that has traffic."""
_MAX_NAME = 128
_RANKED_S = 900.0
_MAX_RANKED = 20
_TOKEN_FLOOR_S, _PAUSE_FLOOR_S = 0.005, 0.5
_ANSWERED = range(200, 400)
_STRUCTURE = frozenset({"missing span", "extra span"})

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Watched:
    watch: TraceWatch
    at: float = 0.0
    exchanges: int = 0
    traces: dict[str, str] = field(default_factory=dict)
    """Of the exchanges that are not reported on yet, by their id."""
    ranking: Sequence[Ranked] = ()
    ranked_at: float = -math.inf

    @property
    def is_steady(self) -> bool:
        return self.exchanges >= _STEADY


class Steps:
    """A finder. What nobody has answered begins nothing: a name that a client made up is no application, and no model."""

    def __init__(self, step_s: float = 10.0, most: int = MAX_KEYS) -> None:
        self.unusable = 0
        self._step_s = step_s
        self._most = most
        self._keys: Bounded[Key, _Watched] = Bounded(most)
        self._lasting = Lasting(step_s)
        self._now = -math.inf

    @property
    def evicted(self) -> int:
        return self._keys.evicted

    def take(self, record: Record) -> Iterable[Symptom]:
        try:
            key, status = _key(record), record["status"]
            trace = _sound(trace_of_record(record))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            self.unusable += 1
            return ()
        at = min(trace.ts, self._now + AHEAD_S) if self._now > -math.inf else trace.ts
        if not (math.isfinite(at) and at >= self._now - LATE_S):
            self.unusable += 1
            return ()
        known = self._keys.get(key)
        if known is None and status not in _ANSWERED:
            return ()
        watched = self._keys.heard(key, at, _watched, key)
        if watched is None:
            return ()
        watched.exchanges += 1
        told = self._told(key, watched, watched.watch.update(trace if trace.ts == at else trace._replace(ts=at)), at)
        _note_trace(watched.traces, record)
        return told

    def tick(self, now: float) -> Iterable[Symptom]:
        self._now = max(self._now, now) if math.isfinite(now) else self._now
        found: list[Symptom] = []
        for key, watched in self._keys.items():
            found += self._told(key, watched, watched.watch.tick(now), now)
        return [*found, *self._lasting.tick(now)]

    def ranking(self, dimensions: Dimensions, now: float) -> Sequence[Ranked]:
        """Operations of this part of the traffic, in the order in which they are likely to be why it is slow."""
        asked = dict(dimensions)
        found: dict[str, Ranked] = {}
        for key, watched in self._keys.items():
            if now - watched.ranked_at > _RANKED_S or any(asked.get(name, value) != value for name, value in _named(key).items()):
                continue
            for each in watched.ranking:
                if each.operation not in found or found[each.operation].z < each.z:
                    found[each.operation] = each
        return sorted(found.values(), key=lambda each: (not each.is_on_the_way, -each.z))[:_MAX_RANKED]

    def _told(self, key: Key, watched: _Watched, report: Report | None, now: float) -> list[Symptom]:
        if report is None:
            return []
        watched.ranking, watched.ranked_at = report.ranking, now
        traces, watched.traces = watched.traces, {}
        told = report._replace(anomalies=[each for each in report.anomalies if _is_told(each)])
        found = [_traced(symptom, traces) for symptom in symptoms(told, _place, _floor_s)]
        return self._lasting.note(key, found, now)

    def snapshot(self) -> bytes:
        keys = [[key, each.at, each.exchanges, orjson.Fragment(each.watch.snapshot())] for key, each in self._keys.items()]
        return orjson.dumps({"v": _VERSION, "keys": keys, "lasting": orjson.Fragment(self._lasting.snapshot())})

    def restore(self, data: bytes) -> None:
        """Raises ValueError where it is no snapshot of this version; then nothing has changed."""
        try:
            found = orjson.loads(data)
            is_ours = found["v"] == _VERSION
            keys: Bounded[Key, _Watched] = Bounded(self._most)
            for (app, model, route), at, exchanges, watch in found["keys"]:
                restored = TraceWatch.restore(orjson.dumps(watch), SETTINGS)
                keys.put((str(app), str(model), str(route)), _Watched(restored, float(at), int(exchanges)))
            lasting = Lasting(self._step_s)
            lasting.restore(orjson.dumps(found["lasting"]))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError):
            is_ours = False
        if not is_ours:
            raise ValueError("no snapshot of this version")
        self._keys, self._lasting = keys, lasting


def _watched(key: Key) -> _Watched:
    return _Watched(TraceWatch(key, SETTINGS))


def _key(record: Record) -> Key:
    """Raises ValueError where one is no name."""
    app, model, route = key_of(record)
    if not (type(app) is str and type(model) is str and type(route) is str):
        raise ValueError("a key that is none")
    return app[:_MAX_NAME], model[:_MAX_NAME], route[:_MAX_NAME]


def _sound(trace: Trace) -> Trace:
    """Raises ValueError where a part of it is none."""
    is_sound = type(trace.trace_id) is str and is_finite(trace)
    for step in trace.steps:
        is_sound = is_sound and type(step.owner) is str
    if not is_sound:
        raise ValueError("a trace that is none")
    return trace


def _note_trace(traces: dict[str, str], record: Record) -> None:
    trace = record.get("trace")
    trace_id = trace.get("id") if type(trace) is dict else None
    if type(trace_id) is str and len(traces) < SETTINGS.most:
        traces[record["request_id"]] = trace_id


def _traced(symptom: Symptom, traces: Mapping[str, str]) -> Symptom:
    return replace(symptom, traces=tuple(traces[each] for each in symptom.evidence if each in traces))


def _named(key: Sequence[str]) -> Mapping[str, str]:
    return dict(zip(("app", "model", "route"), key, strict=True))


def _is_told(anomaly: Anomaly) -> bool:
    return anomaly.kind not in _STRUCTURE or anomaly.series.endswith(f"> {GUARD_INPUT}")


def _place(anomaly: Anomaly) -> Mapping[str, str]:
    return {**_named(anomaly.key), "upstream": upstream_of(anomaly.series), "operation": anomaly.series}


def _floor_s(anomaly: Anomaly) -> float:
    """A stream's time is that of a token."""
    if anomaly.kind == "stall":
        return _PAUSE_FLOOR_S
    return _TOKEN_FLOOR_S if anomaly.kind == "slow operation" and anomaly.series.startswith(STREAM) else FLOOR_S
