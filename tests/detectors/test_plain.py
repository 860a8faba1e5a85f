"""The cheap look."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.normalize import TOKEN, readings, telling_tokens
from detectors.plain import BOUNDARY, is_alone, is_plain, may_have_boundary
from detectors.readings import read


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
    "text",
    [
        "50%",
        "AT&T",
        r"C:\x",
        "zero\u200bwidth",
        "4１1",
        "am9obkBleGFtcGxlLmNvbQ==",
        "10\u00a0000",
        "415\u2011555",
        "a\x1cb",
        "6a:6f:68:6e:40:65:78:61",
    ],
)
def test_what_may_say_something_else_is_not(text: str):
    """A single such character is seen in a long text."""
    assert not is_plain("word " * 500 + text + " word" * 500)


@pytest.mark.parametrize(
    "text",
    [
        "Вчера мы купили iPhone 15 — и уже пишем на Python 3.",
        "Το 2024 γράψαμε Python.",
        "Party 🎉 at 8 ❤️",
        "Prix\u00a0: 5\u00a0%. C’était «\u00a0un\u00a0»",
    ],
)
def test_few_tokens_are_looked_at(text: str):
    """Words of other scripts, and white space of prose, cost one look more."""
    assert [text[start:end] for start, end in telling_tokens(text)] in ([], ["5\u00a0%."])


_ALPHABET = "ab1@.- \né–’\u00a0“ß\u200b%&\\u0040жо\u0301Ａ１。，日の…€²\u2011\u202f½™ſŉĳ\u0336٣\x00\x7f()ꀀ𝟘ⓐ=/+_Qx\x1c\u2800\uffff:"
_NEAR = st.text("ab1 .+(卡なﾅ가ж٤ก\u0e35ⵣé’ß😀\U00010330𠀋，、（ａ\u0301\u2060", max_size=12)


@settings(max_examples=600, deadline=None)
@given(_NEAR)
def test_no_boundary_is_missed(text: str):
    """The cheap look at the bytes says no only where there is none; and who stands alone has one reading."""
    if not may_have_boundary(text):
        assert BOUNDARY.search(text) is None
    if is_alone(text):
        assert sum(level is not None for level in read(text).levels) == 1


@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.text(max_size=12), st.text(_ALPHABET, max_size=20), st.text("abQ+/=-_1 \u00a0.@", min_size=12, max_size=40)))
@example("a\u00a0хо")
@example("x\u00a0%40")
def test_every_token_that_says_something_else_is_named(text: str):
    """Only whole tokens are named, in order, and none that has another reading is left out."""
    named = list(telling_tokens(text))
    tokens = [token.span() for token in TOKEN.finditer(text)]
    assert set(named) <= set(tokens)
    assert named == sorted(set(named))
    for span in tokens:
        assert span in named or readings(text[slice(*span)], is_json=False) is None


@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.text(max_size=12), st.text(_ALPHABET, max_size=14), st.text("abQ+/=-_1", min_size=12, max_size=30)))
@example("0é\u00a0–")
@example("00。b0“")
def test_plain_is_never_said_of_what_has_another_reading(text: str):
    """A text that is plain has no token that says anything else."""
    if is_plain(text):
        assert not any(readings(token[0], is_json=False) for token in TOKEN.finditer(text))
