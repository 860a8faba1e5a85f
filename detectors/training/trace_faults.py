"""Traces of a simulated gateway, with a fault where one is asked for.

Seven operations, each with durations of its own (lognormal) times the load of the trace.
The steps wait for each other, but for a check of topics that runs while the upstream answers: nobody waits for it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from detectors.series.spans import Span, Trace, trace_of

GATEWAY, GUARD, SCAN, UPSTREAM, WAITING, STREAM, OUTPUT = OPERATIONS = (
    "gateway", "guard input", "scan", "upstream", "first piece", "stream", "guard output",
)  # fmt: skip
ASIDE = "check topics"
_TYPICAL_S = {GATEWAY: 0.0006, GUARD: 0.0003, SCAN: 0.004, UPSTREAM: 0.002, WAITING: 0.35, STREAM: 1.2, OUTPUT: 0.001, ASIDE: 0.02}
_SPREAD = {GATEWAY: 0.3, GUARD: 0.3, SCAN: 0.6, UPSTREAM: 0.4, WAITING: 0.5, STREAM: 0.7, OUTPUT: 0.4, ASIDE: 0.5}
_LOAD = 0.15
_PAUSE_S, _PAUSE_SPREAD = 0.06, 0.5
_RETRIED, _FAILED = 0.01, 0.005

Kind: TypeAlias = Literal["slow", "missing", "extra", "retries", "pauses", "failing"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Of a share of the traces: ``operation`` takes ``times`` as long, or what ``kind`` says happens to it."""

    operation: str
    kind: Kind = "slow"
    times: float = 1.0
    share: float = 1.0


def traces(seed: str, number: int, start: float = 0.0, fault: Fault | None = None, every_s: float = 0.2) -> Iterator[Trace]:
    chance = Random(seed)  # noqa: S311 a simulation
    for at in range(number):
        is_hit = fault is not None and chance.random() < fault.share
        yield _trace(chance, f"{seed} {at}", start + at * every_s, fault if is_hit else None)


def spans_of(seed: str, at: int) -> list[Span]:
    """Of one trace without a fault."""
    chance = Random(f"{seed} {at}")  # noqa: S311 a simulation
    return list(_spans({each: _TYPICAL_S[each] * math.exp(chance.gauss(0, 0.3)) for each in _TYPICAL_S}, float(at), 1, is_failed=False))


def _trace(chance: Random, name: str, ts: float, fault: Fault | None) -> Trace:
    load = math.exp(chance.gauss(0, _LOAD))
    took = {each: _TYPICAL_S[each] * math.exp(chance.gauss(0, _SPREAD[each])) * load * _times(each, fault) for each in (*OPERATIONS, ASIDE)}
    kind = fault.kind if fault else None
    calls = 3 if kind == "retries" else 1 + (chance.random() < _RETRIED)
    is_failed = kind == "failing" or chance.random() < _FAILED
    spans = list(_spans(took, ts, calls, is_failed=is_failed, is_missing=kind == "missing", is_extra=kind == "extra"))
    trace = trace_of(name, spans[0].end, spans)
    pause_s = _PAUSE_S * math.exp(chance.gauss(0, _PAUSE_SPREAD)) * (fault.times if fault and kind == "pauses" else 1.0)
    return trace._replace(steps=tuple(step._replace(pause_s=pause_s) if step.operation == STREAM else step for step in trace.steps))


def _times(operation: str, fault: Fault | None) -> float:
    return fault.times if fault and fault.kind == "slow" and fault.operation == operation else 1.0


def _spans(
    took: dict[str, float], ts: float, calls: int, *, is_failed: bool, is_missing: bool = False, is_extra: bool = False
) -> Iterator[Span]:
    """The gateway's own time, then the guard's with its scan, the calls, of which the last is answered, and the guard of the answer."""
    input_s = took[GUARD] + (0.0 if is_missing else took[SCAN]) + (took[SCAN] if is_extra else 0.0)
    answer_s = took[UPSTREAM] + took[WAITING] + took[STREAM]
    waited_s = (calls - 1) * took[UPSTREAM]
    total_s = took[GATEWAY] + input_s + waited_s + answer_s + took[OUTPUT]
    yield Span("0", "", GATEWAY, ts, ts + total_s)
    at = ts + took[GATEWAY]
    yield Span("1", "0", GUARD, at, at + input_s)
    if not is_missing:
        yield Span("2", "1", SCAN, at, at + took[SCAN])
    if is_extra:
        yield Span("2b", "1", "scan again", at + took[SCAN], at + 2 * took[SCAN])
    at += input_s
    yield Span("3", "0", ASIDE, at, at + took[ASIDE])
    for call in range(calls - 1):
        yield Span(f"4 {call}", "0", UPSTREAM, at, at + took[UPSTREAM], is_error=True)
        at += took[UPSTREAM]
    yield Span("4", "0", UPSTREAM, at, at + answer_s, is_error=is_failed)
    first = at + took[UPSTREAM] + took[WAITING]
    yield Span("5", "4", WAITING, at + took[UPSTREAM], first)
    yield Span("6", "4", STREAM, first, at + answer_s)
    yield Span("7", "0", OUTPUT, at + answer_s, at + answer_s + took[OUTPUT])
