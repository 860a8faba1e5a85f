"""Which keys are new."""

from gateway.incidents.learning import LEARNING_S, MAX_KEYS, Learning
from tests.gateway.incidents.symptoms import T0


def test_a_day():
    """A key is new for a day after it was seen first, by the time of what was read; also after a restart."""
    learning = Learning()
    assert learning.is_new("a", T0)
    assert learning.is_new("a", T0 + LEARNING_S - 1)
    again = Learning(seen=learning.seen)
    assert not again.is_new("a", T0 + LEARNING_S)
    assert again.is_new("b", T0 + LEARNING_S)


def test_a_flood_silences_nobody():
    """Where there is no room for more, nobody is new: known keys stay known, and others are told of."""
    learning = Learning()
    learning.is_new("a", T0)
    for each in range(MAX_KEYS):
        learning.is_new(f"flood-{each}", T0 + 1)
    assert len(learning.seen) == MAX_KEYS
    assert not learning.is_new("one more", T0 + 2)
    assert not learning.is_new("a", T0 + LEARNING_S)
    assert learning.is_new("after a month", T0 + 31 * 86400)


def test_a_flood_is_cheap():
    """Who could be forgotten is not looked for at each key of a flood."""
    learning = Learning(seen={f"flood-{each}": (T0, T0) for each in range(MAX_KEYS)})
    learning.is_new("one", T0 + 1)
    known = learning.seen
    learning.is_new("two", T0 + 2)
    assert learning.seen is known
    assert learning.is_new("after a month", T0 + 31 * 86400)
