"""The score of the Numenta Anomaly Benchmark."""

from math import exp, inf

import pytest

from detectors.training import nab

WINDOWS = [(60, 79), (150, 169)]


def told(at: dict[int, float], length: int = 200) -> list[nab.Point]:
    return nab.points("s", [at.get(place, 0.0) for place in range(length)], WINDOWS)


def score(at: dict[int, float], threshold: float = 1.0, profile: nab.Profile = nab.STANDARD) -> float:
    return nab.normalised(nab.score_at(nab.curve(told(at), 2, profile), threshold), 2, profile)


def sigmoid(place: float) -> float:
    return 2 / (1 + exp(5 * place)) - 1


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ({}, 0),
        ({60: 1, 150: 1}, 100),
        ({60: 1}, 50),
        ({60: 1, 61: 1, 70: 1}, 50),
        ({10: 1}, 0),
        ({40: 1, 60: 1, 150: 1}, 100 - 100 * 0.11 / 4),
        ({60: 1, 149: 1, 150: 1}, 100 - 100 * 0.11 / 4),
    ],
)
def test_score(at: dict[int, float], expected: float):
    """All windows at once is 100, nothing is 0, a window counts once; what is told in the time for learning is not judged."""
    assert score(at) == pytest.approx(expected)


def test_early_is_better():
    """Within a window by its place in it; behind a window, what is told costs the more the later."""
    early, late = score({65: 1}), score({79: 1})
    assert 50 > early > late > 25
    assert late == pytest.approx(25 + 25 * sigmoid(-1 / 20) / sigmoid(-1))
    assert 0 > score({85: 1}) > score({120: 1})


def test_profiles():
    """What is false costs twice as much, or what is missed does."""
    falsely = score({40: 1})
    assert score({40: 1}, profile=nab.LOW_FALSE_POSITIVES) == pytest.approx(2 * falsely)
    assert score({60: 1}, profile=nab.LOW_FALSE_NEGATIVES) == pytest.approx(50)


def test_curve():
    """The score of each threshold, from the highest; equal values are told together."""
    curve = nab.curve(told({60: 3, 40: 2, 45: 2, 150: 1}), 2, nab.STANDARD)
    assert [at for at, _ in curve] == [inf, 3, 2, 1, 0]
    assert nab.best_threshold(curve) == 1
    assert nab.score_at(curve, 2.5) == pytest.approx(0)
    assert nab.score_at(curve, 10) == pytest.approx(-2)


def test_without_windows_there_is_no_score():
    """It is not a number to be divided by nothing."""
    assert nab.normalised(-1, 0, nab.STANDARD) == 0
