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
from math import exp, inf, log, sqrt
from typing import Any

from detectors.series.baseline import Expected
from detectors.series.bins import Range

BATCH = 50
"""Exchanges. A batch that was closed early counts for less."""

RISES = (0.02, 0.08, 0.3)
"""Of the traffic: so much of it is new, and all of that in this range."""
FALLS = (0.35, 0.9)
"""Of the range: so much of it is gone."""
_LEAST_CHANGE = 0.005
_SURE, _SAFE, _HALF = 2.0, 4.0, 0.008
"""Standard errors of the usual share that a bet gives away: two at least; with half of what the smallest bet is on, four."""
_MANY, _WIDE = 64, 8
"""Of many ranges, only those so wide are bet to fall: what is small cannot lose much."""
_RARE, _SURELY = 1e-6, 0.9999

_UNSEEN = 2.0
"""Exchanges that a bin may well have had of those that the sample stands for, though it had none."""
_HALF_LIFE = 1000.0
"""Exchanges, of the batches before."""
_PRIOR = 100.0
"""What the usual shares are worth among them, in exchanges."""
_SLACK = 0.002
"""What the bet on all bins gives away, for each exchange, besides how far off the sample may be."""
_TAIL = 6
_MOST = 600.0
_TOP = 1e300


class Bets:
    """Those on one feature."""

    def __init__(self, ranges: Sequence[Range], size: int) -> None:
        self._ranges = sorted(ranges, key=lambda each: each[0] - each[1])
        falling = len(ranges) if len(ranges) <= _MANY else sum(high - low >= _WIDE for low, high in ranges)
        self._lengths = [len(ranges)] * len(RISES) + [falling] * len(FALLS)
        self._gains: list[array[float]] = []  # by kind of bet, for each exchange within the range
        self._costs: list[array[float]] = []  # for each exchange at all
        self._idle: list[array[float]] = []  # what a whole batch without any in the range leaves
        self._shares: tuple[float, ...] = ()
        self._slack = 0.0
        self._size = size
        self.forget()

    def forget(self) -> None:
        """All evidence; what is usual stays."""
        self._worth = [array("d", bytes(8 * length)) for length in self._lengths]
        self._joint = 0.0
        self._before = [0.0] * self._size

    def expect(self, expected: Expected) -> None:
        """What is usual from now on."""
        floor = _UNSEEN / expected.worth
        self._shares = tuple(max(share, floor) for share in expected.shares)
        self._slack = _SLACK + _missed(sum(share * expected.worth >= 1 for share in expected.shares)) / expected.worth
        ahead = [0.0, *accumulate(expected.shares)]
        odds = [_odds(min(1.0, max(0.0, ahead[high] - ahead[low])), expected.worth) for low, high in self._ranges]
        self._gains = [array("d", (row[kind][0] for row in odds[:length])) for kind, length in enumerate(self._lengths)]
        self._costs = [array("d", (row[kind][1] for row in odds[:length])) for kind, length in enumerate(self._lengths)]
        self._idle = [array("d", (exp(BATCH * cost) for cost in costs)) for costs in self._costs]

    def update(self, counts: Sequence[int], total: int) -> float:
        """The mean of the bets after one more batch."""
        begun = total / BATCH
        ahead = [0, *accumulate(counts)]
        within = [ahead[high] - ahead[low] for low, high in self._ranges]
        mean = 0.0
        hit = [(at, count) for at, count in enumerate(within) if count]
        for kind, worth in enumerate(self._worth):
            idle = self._idle[kind] if total == BATCH else [exp(total * cost) for cost in self._costs[kind]]
            after = array("d", [(value + begun) * each for value, each in zip(worth, idle, strict=True)])
            gains, length = self._gains[kind], len(after)
            for at, count in hit:
                if at < length:  # what falls is a part
                    after[at] *= exp(count * gains[at])
            self._worth[kind] = after
            mean += sum(after)
        self._joint = (self._joint + begun) * exp(min(_MOST, self._together(counts, total)))
        return min(_TOP, (mean / sum(self._lengths) + self._joint) / 2)

    def _together(self, counts: Sequence[int], total: int) -> float:
        """How much likelier the shares of the batches before make this one."""
        before, shares = self._before, self._shares
        whole = sum(before) + _PRIOR
        seen = [(at, count) for at, count in enumerate(counts) if count]
        found = -self._slack * total
        for at, count in seen:
            found += count * log((before[at] / shares[at] + _PRIOR) / whole)
        keep = 0.5 ** (total / _HALF_LIFE)
        self._before = before = [count * keep for count in before]
        for at, count in seen:
            before[at] += count
        return found

    def beginning(self, batches: Sequence[Sequence[int]]) -> int:
        """The first of the batches since which the bet that is worth most has won most."""
        worth, kind, at = max((value, kind, at) for kind, row in enumerate(self._worth) for at, value in enumerate(row))
        if worth / sum(self._lengths) <= self._joint:
            return _most_unlikely(batches, self._shares)
        low, high = self._ranges[at]
        gain, cost = self._gains[kind][at], self._costs[kind][at]
        won = [sum(counts[low:high]) * gain + sum(counts) * cost for counts in batches]
        since = [*accumulate(reversed(won))]
        return len(batches) - 1 - max(range(len(since)), key=since.__getitem__)

    def as_json(self) -> dict[str, Any]:
        return {"worth": [worth.tolist() for worth in self._worth], "joint": self._joint, "before": self._before}

    def restore(self, data: dict[str, Any]) -> None:
        if [len(worth) for worth in data["worth"]] != self._lengths or len(data["before"]) != self._size:
            raise ValueError("bets of another shape")
        self._worth = [array("d", worth) for worth in data["worth"]]
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


def _odds(share: float, worth: float) -> list[tuple[float, float]]:
    """For each kind of bet: the logarithm of what an exchange within the range adds, and of what every exchange costs."""
    error = sqrt(max(share * (1 - share), 1 / worth) / worth)
    unsure = max(_SURE * error, _SAFE * error - _HALF)
    high = min(_SURELY, max(_RARE, share + unsure))
    low = min(_SURELY, max(_RARE, share - unsure))
    rises = [(high, high + part * (1 - high)) for part in RISES]
    return [_bet(before, after) for before, after in (*rises, *((low, low * (1 - part)) for part in FALLS))]


def _bet(before: float, after: float) -> tuple[float, float]:
    """What would change next to nothing is no bet: it is worth nothing."""
    if abs(after - before) < _LEAST_CHANGE:
        return 0.0, -inf
    cost = log((1 - after) / (1 - before))
    return log(after / before) - cost, cost
