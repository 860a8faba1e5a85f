"""How far the shares of late lie from those that are usual: what a policy reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

from detectors.series.baseline import Expected

_SURE = 2.0


@dataclass(frozen=True, slots=True)
class Level:
    """The part of the traffic that would have to be other for it to be as usual (the total variation), of 1, without what chance adds.

    The interval widens as the exchanges become fewer; with none it is from 0 to 1.
    """

    value: float
    low: float
    high: float
    exchanges: int


NOTHING_KNOWN = Level(0.0, 0.0, 1.0, 0)


def level(counts: Sequence[int], expected: Expected) -> Level:
    total = sum(counts)
    if not total:
        return NOTHING_KNOWN
    apart = sum(abs(count / total - share) for count, share in zip(counts, expected.shares, strict=True)) / 2
    unsure = 1 / total + 1 / expected.worth
    by_chance = sum(sqrt(share * (1 - share) * unsure / (2 * pi)) for share in expected.shares)
    value = max(0.0, apart - by_chance)
    margin = _SURE * sqrt(unsure) / 2
    return Level(value, max(0.0, value - margin), min(1.0, value + margin), total)


def mixed(parts: Sequence[tuple[int, Expected]]) -> Expected:
    """What is usual of so many exchanges of each of some parts of the week."""
    total = sum(count for count, _ in parts)
    shares = zip(*([share * count / total for share in expected.shares] for count, expected in parts), strict=True)
    return Expected(tuple(sum(each) for each in shares), min(expected.worth for _, expected in parts))
