"""Intervals against published examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.intervals import paired, wilson


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718), (29, 29, 0.8830, 1.0)],
)
def test_wilson(count, total, low, high):
    """The examples of Newcombe's table of single proportions, by the score method."""
    found = wilson(count, total)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_paired():
    """The example of Newcombe's paper, by method 10: 36 and 12, 2 and 0 of 50."""
    found = paired(36, 12, 2, 0)
    assert (found.value, found.low, found.high) == tuple(pytest.approx(each, abs=5e-5) for each in (0.2, 0.0569, 0.3404))


def test_pairs_that_agree():
    """What two policies decide alike is a difference of nought, known the better the more there is of it."""
    few, many = paired(5, 0, 0, 5), paired(500, 0, 0, 500)
    assert few.value == many.value == 0
    assert few.low < many.low < 0 < many.high < few.high


def test_nothing_counted():
    """Of nothing, nothing is excluded."""
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert (paired(0, 0, 0, 0).low, paired(0, 0, 0, 0).high) == (-1.0, 1.0)


@given(st.tuples(*[st.integers(0, 10_000)] * 4))
def test_an_interval_holds_its_value(cells):
    """The difference lies within its interval, which lies within -1 and 1; with the roles exchanged it is the same, negated."""
    both, new, old, neither = cells
    found, turned = paired(both, new, old, neither), paired(both, old, new, neither)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert (found.low, found.high) == (pytest.approx(-turned.high), pytest.approx(-turned.low))
