"""Quiet hours in no time."""

from itertools import pairwise

from bench.drill.simulated import _BEGINS, quiet_hours, times
from tests.bench.drill.test_history import SAMPLE


def test_the_day_has_a_night_busy_hours_and_a_holiday():
    """Less by night, three times as much while busy, without a jump, and one application that is away."""
    at = [times("shop", _BEGINS + minute * 60) for minute in range(24 * 60)]
    assert min(at) > 0.1
    assert max(at) > 1.5
    assert max(abs(one - other) for one, other in pairwise(at)) < 0.35
    assert times("hr-desk", _BEGINS + 27 * 3600) == 0 < times("shop", _BEGINS + 27 * 3600)


def test_nothing_is_heard_of_steady_traffic():
    """Six minutes in which each exchange is like the others open nothing, and all are looked at."""
    quiet = quiet_hours(SAMPLE, seed=1, hours=0.1, per_s=1.0)
    assert quiet.records > 1000
    assert (quiet.pages, quiet.heard) == (0, ())
