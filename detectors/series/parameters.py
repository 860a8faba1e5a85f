"""Numbers in log lines that lie far from those that stood at the same place of the same template before."""

from collections import OrderedDict
from collections.abc import Iterable
from math import copysign, expm1, log1p
from typing import Any

from detectors.series.reservoir import Reservoir

PLACES = 3
"""Of a template: the first so many numbers."""
_MOST = 1000
_SAMPLE = 100
_FAR = 8.0
_NARROWEST = 0.1


class Parameters:
    """Bounded: the place that was not seen for longest is forgotten."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Reservoir] = OrderedDict()

    def outlier(self, template: str, numbers: Iterable[tuple[int, float]]) -> tuple[float, float, float] | None:
        """The first number that is far off: the share of those that were as far, the number, and what is usual. Learns them all."""
        found = None
        for place, number in numbers:
            sample = self._sample(f"{template}.{place}")
            value = copysign(log1p(abs(number)), number)
            ordered = sample.ordered
            if found is None and len(ordered) >= _SAMPLE and _is_far(value, ordered[25], ordered[50], ordered[75]):
                found = (1 / (len(ordered) + 1), number, copysign(expm1(abs(ordered[50])), ordered[50]))
            sample.add(value)
        return found

    def _sample(self, name: str) -> Reservoir:
        sample = self._seen.get(name)
        if sample is None:
            if len(self._seen) >= _MOST:
                self._seen.popitem(last=False)
            sample = self._seen[name] = Reservoir(_SAMPLE)
        self._seen.move_to_end(name)
        return sample

    def as_json(self) -> list[Any]:
        return [[name, sample.as_json()] for name, sample in self._seen.items()]

    def restore(self, saved: list[Any]) -> None:
        if len(saved) > _MOST:
            raise ValueError("too many places")
        for name, sample in saved:
            self._sample(name).restore(sample)


def _is_far(value: float, low: float, middle: float, high: float) -> bool:
    """In widths of the middle half, on a logarithmic scale."""
    return abs(value - middle) > _FAR * max(_NARROWEST, high - low)
