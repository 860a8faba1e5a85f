"""A series that others measure: failures that come much more often, times and queues that have become longer.

What the traffic moves (requests, tokens, memory in use) is not watched, nor is what becomes less: a busy hour is no trouble.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import orjson

from detectors.series.counts import CountWatch, Settings
from detectors.series.reservoir import Reservoir
from gateway.detecting.lasting import SYMPTOM
from gateway.detecting.reports import ALPHA, SLOWER
from gateway.incidents.symptom import Symptom, dimensions, of_anomaly
from gateway.telemetry.observed import Labels, Point

Sort = Literal["failures", "times", "queue"]

NEW_S = 7200.0
"""What has lasted for so long is as it is now."""
LEARNED, IN_A_ROW = 100, 4
"""Points that a level is known by, and points in a row that are higher than nearly all of them."""
_NEARLY_ALL = 0.98
_KEPT = 500
_GAP_S = 300.0
_OFTEN, _LEAST, _LONGER = 4.0, 5.0, 5.0
"""Failures matter at so many times as many, of five or more; a queue that is longer by five or more."""
_WORD = re.compile(r"[a-z0-9]+")
_FAILURES = frozenset({"error", "errors", "failed", "failure", "failures", "exception", "exceptions", "timeout", "timeouts", "rejected"})
_TIMES = frozenset({"duration", "latency", "seconds", "milliseconds", "time"})
_QUEUES = frozenset({"waiting", "queue", "queued", "pending", "backlog", "deferred"})
_STATUS, _SERVER_ERROR = "status", re.compile(r"5\d\d")
_PLACES = ("model", "upstream", "app", "route", "tool")
"""Labels that say of which part of the traffic it is."""
_SETTINGS = Settings(ALPHA)


def sort(point: Point) -> Sort | None:
    """What it measures, by its name, as far as that is watched."""
    words = frozenset(_WORD.findall(point.name.lower()))
    if point.statistic == "rate":
        failed = any(_STATUS in name and _SERVER_ERROR.fullmatch(value) for name, value in point.labels)
        return "failures" if failed or words & _FAILURES else None
    if point.statistic == "p95" and words & _TIMES:
        return "times"
    if point.statistic == "value" and words & (_QUEUES | _TIMES):
        return "queue" if words & _QUEUES else "times"
    return None


class Series:
    """``update`` with each point gives what is so by now, if anything."""

    def __init__(self, source: str, name: str, labels: Labels, what: Sort) -> None:
        self.points = 0
        self.what = what
        series = f"{name} {','.join(value for _, value in labels)}".rstrip()
        here = Symptom("metric", "other", "level shift", series, dimensions({"source": source, **_placed(labels)}), 0.0, 0.0)
        self._watch: _Failures | _Level = _Failures(here) if what == "failures" else _Level(here, what)

    def update(self, at: float, value: float) -> Symptom | None:
        if not math.isfinite(value):
            return None
        self.points += 1
        return self._watch.update(at, value)

    def as_json(self) -> list[Any]:
        return [self.points, *self._watch.as_json()]

    def read_json(self, saved: list[Any]) -> None:
        """Raises ValueError or TypeError."""
        points, *state = saved
        self.points = int(points)
        self._watch.read_json(state)


class _Failures:
    """By the chance of so many in that time."""

    def __init__(self, here: Symptom) -> None:
        self._here = here
        self._watch = CountWatch(here.series, (), _SETTINGS)
        self._last = -math.inf
        self._told: Symptom | None = None

    def update(self, at: float, rate: float) -> Symptom | None:
        lasted_s, self._last = at - self._last, at
        if not (0 < lasted_s <= _GAP_S and 0 <= rate * lasted_s <= 1e6):
            return None
        found = self._watch.update(at, round(rate * lasted_s), lasted_s)
        if found:
            value, usual = found.value or 0.0, max(found.baseline or 0.0, _LEAST)
            symptom = of_anomaly(found, "errors", (), ALPHA)
            matters = math.log(value / usual) / math.log(_OFTEN) if value > usual else 0.0
            self._told = replace(symptom, dimensions=self._here.dimensions, level=min(symptom.level, matters))
        elif not self._watch.is_unusual or (self._told and at - self._told.onset > NEW_S):
            self._told = None
        return replace(self._told, at=at) if self._told else None

    def as_json(self) -> list[Any]:
        last = self._last if self._last > -math.inf else None
        return [last, _json(self._told), orjson.Fragment(self._watch.snapshot())]

    def read_json(self, saved: list[Any]) -> None:
        last, told, watch = saved
        self._last = -math.inf if last is None else float(last)
        self._told = None if told is None else SYMPTOM.validate_python(told)
        self._watch = CountWatch.restore(orjson.dumps(watch), _SETTINGS)


class _Level:
    """By points in a row that are higher than it hardly ever was. What is told of is not learned, until it is as it is now."""

    def __init__(self, here: Symptom, what: Sort) -> None:
        self._here = replace(here, about="latency" if what == "times" else "other", is_harm=what == "times")
        self._longer = _LONGER if what == "queue" else 0.0
        self._usual = Reservoir(_KEPT)
        self._row = 0
        self._since = 0.0
        self._told: Symptom | None = None

    def update(self, at: float, value: float) -> Symptom | None:
        ordered = self._usual.ordered
        if len(ordered) < LEARNED:
            self._usual.add(value)
            return None
        middle = ordered[len(ordered) // 2]
        if self._told:
            return self._goes_on(self._told, at, value)
        if value <= max(ordered[int(_NEARLY_ALL * len(ordered))], middle * SLOWER, middle + self._longer):
            self._row = 0
        else:
            self._since = self._since if self._row else at
            self._row += 1
        if self._row < IN_A_ROW:
            self._usual.add(value)
            return None
        self._told = replace(
            self._here, onset=self._since, at=at, value=value, baseline=middle, level=_times(value, middle), n=len(ordered)
        )
        return self._told

    def _goes_on(self, told: Symptom, at: float, value: float) -> Symptom | None:
        """Halfway back it is over."""
        usual, worst = told.baseline or 0.0, told.value or 0.0
        if at - told.onset > NEW_S:
            self._usual = Reservoir(_KEPT)
        elif value - usual >= (worst - usual) / 2:
            return replace(told, at=at, value=value, level=max(1.0, _times(value, usual)))
        self._told, self._row = None, 0
        return None

    def as_json(self) -> list[Any]:
        return [self._usual.as_json(), self._row, self._since, _json(self._told)]

    def read_json(self, saved: list[Any]) -> None:
        usual, row, since, told = saved
        self._usual.restore(usual)
        self._row, self._since = int(row), float(since)
        self._told = None if told is None else SYMPTOM.validate_python(told)


def _placed(labels: Labels) -> Mapping[str, str]:
    return {name: value for name, value in labels if name in _PLACES}


def _times(value: float, usual: float) -> float:
    """As a level; from nothing it is some."""
    return max(1.0, math.log(value / usual) / math.log(SLOWER)) if usual > 0 else 2.0


def _json(told: Symptom | None) -> orjson.Fragment | None:
    return None if told is None else orjson.Fragment(SYMPTOM.dump_json(told))
