"""Scores to tail probabilities."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calibration import MAX_KNOTS, CalibrationError, Table, finest, fitted, from_json, refine, student_tail, table

scores = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=60)
score = st.floats(0, 1, allow_subnormal=False)


@pytest.mark.parametrize(
    ("value", "tail"), [(0.0, 1.0), (0.1, 1.0), (0.2, 1.0), (0.3, 0.6), (0.4, 0.4), (0.35, 0.5), (0.7, 0.2), (1.0, 0.0)]
)
def test_tail(value: float, tail: float):
    """One more than the samples at or above it, of one more than all; even between them, and down to the end of the scale."""
    assert table([0.4, 0.2, 0.3, 0.2]).tail(value) == pytest.approx(tail)


@given(scores, score)
def test_never_below_the_conformal_bound(samples: list[float], value: float):
    """Up to the largest sample, the tail is not below (k + 1) / (n + 1), k samples being as large."""
    as_large = sum(sample >= value for sample in samples)
    if as_large:
        assert table(samples).tail(value) >= (as_large + 1) / (len(samples) + 1) - 1e-9


@given(scores, score, score)
def test_falls(samples: list[float], one: float, other: float):
    """A larger score has no larger tail."""
    low, high = sorted((one, other))
    assert table(samples).tail(low) >= table(samples).tail(high)


@given(st.lists(st.floats(0, 0.99, allow_subnormal=False), min_size=1, max_size=60), st.floats(0.001, 1))
def test_score_of_a_tail(samples: list[float], rate: float):
    """The score that a policy's rate stands for has a tail of at most that rate."""
    made = table(samples)
    assert made.score(rate) == made.scores[0] or made.tail(made.score(rate)) <= rate + 1e-6


@given(scores)
def test_json_round_trip(samples: list[float]):
    """What is written is read again."""
    made = table(samples)
    assert from_json(json.loads(json.dumps(made.as_json()))) == made


def test_the_rate_is_held():
    """Fresh samples exceed the score of a rate about that often, and not more."""
    chance = random.Random(5)
    draws = [chance.betavariate(2, 5) for _ in range(4000)]
    made = table(draws[:2000])
    for rate in (0.01, 0.05, 0.2):
        held = sum(made.tail(value) <= rate for value in draws[2000:]) / 2000
        assert rate * 0.5 < held < rate * 1.5


def test_many_samples_make_few_knots():
    """A table is bounded; each knot keeps the tail that all samples give it."""
    made = table([at / 10_000 for at in range(10_000)])
    assert len(made.scores) == MAX_KNOTS
    assert made.samples == 10_000
    assert made.tail(0.9) == pytest.approx(0.1, abs=0.002)
    assert made.scores[-1] == 0.9999


def test_refine_leans_towards_what_is_measured():
    """Few new scores move a table little, many move it far."""
    known = table([at / 100 for at in range(100)])
    few, many = refine(known, [0.99] * 5, 100), refine(known, [0.99] * 900, 100)
    assert known.tail(0.95) < few.tail(0.95) < 0.15
    assert many.tail(0.95) > 0.9
    assert refine(known, [], 100) == known
    assert refine(known, [0.5], 50).samples == 51


few = st.lists(st.floats(0, 0.9, allow_subnormal=False), min_size=2, max_size=60)


@given(few, score, score)
def test_fitted_falls_beyond_the_largest(samples: list[float], one: float, other: float):
    """A larger score has a smaller tail everywhere, and none has none: what lies further out is told apart by few samples too."""
    low, high = sorted((one, other))
    made = fitted(samples, len(samples) - 1)
    assert made.tail(low) >= made.tail(high) > 0
    assert made.tail(0.0) > made.tail(1.0)


@given(few, score)
def test_fitted_is_not_below_the_share_of_the_samples(samples: list[float], value: float):
    """What the samples themselves say counts for the more, the more of them there are."""
    made = fitted(samples, len(samples) - 1)
    as_large = sum(sample >= value + 1 / 256 for sample in samples)
    assert made.tail(value) >= as_large / (201 + len(samples)) - 1e-9


def test_fitted_is_wider_for_fewer():
    """What a few samples say is less sure than what many of the same spread say, and both hold what they promise."""
    chance = random.Random(3)
    draws = [min(1.0, max(0.0, chance.gauss(0.3, 0.15))) for _ in range(2000)]
    few_of_them, many = fitted(draws[:4], 3), fitted(draws[:200], 199)
    assert few_of_them.tail(0.8) > many.tail(0.8)
    assert 0.03 < sum(many.tail(value) <= 0.05 for value in draws[200:]) / 1800 < 0.07


@pytest.mark.parametrize(("count", "groups", "at_least", "at_most"), [(2, 1, 0.05, 0.1), (17, 3, 0.003, 0.02), (100, 10, 0.0001, 0.001)])
def test_finest(count: int, groups: int, at_least: float, at_most: float):
    """The more examples there are of a topic, the finer a rate they can hold."""
    assert at_least < finest(count, groups) < at_most


@pytest.mark.parametrize(
    ("deviation", "freedom", "tail"), [(0.0, 5, 0.5), (2.015, 5, 0.05), (2.764, 10, 0.01), (-1.812, 10, 0.95), (3.646, 20, 0.0008)]
)
def test_students_tail(deviation: float, freedom: int, tail: float):
    """As in the tables of Student's distribution."""
    assert student_tail(deviation, freedom) == pytest.approx(tail, rel=0.02)


@pytest.mark.parametrize("samples", [[], [1.1], [-0.1], [float("nan")], [0.2, float("inf")]], ids=str)
def test_bad_samples(samples: list[float]):
    """No scores, or such as are none, make no table."""
    with pytest.raises(CalibrationError):
        table(samples)


def test_bad_weight():
    """A table without weight cannot be refined."""
    with pytest.raises(CalibrationError):
        refine(table([0.5]), [0.6], 0)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"scores": [0.1], "tails": [0.5]},
        {"scores": 3, "tails": [0.5], "samples": 1},
        {"scores": ["x"], "tails": [0.5], "samples": 1},
        {"scores": [], "tails": [], "samples": 1},
        {"scores": [0.1], "tails": [0.5], "samples": 0},
        {"scores": [0.1, 0.2], "tails": [0.5], "samples": 1},
        {"scores": [0.2, 0.1], "tails": [0.5, 0.4], "samples": 1},
        {"scores": [0.1, 0.2], "tails": [0.4, 0.5], "samples": 1},
        {"scores": [0.1, 1.2], "tails": [0.5, 0.4], "samples": 1},
        {"scores": [0.1, 0.2], "tails": [1.5, 0.4], "samples": 1},
        {"scores": [0.1, 0.2], "tails": [0.5, 0.0], "samples": 1},
    ],
)
def test_bad_json(plain: dict[str, object]):
    """What is no table is refused with a sentence, not believed."""
    with pytest.raises(CalibrationError):
        from_json(plain)


def test_ties_have_one_knot():
    """Equal samples stand for one score, with the tail of all of them."""
    assert table([0.5] * 9) == Table((0.5,), (1.0,), 9)
