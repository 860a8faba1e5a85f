"""When something that is used up will be: a budget of errors, of cost, a quota.

The rate is the median of the slopes between all pairs of points (Theil–Sen); how far it may be off is told by how unevenly it was used
so far. It is a prediction, and marked as one: that what is going on goes on. Without enough points, or where it may as well
never happen, nothing is said.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

MAX_POINTS = 120
LEAST_POINTS = 12
_PARTS = 6
_WIDTH = 1.645
"""Nine of ten fall within."""
_NARROW = 1.5
"""Six parts tell little of how uneven it is. Where use comes in waves as long as a part, eight of ten fall within."""


class Forecast(NamedTuple):
    """Seconds from the last point on. ``latest_s`` may be infinite. ``points``: those that it was made of."""

    eta_s: float
    earliest_s: float
    latest_s: float
    rate: float
    points: int
    is_predicted: bool = True


def exhaustion(points: Sequence[tuple[float, float]], limit: float) -> Forecast | None:
    """``points``: times, and what was used up to then. What falls has been set back: only what comes after counts."""
    points = _since_set_back(points[-MAX_POINTS:])
    if len(points) < LEAST_POINTS or points[-1][0] <= points[0][0]:
        return None
    left = limit - points[-1][1]
    if left <= 0:
        return Forecast(0.0, 0.0, 0.0, 0.0, len(points), is_predicted=False)
    rate = _theil_sen(points)
    if rate <= 0:
        return None
    earliest, latest = _between(left, rate, _unevenness(points, rate), points[-1][0] - points[0][0])
    return Forecast(left / rate, earliest, latest, rate, len(points)) if math.isfinite(latest) else None


def _since_set_back(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for at, used in points:
        if not math.isfinite(at) or not math.isfinite(used) or (kept and at <= kept[-1][0]):
            continue
        if kept and used < kept[-1][1]:
            kept.clear()
        kept.append((at, used))
    return kept


def _theil_sen(points: Sequence[tuple[float, float]]) -> float:
    return statistics.median((b - a) / (to - since) for at, (since, a) in enumerate(points) for to, b in points[at + 1 :])


def _unevenness(points: Sequence[tuple[float, float]], rate: float) -> float:
    """The variance of what is used in a second, as longer stretches show it."""
    size = max(1, (len(points) - 1) // _PARTS)
    parts = [(points[at], points[at + size]) for at in range(0, len(points) - size, size)]
    return statistics.fmean((b - a - rate * (to - since)) ** 2 / (to - since) for (since, a), (to, b) in parts)


def _between(left: float, rate: float, variance: float, known_s: float) -> tuple[float, float]:
    """The times at which what is left may be used: between the solutions of (rate·t - left)² = width²·variance·(t + t²/known)."""
    spread = (_WIDTH * _NARROW) ** 2 * variance
    a, b, c = rate * rate - spread / known_s, 2 * rate * left + spread, left * left
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    earliest = 2 * c / (b + root)
    return earliest, (b + root) / (2 * a) if a > 0 else math.inf
