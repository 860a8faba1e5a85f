"""What becomes of a delivery: a table, and an hour without a channel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.incidents.deliver import (
    FIRST_WAIT_S,
    GIVE_UP_S,
    LONGEST_WAIT_S,
    Answer,
    Delivered,
    Failed,
    NoAnswer,
    Retry,
    next_attempt,
    word,
)
from tests.gateway.incidents.symptoms import T0

LATER = Retry(T0 + FIRST_WAIT_S)


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        (Answer(200), Delivered()),
        (Answer(202), Delivered()),
        (Answer(204), Delivered()),
        (Answer(302), Failed("status 302")),
        (Answer(400), Failed("status 400")),
        (Answer(401), Failed("status 401")),
        (Answer(404), Failed("status 404")),
        (Answer(410), Failed("gone", is_gone=True)),
        (Answer(408), LATER),
        (Answer(429), LATER),
        (Answer(500), LATER),
        (Answer(503), LATER),
        (NoAnswer("timeout"), LATER),
        (Answer(429, 60.0), Retry(T0 + 60)),
        (Answer(429, 1.0), LATER),
        (Answer(503, 1e9), Retry(T0 + 3600)),
    ],
)
def test_first_attempt(outcome, then):
    """What is wrong with the notice is never tried again, what is wrong with the channel is, when it says or soon."""
    assert next_attempt(1, T0, outcome, T0, 1.0) == then


def test_an_hour_without_a_channel():
    """It is tried often at first, then every few minutes, and delivered soon after the channel is back; after hours it is given up."""
    now, attempts = T0, 0
    while now < T0 + 3600:
        attempts += 1
        then = next_attempt(attempts, T0, NoAnswer("unreachable"), now, 0.5)
        assert isinstance(then, Retry)
        now = then.at
    assert now - T0 - 3600 <= LONGEST_WAIT_S
    assert 10 < attempts < 40
    assert next_attempt(99, T0, NoAnswer("timeout"), T0 + GIVE_UP_S, 0.5) == Failed("no answer for too long")
    assert next_attempt(99, T0, Answer(503), T0 + GIVE_UP_S, 0.5) == Failed("status 503 for too long")


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_are_bounded(attempts, chance):
    """However often and whatever chance says, a wait is between half the first and the longest, and not always the same."""
    then = next_attempt(attempts, T0, NoAnswer("timeout"), T0, chance)
    assert isinstance(then, Retry)
    assert FIRST_WAIT_S / 2 <= then.at - T0 <= LONGEST_WAIT_S
    other = next_attempt(attempts, T0, NoAnswer("timeout"), T0, (chance + 0.5) % 1)
    assert then != other


def test_word():
    """In a word."""
    assert (word(Answer(503)), word(NoAnswer("timeout"))) == ("status 503", "timeout")
