"""How far answers agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.agreement import MAX_CHARS, agreement, similarity


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Paris", "Paris", 1.0),
        ("Paris", "paris.", 1.0),
        ("It is Paris.", "It is Rome.", 0.6),
        ("one two", "two one", 2 / 3),
        ("Paris", "Rome", 0.0),
        ("", "", 1.0),
        ("", "Rome", 0.0),
    ],
)
def test_similarity(one, other, expected):
    """Words count, and their order; case and punctuation do not."""
    assert similarity(one, other) == pytest.approx(expected)


@given(st.text(max_size=60), st.text(max_size=60))
def test_between_none_and_all(one, other):
    """It is a share, the same either way round, and whole for a text and itself."""
    assert 0.0 <= similarity(one, other) <= 1.0
    assert similarity(one, other) == similarity(other, one)
    assert similarity(one, one) == 1.0


def test_agreement():
    """The mean over the other answers; of none nothing is known; another measure can be given."""
    assert agreement("Paris", ["Paris", "Rome"]) == 0.5
    assert agreement("Paris", []) is None
    assert agreement("Paris", ["Rome"], lambda one, other: 0.25) == 0.25


def test_bounded():
    """Of a long answer its beginning is compared."""
    assert agreement("a " * MAX_CHARS + "b", ["a " * MAX_CHARS + "c"]) == 1.0
