"""When points come, and when they have stopped."""

import pytest

from detectors.series.arrivals import Arrivals


def every_ten(count: int) -> Arrivals:
    arrivals = Arrivals()
    assert all(arrivals.admits(10.0 * at) for at in range(count))
    return arrivals


@pytest.mark.parametrize(
    ("after", "told"),
    [(5, False), (29, False), (31, True)],
)
def test_silence(after: float, told: bool):
    """It is told when the gap is three times the longest before."""
    arrivals = every_ten(100)
    assert (arrivals.silent(990 + after) is not None) == told


def test_silence_is_told_once():
    """Until points come again, and stop again."""
    arrivals = every_ten(100)
    assert arrivals.silent(2000) == pytest.approx(1 / 100)
    assert arrivals.silent(3000) is None
    assert arrivals.admits(3000)
    assert arrivals.silent(3031) is not None


def test_a_series_that_hardly_began_is_not_silent():
    """With few points, no gap is long."""
    assert every_ten(10).silent(1e9) is None


def test_points_out_of_order_are_not_looked_at():
    """And are counted."""
    arrivals = every_ten(10)
    assert not arrivals.admits(90)
    assert not arrivals.admits(5)
    assert arrivals.admits(91)
    assert arrivals.late == 2


def test_a_clock_that_was_once_far_ahead_shuts_nothing_out():
    """After ten points of an earlier time, that is the time."""
    arrivals = every_ten(10)
    assert arrivals.admits(1e12)
    assert [arrivals.admits(100.0 + at) for at in range(12)] == [False] * 9 + [True] * 3


def test_restored():
    """The same future."""
    one, other = every_ten(50), Arrivals()
    other.restore(one.as_json())
    assert other.silent(1000) == one.silent(1000)
    assert other.as_json() == one.as_json()
    empty = Arrivals()
    empty.restore(Arrivals().as_json())
    assert empty.admits(-1e9)
