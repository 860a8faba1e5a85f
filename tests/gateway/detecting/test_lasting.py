"""Symptoms that go on."""

import pytest

from gateway.detecting.lasting import MAX_GOING_ON, Lasting
from gateway.incidents.symptom import Symptom


def symptom(level: float, series: str = "s") -> Symptom:
    return Symptom("trace", "latency", "slow path", series, (("app", "shop"),), 100.0, 100.0, level)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([1.0, 0.9, 0.5, 0.4, 0.9], [True, True, True, False, False]),
        ([0.9, 0.99], [False, False]),
        ([2.0, 0.0, 1.0], [True, False, True]),
    ],
)
def test_levels(levels: list[float], expected: list[bool]):
    """One begins at 1, goes on at a half or more, and begins again at 1."""
    lasting = Lasting()
    assert [bool(lasting.note(("shop",), [symptom(level)], 100.0 + at)) for at, level in enumerate(levels)] == expected


def test_every_step():
    """It is told again with each step, as of then, and ends with the next word on who has it."""
    lasting = Lasting(step_s=10.0, holds_s=1000.0)
    lasting.note(("shop",), [symptom(1.0, "a"), symptom(1.0, "b")], 100.0)
    lasting.note(("cart",), [symptom(1.0, "c")], 100.0)
    told = [[each.series for each in lasting.tick(now)] for now in (101.0, 105.0, 111.0, 112.0)]
    assert told == [["a", "b", "c"], [], ["a", "b", "c"], []]
    lasting.note(("shop",), [symptom(1.0, "b")], 120.0)
    assert [(each.series, each.at) for each in lasting.tick(121.0)] == [("b", 121.0), ("c", 121.0)]


def test_one_more():
    """What is added leaves the others of the same as they are."""
    lasting = Lasting()
    assert lasting.note(("shop",), [symptom(1.0, "a")], 100.0)
    assert lasting.add(("shop",), symptom(1.0, "b"), 101.0)
    assert not lasting.add(("shop",), symptom(0.7, "c"), 101.0)
    assert len(lasting) == 2


def test_nothing_is_heard():
    """After a while without a word on it, it is over."""
    lasting = Lasting(step_s=10.0, holds_s=60.0)
    lasting.note(("shop",), [symptom(1.0)], 100.0)
    assert [len(list(lasting.tick(now))) for now in (150.0, 160.0, 171.0)] == [1, 1, 0]
    assert len(lasting) == 0


def test_a_clock_that_goes_back():
    """It is told again all the same."""
    lasting = Lasting()
    lasting.note(("shop",), [symptom(1.0)], 1e9)
    assert [len(list(lasting.tick(now))) for now in (1e9, 5.0)] == [1, 1]


def test_bounded():
    """There is room for so many; the others are counted."""
    lasting = Lasting()
    lasting.note(("shop",), [symptom(1.0, str(number)) for number in range(MAX_GOING_ON + 3)], 100.0)
    assert (len(lasting), lasting.left_out) == (MAX_GOING_ON, 3)


def test_snapshot():
    """What goes on outlives a restart."""
    one, other = Lasting(), Lasting()
    one.note(("shop", "gpt"), [symptom(1.0)], 100.0)
    assert len(list(one.tick(103.0))) == 1
    other.restore(one.snapshot())
    assert [list(other.tick(now)) for now in (105.0, 113.0)] == [list(one.tick(now)) for now in (105.0, 113.0)]
    with pytest.raises(ValueError, match="valid"):
        other.restore(b"[1]")
