"""Series of samples, turned into what happened in each interval: counters into rates, histograms into rates, means and quantiles.

Pure. What is missing is missing, never nothing: over a gap there is no point, and the next interval begins behind it.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from gateway.telemetry.observed import Buckets, Kind, Labels, Point, Sample

GAP_S = 300.0
"""Between two samples further apart there is a gap, and a clock that jumped so far back begins anew."""
SILENT_S = 600.0
"""A series of which nothing was heard for so long makes room where there is none."""

_ANYBODY = ""


class Key(NamedTuple):
    source: str
    name: str
    labels: Labels


@dataclass(slots=True)
class _Series:
    last: Sample
    points: tuple[Point, ...] = ()


@dataclass(slots=True)
class Tally:
    """Of samples, since the start."""

    taken: int = 0
    unusable: int = 0
    """No number, or a histogram that is none."""
    late: int = 0
    """Not after the one before."""
    refused: int = 0
    """Of a series for which there was no room."""
    evicted: int = 0
    """Series that were forgotten, silent as they were."""


@dataclass(slots=True)
class Series:
    """No more than ``most`` of them, and ``most_each`` of one source: what is heard of stays, and a flood of new ones moves nothing that
    is alive.
    """

    most: int
    most_each: int
    tally: Tally = field(default_factory=Tally)
    _known: OrderedDict[Key, _Series] = field(default_factory=OrderedDict)
    """Those that were heard of longest ago come first."""
    _each: dict[str, int] = field(default_factory=dict)
    _full_until: dict[str, float] = field(default_factory=dict)
    """Of sources that have their share, when one of their series may be silent: nobody looks for one before."""

    def __len__(self) -> int:
        return len(self._known)

    def take(self, sample: Sample) -> tuple[Point, ...]:
        """What this sample tells: nothing where it is a series' first, or behind a gap."""
        if not _is_usable(sample):
            self.tally.unusable += 1
            return ()
        key = Key(sample.source, sample.name, sample.labels)
        known = self._known.get(key)
        if known is None:
            return self._begin(key, sample)
        if known.last.ts - GAP_S < sample.ts <= known.last.ts:
            self.tally.late += 1
            return ()
        self.tally.taken += 1
        self._known.move_to_end(key)
        points = tuple(_points(known.last, sample))
        known.last, known.points = sample, points or known.points
        return points

    def latest(self) -> Iterator[Point]:
        """The last points of each series, those heard of last first."""
        for series in reversed(self._known.values()):
            yield from series.points

    def _begin(self, key: Key, sample: Sample) -> tuple[Point, ...]:
        if not self._has_room(key.source, sample.ts):
            self.tally.refused += 1
            return ()
        self.tally.taken += 1
        points = tuple(_levels(sample))
        self._known[key] = _Series(sample, points)
        self._each[key.source] = self._each.get(key.source, 0) + 1
        return points

    def _has_room(self, source: str, now: float) -> bool:
        has_its_share = self._each.get(source, 0) >= self.most_each
        if not has_its_share and len(self._known) < self.most:
            return True
        whose = source if has_its_share else _ANYBODY
        if now < self._full_until.get(whose, now) <= now + SILENT_S:
            return False
        oldest = next(key for key in self._known if whose in (_ANYBODY, key.source))
        heard = self._known[oldest].last.ts
        if abs(now - heard) < SILENT_S:
            self._full_until[whose] = heard + SILENT_S
            return False
        self._forget(oldest)
        return True

    def _forget(self, key: Key) -> None:
        del self._known[key]
        self._each[key.source] -= 1
        if not self._each[key.source]:
            del self._each[key.source]
            self._full_until.pop(key.source, None)
        self.tally.evicted += 1


def _is_usable(sample: Sample) -> bool:
    if not (math.isfinite(sample.value) and math.isfinite(sample.ts)):
        return False
    if sample.kind is Kind.GAUGE:
        return True
    buckets = sample.buckets
    if buckets is None:
        return sample.kind in (Kind.COUNTER, Kind.COUNTER_DELTA) and sample.value >= 0
    return sample.kind in (Kind.HISTOGRAM, Kind.HISTOGRAM_DELTA) and _is_sound(buckets)


def _is_sound(buckets: Buckets) -> bool:
    rising = all(low < high for low, high in pairwise(buckets.bounds)) and not any(map(math.isnan, buckets.bounds))
    counts = (0.0, *buckets.counts, buckets.count)
    return len(buckets.bounds) == len(buckets.counts) and rising and math.isfinite(buckets.count) and all(
        low <= high for low, high in pairwise(counts)
    )  # fmt: skip


def _points(last: Sample, now: Sample) -> Iterator[Point]:
    if now.kind is Kind.GAUGE:
        yield from _levels(now)
        return
    interval_s = now.ts - last.ts
    if now.kind is not last.kind or not 0 < interval_s <= GAP_S:
        return
    if now.kind in (Kind.COUNTER_DELTA, Kind.HISTOGRAM_DELTA):
        interval_s = now.ts - now.start if last.ts <= now.start < now.ts else interval_s
    elif not _is_reset(last, now):
        now = _since(last, now)
    if now.buckets is None:
        yield _point(now, "rate", now.value / interval_s)
    else:
        yield from _distribution(now, now.buckets, interval_s)


def _levels(sample: Sample) -> Iterator[Point]:
    if sample.kind is Kind.GAUGE:
        yield _point(sample, "value", sample.value)


def _is_reset(last: Sample, now: Sample) -> bool:
    """It counts from nothing again, or by other bounds; what it says then was counted since."""
    if now.start > last.start > 0:
        return True
    before, after = last.buckets, now.buckets
    if before is None or after is None:
        return now.value < last.value
    is_less = any(new < old for old, new in zip(before.counts, after.counts, strict=False))
    return before.bounds != after.bounds or after.count < before.count or is_less


def _since(last: Sample, now: Sample) -> Sample:
    """What was added."""
    before, after = last.buckets, now.buckets
    if before is None or after is None:
        return replace(now, value=now.value - last.value)
    counts = tuple([new - old for old, new in zip(before.counts, after.counts, strict=True)])
    return replace(now, value=now.value - last.value, buckets=Buckets(after.count - before.count, after.bounds, counts))


def _distribution(now: Sample, buckets: Buckets, interval_s: float) -> Iterator[Point]:
    yield _point(now, "rate", buckets.count / interval_s)
    if buckets.count > 0:
        yield _point(now, "mean", now.value / buckets.count)
        if buckets.bounds:
            yield _point(now, "p95", quantile(buckets, 0.95))


def quantile(buckets: Buckets, share: float) -> float:
    """By straight lines within a bucket, as Prometheus has it; what is above all bounds counts as the last of them."""
    wanted = share * buckets.count
    low, below = min(0.0, buckets.bounds[0]), 0.0
    for bound, count in zip(buckets.bounds, buckets.counts, strict=True):
        if count >= wanted and count > below:
            return min(bound, low + (bound - low) * max(0.0, wanted - below) / (count - below))  # which may round up
        low, below = bound, max(below, count)
    return low


def _point(now: Sample, statistic: str, value: float) -> Point:
    return Point(now.ts, now.source, now.name, now.labels, statistic, value)
