"""Exchanges and received spans as traces whose steps are judged (``detectors.series.traces``).

gateway                        its own time, without the guards, the upstream and the client
  guard input, guard stream    what the guards were busy
  call                         each call of an upstream, by which calls are counted
    first piece of openai      until the first part of a streamed answer
    stream of openai           the rest, for each token where those are known; its longest pause
    answer of openai           all of it, where it is not streamed
"""

from collections.abc import Iterator, Mapping
from typing import Any

from detectors.series.spans import NO_PARENT, Span, Step, Trace
from gateway.telemetry.observed import SpanSeen
from gateway.watch.row import Record

GUARD_INPUT = "guard input"
STREAM = "stream of "
_OF_UPSTREAMS = ("first piece of ", STREAM, "answer of ")
_GATEWAY, _CALL = "gateway", "call"
_FAILED = 500
_MS = 1e-3


def key_of(record: Record) -> tuple[str, ...]:
    """Whose traces are judged together: app, model, route."""
    return record["app"], record["model"], record["route"]


def trace_of_record(record: Record) -> Trace:
    """Raises ValueError, KeyError, TypeError or AttributeError where it is no record as this version knows them."""
    took, ts = record["timings_ms"], float(record["ts"])
    total_s = took["total"] * _MS
    steps = [Step(_GATEWAY, NO_PARENT, max(0.0, took["overhead"] - took["guards"]) * _MS, None, record["status"] >= _FAILED)]
    steps += [Step(f"guard {stage['stage']}", 0, stage["busy"] * _MS) for stage in record["stages"]]
    for attempt in record["attempts"]:
        place = len(steps)
        is_error = bool(attempt["error"]) or (attempt["status"] or 0) >= _FAILED
        steps.append(Step(_CALL, 0, None, None, is_error, attempt["upstream"]))
        if not is_error:
            steps += _answered(attempt, place, record)
    return Trace(record["request_id"], ts + total_s, total_s, tuple(steps))


def _answered(attempt: Mapping[str, Any], place: int, record: Record) -> Iterator[Step]:
    upstream, ms, first = attempt["upstream"], attempt["ms"], attempt["first"]
    if not record["stream"]:
        yield Step(f"answer of {upstream}", place, ms * _MS, owner=upstream)
    elif first is not None:
        yield Step(f"first piece of {upstream}", place, first * _MS, owner=upstream)
        tokens = record["tokens"]["output"] or 1
        pause = attempt.get("pause")
        yield Step(f"stream of {upstream}", place, (ms - first) * _MS / tokens, None if pause is None else pause * _MS, owner=upstream)


def upstream_of(operation: str) -> str:
    """Empty where it is of no upstream in particular."""
    return next((operation.removeprefix(each) for each in _OF_UPSTREAMS if operation.startswith(each)), "")


def span_of(seen: SpanSeen) -> Span:
    """A span without a name is one of its source's."""
    operation = f"{seen.source} {seen.name}".rstrip()
    return Span(seen.span_id, seen.parent_id, operation, seen.ts - seen.duration_s, seen.ts, seen.source, seen.is_error)
