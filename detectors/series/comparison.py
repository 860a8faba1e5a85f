"""Two groups compared over strata: rate ratios, differences of means, and their intervals, good for small counts."""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)

_WIDEST = 14.0  # log ratio
_STEP = 0.25
_MOST_STEPS = 60
_CLOSE = 1e-7


class Table(NamedTuple):
    """Adverse outcomes of a group and of the rest, in one stratum."""

    adverse: int
    size: int
    rest_adverse: int
    rest_size: int

    @property
    def weight(self) -> float:
        """Mantel and Haenszel's; 0 where there is nothing to compare."""
        total = self.size + self.rest_size
        return self.size * self.rest_size / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Moments:
    """A sample's size, mean, and sum of squared deviations."""

    size: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "Moments") -> "Moments":
        size = self.size + other.size
        if not size:
            return self
        apart = other.mean - self.mean
        mean = self.mean + apart * other.size / size
        return Moments(size, mean, self.squares + other.squares + apart * apart * self.size * other.size / size)

    def with_value(self, value: float) -> "Moments":
        return self + Moments(1, value)

    @property
    def variance(self) -> float:
        return self.squares / (self.size - 1) if self.size > 1 else math.inf


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, with an interval that holds at one look."""

    value: float
    low: float
    high: float


def z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(count: int, size: int, confidence: float) -> Estimate:
    """A rate."""
    if not size:
        return Estimate(0.0, 0.0, 1.0)
    square = z(confidence) ** 2
    rate = count / size
    middle = (rate + square / (2 * size)) / (1 + square / size)
    half = math.sqrt(square * (rate * (1 - rate) / size + square / (4 * size * size))) / (1 + square / size)
    return Estimate(rate, max(0.0, middle - half) if count else 0.0, min(1.0, middle + half) if count < size else 1.0)


def ratio(tables: Sequence[Table], confidence: float) -> Estimate | None:
    """The adverse rate of the group over that of the rest, weighed over the strata; None if nothing can be compared.

    The interval inverts Miettinen and Nurminen's stratified score test, so it needs no count to be large, or above zero.
    """
    fit = [table for table in tables if table.weight]
    ours = sum(table.weight * table.adverse / table.size for table in fit)
    theirs = sum(table.weight * table.rest_adverse / table.rest_size for table in fit)
    if not ours and not theirs:
        return None
    edge = z(confidence)
    start = math.log(ours / theirs) if ours and theirs else 0.0
    low = math.exp(_root(lambda log: _score(fit, math.exp(log)) - edge, start)) if ours else 0.0
    high = math.exp(_root(lambda log: _score(fit, math.exp(log)) + edge, start)) if theirs else math.inf
    return Estimate(ours / theirs if theirs else math.inf, low, high)


def p_value(tables: Sequence[Table]) -> float:
    """Of Cochran, Mantel and Haenszel's test that no stratum has a difference."""
    fit = [table for table in tables if table.weight]
    return 2 * NormalDist().cdf(-abs(_score(fit, 1.0)))


def _score(tables: Iterable[Table], supposed: float) -> float:
    """How many standard errors the rates are off, if their ratio were ``supposed``; falls as that rises."""
    off = variance = 0.0
    for a, n, b, m in tables:
        total = n + m
        weight = n * m / total
        rest = _rest_rate(a, n, b, m, supposed)
        ours = min(1.0, supposed * rest)
        spread = ours * (1 - ours) / n + supposed * supposed * rest * (1 - rest) / m
        off += weight * (a / n - supposed * b / m)
        variance += weight * weight * spread * total / max(1, total - 1)
    return off / math.sqrt(variance) if variance > 0 else 0.0


def _rest_rate(a: int, n: int, b: int, m: int, supposed: float) -> float:
    """The likeliest rate of the rest, if the ratio were ``supposed``; of a ``Table``."""
    square, linear, constant = (n + m) * supposed, n * supposed + a + m + b * supposed, a + b
    return 2 * constant / (linear + math.sqrt(max(0.0, linear * linear - 4 * square * constant)))


