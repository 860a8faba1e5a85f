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
    found = at_once(read(fold(text), 100))
    assert (list(found.words), found.identifiers) == (words, identifiers)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pay to IBAN DE89 3704 0044 0532 0130 00 today", "de89370400440532013000"),
        ("IBAN DE89\u00a03704\u20110044\r\n0532 0130 00.", "de89370400440532013000"),
        ('{"iban": "\\nDE89 3704\\u00a00044 0532 0130 00\\n"}', "de89370400440532013000"),
        ("12-3456-789", "123456789"),
        ("call +1 (415) 555-0132", "14155550132"),
        ("send 1,234,567.00 to", "1234567"),
        ("1'234'567", "1234567"),
        ("on 2026-11-22 1,234,567", "1234567"),
        ("123456789.0", "123456789"),
        ("1.23456789E8", "123456789"),
        ("1234567890e-1", "123456789"),
    ],
)
def test_a_value_in_groups_is_one(text, value):
    """What is between its groups, a point without a fraction and an exponent are only how it is written."""
    assert value in at_once(read(fold(text), 100)).identifiers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("call +1 (415) 555-0132", "4155550132"),
        ("call +14155550132", "4155550132"),
        ("on 3 May 5 12 3456 789", "123456789"),
        ("to GB29 NWBK 6016 1331 9268 19 in 3 days", "gb29nwbk60161331926819"),
        ("his AB 12 34 56 C", "ab123456c"),
    ],
)
def test_groups_may_be_joined_in_many_ways(text, value):
    """A value may stand beside other groups, and have some that are letters."""
    assert value in at_once(read(fold(text), 100)).joined


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 10:05:11.123 and 2026-11-22T10:05:11Z",
        "11/22/2026 10:30 12 people",
        "22 11 2026 10:30",
        "on 22 2026",
        "10 30 11",
        "1,200 or 12,000 x",
        "12.5e6x 1e99 0.1234 1.5e-7 1e-9",
        "2025 2026, 2025-2026",
        "100, 200, 300",
        "12345 | 67 : 89",
    ],
)
def test_what_is_no_value_in_groups(text):
    """The parts of dates, of times and of lists, and of what is short, are not joined to whole values."""
    words = at_once(read(fold(text), 100))
    assert [value for value in words.identifiers if value.isdecimal() and len(value) > 5] == []


@pytest.mark.parametrize("text", ["12 34 " * 9, "a1 " * 50, "1" * 50 + " 2", "1 " * 50])
def test_values_in_groups_have_a_longest(text):
    """However many groups follow each other."""
    words = at_once(read(text, 1000))
    assert all(len(value) <= 40 for value in [*words.identifiers, *words.joined] if value not in text)


def test_joining_ends():
    """Of groups that may be joined in too many ways, not all are, and it shows."""
    text = " ".join(map(str, range(1000, 9000)))
    assert 100 < len(at_once(read(text, 100)).joined) < 120


@pytest.mark.parametrize(("words", "length", "count"), [("abcab", 2, 3), ("abc", 3, 1), ("ab", 3, 0), ("abc", 0, 0), ("", 1, 0)])
def test_runs(words, length, count):
    """Each so many words that follow each other count once."""
    assert len(at_once(runs(list(words), length))) == count


def test_steps():
    """Long texts take many."""
    words = ["a"] * 10_000
    assert sum(1 for _ in read(" ".join(words), 100)) > 10
    assert sum(1 for _ in read("1a " * 10_000, 10**6)) > sum(1 for _ in read("aa " * 10_000, 10**6))
    assert sum(1 for _ in runs(words, 8)) > 10
