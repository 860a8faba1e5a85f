"""Rules that suddenly say far more than usual, or no longer say anything: for each rule, and for each application that it looks at.

Counted are the exchanges in which a rule fired, of those in which it was to look, whatever it did about them: so a busy hour is none.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from typing import Any

from detectors.series.anomaly import MAX_EVIDENCE, Anomaly, limited
from detectors.series.counts import CountWatch, Settings
from gateway.detecting.bounded import Bounded
from gateway.detecting.facts import Facts
from gateway.incidents.symptom import Symptom, dimensions

MAX_KEYS = 400
STEP_S = 10.0
LEARN = 20
"""Steps in which what is usual is learned."""
GOES_ON_S = 2 * 3600.0
"""What goes on for longer is usual."""
ALPHA = 1e-7
_ENOUGH = 20
"""Exchanges of a step; with fewer it goes on, up to ``_LONGEST_S``."""
_LONGEST_S = 60.0
_TIMES, _MORE, _MANY = 2.0, 5.0, 10.0
_NEWS_S = 120.0
_OVER = 3
"""Steps in range after which it is over."""

Key = tuple[str, str]
"""App, and rule. An empty app is all of them."""


@dataclass(slots=True)
class _Burst:
    """``needed``: how far from ``usual`` the share has to be."""

    onset: float
    usual: float
    needed: float
    about: str
    level: float
    value: float
    baseline: float
    n: int
    calm: int = 0


@dataclass(slots=True)
class _Rule:
    watch: CountWatch
    at: float = 0.0
    begun: float = 0.0
    looked: int = 0
    fired: int = 0
    blocked: int = 0
    burst: _Burst | None = None
    ids: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_EVIDENCE))

    @property
    def is_steady(self) -> bool:
        return self.watch.seen > LEARN

    def as_json(self) -> list[Any]:
        burst = self.burst and astuple(self.burst)
        return [self.at, self.begun, self.looked, self.fired, self.blocked, burst, self.watch.as_json()]

    def is_due(self, now: float) -> bool:
        took_s = now - self.begun
        return self.looked > 0 and took_s >= STEP_S and (self.looked >= _ENOUGH or took_s >= _LONGEST_S)

    def close(self, now: float) -> None:
        """The end of its step."""
        anomaly = self.watch.update(now, self.fired, self.looked, is_share=True)
        share = self.fired / self.looked
        if self.burst:
            self._goes_on(self.burst, share, now)
        elif anomaly and _is_notable(self.fired, anomaly.baseline or 0.0):
            self.burst = self._began(anomaly, share)
        self.begun, self.looked, self.fired, self.blocked = now, 0, 0, 0

    def _began(self, anomaly: Anomaly, share: float) -> _Burst:
        usual = (anomaly.baseline or 0.0) / self.looked
        level = max(1.0, math.log(max(anomaly.score, 1e-300)) / math.log(ALPHA))
        about = "blocks" if 2 * self.blocked > self.fired else "other"
        return _Burst(self.begun, usual, (share - usual) / level, about, level, share, usual, self.watch.seen)

    def _goes_on(self, burst: _Burst, share: float, now: float) -> None:
        burst.level = max(0.0, (share - burst.usual) / burst.needed)
        burst.value = share
        burst.calm = burst.calm + 1 if burst.level < 0.5 else 0
        if burst.calm >= _OVER or now - burst.onset > GOES_ON_S:
            self.burst = None


class Bursts:
    """``take`` each exchange, ``tick`` every few seconds."""

    def __init__(self, most: int = MAX_KEYS) -> None:
        self._known: Bounded[Key, _Rule] = Bounded(most)
        self._now = 0.0

    @property
    def evicted(self) -> int:
        return self._known.evicted

    def take(self, facts: Facts) -> None:
        apps = ("", facts.app) if facts.app else ("",)
        for rule in facts.looked:
            for app in apps:
                key = app, rule
                known = self._known.heard(key, facts.ended, _new, key, self._now)
                if known:
                    known.looked += 1
                    if rule in facts.rules:
                        known.fired += 1
                        known.blocked += facts.is_blocked
                        known.ids.append(facts.id)

    def tick(self, now: float) -> Iterator[Symptom]:
        """What is so at the moment."""
        self._now = max(self._now, now)
        for key, known in sorted(self._known.items()):
            if known.is_due(now):
                known.close(now)
            if known.burst and now - known.at > _NEWS_S:
                known.burst = None
            if known.burst:
                yield _symptom(key, known, known.burst, now)

    def as_json(self) -> list[Any]:
        return [[*key, *known.as_json()] for key, known in self._known.items()]

    def read_json(self, saved: list[Any]) -> None:
        """Raises ValueError or TypeError."""
        for app, rule, at, begun, looked, fired, blocked, burst, state in saved:
            watch = _watch((str(app), str(rule)))
            watch.read_json(state)
            known = _Rule(watch, float(at), float(begun), int(looked), int(fired), int(blocked), _Burst(*burst) if burst else None)
            self._known.put((str(app), str(rule)), known)


def _new(key: Key, now: float) -> _Rule:
    return _Rule(_watch(key), begun=now)


def _watch(key: Key) -> CountWatch:
    return CountWatch("verdicts", key, Settings(ALPHA, LEARN))


def _is_notable(count: int, expected: float) -> bool:
    """A burst is of twice as many, a silence of what there was much of."""
    if count >= expected:
        return count >= _TIMES * expected and count - expected >= _MORE
    return expected >= _MANY and count * _TIMES * _TIMES <= expected


def _symptom(key: Key, known: _Rule, burst: _Burst, now: float) -> Symptom:
    app, rule = key
    kind = "verdict burst" if burst.needed > 0 else "verdict silence"
    return Symptom(
        modality="guard",
        about="blocks" if burst.about == "blocks" else "other",
        kind=kind,
        series="verdicts",
        dimensions=dimensions({"app": app, "rule": rule}),
        onset=burst.onset,
        at=now,
        level=burst.level,
        value=burst.value,
        baseline=burst.baseline,
        n=burst.n,
        note=f"fires in {burst.value:.1%} of what it looks at, usually in {burst.baseline:.1%}",
        evidence=limited(each for each in known.ids if each),
    )
