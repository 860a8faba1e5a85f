"""Measures that are added up."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.watch.otel.histograms import MAX_SERIES, Histograms, Sums
from gateway.watch.otel.measures import HISTOGRAMS, Measure

NAME = "gen_ai.server.request.duration"


def test_sums():
    """Each set of attributes by itself; a value that is a bound is the last of its bucket."""
    made = Histograms()
    made.record([Measure(NAME, value, {"a": "x"}) for value in (0.01, 0.011, 100.0)])
    made.record([Measure(NAME, 5.0, {"a": "y"})])
    x, y = made.sums()[NAME]
    assert (x.attributes, x.count, x.total, x.least, x.greatest) == ({"a": "x"}, 3, pytest.approx(100.021), 0.01, 100.0)
    assert (x.buckets[0], x.buckets[1], x.buckets[-1], len(x.buckets)) == (1, 1, 1, len(HISTOGRAMS[NAME].bounds) + 1)
    assert (y.attributes, y.count) == ({"a": "y"}, 1)


@given(st.lists(st.floats(0, 1e6)))
def test_every_value_is_in_a_bucket(values: list[float]):
    """Its own, and no other: as many as there are, none beyond its bounds."""
    made = Histograms()
    made.record(Measure(NAME, value, {}) for value in values)
    bounds = (float("-inf"), *HISTOGRAMS[NAME].bounds, float("inf"))
    expected = [sum(low < value <= high for value in values) for low, high in pairwise(bounds)]
    assert [list(each.buckets) for each in made.sums().get(NAME, ())] == ([expected] if values else [])


def test_series_are_bounded():
    """What comes beyond the bound is counted together, and what was there before goes on."""
    made = Histograms()
    made.record(Measure(NAME, 1.0, {"model": f"m{number}"}) for number in range(MAX_SERIES + 500))
    made.record([Measure(NAME, 1.0, {"model": "m0"})])
    sums = made.sums()[NAME]
    assert (len(sums), sum(each.count for each in sums)) == (MAX_SERIES + 1, MAX_SERIES + 501)
    assert (sums[0].count, sums[-1].attributes, sums[-1].count) == (2, {"otel.metric.overflow": True}, 500)


def test_what_is_forgotten():
    """The next begins at nothing, and what was said stays as it was."""
    made = Histograms()
    made.record([Measure(NAME, 1.0, {})])
    said = made.sums()
    made.forget()
    assert made.sums() == {}
    assert isinstance(said[NAME][0], Sums)
