"""The script of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.script import script


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my card?", "latin"),
        ("Wo ist meine Größe? Ça va, señor?", "latin"),
        ("Где моя карта?", "cyrillic"),
        ("Πού είναι η κάρτα μου;", "greek"),
        ("أين بطاقتي؟", "arabic"),
        ("איפה הכרטיס שלי?", "hebrew"),
        ("मेरा कार्ड कहाँ है?", "devanagari"),
        ("我的卡在哪里？", "han"),
        ("カードはどこですか", "kana"),
        ("私のカードはどこにありますか", "kana"),
        ("내 카드는 어디에 있나요?", "hangul"),
        ("บัตรของฉันอยู่ที่ไหน", "thai"),
        ("", None),
        ("12345 !? 67", None),
        ("🙂🙂🙂", None),
    ],
)
def test_scripts(text: str, expected: str | None):
    """Each is told by its letters; what has none has no script."""
    assert script(text) == expected


def test_most_letters_decide():
    """A name in other letters changes nothing."""
    assert script("Please write to Анна about the card that was lost on the train last week") == "latin"
    assert script("Напишите, пожалуйста, на support@example.com про мою карту и мой счёт") == "cyrillic"


def test_a_long_text_is_looked_at_throughout():
    """Not its beginning decides, but all of it."""
    assert script("abc " * 100 + "Где моя карта? " * 1000) == "cyrillic"


@given(st.text(max_size=300))
def test_any_text(text: str):
    """Nothing is raised, and what is said is of letters that are there."""
    assert script(text) is None or any(map(str.isalpha, text))
