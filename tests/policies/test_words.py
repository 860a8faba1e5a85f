"""How texts are made comparable, and in how many steps."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.words import at_once, fold, read, runs

_ODD = st.text(st.sampled_from("aZé1@ıİßſﬁ½Ⅷ가ㅤ\u0301\u0316\u0344\u200b\ufe0f\ufdfa") | st.characters(), max_size=40)


@given(text=_ODD, place=st.integers(0, 40))
def test_a_text_may_be_cut_anywhere(text, place):
    """Its pieces come to the same as the whole, so that they may be made one by one."""
    assert fold(text[:place]) + fold(text[place:]) == fold(text)


@given(text=_ODD)
def test_equal_texts_are_equal(text):
    """What Unicode takes for the same text is the same, whichever of its forms it is in, and whatever its case."""
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)
    assert fold(text.casefold()) == fold(text)


@pytest.mark.parametrize(
    ("text", "words", "identifiers"),
    [
        ("Hello, (dear) world!", ["hello", "dear", "world"], set()),
        ("mail Bob@Corp.example.", ["mail", "bob@corp.example"], {"bob@corp.example"}),
        ("a=b1&c=d2", ["a=b1&c=d2"], {"a=b1&c=d2", "b1", "d2"}),
        ("x?q=b%40c", ["x?q=b%40c"], {"x?q=b%40c", "b%40c", "b@c"}),
        ("at 10:30", ["at", "10:30"], {"10:30"}),
        ("h1:80", ["h1:80"], {"h1:80", "h1", "80"}),
        ("-- ...", [], set()),
        ("", [], set()),
    ],
)
def test_words(text, words, identifiers):
    """Words are what stands between spaces, quotes and brackets; identifiers are words, and parts of them, that look like some."""
    found = at_once(read(fold(text)))
    assert (list(found.words), found.identifiers) == (words, identifiers)


@pytest.mark.parametrize(("words", "length", "count"), [("abcab", 2, 3), ("abc", 3, 1), ("ab", 3, 0), ("abc", 0, 0), ("", 1, 0)])
def test_runs(words, length, count):
    """Each so many words that follow each other count once."""
    assert len(at_once(runs(list(words), length))) == count


def test_steps():
    """Long texts take many."""
    words = ["a"] * 10_000
    assert sum(1 for _ in read(" ".join(words))) > 10
    assert sum(1 for _ in runs(words, 8)) > 10
