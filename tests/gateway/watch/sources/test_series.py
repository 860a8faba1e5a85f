"""Samples into points: by examples, and what holds for any history."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.observed import Buckets, Kind, Point, Sample
from gateway.watch.sources.series import GAP_S, SILENT_S, Series, quantile

NOW = 1_795_000_000.0
BOUNDS = (0.1, 1.0)


def at(seconds: float, value: float, kind: Kind = Kind.COUNTER, buckets: Buckets | None = None, start: float = 0.0, **named: str) -> Sample:
    return Sample(NOW + seconds, named.get("source", "a"), named.get("name", "n"), (), kind, value, buckets, start)


def spread(count: float, *counts: float) -> Buckets:
    return Buckets(count, BOUNDS[: len(counts)], counts)


def told(*samples: Sample) -> list[list[tuple[str, float]]]:
    """The statistics of each sample."""
    series = Series(10, 10)
    return [[(point.statistic, round(point.value, 6)) for point in series.take(sample)] for sample in samples]


def test_levels():
    """A level is told as it is, from the first time on, also after a gap."""
    gauge = [at(0, 3, Kind.GAUGE), at(10, 0, Kind.GAUGE), at(10 + 2 * GAP_S, -1, Kind.GAUGE)]
    assert told(*gauge) == [[("value", 3)], [("value", 0)], [("value", -1)]]


def test_rates():
    """Of what is counted, how much came each second; the first time tells nothing."""
    assert told(at(0, 100), at(10, 150), at(20, 150)) == [[], [("rate", 5)], [("rate", 0)]]


def test_resets():
    """Who counts from nothing again has counted what he says: by a smaller number, or by a later start."""
    assert told(at(0, 100), at(10, 30)) == [[], [("rate", 3)]]
    assert told(at(0, 100, start=1), at(10, 130, start=2)) == [[], [("rate", 13)]]
    assert told(at(0, 100, start=0), at(10, 130, start=2)) == [[], [("rate", 3)]]


def test_gaps():
    """Over a gap there is no rate, and none of it is spread over what follows."""
    assert told(at(0, 0), at(GAP_S + 1, 1000), at(GAP_S + 11, 1010)) == [[], [], [("rate", 1)]]


def test_late_ones():
    """What is not after the one before tells nothing and moves nothing."""
    series = Series(10, 10)
    points = [series.take(each) for each in (at(0, 0), at(10, 10), at(5, 7), at(10, 12), at(20, 30))]
    assert [[point.value for point in each] for each in points] == [[], [1], [], [], [2]]
    assert (series.tally.late, series.tally.taken) == (2, 3)


def test_a_clock_that_is_set_back():
    """Beyond the width of a gap it begins anew, and does not wait for the old time."""
    assert told(at(10_000, 50), at(0, 60), at(10, 80)) == [[], [], [("rate", 2)]]


def test_distributions():
    """Of what was observed in the interval: how often, the mean, and below what 95 % were."""
    first, second = at(0, 50, Kind.HISTOGRAM, spread(100, 90, 100)), at(10, 60, Kind.HISTOGRAM, spread(120, 100, 120))
    assert told(first, second) == [[], [("rate", 2), ("mean", 0.5), ("p95", 0.91)]]


def test_a_distribution_of_nothing():
    """Where nothing was observed there is no mean: it is not 0."""
    sample = at(0, 50, Kind.HISTOGRAM, spread(100, 90, 100))
    again = at(10, 50, Kind.HISTOGRAM, spread(100, 90, 100))
    assert told(sample, again) == [[], [("rate", 0)]]


@pytest.mark.parametrize("buckets", [spread(50, 40, 50), spread(150, 80, 150), Buckets(150, (0.2, 1.0), (95, 150)), spread(150, 95)])
def test_a_distribution_that_begins_again(buckets: Buckets):
    """By a smaller count, a smaller bucket or other bounds: what it says was observed since."""
    first = at(0, 50, Kind.HISTOGRAM, spread(100, 90, 100))
    _, points = told(first, at(10, 75, Kind.HISTOGRAM, buckets))
    assert points[:2] == [("rate", buckets.count / 10), ("mean", round(75 / buckets.count, 6))]


def test_without_buckets():
    """A distribution may be known by its count and sum alone."""
    assert told(at(0, 1, Kind.HISTOGRAM, Buckets(1)), at(10, 5, Kind.HISTOGRAM, Buckets(3))) == [[], [("rate", 0.2), ("mean", 2)]]


def test_deltas():
    """Who tells only what came since is taken at his word, over the interval that he names or since his last one."""
    assert told(at(0, 5, Kind.COUNTER_DELTA), at(10, 5, Kind.COUNTER_DELTA)) == [[], [("rate", 0.5)]]
    named = at(100, 5, Kind.COUNTER_DELTA, start=NOW + 95)
    assert told(at(0, 5, Kind.COUNTER_DELTA), named) == [[], [("rate", 1)]]
    spread_out = at(10, 4, Kind.HISTOGRAM_DELTA, Buckets(2))
    assert told(at(0, 9, Kind.HISTOGRAM_DELTA, Buckets(9)), spread_out) == [[], [("rate", 0.2), ("mean", 2)]]


def test_another_kind():
    """A series that becomes another kind of series begins anew."""
    assert told(at(0, 5), at(10, 9, Kind.HISTOGRAM, Buckets(2)), at(20, 3, Kind.GAUGE)) == [[], [], [("value", 3)]]


@pytest.mark.parametrize(
    "sample",
    [
        at(0, math.nan, Kind.GAUGE), at(0, math.inf, Kind.GAUGE), at(math.nan, 1, Kind.GAUGE), at(0, -1), at(0, -1, Kind.COUNTER_DELTA),
        at(0, 1, Kind.HISTOGRAM), at(0, 1, Kind.COUNTER, Buckets(1)), at(0, 1, Kind.HISTOGRAM, Buckets(-1)),
        at(0, 1, Kind.HISTOGRAM, Buckets(math.nan)), at(0, 1, Kind.HISTOGRAM, Buckets(math.inf)), at(0, 1, Kind.HISTOGRAM, spread(5, 6, 5)),
        at(0, 1, Kind.HISTOGRAM, spread(5, 3, 6)), at(0, 1, Kind.HISTOGRAM, Buckets(5, (1.0,), (1, 2))),
        at(0, 1, Kind.HISTOGRAM, Buckets(5, (2.0, 1.0), (1, 2))), at(0, 1, Kind.HISTOGRAM, Buckets(5, (math.nan,), (1,))),
        at(0, 1, Kind.HISTOGRAM, Buckets(5, (1.0, 2.0), (math.nan, 2))),
    ],
)  # fmt: skip
def test_no_numbers(sample: Sample):
    """What is no number, or no distribution, is counted and not taken."""
    series = Series(10, 10)
    assert series.take(sample) == ()
    assert (series.tally.unusable, series.tally.taken, len(series)) == (1, 0, 0)


def test_room():
    """Series that are alive stay, whatever floods in; one that is silent makes room for a new one, of its source first."""
    series = Series(3, 2)
    for name in ("x", "y", "z"):
        series.take(at(0, 1, Kind.GAUGE, name=name))
    assert (len(series), series.tally.refused) == (2, 1)
    series.take(at(0, 1, Kind.GAUGE, source="b"))
    series.take(at(0, 1, Kind.GAUGE, source="c"))
    assert (len(series), series.tally.refused) == (3, 2)
    later = SILENT_S + 1
    series.take(at(later, 1, Kind.GAUGE, name="y"))
    series.take(at(later, 1, Kind.GAUGE, source="c"))
    assert {(point.source, point.name) for point in series.latest()} == {("a", "y"), ("b", "n"), ("c", "n")}
    series.take(at(later, 1, Kind.GAUGE, name="z"))
    assert {(point.source, point.name) for point in series.latest()} == {("a", "y"), ("a", "z"), ("c", "n")}
    assert series.tally.evicted == 2


def test_room_after_a_flood():
    """However long the flood was, there is room as soon as a series has been silent; also where the clock was set back meanwhile."""
    series = Series(10, 2)
    for second in range(500):
        series.take(at(second, 1, Kind.GAUGE, name="alive"))
        series.take(at(second, 1, Kind.GAUGE, name="first" if second < 5 else f"n{second}"))
    assert series.tally.refused == 495
    series.take(at(4 + SILENT_S, 1, Kind.GAUGE, name="alive"))
    series.take(at(4 + SILENT_S, 1, Kind.GAUGE, name="new"))
    assert {point.name for point in series.latest()} == {"alive", "new"}
    series.take(at(-9 * SILENT_S, 1, Kind.GAUGE, name="newer"))
    assert {point.name for point in series.latest()} == {"new", "newer"}


def test_latest():
    """The last points of each series, the freshest first; those of a counter from its second sample on."""
    series = Series(10, 10)
    for sample in (at(0, 1), at(0, 7, Kind.GAUGE, name="g"), at(10, 11)):
        series.take(sample)
    assert [(point.name, point.statistic, point.value) for point in series.latest()] == [("n", "rate", 1), ("g", "value", 7)]


histories = st.lists(
    st.tuples(
        st.floats(-2 * GAP_S, 4 * GAP_S), st.floats(0, 1e12), st.lists(st.integers(0, 1000), min_size=3, max_size=3), st.sampled_from(Kind)
    ),
    max_size=30,
)  # fmt: skip


@given(histories)
def test_any_history(steps: list[tuple[float, float, list[int], Kind]]):
    """Whatever the clock and the numbers do: no rate is below nothing, and every point is finite, of its sample's time, within bounds."""
    series, now, taken = Series(4, 4), 0.0, 0
    for step, value, counts, kind in steps:
        now += step
        counted = kind in (Kind.HISTOGRAM, Kind.HISTOGRAM_DELTA)
        low, middle, high = sorted(counts)
        sample = at(now, value, kind, spread(high, low, middle) if counted else None)
        for point in series.take(sample):
            assert point.ts == sample.ts
            assert math.isfinite(point.value)
            assert point.statistic in ("value", "rate", "mean", "p95")
            assert point.value >= 0 or point.statistic == "mean"
            assert point.statistic != "p95" or point.value <= BOUNDS[-1]
        taken += 1
    assert series.tally.taken + series.tally.late == taken