def _root(falling: Callable[[float], float], start: float) -> float:
    """Between two points that enclose it, which steps from ``start`` find, by false position (Illinois)."""
    at, value = start, falling(start)
    step = _STEP if value > 0 else -_STEP
    while True:
        end = max(-_WIDEST, min(_WIDEST, at + step))
        found = falling(end)
        if (found > 0) != (value > 0):
            break
        if abs(end) >= _WIDEST:
            return end
        at, value, step = end, found, 2 * step
    for _ in range(_MOST_STEPS):
        if abs(found) < _CLOSE or abs(end - at) < _CLOSE:
            break
        between = (at * found - end * value) / (found - value)
        there = falling(between)
        if (there > 0) == (found > 0):
            value /= 2
        else:
            at, value = end, found
        end, found = between, there
    return end


def difference(pairs: Sequence[tuple[Moments, Moments]], confidence: float) -> Estimate | None:
    """The group's mean less that of the rest, weighed over the strata, with variances of their own (Welch)."""
    fit = [(ours, rest) for ours, rest in pairs if ours.size > 1 and rest.size > 1]
    if not fit:
        return None
    weights = [ours.size * rest.size / (ours.size + rest.size) for ours, rest in fit]
    found = sum(weight * (ours.mean - rest.mean) for weight, (ours, rest) in zip(weights, fit, strict=True)) / sum(weights)
    spread = sum(
        weight**2 * (ours.variance / ours.size + rest.variance / rest.size) for weight, (ours, rest) in zip(weights, fit, strict=True)
    )
    half = z(confidence) * math.sqrt(spread) / sum(weights)
    return Estimate(found, found - half, found + half)


def spread_within(pairs: Iterable[tuple[Moments, Moments]]) -> float:
    """The standard deviation within the groups and strata."""
    samples = [sample for pair in pairs for sample in pair if sample.size > 1]
    free = sum(sample.size - 1 for sample in samples)
    return math.sqrt(sum(sample.squares for sample in samples) / free) if free else 0.0


def paired_difference(gains: int, losses: int, size: int, confidence: float) -> Estimate:
    """The difference of two rates over the same ``size`` cases, of which so many are adverse on one side alone (Agresti and Min)."""
    n = size + 2
    value = (gains - losses) / n
    half = z(confidence) * math.sqrt(max(0.0, (gains + losses + 1) / n - value * value) / n)
    return Estimate((gains - losses) / size if size else 0.0, max(-1.0, value - half), min(1.0, value + half))


def needed_for_rate(rate: float, times: float, alpha: float = 0.01, power: float = 0.8) -> int:
    """Outcomes that each group needs for a rate ``times`` as high to be found."""
    rate = min(rate, 0.99)
    other = min(rate * times, (1 + rate) / 2)
    middle = (rate + other) / 2
    both = z(1 - alpha) * math.sqrt(2 * middle * (1 - middle)) + _power(power) * math.sqrt(rate * (1 - rate) + other * (1 - other))
    return math.ceil((both / (other - rate)) ** 2)


def needed_for_mean(effect: float, alpha: float = 0.01, power: float = 0.8) -> int:
    """Outcomes that each group needs for a difference of ``effect`` standard deviations to be found."""
    return math.ceil(2 * ((z(1 - alpha) + _power(power)) / effect) ** 2)


def _power(power: float) -> float:
    return NormalDist().inv_cdf(power)


def discoveries(p_values: Iterable[tuple[Key, float]], alpha: float) -> set[Key]:
    """What differs, with at most a share ``alpha`` of it wrongly said (Benjamini and Hochberg)."""
    ordered = sorted(p_values, key=lambda each: each[1])
    last = max((count for count, (_, p) in enumerate(ordered, start=1) if p * len(ordered) <= alpha * count), default=0)
    return {key for key, _ in ordered[:last]}
