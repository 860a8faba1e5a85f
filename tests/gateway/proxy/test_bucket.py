"""A token bucket."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.proxy.bucket import Bucket


def test_a_bucket():
    """A burst is served, then as many as there are tokens for; who comes too early is told how long to wait."""
    bucket = Bucket(60, now=0.0)
    assert [bucket.take(0.0) for _ in range(10)] == [0.0] * 10
    assert bucket.take(0.0) == 1.0
    assert bucket.take(0.5) == 0.5
    assert bucket.take(1.0) == 0.0


def test_a_slow_bucket():
    """Of the smallest limit one is served at once."""
    bucket = Bucket(1, now=0.0)
    assert bucket.take(0.0) == 0.0
    assert bucket.take(15.0) == 45.0


@given(st.integers(1, 600), st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_that(per_minute: int, gaps: list[float]):
    """However they come, no more are served than a burst and what the minutes give."""
    bucket, now, served = Bucket(per_minute, now=0.0), 0.0, 0
    for gap in gaps:
        now += gap
        served += not bucket.take(now)
    assert served <= max(1.0, per_minute / 6) + now * per_minute / 60 + 1e-6
