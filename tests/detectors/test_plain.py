"""The cheap look."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.normalize import TOKEN, readings
from detectors.plain import is_plain


@pytest.mark.parametrize(
    "text",
    [
        "An ordinary sentence, with constitutional words in it; and a number: 415-555-0132.",
        "Die Größe der Straße hängt – wie „man“ sagt – vom Verkehr ab… 5 €.",
        "L’été\u00a0: c’était «\u00a0magnifique\u00a0»\u202f! Šest žlutých koní.",
        "昨天我们去了商店，买了面包和牛奶。",
        "Вчера мы ходили в магазин.",
        "",
    ],
)
def test_prose_is_plain(text: str):
    """Prose of many languages costs one look."""
    assert is_plain(text)


@pytest.mark.parametrize(
    "text", ["50%", "AT&T", r"C:\x", "zero\u200bwidth", "4１1", "am9obkBleGFtcGxlLmNvbQ==", "10\u00a0000", "415\u2011555"]
)
def test_what_may_say_something_else_is_not(text: str):
    """A single such character is seen in a long text."""
    assert not is_plain("word " * 500 + text + " word" * 500)


_ALPHABET = "ab1@.- \n–—é’\u00a0“ß\u200b%&\\u0040жо\u0301Ａ１。，日の…€²\u2011\u202f½™ſŉĳ\u0336٣\x00\x7f()ꀀ𝟘ⓐ=/+_Qx"


@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.text(max_size=12), st.text(_ALPHABET, max_size=14), st.text("abQ+/=-_1", min_size=12, max_size=30)))
@example("0é\u00a0–")
@example("00。b0“")
def test_plain_is_never_said_of_what_has_another_reading(text: str):
    """A text that is plain has no token that says anything else."""
    if is_plain(text):
        assert not any(readings(token[0], is_json=False) for token in TOKEN.finditer(text))
