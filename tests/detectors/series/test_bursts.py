"""What is counted of a burst."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.bursts import Bursts


def test_one_user_cannot_fill_a_window():
    """Of a thousand exchanges of one user in five minutes, one is counted; of a hundred users, one each."""
    bursts = Bursts()
    assert sum(bursts.admits("a", 30.0) for _ in range(1000)) == 1
    assert sum(bursts.admits("a", 300.0 + at / 100) for at in range(1000)) == 1
    users = [f"user {at}" for at in range(100)]
    assert sum(bursts.admits(user, 630.0) for user in users) > 90


def test_among_many_a_user_may_have_a_fiftieth():
    """Where much is counted of others, a little more is of each."""
    bursts = Bursts()
    for at in range(500):
        bursts.admits(f"user {at}", 1.0)
    assert 5 <= sum(bursts.admits("a", 2.0) for _ in range(1000)) <= 12


def test_what_has_no_source_or_no_time_is_counted():
    """Nobody is held back who is not known."""
    bursts = Bursts()
    assert all(bursts.admits(None, 1.0) and bursts.admits("a", None) for _ in range(100))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "\ud800", ""]), st.floats(-1e15, 1e15))), st.text())
def test_json(seen: list[tuple[str, float]], source: str):
    """Counts that were kept go on as they would have, whatever the clock said."""
    bursts, other = Bursts(), Bursts()
    for each, ts in seen:
        bursts.admits(each, ts)
    other.restore(orjson.loads(orjson.dumps(bursts.as_json())))
    ts = seen[-1][1] if seen else 0.0
    assert other.admits(source, ts) == bursts.admits(source, ts)
