"""A bounded sample in order of size."""

from itertools import pairwise
from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.reservoir import LEAST, Reservoir


def filled(count: int, most: int = 1000, seed: int = 1) -> Reservoir:
    chance, reservoir = Random(seed), Reservoir(most)
    for _ in range(count):
        reservoir.add(chance.random())
    return reservoir


@given(st.lists(st.floats(-1e30, 1e30), max_size=200), st.integers(1, 50))
def test_it_is_bounded_and_in_order(values: list[float], most: int):
    """Whatever is added: never more than the limit, and in order as far as its precision goes."""
    reservoir = Reservoir(most)
    for value in values:
        reservoir.add(value)
    assert len(reservoir) == min(most, len(values))
    ordered = list(reservoir.ordered)
    assert all(after >= before - abs(before) * 1e-6 for before, after in pairwise(ordered))


def test_surprise_is_the_rank():
    """Of a hundred values, nine others are at least as large as the tenth largest, and it is one in ten."""
    reservoir = Reservoir()
    for value in range(1, 101):
        reservoir.add(value)
    assert reservoir.surprise(91) == pytest.approx(log(101 / 11))
    assert reservoir.surprise(0) == pytest.approx(0, abs=0.01)


def test_beyond_the_largest_it_goes_on():
    """What lies further out than all others is the more surprising the further, up to a limit."""
    reservoir = filled(500)
    near, far, furthest = reservoir.surprise(1.1), reservoir.surprise(20), reservoir.surprise(1e30)
    assert log(501) < near < far < furthest <= log(501) + 5


def test_with_few_values_nothing_is_surprising():
    """Until there are enough."""
    assert filled(LEAST - 1).surprise(1e9) == 0
    assert filled(LEAST).surprise(1e9) > 0


def test_equal_values_are_no_surprise():
    """Where there is one value, it is usual; another is only as rare as its rank."""
    reservoir = Reservoir()
    for _ in range(100):
        reservoir.add(3)
    assert reservoir.surprise(3) == 0
    assert reservoir.surprise(4) == pytest.approx(log(101))


def test_it_forgets():
    """After many values of another size, hardly any of the old are left."""
    reservoir = filled(300, most=100)
    for _ in range(1000):
        reservoir.add(10)
    assert list(reservoir.ordered).count(10) > 95


def test_restored_it_goes_on_as_it_would_have():
    """The same values, and the same make room."""
    one = filled(150, most=100)
    other = Reservoir(100)
    other.restore(one.as_json())
    for value in range(50):
        one.add(value)
        other.add(value)
    assert one.as_json() == other.as_json()


@pytest.mark.parametrize("saved", [[1, "AAA"], [1, "AAAA"], [1, "AAAAAAAAAAAAAAA="], [1]])
def test_what_is_no_reservoir(saved: list[object]):
    """Half a number, more than fit, or nothing: refused."""
    with pytest.raises(ValueError):
        Reservoir(2).restore(saved)