floods = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("uvwxyz"), st.floats(-SILENT_S, 2 * SILENT_S)), max_size=60)


@given(floods)
def test_any_flood(steps: list[tuple[str, str, float]]):
    """There are never more series than there may be, of one source or altogether; every sample is taken or refused, and all are counted."""
    series, now = Series(5, 2), 0.0
    for source, name, step in steps:
        now += step
        series.take(at(now, 1, Kind.GAUGE, source=source, name=name))
        sources = [point.source for point in series.latest()]
        assert len(sources) == len(series) <= 5
        assert max(map(sources.count, sources)) <= 2
    tally = series.tally
    assert tally.taken + tally.refused + tally.late == len(steps)


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 1000)), min_size=1, max_size=30))
def test_rates_add_up(steps: list[tuple[int, int]]):
    """Of a counter without a gap, the rates times their intervals are what was counted."""
    series, now, total, found = Series(4, 4), 0, 0, 0.0
    series.take(at(0, 0))
    for step, grown in steps:
        now, total = now + step, total + grown
        (point,) = series.take(at(now, total))
        found += point.value * step
    assert found == pytest.approx(total)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=2), st.integers(0, 50), st.floats(0.01, 1))
def test_quantiles(counts: list[int], beyond: int, share: float):
    """As many are below a quantile as it says, as far as the buckets tell: it is never beyond the bucket that has it."""
    below = (counts[0], counts[0] + counts[1])
    buckets = Buckets(below[1] + beyond, BOUNDS, below)
    if buckets.count:
        found = quantile(buckets, share)
        wanted = share * buckets.count
        expected = next((place for place, count in enumerate(below) if count >= wanted), None)
        low, high = (BOUNDS[-1], BOUNDS[-1]) if expected is None else ((0.0, *BOUNDS)[expected], BOUNDS[expected])
        assert low <= found <= high


def test_a_point_names_its_series():
    """Source, name and labels are those of the sample."""
    (point,) = Series(1, 1).take(Sample(NOW, "s", "n", (("a", "b"),), Kind.GAUGE, 2.0))
    assert point == Point(NOW, "s", "n", (("a", "b"),), "value", 2.0)
