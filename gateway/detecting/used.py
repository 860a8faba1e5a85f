"""What is known of what is used up, or grows: an application's error budget of thirty days, and the latency of a model at an upstream."""

from collections import deque
from math import exp
from typing import Any

from detectors.series.forecast import LEAST_POINTS

POINTS = 60
MONTH_S = 30 * 86_400.0
_FEW = 10
"""Exchanges of which a latency is not known."""
_LATE, _USUAL = 0.3, 0.002
_STEADY = 20


class Spent:
    """Of an error budget, since its thirty days began."""

    def __init__(self) -> None:
        self.at = self.since = 0.0
        self.bad = self.total = 0
        self.is_over = False
        self.points: deque[tuple[float, float]] = deque(maxlen=POINTS)

    @property
    def is_steady(self) -> bool:
        return self.total >= _STEADY

    def count(self, at: float, *, is_bad: bool) -> None:
        self.since = self.since or at
        self.total += 1
        self.bad += is_bad

    def step(self, now: float) -> None:
        if now - self.since > MONTH_S:
            self.since, self.bad, self.total, self.is_over = now, 0, 0, False
            self.points.clear()
        self.points.append((now, float(self.bad)))

    def limit(self, now: float, objective: float) -> float:
        """Bad exchanges that there may be in thirty days of traffic like this."""
        return (1 - objective) * self.total * MONTH_S / (now - self.since)

    def as_json(self) -> list[Any]:
        return [self.at, self.since, self.bad, self.total, self.is_over, list(self.points)]

    @classmethod
    def from_json(cls, saved: list[Any]) -> "Spent":
        spent = cls()
        spent.at, spent.since, spent.bad, spent.total, spent.is_over, points = saved
        spent.points.extend((ts, used) for ts, used in points)
        return spent


class Pace:
    """Latencies by their logarithms, of late and as they usually are."""

    def __init__(self) -> None:
        self.at = 0.0
        self.is_over = False
        self.points: deque[tuple[float, float]] = deque(maxlen=POINTS)
        """Milliseconds, of late."""
        self._sum, self._count, self._steps = 0.0, 0, 0
        self._late = self._usual = 0.0

    @property
    def is_steady(self) -> bool:
        return self._steps >= LEAST_POINTS

    @property
    def usual_ms(self) -> float:
        return exp(self._usual)

    @property
    def steps(self) -> int:
        return self._steps

    def count(self, logarithm: float) -> None:
        self._sum += logarithm
        self._count += 1

    def step(self, now: float) -> None:
        if self._count < _FEW:
            return
        mean = self._sum / self._count
        self._sum, self._count = 0.0, 0
        self._steps += 1
        self._late = self._late + _LATE * (mean - self._late) if self._steps > 1 else mean
        self._usual += max(_USUAL, 1 / self._steps) * (mean - self._usual)
        self.points.append((now, exp(self._late)))

    def as_json(self) -> list[Any]:
        return [self.at, self.is_over, list(self.points), self._sum, self._count, self._steps, self._late, self._usual]

    @classmethod
    def from_json(cls, saved: list[Any]) -> "Pace":
        pace = cls()
        pace.at, pace.is_over, points, pace._sum, pace._count, pace._steps, pace._late, pace._usual = saved
        pace.points.extend((ts, value) for ts, value in points)
        return pace
