"""Spans that others send, put together to traces, which are judged by whose they are: by the source of their root."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from detectors.series.anomaly import Anomaly
from detectors.series.assembly import Assembly
from detectors.series.spans import NO_PARENT, Trace
from detectors.series.traces import Report, TraceWatch
from gateway.detecting.bounded import Bounded
from gateway.detecting.lasting import Lasting
from gateway.detecting.reports import SETTINGS, symptoms
from gateway.incidents.symptom import Symptom
from gateway.telemetry.observed import SpanSeen
from gateway.watch.traced import span_of

MAX_SOURCES = 50
WAIT_S = 10.0
"""After the last span of a trace, until it is taken for whole."""
_STEADY = 100


@dataclass(slots=True)
class _Watched:
    watch: TraceWatch
    at: float = 0.0
    traces: int = 0

    @property
    def is_steady(self) -> bool:
        return self.traces >= _STEADY


class Spans:
    """``now`` is the time of who reads. Traces that are not whole yet are not in a snapshot."""

    def __init__(self, step_s: float = 10.0) -> None:
        self._step_s = step_s
        self._assembly = Assembly(WAIT_S)
        self._sources: Bounded[str, _Watched] = Bounded(MAX_SOURCES)
        self._lasting = Lasting(step_s)

    @property
    def evicted(self) -> int:
        return self._sources.evicted

    @property
    def left_out(self) -> int:
        return self._assembly.left_out

    def take(self, seen: SpanSeen, now: float) -> None:
        self._assembly.put(seen.trace_id, span_of(seen), now)

    def tick(self, now: float) -> list[Symptom]:
        found: list[Symptom] = []
        for trace in self._assembly.whole(now):
            found += self._judge(trace._replace(ts=min(trace.ts, now)), now)
        for source, watched in self._sources.items():
            found += self._told(source, watched.watch.tick(now), now)
        return [*found, *self._lasting.tick(now)]

    def _judge(self, trace: Trace, now: float) -> list[Symptom]:
        source = next((_source(step.operation) for step in trace.steps if step.parent == NO_PARENT), "")
        watched = self._sources.heard(source, now, lambda: _Watched(TraceWatch((source,), SETTINGS)))
        if watched is None:
            return []
        watched.traces += 1
        return self._told(source, watched.watch.update(trace), now)

    def _told(self, source: str, report: Report | None, now: float) -> list[Symptom]:
        if report is None:
            return []
        found = [replace(each, traces=each.evidence) for each in symptoms(report, _place)]
        return self._lasting.note((source,), found, now)

    def as_json(self) -> dict[str, Any]:
        sources = [[source, each.at, each.traces, orjson.Fragment(each.watch.snapshot())] for source, each in self._sources.items()]
        return {"sources": sources, "lasting": orjson.Fragment(self._lasting.snapshot())}

    @classmethod
    def restore(cls, saved: Mapping[str, Any], step_s: float = 10.0) -> "Spans":
        """Raises ValueError, KeyError, TypeError or AttributeError where that is none."""
        spans = cls(step_s)
        for source, at, traces, watch in saved["sources"]:
            spans._sources.put(str(source), _Watched(TraceWatch.restore(orjson.dumps(watch), SETTINGS), float(at), int(traces)))
        spans._lasting.restore(orjson.dumps(saved["lasting"]))
        return spans


def _source(operation: str) -> str:
    return operation.partition(" ")[0]


def _place(anomaly: Anomaly) -> Mapping[str, str]:
    """Of a step: whose it is. Of how steps hang together: whose the whole is."""
    return {"source": _source(anomaly.series)}
