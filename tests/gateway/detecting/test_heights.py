"""How large something is in exchanges, by what is usual."""

import random
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detecting.heights import Heights, Measured

SURPRISE = log(100 / 1e-5)
MEASURED = Measured(0.1, 30.0, ("high", "tail", "low"))


def steps(heights: Heights, count: int, times: float = 1.0, part: float = 1.0, since: int = 0, middle: float = 400.0) -> set[str]:
    """So many steps of fifty exchanges, of which a part takes so many times as long; the sides that are told of."""
    rng = random.Random(since)
    told: set[str] = set()
    for at in range(since, since + count):
        for _ in range(50):
            heights.put(middle * rng.lognormvariate(0, 0.4) * (times if rng.random() < part else 1.0))
        told |= {MEASURED.sides[each] for each in heights.close(at * 10.0, at * 10.0 + 10, SURPRISE)}
    return told


def learned(middle: float = 400.0) -> Heights:
    heights = Heights(MEASURED)
    assert steps(heights, 60, middle=middle) == set()
    return heights


@pytest.mark.parametrize(
    ("times", "part", "told"),
    [
        (1.0, 1.0, set()),
        (1.2, 1.0, set()),
        (2.0, 1.0, {"high"}),
        (20.0, 1.0, {"high", "tail"}),
        (10.0, 0.15, {"tail"}),
        (10.0, 0.02, set()),
        (0.3, 1.0, {"low"}),
        (0.8, 1.0, set()),
    ],
)
def test_which_sides_are_told_of(times: float, part: float, told: set[str]):
    """Most that are larger, a few that are much larger, most that are smaller; and what is nearly as usual, by nobody."""
    assert told <= steps(learned(), 6, times, part, since=60)
    if not told:
        assert steps(learned(), 60, times, part, since=60) == set()


def test_what_is_small_in_itself_is_not_large():
    """Eight times of next to nothing is next to nothing."""
    assert steps(learned(1.0), 30, 8.0, since=60, middle=1.0) == set()


def test_nothing_is_told_before_enough_is_known():
    """However much it changes."""
    heights = Heights(MEASURED)
    steps(heights, 2)
    assert steps(heights, 20, 20.0, since=2) == set()


def test_what_was_left_early_counts_but_is_not_learned():
    """It took that long at least."""
    heights = learned()
    before = heights.as_json()[:2]
    assert heights.put(1e6, is_censored=True)
    heights = learned()
    for _ in range(50):
        heights.put(1e6, is_censored=True)
    heights.close(600.0, 610.0, SURPRISE)
    assert heights.as_json()[:2] == before


def test_what_is_slow_is_not_learned_while_it_lasts():
    """And the bound stays where it was."""
    heights = learned()
    bound = heights.bound(0)
    assert "high" in steps(heights, 100, 3.0, since=60)
    assert heights.bound(0) == bound


@given(st.lists(st.floats(0, 1e15), max_size=300))
@settings(deadline=None, max_examples=50)
def test_any_number_is_taken(values: list[float]):
    """And what is restored goes on as it would have."""
    one, other = Heights(MEASURED), Heights(MEASURED)
    for at, value in enumerate(values):
        one.put(value)
        if at % 7 == 0:
            one.close(at, at + 10.0, SURPRISE)
    other.read_json(one.as_json())
    assert steps(one, 3, since=40) == steps(other, 3, since=40)
    assert one.as_json() == other.as_json()


@pytest.mark.parametrize("at", [0, 4])
def test_what_is_of_another_shape_is_refused(at: int):
    """With a ValueError."""
    saved = learned().as_json()
    saved[at] = "AAAA" if at == 0 else [1]
    with pytest.raises(ValueError):
        Heights(MEASURED).read_json(saved)
