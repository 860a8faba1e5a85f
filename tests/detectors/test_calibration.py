"""Scores to tail probabilities."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calibration import MAX_KNOTS, CalibrationError, Table, expected, from_json, refine, table

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
    assert made.finest == pytest.approx(1 / 10_001)
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


def test_expected_is_wider_for_fewer():
    """What two scores say is less sure than what twenty of the same spread say; one says only itself."""
    two, twenty = expected([0.3, 0.4], 100), expected([0.3, 0.4] * 10, 100)
    assert max(two) > max(twenty) > 0.4
    assert (len(two), min(two) >= 0, max(two) <= 1) == (100, True, True)
    assert sum(twenty) / 100 == pytest.approx(0.35, abs=0.001)
    assert expected([0.3], 100) == [0.3]


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
