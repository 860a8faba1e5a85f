"""Which bins of a feature carry its shift, in which segments of the traffic, and which exchanges show it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detectors.series.baseline import Expected
from detectors.series.feature import Feature
from detectors.series.rows import UNKNOWN, Row

_TOP = 5
_SEGMENTS = 3
_LEAST_SHARE = 0.2
"""Of the shift, for a segment to be named."""
_LEAST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Moved:
    """A bin, and its share as it is usual and as it is of late."""

    bin: str
    usual: float
    late: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the traffic, and how much of the shift lies in it. Parts of two features may overlap."""

    feature: str
    value: str
    share: float


def moved(feature: Feature) -> tuple[Moved, ...]:
    """The bins that changed most first."""
    compared = feature.compared()
    if compared is None or feature.bins is None:
        return ()
    counts, usual = compared
    total = sum(counts)
    ranked = sorted(range(len(counts)), key=lambda at: -abs(counts[at] / total - usual.shares[at]))
    return tuple(Moved(feature.bins.label(at), round(usual.shares[at], 6), round(counts[at] / total, 6)) for at in ranked[:_TOP])


def risen(counts: Sequence[int], usual: Expected) -> frozenset[int]:
    """The bins that have more than is usual, without those whose gain is a small part of all that was gained."""
    total = sum(counts)
    gains = {at: count / total - share for at, (count, share) in enumerate(zip(counts, usual.shares, strict=True)) if count / total > share}
    most = max(gains.values(), default=0.0)
    return frozenset(at for at, gain in gains.items() if gain > most / _TOP)


def examples(late: Sequence[Row], at: int, bins: frozenset[int]) -> tuple[str, ...]:
    """Ids of the newest exchanges in those bins."""
    return tuple(row.id for row in late if row.code(at) in bins)[:_TOP]


def segments(
    feature: Feature, bins: frozenset[int], late: Sequence[Row], usual: Sequence[Row], by: Mapping[str, Feature]
) -> tuple[Segment, ...]:
    """Those that the rise of the bins lies in, by samples of the rows."""
    if len(late) < _LEAST_ROWS or len(usual) < _LEAST_ROWS:
        return ()
    found = []
    for name, other in by.items():
        if other is feature or other.bins is None:
            continue
        before, after = _within(usual, feature.at, bins, other.at), _within(late, feature.at, bins, other.at)
        gains = {code: after[code] / len(late) - before[code] / len(usual) for code in after}
        whole = sum(gain for gain in gains.values() if gain > 0)
        found += [
            Segment(name, other.bins.label(code), round(gain / whole, 3)) for code, gain in gains.items() if gain > _LEAST_SHARE * whole
        ]
    return tuple(sorted(found, key=lambda segment: (-segment.share, segment.feature, segment.value))[:_SEGMENTS])


def _within(rows: Sequence[Row], at: int, bins: frozenset[int], other: int) -> Counter[int]:
    return Counter(code for row in rows if row.code(at) in bins and (code := row.code(other)) != UNKNOWN)
