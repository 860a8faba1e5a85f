"""Evidence that shares have changed, which holds however often it is looked at.

Each bet says of one range of bins that its share rose, or fell, by so much: after a batch its worth is multiplied by how much likelier the
batch is then. The usual share is known from a sample alone, so a bet that it rose is made against the highest share that the sample may
well have come from, and one that it fell against the lowest. One bet more is on the shares of all bins together, as they were in the
batches before.

Every bet begins anew at all times (Shiryaev and Roberts): while nothing has changed, its worth is expected to grow by one for each batch,
so the time until the mean of the bets passes ``c`` is ``c`` batches or more in the mean, however the bets depend on each other.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from math import exp, inf, log, log1p, sqrt
from typing import Any

from detectors.series.baseline import Expected
from detectors.series.bins import Range

BATCH = 50
"""Exchanges. A batch that was closed early counts for less."""

_PAIR = 2 * BATCH
"""As most are looked at, while nothing is odd."""

RISES = (0.02, 0.08, 0.3)
"""Of the traffic: so much of it is new, and all of that in this range."""
FALLS = (0.35, 0.9)
"""Of the range: so much of it is gone."""
_LEAST_CHANGE = 0.005
_SURE, _SAFE, _HALF = 2.0, 4.0, 0.008
"""Standard errors of the usual share that a bet gives away: two at least; with half of what the smallest bet is on, four."""
_MANY, _WIDE = 64, 8
"""Of many ranges, only those so wide are bet to fall: what is small cannot lose much."""
_RARE, _SURELY = 1e-6, 0.999

_UNSEEN = 2.0
"""Exchanges that a bin may well have had of those that the sample stands for, though it had none."""
_HALF_LIFE = 1000.0
"""Exchanges, of the batches before."""
_PRIOR = 100.0
"""What the usual shares are worth among them, in exchanges."""
_SLACK = 0.002
"""What the bet on all bins gives away, for each exchange, besides how far off the sample may be."""
_TAIL = 6
_ODD = 4.0
"""Standard deviations, about, by which a batch is odd at first sight."""
_MOST = 600.0
_TOP = 1e300


class Bets:
    """Those on one feature."""

    def __init__(self, ranges: Sequence[Range], size: int) -> None:
        self._ranges = sorted(ranges, key=lambda each: each[0] - each[1])
        falling = len(ranges) if len(ranges) <= _MANY else sum(high - low >= _WIDE for low, high in ranges)
        self._falling = falling
        self._gains = array("d")  # of each bet, for each exchange within its range
        self._costs = array("d")  # for each exchange at all
        self._idle = array("d")  # what a pair of whole batches without any in the range leaves
        self._shares: tuple[float, ...] = ()
        self._slack = 0.0
        self._size = size
        self.forget()

    def forget(self) -> None:
        """All evidence; what is usual stays."""
        self._worth = array("d", bytes(8 * (len(self._ranges) * len(RISES) + self._falling * len(FALLS))))
        self._joint = 0.0
        self._before = [0.0] * self._size

    def expect(self, expected: Expected) -> None:
        """What is usual from now on."""
        floor = _UNSEEN / expected.worth
        self._shares = tuple(max(share, floor) for share in expected.shares)
        self._slack = _SLACK + _missed(sum(share * expected.worth >= 1 for share in expected.shares)) / expected.worth
        ahead = [0.0, *accumulate(expected.shares)]
        bounds = [_bounds(min(1.0, max(0.0, ahead[high] - ahead[low])), expected.worth) for low, high in self._ranges]
        rises = [_rise(high, part) for part in RISES for _, high in bounds]
        odds = [*rises, *(_fall(low, part) for part in FALLS for low, _ in bounds[: self._falling])]
        self._gains = array("d", [gain for gain, _ in odds])
        self._costs = array("d", [cost for _, cost in odds])
        self._idle = array("d", [exp(_PAIR * cost) for cost in self._costs])

    def looks_usual(self, counts: Sequence[int], total: int) -> bool:
        """A quick look at a batch (chi-squared): nothing in it asks for a close look before there is more."""
        apart = [(count - total * share) ** 2 / (total * share) for count, share in zip(counts, self._shares, strict=True)]
        return sum(apart) < len(apart) + _ODD * sqrt(2 * len(apart))

    def update(self, counts: Sequence[int], total: int) -> float:
        """The mean of the bets after one more batch, or after two that look usual as one."""
        begun = total / BATCH
        ahead = [0, *accumulate(counts)]
        within = [ahead[high] - ahead[low] for low, high in self._ranges]
        of_each = within * len(RISES) + within[: self._falling] * len(FALLS)
        idle = self._idle if total == _PAIR else [exp(total * cost) for cost in self._costs]
        worth = [
            (value + begun) * left * exp(count * gain) if count else (value + begun) * left
            for value, count, gain, left in zip(self._worth, of_each, self._gains, idle, strict=True)
        ]
        self._worth = array("d", worth)
        self._joint = (self._joint + begun) * exp(min(_MOST, self._together(counts, total)))
        return min(_TOP, (sum(worth) / len(worth) + self._joint) / 2)

    def _together(self, counts: Sequence[int], total: int) -> float:
        """How much likelier the shares of the batches before make this one."""
        before, keep = self._before, 0.5 ** (total / _HALF_LIFE)
        whole = sum(before) + _PRIOR
        each = [
            count * log((known / share + _PRIOR) / whole) for known, share, count in zip(before, self._shares, counts, strict=True) if count
        ]
        self._before = [known * keep + count for known, count in zip(before, counts, strict=True)]
        return sum(each) - self._slack * total

    def beginning(self, batches: Sequence[Sequence[int]]) -> int:
        """The first of the batches since which the bet that is worth most has won most."""
        most = max(range(len(self._worth)), key=self._worth.__getitem__)
        if self._worth[most] / len(self._worth) <= self._joint:
            return _most_unlikely(batches, self._shares)
        low, high = [*self._ranges * len(RISES), *self._ranges[: self._falling] * len(FALLS)][most]
        gain, cost = self._gains[most], self._costs[most]
        won = [sum(counts[low:high]) * gain + sum(counts) * cost for counts in batches]
        since = [*accumulate(reversed(won))]
        return len(batches) - 1 - max(range(len(since)), key=since.__getitem__)

    def as_json(self) -> dict[str, Any]:
        return {"worth": self._worth.tolist(), "joint": self._joint, "before": self._before}

    def restore(self, data: dict[str, Any]) -> None:
        if len(data["worth"]) != len(self._worth) or len(data["before"]) != self._size:
            raise ValueError("bets of another shape")
        self._worth = array("d", data["worth"])
        self._joint, self._before = data["joint"], data["before"]


def _most_unlikely(batches: Sequence[Sequence[int]], shares: Sequence[float]) -> int:
    """The first of the batches that, with all after it, are best told by shares of their own."""
    sums = [0] * len(shares)
    found = []
    for counts in reversed(batches):
        sums = [together + count for together, count in zip(sums, counts, strict=True)]
        total = sum(sums)
        found.append(sum(count * log(count / total / share) for count, share in zip(sums, shares, strict=True) if count))
    return len(batches) - 1 - max(range(len(found)), key=found.__getitem__)


def _missed(bins: int) -> float:
    """So many nats in all, a sample's shares are off by at most: half of what chi-squared exceeds once in 10,000 times, about."""
    return (bins + _SAFE * sqrt(2 * bins) + _TAIL) / 2


def _bounds(share: float, worth: float) -> tuple[float, float]:
    """The lowest and the highest that the usual share may well be."""
    error = sqrt(max(share * (1 - share), 1 / worth) / worth)
    unsure = max(_SURE * error, _SAFE * error - _HALF)
    return min(_SURELY, max(_RARE, share - unsure)), min(_SURELY, max(_RARE, share + unsure))


_NO_BET = (0.0, -inf)
"""On what would change next to nothing: it is worth nothing."""


def _rise(share: float, part: float) -> tuple[float, float]:
    """The logarithm of what an exchange within the range adds, and of what every exchange costs."""
    change = part * (1 - share)
    cost = log1p(-part)
    return (log1p(change / share) - cost, cost) if change >= _LEAST_CHANGE else _NO_BET


def _fall(share: float, part: float) -> tuple[float, float]:
    change = part * share
    cost = log1p(change / (1 - share))
    return (log1p(-part) - cost, cost) if change >= _LEAST_CHANGE else _NO_BET
