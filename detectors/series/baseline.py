"""What is usual: how often each bin was seen, by part of the week.

A part of the week with little data borrows from the others, as far as the parts are alike: how much so is estimated from how far their
counts lie apart (a Dirichlet-multinomial by the method of moments).
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from detectors.series.dayparts import PARTS

_FEW = 50
"""A part with fewer says nothing of how much the parts differ."""
_UNKNOWN_ALIKE = 100.0
"""What the others are worth to a part where too few parts were seen to tell how much they differ."""
_LEAST_PARTS = 3
_SMOOTHING = 0.5
"""Exchanges that were not seen, spread over the bins."""
_LEAST_EXPECTED = 1.0


@dataclass(frozen=True, slots=True)
class Expected:
    """The shares of the bins that are usual, and how many exchanges they are as good as."""

    shares: tuple[float, ...]
    worth: float


class Baseline:
    """Counts by part and bin."""

    def __init__(self, size: int, counts: Sequence[Sequence[float]] = ()) -> None:
        self._size = size
        self._counts = array("f", [count for row in counts for count in row] if counts else bytes(4 * size * PARTS))  # part by part
        self._known: tuple[list[float], float] | None = None
        """The counts of all parts together, and what they are worth to one, as long as nothing is added."""
        if counts and [len(row) for row in counts] != [size] * PARTS:
            raise ValueError("counts of another shape")
        self._totals = [sum(self._row(part)) for part in range(PARTS)]

    @property
    def total(self) -> float:
        return sum(self._totals)

    def of_part(self, part: int) -> float:
        return self._totals[part]

    def _row(self, part: int) -> "array[float]":
        return self._counts[part * self._size : (part + 1) * self._size]

    def as_json(self) -> list[list[float]]:
        return [self._row(part).tolist() for part in range(PARTS)]

    def add(self, part: int, counts: Sequence[int]) -> None:
        for at, count in enumerate(counts, start=part * self._size):
            if count:
                self._counts[at] += count
        self._totals[part] = sum(self._row(part))
        self._known = None

    def forget(self, part: int, most: float) -> None:
        """So much of the old that a part's count is at most that."""
        if self._totals[part] > most:
            keep = most / self._totals[part]
            begin = part * self._size
            self._counts[begin : begin + self._size] = array("f", [count * keep for count in self._row(part)])
            self._totals[part] = sum(self._row(part))
            self._known = None

    def expected(self, part: int) -> Expected:
        total = self.total
        if self._known is None:
            sums = [sum(self._counts[at :: self._size]) for at in range(self._size)]
            self._known = sums, self._alike(sums, total)
        sums, borrowed = self._known
        each = _SMOOTHING / len(sums)
        shares = [(count + each) / (total + _SMOOTHING) for count in sums]
        own = self._totals[part]
        if own >= total:
            return Expected(tuple(shares), max(1.0, total))
        together = own + borrowed
        mixed = tuple((count + borrowed * share) / together for count, share in zip(self._row(part), shares, strict=True))
        return Expected(mixed, max(1.0, min(total, together)))

    def _alike(self, sums: Sequence[float], total: float) -> float:
        """How many exchanges of its own the others' counts are worth to a part."""
        parts = [part for part in range(PARTS) if self._totals[part] >= _FEW]
        if len(parts) < _LEAST_PARTS:
            return _UNKNOWN_ALIKE
        distance, freedom = 0.0, 0
        for at, count in enumerate(sums):
            share = count / total
            cells = [(self._counts[part * self._size + at], share * self._totals[part]) for part in parts]
            if min(expected for _, expected in cells) >= _LEAST_EXPECTED:
                distance += sum((seen - expected) ** 2 / expected for seen, expected in cells)
                freedom += len(parts) - 1
        if not freedom:
            return _UNKNOWN_ALIKE
        spread = distance / freedom * (1 + sqrt(2 / freedom)) - 1
        each = sum(self._totals[part] for part in parts) / len(parts)
        return max(1.0, each / spread) if spread > 0 else total
