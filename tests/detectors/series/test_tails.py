"""The tails of counts, against their sums."""

from math import comb, exp, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series import tails


def poisson_sum(count: int, mean: float) -> float:
    return sum(exp(each * log(mean) - mean - lgamma(each + 1)) for each in range(count, count + 3000))


def binomial_sum(count: int, trials: int, share: float) -> float:
    return sum(comb(trials, each) * share**each * (1 - share) ** (trials - each) for each in range(count, trials + 1))


def dispersed_sum(count: int, mean: float, dispersion: float) -> float:
    size, share = mean / (dispersion - 1), (dispersion - 1) / dispersion
    return sum(
        exp(lgamma(each + size) - lgamma(size) - lgamma(each + 1) + each * log(share) + size * log(1 - share))
        for each in range(count, count + 3000)
    )


@given(st.integers(1, 500), st.floats(0.01, 500))
def test_poisson(count: int, mean: float):
    """The chance of so many or more is the sum of the chances of each."""
    assert tails.poisson(count, mean) == pytest.approx(poisson_sum(count, mean), rel=1e-6, abs=1e-12)


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_binomial(count: int, more: int, share: float):
    """The chance of so many or more is the sum of the chances of each."""
    assert tails.binomial(count, count + more, share) == pytest.approx(binomial_sum(count, count + more, share), rel=1e-6, abs=1e-12)


@given(st.integers(1, 200), st.floats(0.1, 100), st.floats(1.1, 5))
def test_dispersed(count: int, mean: float, dispersion: float):
    """The chance of so many or more is the sum of the chances of each."""
    assert tails.dispersed(count, mean, dispersion) == pytest.approx(dispersed_sum(count, mean, dispersion), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (tails.poisson(0, 5), 1),
        (tails.poisson(1, 0), 0),
        (tails.binomial(0, 5, 0.1), 1),
        (tails.binomial(6, 5, 0.1), 0),
        (tails.binomial(5, 5, 1), 1),
        (tails.binomial(1, 5, 0), 0),
        (tails.dispersed(0, 5, 2), 1),
        (tails.dispersed(1, 0, 2), 0),
        (tails.dispersed(3, 1, 1), tails.poisson(3, 1)),
        (tails.poisson(1_000_000, 1_000_000.0), pytest.approx(0.5, abs=0.001)),
        (tails.binomial(500_000, 1_000_000, 0.5), pytest.approx(0.5, abs=0.001)),
    ],
)
def test_edges(found: float, expected: float):
    """What is certain, what cannot be, and counts as large as they are taken."""
    assert found == expected
