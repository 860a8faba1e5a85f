"""What is seen of others, applications and inference servers, whichever way it came: samples of metrics, spans and lines of logs.

Whose it is, is its ``source``: the name of a target of the settings, or ``otlp/`` and a service. Names and labels are words without prose
(``gateway.wire.walk``); text is in two places, a span's name and a log's body, both after redaction, cut, and empty where the policy left
something in. A line of the spool of received telemetry is one of these.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import orjson

RECEIVED = "received"
"""The folder of the spool, in that of the watch."""
OWN = "oddgate"
"""The source of the gateway's own log."""
MAX_BODY = 2000
"""Characters of a log's body."""
MAX_NAME = 128
MAX_LABELS = 8
MAX_LABEL = 64
MAX_BUCKETS = 64

Labels = tuple[tuple[str, str], ...]
"""By name."""


class Kind(Enum):
    """A gauge is a level; a counter has counted since its start, a histogram too; deltas are what came since the one before."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    COUNTER_DELTA = "counter_delta"
    HISTOGRAM_DELTA = "histogram_delta"


@dataclass(frozen=True, slots=True)
class Buckets:
    """``counts`` are of what is no larger than the bound at the same place, the bounds before it included; there may be none."""

    count: float
    bounds: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """``value``: a histogram's is its sum. ``start``: since when it counts, 0 where that is not said. Times are seconds since 1970."""

    ts: float
    source: str
    name: str
    labels: Labels
    kind: Kind
    value: float
    buckets: Buckets | None = None
    start: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """What became of a series in an interval: the ``value`` of a gauge, the ``rate`` (each second) of a counter or of a histogram's
    observations, and of a histogram's besides their ``mean`` and ``p95``.
    """

    ts: float
    source: str
    name: str
    labels: Labels
    statistic: str
    value: float


@dataclass(frozen=True, slots=True)
class SpanSeen:
    """``kind`` as OTLP's numbers have it; ids in hexadecimal digits, ``parent_id`` empty for a root."""

    ts: float
    source: str
    name: str
    kind: int
    duration_s: float
    is_error: bool
    trace_id: str
    span_id: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class LogSeen:
    """``severity`` as OTLP's numbers have it; ``trace_id`` may be empty."""

    ts: float
    source: str
    severity: int
    body: str
    trace_id: str


Seen = Sample | SpanSeen | LogSeen
"""As it is put by."""


class Observer(Protocol):
    """Who makes something of it, such as a detector of anomalies. Called in one thread; what it raises ends nothing but is counted."""

    def observe(self, seen: Point | SpanSeen | LogSeen) -> None: ...


class UnreadableError(Exception):
    """A line of the spool that is none."""


_SPAN, _LOG, _SAMPLE = "span", "log", "sample"


def to_line(seen: Sample | SpanSeen | LogSeen) -> bytes:
    """With its end."""
    match seen:
        case Sample(ts, source, name, labels, kind, value, buckets, start):
            said: list[Any] = [_SAMPLE, ts, source, name, labels, kind.value, value, start]
            if buckets:
                said += [buckets.count, buckets.bounds, buckets.counts]
        case SpanSeen():
            said = [
                _SPAN, seen.ts, seen.source, seen.name, seen.kind, seen.duration_s, seen.is_error, seen.trace_id, seen.span_id,
                seen.parent_id,
            ]  # fmt: skip
        case LogSeen():
            said = [_LOG, seen.ts, seen.source, seen.severity, seen.body, seen.trace_id]
    return orjson.dumps(said) + b"\n"


def from_line(line: bytes) -> Sample | SpanSeen | LogSeen:
    """Raises UnreadableError."""
    try:
        match orjson.loads(line):
            case [str(what), int() | float() as ts, str(source), *rest] if math.isfinite(ts):
                return _READERS[what](float(ts), source, rest)
    except (ValueError, TypeError, KeyError, OverflowError):
        pass
    raise UnreadableError


def _sample(ts: float, source: str, said: list[Any]) -> Sample:
    match said:
        case [str(name), list(labels), str(kind), int() | float() as value, int() | float() as start, *rest]:
            pairs = tuple([(str(key), str(label)) for key, label in labels])
            return Sample(ts, source, name, pairs, Kind(kind), float(value), _buckets(rest) if rest else None, float(start))
    raise ValueError("no sample")


def _buckets(said: list[Any]) -> Buckets:
    count, bounds, counts = said
    return Buckets(float(count), tuple(map(float, bounds)), tuple(map(float, counts)))


def _span(ts: float, source: str, said: list[Any]) -> SpanSeen:
    match said:
        case [str(name), int(kind), int() | float() as duration_s, bool(error), str(trace_id), str(span_id), str(parent_id)]:
            return SpanSeen(ts, source, name, kind, float(duration_s), error, trace_id, span_id, parent_id)
    raise ValueError("no span")


def _log(ts: float, source: str, said: list[Any]) -> LogSeen:
    match said:
        case [int(severity), str(body), str(trace_id)]:
            return LogSeen(ts, source, severity, body, trace_id)
    raise ValueError("no log")


_READERS: Mapping[str, Callable[[float, str, list[Any]], Sample | SpanSeen | LogSeen]] = {_SAMPLE: _sample, _SPAN: _span, _LOG: _log}
