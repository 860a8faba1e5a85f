"""The score of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015), as its public sweeper computes it.

A window of which any point is told counts by how early that is, from 1 down to 0; one that is missed costs; a point told outside costs
more, the further it is behind a window. 100 is all windows at their first point and nothing else; 0 is telling nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, inf

_PROBATION, _PROBATION_OF = 0.15, 5000
_FAR = 3.0


@dataclass(frozen=True, slots=True)
class Profile:
    false: float
    missed: float


STANDARD = Profile(0.11, 1.0)
LOW_FALSE_POSITIVES = Profile(0.22, 1.0)
LOW_FALSE_NEGATIVES = Profile(0.11, 2.0)

Windows = Sequence[tuple[int, int]]
"""The first and the last point of each, in order."""


@dataclass(frozen=True, slots=True)
class Point:
    surprise: float
    worth: float
    window: tuple[str, int] | None


def probation(length: int) -> int:
    """Points of a series that are only for learning."""
    return int(_PROBATION * min(length, _PROBATION_OF))


def points(name: str, surprises: Sequence[float], windows: Windows) -> list[Point]:
    """What telling each point of a series is worth."""
    found, at = [], 0
    last: tuple[int, int] | None = None
    for place, surprise in enumerate(surprises):
        while at < len(windows) and place > windows[at][1]:
            last = windows[at]
            at += 1
        if at < len(windows) and place >= windows[at][0]:
            first, end = windows[at]
            worth, window = _sigmoid(-(end - place + 1) / (end - first + 1)) / _sigmoid(-1.0), (name, at)
        else:
            worth, window = _sigmoid((place - last[1]) / max(1, last[1] - last[0])) if last else -1.0, None
        if place >= probation(len(surprises)):
            found.append(Point(surprise, worth, window))
    return found


def _sigmoid(place: float) -> float:
    return -1.0 if place > _FAR else 2 / (1 + exp(5 * place)) - 1


def curve(told: Iterable[Point], windows: int, profile: Profile) -> list[tuple[float, float]]:
    """Thresholds, from the highest, and the score of telling what is as surprising as that."""
    score = -profile.missed * windows
    found = [(inf, score)]
    best: dict[tuple[str, int], float] = {}
    for point in sorted(told, key=lambda each: -each.surprise):
        if point.window is None:
            score += point.worth * profile.false
        elif point.worth > (before := best.get(point.window, -profile.missed)):
            best[point.window] = point.worth
            score += point.worth - before
        if found[-1][0] == point.surprise:
            found.pop()
        found.append((point.surprise, score))
    return found


def best_threshold(found: Sequence[tuple[float, float]]) -> float:
    return max(found, key=lambda each: each[1])[0]


def score_at(found: Sequence[tuple[float, float]], threshold: float) -> float:
    return [score for at, score in found if at >= threshold][-1]


def normalised(score: float, windows: int, profile: Profile) -> float:
    return 100 * (score + profile.missed * windows) / ((1 + profile.missed) * windows) if windows else 0.0
