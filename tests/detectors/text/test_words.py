"""The words of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where's my card_2, please? a1b", ["Where", "s", "my", "card", "please", "a", "b"]),
        ("Größe: 42 m, ça va", ["Größe", "m", "ça", "va"]),
        ("Где моя-карта", ["Где", "моя", "карта"]),
        ("", []),
        ("12 !?\x00\n", []),
    ],
)
def test_words(text: str, expected: list[str]):
    """Runs of letters, in order; digits, marks and spaces part them."""
    assert words(text) == expected


@given(st.text(st.characters(codec="ascii")))
def test_ascii_is_read_as_anything_else(text: str):
    """The quick way finds what the other one does."""
    assert words(text) == words(f"{text} é")[:-1]
