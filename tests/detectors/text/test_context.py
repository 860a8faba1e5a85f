"""Words before a match."""

import pytest

from detectors.text import context

WORDS = ("card", "cc", "account")


@pytest.mark.parametrize(
    ("before", "score"),
    [
        ("my card is ", 0.65),
        ("my cards: ", 0.65),
        ("cc ", 0.65),
        ("", 0.3),
        ("accc ", 0.3),
        ("discard it ", 0.3),
        ("card one two three four five six seven eight nine ", 0.3),
        ("card " + "x" * 130, 0.3),
    ],
)
def test_boost(before: str, score: float):
    """One of the five content words before, within the window, that begins with a context word."""
    assert context.boosted(0.3, before + "123", len(before), context.Words(WORDS)) == pytest.approx(score)


def test_a_weak_score_is_raised_to_the_least():
    """Presidio's floor for an enhanced score, and its ceiling."""
    assert context.boosted(0.01, "account 1", 8, context.Words(WORDS)) == 0.4
    assert context.boosted(0.9, "account 1", 8, context.Words(WORDS)) == 1.0
