"""Styles of replacement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.redact import apply, hash_value, mask, redact
from policies.verdict import Action, Edit


def test_redact():
    """The entity's name alone stays."""
    assert redact("EMAIL_ADDRESS") == "[EMAIL_ADDRESS]"


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("4111 1111 1111 1234", "**** **** **** 1234"),
        ("4111-1111-1111-1234", "****-****-****-1234"),
        ("521-44-9382", "***-**-9382"),
        ("+1 (415) 555-0132", "+* (***) ***-0132"),
        ("12345678", "********"),
        ("123456789", "*****6789"),
        ("Zoë", "***"),
        ("a@b.co", "*@*.**"),
        ("", ""),
        ("--", "--"),
        ("ΑΒΓΔΕΖΗΘΙΚ", "******ΗΘΙΚ"),
        ("e\u0301\u200be\u0301", "*****"),
    ],
)
def test_mask(value, masked):
    """The last four letters and digits of a long value stay, none of a short one; separators show its form."""
    assert mask(value) == masked


def test_mask_keeps_as_many_as_asked():
    """How many stay is a choice."""
    assert mask("1234567", keep=2) == "*****67"
    assert mask("1234567890", keep=0) == "**********"


@given(st.text())
def test_mask_keeps_the_form(value):
    """As long as before, and never more than four letters or digits of it, less than half."""
    masked = mask(value)
    assert len(masked) == len(value)
    kept = [c for c in masked if c.isalnum()]
    assert len(kept) <= 4
    assert 2 * len(kept) < len(value) or not kept


def test_hash_value():
    """The same for the same, different as soon as anything differs, and of one form."""
    told = hash_value("a@b.co", "EMAIL_ADDRESS", b"key", "app")
    assert told == hash_value("a@b.co", "EMAIL_ADDRESS", b"key", "app")
    assert told.startswith("EMAIL_ADDRESS_")
    assert len(told) == len("EMAIL_ADDRESS_") + 10
    others = {
        hash_value("a@b.c", "EMAIL_ADDRESS", b"key", "app"),
        hash_value("a@b.co", "URL", b"key", "app"),
        hash_value("a@b.co", "EMAIL_ADDRESS", b"yek", "app"),
        hash_value("a@b.co", "EMAIL_ADDRESS", b"key", "appa"),
        hash_value("@b.co", "EMAIL_ADDRESS", b"key", "appa"),
    }
    assert len({h[-10:] for h in others} - {told[-10:]}) == 5


def test_hash_value_of_a_lone_surrogate():
    """What JSON can hold can be hashed."""
    assert hash_value("\ud800", "X", b"key", "app")


@st.composite
def texts_and_edits(draw):
    text = draw(st.text(max_size=60))
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return text, [Edit(a, b, "pii.X", Action.REDACT, False) for a, b in pairs]


@given(texts_and_edits(), st.text(max_size=5))
def test_apply_touches_only_the_places(case, replacement):
    """What lies outside the edits stays, in its order; each edit's value is handed over and replaced."""
    text, edits = case
    seen = []

    def replace(edit: Edit, value: str) -> str:
        seen.append((edit, value))
        return replacement

    result = apply(text, edits, replace)
    assert seen == [(edit, text[edit.start : edit.end]) for edit in edits]
    bounds = [0, *(place for edit in edits for place in (edit.start, edit.end)), len(text)]
    outside = [text[a:b] for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
    assert result == replacement.join(outside)


@given(texts_and_edits())
def test_apply_of_the_values_themselves_is_nothing(case):
    """Replacing each value by itself gives the text."""
    text, edits = case
    assert apply(text, edits, lambda _, value: value) == text
