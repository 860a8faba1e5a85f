"""Where a text may be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text import stretches
from tests.detectors.text import forms

BREAKS = ["the quick ", "what is it, ", "She left. ", '"key": ', "in 2019 the ", "x = [1, 2]; ", "Hello there, ", "foo(i):\n"]
NO_BREAKS = [
    "call 555 ",
    "+44 7700 ",
    "at 12 ",
    "12 Oak ",
    "Calle ",
    "Calle de ",
    "the corner of ",
    "the corner of Elm and ",
    "Apt. ",
    "(",
    "DE89 3704 ",
]


@pytest.mark.parametrize("text", BREAKS)
def test_prose_breaks_at_the_last_word(text: str):
    """Ordinary words hold nothing back."""
    assert stretches.is_break(text, len(text))
    assert stretches.last_cut(text + "wor", 0) == len(text)


@pytest.mark.parametrize("text", NO_BREAKS)
def test_inside_of_values_does_not_break(text: str):
    """What could be the inside of a number or an address is held."""
    assert not stretches.is_break(text, len(text))


@given(forms.text, st.text(max_size=80))
def test_a_break_is_decided_by_its_window(text: str, before: str):
    """Nothing further back than the window, and nothing behind it, has a say."""
    for at in range(stretches.WINDOW, len(text), 7):
        window = text[at - stretches.WINDOW : at]
        assert (
            stretches.is_break(text, at)
            == stretches.is_break(before + window, len(before) + len(window))
            == stretches.is_break(text[:at], at)
        )


@given(forms.text)
def test_stretches_cover_the_text_and_are_bounded(text: str):
    """Cut after cut reaches the end, no stretch is longer than the ceiling, and every break is a cut."""
    at, cuts = 0, {0}
    while at < len(text):
        end = stretches.next_break(text, at)
        assert at < end <= at + stretches.CEILING
        at = end
        cuts.add(at)
    assert {at for at in range(1, len(text)) if stretches.is_break(text, at)} <= cuts


@given(forms.text, st.integers(0, 5000))
def test_stretch_at_is_one_of_the_chain(text: str, place: int):
    """Looked up from inside, a stretch is the one that cutting from the start gives."""
    if not text:
        return
    place %= len(text)
    begin, end = 0, stretches.next_break(text, 0)
    while end <= place:
        begin, end = end, stretches.next_break(text, end)
    assert stretches.stretch_at(text, place, 0) == (begin, end)


def test_text_without_breaks_is_cut_at_the_ceiling():
    """Digits without end are no reason to hold without end; white space is where they are cut if there is any."""
    assert stretches.last_cut("1" * 5000, 0) == 2 * stretches.CEILING
    cut = stretches.last_cut("123456789 " * 300, 0)
    assert 0 < cut <= stretches.CEILING
    assert cut % 10 == 0
    assert next(stretches.overlong("1" * 5000, 0)) == (0, stretches.CEILING)
