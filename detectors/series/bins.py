"""Values to a few bins, fixed once by what was seen first. The last bin is for what is missing."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import inf, nextafter
from typing import Any, TypeAlias

from detectors.series.observation import BUCKETS

Range: TypeAlias = tuple[int, int]
"""Bins from the first number up to, and without, the second."""

Value: TypeAlias = Any  # a number or a word, each to bins of its own kind

QUANTILES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
MAX_CATEGORIES = 30
MAX_CHARS = 64
"""Of a category's name."""
HUGE = 1e300
"""No number; not a number is none either."""
MISSING = "missing"
OTHER = "other"


@dataclass(frozen=True, slots=True)
class NumericBins:
    """``edges[i] <= value < edges[i + 1]``."""

    edges: tuple[float, ...]

    @property
    def size(self) -> int:
        return len(self.edges) + 2

    def code(self, value: Value) -> int:
        return bisect_right(self.edges, value) if -HUGE < value < HUGE else len(self.edges) + 1

    def label(self, code: int) -> str:
        if code > len(self.edges):
            return MISSING
        low = f"{self.edges[code - 1]:.6g} ≤ " if code else ""
        high = f" < {self.edges[code]:.6g}" if code < len(self.edges) else ""
        return f"{low}value{high}"

    def ranges(self) -> tuple[Range, ...]:
        """A number moves up or down: what may change is how many lie at or above each edge."""
        end = len(self.edges) + 1
        return (*((at, end) for at in range(1, end)), (end, end + 1))


@dataclass(frozen=True, slots=True)
class CategoryBins:
    """The most frequent values, then all others."""

    values: tuple[str, ...]
    _codes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_codes", {value: at for at, value in enumerate(self.values)})

    @property
    def size(self) -> int:
        return len(self.values) + 2

    def code(self, value: Value) -> int:
        return self._codes.get(value[:MAX_CHARS], len(self.values))

    def label(self, code: int) -> str:
        return (*self.values, OTHER, MISSING)[code]

    def ranges(self) -> tuple[Range, ...]:
        return tuple((at, at + 1) for at in range(self.size))


@dataclass(frozen=True, slots=True)
class SketchBins:
    """Buckets of which neighbours are alike; a number that is no bucket counts as missing."""

    @property
    def size(self) -> int:
        return BUCKETS + 1

    def code(self, value: Value) -> int:
        return int(value) if 0 <= value < BUCKETS else BUCKETS

    def label(self, code: int) -> str:
        return f"group {code}" if code < BUCKETS else MISSING

    def ranges(self) -> tuple[Range, ...]:
        return _widths()


@cache
def _widths() -> tuple[Range, ...]:
    """Each bucket, each pair of neighbours, each four, and so on: a subject may be as wide as any of these."""
    found: list[Range] = [(BUCKETS, BUCKETS + 1)]
    width = 1
    while width < BUCKETS:
        found += [(at, at + width) for at in range(0, BUCKETS, width)]
        width *= 2
    return tuple(found)


Bins: TypeAlias = NumericBins | CategoryBins | SketchBins


def numeric_bins(values: Sequence[float]) -> NumericBins:
    """Edges at the quantiles. A value that makes more than one quantile gets a bin of its own: it is a constant, or nearly one."""
    ordered = sorted(values)
    found = Counter(ordered[int(share * (len(ordered) - 1))] for share in QUANTILES)
    alone = [nextafter(edge, inf) for edge, count in found.items() if count > 1]
    return NumericBins(tuple(sorted({*found, *alone})))


def category_bins(values: Sequence[str]) -> CategoryBins:
    """In the order of how frequent they are, then of their names."""
    ranked = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return CategoryBins(tuple(value for value, _ in ranked[:MAX_CATEGORIES]))


def as_json(bins: Bins) -> dict[str, Any]:
    match bins:
        case NumericBins():
            return {"edges": list(bins.edges)}
        case CategoryBins():
            return {"values": list(bins.values)}
        case SketchBins():
            return {}


def from_json(data: dict[str, Any]) -> Bins:
    if "edges" in data:
        return NumericBins(tuple(data["edges"]))
    return CategoryBins(tuple(data["values"])) if "values" in data else SketchBins()
