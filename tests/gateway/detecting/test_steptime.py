"""When steps are over, by the times of records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detecting.steptime import StepTime

AT = 1_000_000.0


def begun() -> StepTime:
    time = StepTime()
    assert time.heard(AT) == range(0)
    return time


@pytest.mark.parametrize(
    ("at", "over"),
    [
        (AT + 9.9, range(0)),
        (AT + 10, range(100_000, 100_001)),
        (AT + 25, range(100_000, 100_002)),
        (AT + 61, range(0)),
        (AT + 1e9, range(0)),
        (AT - 60, range(0)),
        (AT - 601, None),
    ],
)
def test_what_a_record_ends(at: float, over: range | None):
    """What is far ahead ends nothing, what is late counts now, and what is long past not at all."""
    assert begun().heard(at) == over


def test_many_in_a_row_that_are_ahead_are_right():
    """After a gap in which nothing came; of which not every step is gone through."""
    time = begun()
    assert [time.heard(AT + 5000) for _ in range(20)] == [range(0)] * 20
    over = time.heard(AT + 5000)
    assert over == range(100_488, 100_500)
    assert time.now == AT + 5000


def test_one_that_is_right_breaks_the_row():
    """So that a few with another clock never move it."""
    time = begun()
    for _ in range(100):
        assert time.heard(AT + 5000) == range(0)
        assert time.heard(AT + 1) == range(0)
    assert time.now == AT + 1


def test_a_tick_ends_steps_a_little_later():
    """Since records of a step come after its end; and where nothing was heard yet, nothing is over."""
    time = begun()
    assert time.tick(AT + 11) == range(0)
    assert time.tick(AT + 12) == range(100_000, 100_001)
    assert StepTime().tick(AT) == range(0)


def test_a_tick_sets_right_what_was_far_ahead():
    """A first record of a clock that goes wrong."""
    time = StepTime()
    time.heard(AT + 1e6)
    assert time.tick(AT) == range(0)
    assert time.now == AT
    assert time.heard(AT + 10) == range(100_000, 100_001)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e13))))
def test_no_step_is_over_twice(times: list[tuple[bool, float]]):
    """Unless a tick has set it back; and of one time, only so many."""
    time, last = StepTime(), -1
    for is_tick, at in times:
        before = time.step
        over = time.tick(at) if is_tick else time.heard(at)
        if time.step < before:
            last = -1
        for step in over or ():
            assert step > last
            last = step
        assert len(over or ()) <= 12
    other = StepTime()
    other.read_json(time.as_json())
    assert other.as_json() == time.as_json()
