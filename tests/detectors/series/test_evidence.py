"""Bets whose capital is an e-value."""

import math
import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.evidence import BOTH_WAYS, LEANS, ODDS, Capital, odds_factors, rejected, sign_factors


@pytest.mark.parametrize(("size", "total", "adverse"), [(1, 2, 1), (3, 8, 3), (5, 6, 2), (4, 9, 9), (2, 7, 0)])
def test_a_bet_on_odds_is_fair(size: int, total: int, adverse: int):
    """Over all ways in which the adverse outcomes may fall on the places of a block, each factor's mean is 1."""
    factors = [odds_factors(sum(place < size for place in places), size, adverse, total) for places in combinations(range(total), adverse)]
    for column in zip(*factors, strict=True):
        assert math.fsum(column) / len(factors) == pytest.approx(1)


@given(st.floats(-50, 50))
def test_a_bet_on_signs_is_fair(value: float):
    """A value and its opposite, equally likely, leave the capital as it is on average."""
    both = zip(sign_factors(value, BOTH_WAYS), sign_factors(-value, BOTH_WAYS), strict=True)
    assert all(up + down == pytest.approx(2) and up >= 0 for up, down in both)


def test_capital_stays_when_nothing_is_learnt():
    """What waits joins the running bets without adding to them."""
    capital = Capital(3)
    for _ in range(500):
        capital.stake([1.0] * 3)
    assert capital.value == pytest.approx(1)


def test_what_begins_late_is_found():
    """After a long time without a difference, one is still told."""
    capital, chance = Capital(len(BOTH_WAYS)), random.Random(4)
    for _ in range(2000):
        capital.stake(sign_factors(chance.choice((-1, 1)), BOTH_WAYS))
    assert capital.value < 20
    for _ in range(300):
        capital.stake(sign_factors(1 if chance.random() < 0.75 else -1, BOTH_WAYS))
    assert capital.value > 100


def test_evidence_may_be_looked_at_any_time():
    """Of many fair series looked at after every step, at most the promised share ever reaches 1 / alpha."""
    chance = random.Random(1)
    wrong = 0
    for _ in range(300):
        capital = Capital(len(LEANS))
        highest = 0.0
        for _ in range(150):
            capital.stake(sign_factors(chance.gauss(0, 1), LEANS))
            highest = max(highest, capital.value)
        wrong += highest >= 10
    assert wrong <= 30


def test_capital_is_bounded():
    """Overwhelming evidence is a number, and is kept and restored as it is."""
    capital = Capital(len(ODDS))
    for _ in range(3000):
        capital.stake(odds_factors(10, 10, 10, 20))
    assert math.isfinite(capital.value)
    assert Capital.from_json(capital.as_json()).value == capital.value


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ({}, set()),
        ({"a": 19.0}, set()),
        ({"a": 20.0}, {"a"}),
        ({"a": 39.0, "b": 1.0}, set()),
        ({"a": 40.0, "b": 1.0}, {"a"}),
        ({"a": 20.0, "b": 20.0}, {"a", "b"}),
        ({"a": 1000.0, "b": 25.0, "c": 2.0}, {"a"}),
    ],
)
def test_rejected(evidence: dict[str, float], told: set[str]):
    """e-BH: the k surest of n are told when the least sure of them is at least n / (alpha k)."""
    assert rejected(evidence, 0.05) == told
