"""Upstreams that do not answer: nearly all calls of one fail, for a while."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from detectors.series.anomaly import MAX_EVIDENCE, limited
from gateway.detecting.bounded import Bounded
from gateway.detecting.facts import Call, Facts
from gateway.detecting.streak import Streak
from gateway.incidents.symptom import UPSTREAM_DOWN, Symptom, dimensions

MAX_UPSTREAMS = 200
_DOWN = 0.9
"""Of calls that fail, above which an upstream is down."""
_STEADY = 20
_PATIENCE_S = 10.0
"""A call that nobody waited for any longer has failed, where it took so long without a word."""
_NEWS_S = 60.0
"""How an upstream is that was not called for longer is not known."""


@dataclass(slots=True)
class _Upstream:
    at: float = 0.0
    calls: int = 0
    streak: Streak = field(default_factory=Streak)
    failed: int = 0
    """Calls of the streak."""
    unanswered: int = 0
    """Of these, those whose exchange nobody else has answered."""
    ids: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_EVIDENCE))
    traces: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_EVIDENCE))

    @property
    def is_steady(self) -> bool:
        return self.calls >= _STEADY

    def take(self, call: Call, facts: Facts) -> None:
        self.calls += 1
        if _has_failed(call):
            self._failed(call, facts)
        elif call.is_failed is False:
            self.streak.worked(call.begun, _DOWN)

    def _failed(self, call: Call, facts: Facts) -> None:
        if self.streak.failed(call.begun, call.begun + call.took_s):
            self.failed = self.unanswered = 0
            self.ids.clear()
            self.traces.clear()
        self.failed += 1
        self.unanswered += not facts.is_answered
        self.ids.append(facts.id)
        self.traces.append(facts.trace)


class Calls:
    """``take`` each exchange; ``told`` says which upstreams are down."""

    def __init__(self, most: int = MAX_UPSTREAMS) -> None:
        self._known: Bounded[str, _Upstream] = Bounded(most)

    @property
    def evicted(self) -> int:
        return self._known.evicted

    def take(self, facts: Facts) -> None:
        for call in facts.calls:
            known = self._known.heard(call.upstream, facts.ended, _Upstream) if call.upstream else None
            if known:
                known.take(call, facts)

    def told(self, now: float) -> Iterator[Symptom]:
        for upstream, known in self._known.items():
            streak = known.streak
            if streak.level and now - streak.last <= _NEWS_S:
                yield _symptom(upstream, known, now)

    def as_json(self) -> list[Any]:
        return [
            [name, known.at, known.calls, known.streak.as_json(), known.failed, known.unanswered] for name, known in self._known.items()
        ]

    def read_json(self, saved: list[Any]) -> None:
        """Raises ValueError or TypeError."""
        for name, at, calls, streak, failed, unanswered in saved:
            known = _Upstream(float(at), int(calls), Streak(*map(float, streak)), int(failed), int(unanswered))
            self._known.put(str(name), known)


def _has_failed(call: Call) -> bool:
    return call.is_failed is True or (call.is_failed is None and call.took_s >= _PATIENCE_S)


def _symptom(upstream: str, known: _Upstream, now: float) -> Symptom:
    streak = known.streak
    return Symptom(
        modality="state",
        about="upstream",
        kind=UPSTREAM_DOWN,
        series="calls",
        dimensions=dimensions({"upstream": upstream}),
        onset=streak.since,
        at=min(now, max(streak.since, streak.last)),
        level=streak.level,
        value=float(known.failed),
        n=known.calls,
        is_harm=2 * known.unanswered >= known.failed,
        note=f"{known.failed} calls in a row, or nearly, had no answer",
        evidence=limited(each for each in known.ids if each),
        traces=tuple(dict.fromkeys(each for each in known.traces if each)),
    )
