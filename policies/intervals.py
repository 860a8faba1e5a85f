"""How sure one can be of a rate that was counted: intervals at 95 %.

``wilson`` is the score interval of a proportion (Wilson 1927). ``paired`` is for the difference of two proportions that were counted on the
same exchanges, by Newcombe's score method for paired data (Statistics in Medicine 17, 1998, 2635-2650, method 10): the Wilson intervals of
both, put together with regard to how far the two go along with each other.
"""

from dataclasses import dataclass
from math import sqrt

_Z = 1.959963984540054  # of the normal distribution, 97.5 %


@dataclass(frozen=True, slots=True)
class Interval:
    value: float
    low: float
    high: float


def wilson(count: int, total: int) -> Interval:
    if not total:
        return Interval(0.0, 0.0, 1.0)
    rate, square = count / total, _Z * _Z
    middle = (rate + square / (2 * total)) / (1 + square / total)
    reach = _Z / (1 + square / total) * sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    return Interval(rate, 0.0 if count == 0 else max(0.0, middle - reach), 1.0 if count == total else min(1.0, middle + reach))


def paired(both: int, only_new: int, only_old: int, neither: int) -> Interval:
    """The new rate minus the old one."""
    total = both + only_new + only_old + neither
    if not total:
        return Interval(0.0, -1.0, 1.0)
    new, old = wilson(both + only_new, total), wilson(both + only_old, total)
    phi = _phi(both, only_new, only_old, neither)
    difference = (only_new - only_old) / total
    low = _reach(new.value - new.low, old.high - old.value, phi)
    high = _reach(new.high - new.value, old.value - old.low, phi)
    return Interval(difference, max(-1.0, difference - low), min(1.0, difference + high))


def _reach(one: float, other: float, phi: float) -> float:
    return sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _phi(both: int, only_new: int, only_old: int, neither: int) -> float:
    """How far the two go along, with a correction for continuity where they do."""
    new, old, total = both + only_new, both + only_old, both + only_new + only_old + neither
    scale = new * (total - new) * old * (total - old)
    if not scale:
        return 0.0
    product = both * neither - only_new * only_old
    if product > 0:
        return max(0.0, product - total / 2) / sqrt(scale)
    return product / sqrt(scale)
