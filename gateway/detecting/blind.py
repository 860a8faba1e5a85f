"""Detectors that cannot look: far more exchanges than usual go on, or are stopped, without what they would have said.

Where that is so for one application or one rule alone when it is first told, it is told of these as long as it goes on.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from detectors.series.anomaly import MAX_EVIDENCE, limited
from gateway.detecting.bounded import Bounded
from gateway.detecting.facts import Blind, Facts
from gateway.detecting.streak import Streak
from gateway.incidents.symptom import MAX_TRACES, Symptom, dimensions

MAX_DETECTORS = 100
MAX_RULES = 500
KIND = "cannot look"
_LEAST, _MOST, _TIMES = 0.2, 0.9, 3.0
"""The share of exchanges that is told is so many times the usual one, within these."""
_FORGETS = 1 / 2000
_STEADY = 20
_FEW = 5
_MORE_THAN_ONE = 2
_NEWS_S = 60.0


@dataclass(slots=True)
class _Detector:
    at: float = 0.0
    usual: float = 0.0
    """The share of exchanges in which it cannot look."""
    seen: int = 0
    streak: Streak = field(default_factory=Streak)
    failed: int = 0
    stopped: int = 0
    reason: str = ""
    ids: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_EVIDENCE))
    traces: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_TRACES))
    apps: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    """Of those that failed, up to ``_MORE_THAN_ONE`` of each."""
    of: dict[str, str] = field(default_factory=dict)
    """What it is told of, once it is."""

    @property
    def is_steady(self) -> bool:
        return self.seen >= _STEADY

    def named(self) -> dict[str, str]:
        if not self.of and self.failed >= _FEW:
            self.of = {name: min(found) for name, found in (("app", self.apps), ("rule", self.rules)) if len(found) == 1}
        return self.of

    def take(self, facts: Facts, why: Blind | None) -> None:
        self.seen += 1
        if not self.streak.level:
            self.usual += _FORGETS * ((why is not None) - self.usual)
        if why is None:
            self.streak.worked(facts.started, min(max(_TIMES * self.usual, _LEAST), _MOST))
            return
        if self.streak.failed(facts.started, facts.ended):
            self.failed = self.stopped = 0
            self.ids.clear()
            self.traces.clear()
            self.apps, self.rules, self.of = set(), set(), {}
        self.failed += 1
        self.stopped += why.stops
        self.reason = why.reason
        self.ids.append(facts.id)
        self.traces.append(facts.trace)
        for found, name in ((self.apps, facts.app), (self.rules, why.rule)):
            if len(found) < _MORE_THAN_ONE:
                found.add(name)


@dataclass(slots=True)
class _Rule:
    """Whose verdicts hang on a detector, as was seen when that failed."""

    detector: str
    at: float = 0.0
    is_steady: bool = True


class BlindDetectors:
    """``take`` each exchange; ``told`` says which detectors cannot look."""

    def __init__(self) -> None:
        self._known: Bounded[str, _Detector] = Bounded(MAX_DETECTORS)
        self._rules: Bounded[str, _Rule] = Bounded(MAX_RULES)

    @property
    def evicted(self) -> int:
        return self._known.evicted + self._rules.evicted

    def take(self, facts: Facts) -> None:
        failed = {each.detector: each for each in facts.blind}
        for each in facts.blind:
            rule = self._rules.heard(each.rule, facts.ended, _Rule, each.detector)
            if rule:
                rule.detector = each.detector
        if not len(self._rules):
            return
        looked = {rule.detector for name in facts.looked if (rule := self._rules.get(name))}
        for detector in sorted(looked | failed.keys()):
            known = self._known.heard(detector, facts.ended, _Detector) if detector in failed else self._known.get(detector)
            if known:
                known.take(facts, failed.get(detector))

    def told(self, now: float) -> Iterator[Symptom]:
        for detector, known in self._known.items():
            if known.streak.level and now - known.streak.last <= _NEWS_S:
                yield _symptom(detector, known, now)

    def as_json(self) -> dict[str, Any]:
        detectors = [
            [
                name,
                each.at,
                each.usual,
                each.seen,
                each.streak.as_json(),
                each.failed,
                each.stopped,
                each.reason,
                each.of,
                sorted(each.apps),
                sorted(each.rules),
            ]
            for name, each in self._known.items()
        ]
        return {"detectors": detectors, "rules": [[name, rule.detector, rule.at] for name, rule in self._rules.items()]}

    def read_json(self, saved: dict[str, Any]) -> None:
        """Raises KeyError, ValueError or TypeError."""
        for name, at, usual, seen, streak, failed, stopped, reason, of, apps, rules in saved["detectors"]:
            known = _Detector(float(at), float(usual), int(seen), Streak(*map(float, streak)), int(failed), int(stopped), str(reason))
            known.of = {str(dimension): str(value) for dimension, value in of.items()}
            known.apps, known.rules = set(map(str, apps[:_MORE_THAN_ONE])), set(map(str, rules[:_MORE_THAN_ONE]))
            self._known.put(str(name), known)
        for name, detector, at in saved["rules"]:
            self._rules.put(str(name), _Rule(str(detector), float(at)))


def _symptom(detector: str, known: _Detector, now: float) -> Symptom:
    streak = known.streak
    is_closed = 2 * known.stopped > known.failed
    return Symptom(
        modality="guard",
        about="blocks" if is_closed else "other",
        kind=KIND,
        series=known.reason,
        dimensions=dimensions({**known.named(), "detector": detector}),
        onset=streak.since,
        at=min(now, max(streak.since, streak.last)),
        level=streak.level,
        value=float(known.failed),
        n=known.seen,
        is_harm=is_closed,
        note=f"{known.failed} exchanges {'were stopped' if is_closed else 'went on'} unseen by it",
        evidence=limited(each for each in known.ids if each),
        traces=tuple(each for each in known.traces if each),
    )
