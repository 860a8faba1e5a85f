"""How long something usually takes: counts of durations in bins of five percent, older ones of less weight."""

import math
from collections.abc import Iterable, Mapping, Sequence

MOST = 8000.0
"""Above this weight, all of it is halved."""
_WIDTH = 0.05
_SHORTEST_S, _LONGEST_S = 1e-6, 1e5


def logged(seconds: float) -> float:
    """As a logarithm, within bounds: what takes no time took a microsecond."""
    return math.log(min(max(seconds, _SHORTEST_S), _LONGEST_S))


class Durations:
    """Of logarithms of seconds."""

    __slots__ = ("_bins", "weight")

    def __init__(self, bins: Mapping[int, float] | None = None) -> None:
        self._bins = dict(bins or {})
        self.weight = sum(self._bins.values())

    def learn(self, values: Iterable[float]) -> None:
        for value in values:
            at = math.floor(value / _WIDTH)
            self._bins[at] = self._bins.get(at, 0.0) + 1.0
            self.weight += 1.0
        while self.weight > MOST:
            self._bins = {at: count / 2 for at, count in self._bins.items() if count > 1 / 4}
            self.weight = sum(self._bins.values())

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Of ascending shares, each within its bin as if it were evenly filled."""
        found: list[float] = []
        below = 0.0
        for at in sorted(self._bins):
            count = self._bins[at]
            while len(found) < len(shares) and below + count >= shares[len(found)] * self.weight:
                found.append(_WIDTH * (at + (shares[len(found)] * self.weight - below) / count))
            below += count
        return found + [max(self._bins, default=0) * _WIDTH] * (len(shares) - len(found))

    def as_json(self) -> list[list[float]]:
        return [[at, count] for at, count in sorted(self._bins.items())]

    @classmethod
    def from_json(cls, saved: Iterable[Sequence[float]]) -> "Durations":
        return cls({int(at): float(count) for at, count in saved})


def tail(hits: int, tries: int, usual_hits: float, usual_tries: float) -> float:
    """The chance of so many hits or more, if they come as before: of a rate known from so many tries only (beta-binomial)."""
    if hits <= 0:
        return 1.0
    yes, no = usual_hits + 1.0, max(0.0, usual_tries - usual_hits) + 1.0
    whole = _log_beta(yes, no)
    term = math.exp(_log_choose(tries, hits) + _log_beta(yes + hits, no + tries - hits) - whole)
    total = term
    for at in range(hits, tries):
        term *= (tries - at) / (at + 1) * (yes + at) / (no + tries - at - 1)
        total += term
    return min(1.0, total)


def _log_beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)


def _log_choose(whole: int, part: int) -> float:
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)


def normal_tail(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))
