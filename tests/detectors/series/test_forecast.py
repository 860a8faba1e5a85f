"""When something that is used up will be."""

import math
from random import Random

import pytest

from detectors.series.forecast import LEAST_POINTS, MAX_POINTS, exhaustion

EVEN = [(60.0 * at, 2.0 * at) for at in range(30)]


def test_even_use():
    """What is used evenly ends when it is to be expected, and there is no doubt about it."""
    found = exhaustion(EVEN, 100.0)
    assert found is not None
    assert found.eta_s == pytest.approx((100 - 58) / 2 * 60)
    assert found.earliest_s == pytest.approx(found.eta_s) == found.latest_s
    assert (found.rate * 60, found.points, found.is_predicted) == (pytest.approx(2.0), 30, True)


@pytest.mark.parametrize(
    ("points", "limit"),
    [
        ([], 1.0),
        (EVEN[: LEAST_POINTS - 1], 100.0),
        ([(float(at), 5.0) for at in range(30)], 10.0),
        ([(0.0, float(at)) for at in range(30)], 100.0),
        ([(float(at), 0.0 if at < 28 else 50.0) for at in range(30)], 1000.0),
        ([(math.nan, 1.0)] * 30, 10.0),
    ],
    ids=["none", "few", "unused", "one time", "all at once", "no numbers"],
)
def test_no_claim(points: list[tuple[float, float]], limit: float):
    """Where too little is known, or where it may never happen, nothing is said."""
    assert exhaustion(points, limit) is None


def test_used_up():
    """What is gone is no prediction."""
    found = exhaustion(EVEN, 58.0)
    assert found is not None
    assert (found.eta_s, found.is_predicted) == (0.0, False)


def test_set_back():
    """A budget that begins anew is judged by what came after."""
    again = [*[(float(at), 10.0 * at) for at in range(50)], *[(50.0 + at, 1.0 * at) for at in range(20)]]
    found = exhaustion(again, 100.0)
    assert found is not None
    assert found.rate == pytest.approx(1.0)
    assert exhaustion(again[: 50 + LEAST_POINTS - 1], 100.0) is None


def test_only_late_points():
    """Points are bounded, and time goes forward only."""
    found = exhaustion([(float(at), at * (0.1 if at < 500 else 1.0)) for at in range(1000)], 2000.0)
    assert found is not None
    assert (found.points, found.rate) == (MAX_POINTS, pytest.approx(1.0))
    mixed = [each for pair in zip(EVEN, EVEN, strict=True) for each in pair]
    assert exhaustion(mixed, 100.0) == exhaustion(EVEN, 100.0)


def test_the_interval():
    """Of uneven use, nine in ten come within the interval."""
    within, runs = 0, 200
    for run in range(runs):
        chance = Random(f"interval {run}")
        used, points = 0.0, []
        for at in range(60):
            used += chance.expovariate(1.0)
            points.append((float(at), used))
        found = exhaustion(points, used + 30.0)
        assert found is not None
        left, waited = 30.0, 0
        while left > 0:
            left -= chance.expovariate(1.0)
            waited += 1
        within += found.earliest_s - 1 <= waited <= found.latest_s + 1
    assert within >= 0.88 * runs
