"""How far a number lies from what is usual, seen in three ways: from its range, by its jumps, by the time of day.

Each gives a distance that is only larger or smaller: how unusual that is, a ``reservoir`` tells.
"""

from math import sqrt
from typing import Any

from detectors.series.reservoir import LEAST, Reservoir

_LARGEST = 1000.0
_DAY_S = 86_400
BINS = 48
"""Of a day."""


class Range:
    """From the middle of the values, in widths of their middle half."""

    def __init__(self) -> None:
        self.values = Reservoir()

    @property
    def middle(self) -> float | None:
        ordered = self.values.ordered
        return ordered[len(ordered) // 2] if ordered else None

    def put(self, value: float) -> float:
        ordered = self.values.ordered
        count = len(ordered)
        distance = 0.0
        if count >= LEAST:
            middle = ordered[count // 2]
            width = ordered[3 * count // 4] - ordered[count // 4] or abs(middle) / 100 or 1e-9
            distance = min(_LARGEST, abs(value - middle) / width)
        self.values.add(value)
        return distance

    def as_json(self) -> list[Any]:
        return self.values.as_json()

    def restore(self, saved: list[Any]) -> None:
        self.values.restore(saved)


class Jumps:
    """How much more the value jumps from point to point of late than it used to, in standard deviations."""

    _LATE, _USUAL = 2 / 11, 0.005

    def __init__(self) -> None:
        self._last: float | None = None
        self._late = self._mean = self._variance = 0.0
        self._seen = 0

    def put(self, value: float) -> float:
        if self._last is None:
            self._last = value
            return 0.0
        jump = abs(value - self._last)
        self._last = value
        self._seen += 1
        if self._seen == 1:
            self._mean = jump
        self._late += self._LATE * (jump - self._late)
        apart = self._late - self._mean
        distance = apart / sqrt(self._variance) if self._variance > 0 else 0.0
        off = jump - self._mean
        self._mean += self._USUAL * off
        self._variance += self._USUAL * (off * off - self._variance)
        return min(_LARGEST, distance)

    def as_json(self) -> list[Any]:
        return [self._last, self._late, self._mean, self._variance, self._seen]

    def restore(self, saved: list[Any]) -> None:
        self._last, self._late, self._mean, self._variance, self._seen = saved


class TimeOfDay:
    """From what the value was at this time on earlier days, now and for a while, in standard deviations.

    What was seen in half an hour counts as one, however many points it had, and only when it is over. Until the second day nothing is
    known.
    """

    _NEW_DAY = 0.3
    _LATE = 0.1
    _MOST = 5.0

    def __init__(self) -> None:
        self._means: list[float | None] = [None] * BINS
        self._variances = [0.0] * BINS
        self._usual_variance = 0.0
        self._bin = -1
        self._count, self._sum, self._squares = 0, 0.0, 0.0
        self.for_a_while = 0.0
        """The distance of late, with its sign."""

    @property
    def usual(self) -> float | None:
        """At the time of the last point."""
        return self._means[self._bin] if self._bin >= 0 else None

    def put(self, ts: float, value: float) -> float | None:
        """None: nothing is known of this time of day."""
        at = int(ts % _DAY_S * BINS / _DAY_S) % BINS
        if at != self._bin:
            self._fold()
            self._bin = at
        mean = self._means[at]
        if mean is None:
            self._count += 1
            self._sum += value
            self._squares += value * value
            return None
        off = value - mean
        self._count += 1
        self._sum += value
        self._squares += off * off
        deviation = sqrt(self._variances[at] + self._usual_variance / 10)
        distance = off / deviation if deviation > 0 else 0.0 if not off else self._MOST * (1 if off > 0 else -1)
        self.for_a_while += self._LATE * (max(-self._MOST, min(self._MOST, distance)) - self.for_a_while)
        return min(_LARGEST, abs(distance))

    def _fold(self) -> None:
        """Ends the half hour."""
        if not self._count:
            return
        at, mean = self._bin, self._sum / self._count
        before = self._means[at]
        spread = self._squares / self._count
        if before is None:
            self._means[at] = mean
            self._variances[at] = max(0.0, spread - mean * mean)
        else:
            self._means[at] = before + self._NEW_DAY * (mean - before)
            self._variances[at] += self._NEW_DAY * (spread - self._variances[at])
        self._usual_variance = sum(self._variances) / BINS
        self._count, self._sum, self._squares = 0, 0.0, 0.0

    def as_json(self) -> list[Any]:
        return [
            list(self._means),
            list(self._variances),
            self._usual_variance,
            self._bin,
            self._count,
            self._sum,
            self._squares,
            self.for_a_while,
        ]

    def restore(self, saved: list[Any]) -> None:
        self._means, self._variances, self._usual_variance, self._bin, self._count, self._sum, self._squares, self.for_a_while = saved
        if len(self._means) != BINS or len(self._variances) != BINS or not -1 <= self._bin < BINS:
            raise ValueError("times of day of another number")
