"""How unsure a model was, from log probabilities."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.uncertainty import MAX_TOKENS, Surprisals, entropy, surprisal

LOG_PROBABILITIES = st.lists(st.floats(-50, 0), min_size=1, max_size=60)


def measured(values, tail=0.1, likeliest=()):
    found = Surprisals()
    for value in values:
        found.add(value, likeliest)
    return found.measure(tail)


@pytest.mark.parametrize(
    ("values", "tail", "mean", "of_tail"),
    [
        ([0.0], 0.1, 0.0, 0.0),
        ([-1.0, -3.0], 0.5, 2.0, 3.0),
        ([-1.0, -3.0], 1.0, 2.0, 2.0),
        ([0.0] * 9 + [-5.0], 0.1, 0.5, 5.0),
        ([0.0] * 9 + [-5.0], 0.2, 0.5, 2.5),
        ([log(0.5)] * 4, 0.01, log(2), log(2)),
    ],
)
def test_means(values, tail, mean, of_tail):
    """The mean is over all tokens, the tail's over the least certain share, which is one token at least."""
    found = measured(values, tail)
    assert (found.mean, found.tail) == pytest.approx((mean, of_tail))
    assert found.tokens == len(values)


def test_nothing_said():
    """Of no token nothing is known."""
    assert Surprisals().measure(0.1) is None


@given(LOG_PROBABILITIES, st.floats(0.01, 1))
def test_the_tail_is_no_surer_than_the_whole(values, tail):
    """The least certain tokens are, on average, no more certain than all of them."""
    found = measured(values, tail)
    assert found.tail >= found.mean - 1e-9


@given(LOG_PROBABILITIES)
def test_order_does_not_matter(values):
    """In which order tokens come changes nothing."""
    one, other = measured(values), measured(sorted(values))
    assert (one.mean, one.tail) == pytest.approx((other.mean, other.tail))


@pytest.mark.parametrize(("said", "expected"), [(-9999.0, 100.0), (0.0001, 0.0), (-2.5, 2.5)])
def test_what_endpoints_say(said, expected):
    """A probability too small to be told is bounded, one rounded above one is certain."""
    assert surprisal(said) == expected


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [([1.0], 0.0), ([0.5, 0.5], log(2)), ([0.5], log(2)), ([0.25] * 4, log(4)), ([0.0, 1.0], 0.0)],
)
def test_entropy(probabilities, expected):
    """What is outside of the likeliest counts as one token more."""
    assert entropy([log(p) if p else -9999.0 for p in probabilities]) == pytest.approx(expected, abs=1e-6)


def test_entropy_is_of_the_tokens_that_have_it():
    """Tokens without their likeliest take no part in the entropy."""
    found = Surprisals()
    found.add(-1.0, [log(0.5), log(0.5)])
    found.add(-1.0)
    assert found.measure(0.1).entropy == pytest.approx(log(2))
    assert measured([-1.0]).entropy is None


def test_bounded():
    """What is kept of an answer is bounded."""
    found = Surprisals()
    for _ in range(MAX_TOKENS + 10):
        found.add(-1.0)
    assert found.measure(0.1).tokens == MAX_TOKENS
