"""Whether more than a share fails, and goes on failing."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.streak import LASTS_S, Streak


def test_failures_that_last():
    """Many failures at once are told by nobody; those that go on are."""
    streak = Streak()
    for number in range(50):
        streak.failed(0.0, number * 0.01)
    assert streak.level == 0.0
    streak.failed(0.0, LASTS_S)
    assert streak.level >= 1.0
    assert (streak.since, streak.last) == (0.0, LASTS_S)


def test_successes_end_it():
    """Some that began after the failures did; what began before says nothing."""
    streak = Streak()
    for number in range(20):
        streak.failed(100.0 + number, 101.0 + number)
    for _ in range(50):
        streak.worked(99.0, 0.9)
    assert streak.level == 2.0
    streak.worked(121.0, 0.9)
    streak.worked(122.0, 0.9)
    assert streak.level == 0.0


def test_failures_that_are_far_apart():
    """What fails now and then goes on failing at no time."""
    streak = Streak()
    for number in range(20):
        streak.failed(number * 200.0, number * 200.0)
    assert streak.level == 0.0
    assert streak.since == 19 * 200.0


@given(st.lists(st.booleans(), max_size=200))
def test_below_the_share(failed: list[bool]):
    """Its sum is never less than nothing, and of successes alone it is nothing."""
    streak = Streak()
    for at, is_failed in enumerate(failed):
        if is_failed:
            streak.failed(float(at), float(at))
        else:
            streak.worked(float(at), 0.5)
        assert 0.0 <= streak.level <= 2.0
    assert any(failed) or streak.level == 0.0
    assert Streak(*streak.as_json()) == streak
