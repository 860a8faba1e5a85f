r"""Spelled-out characters."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.mapped import unchanged
from detectors.notations import json_escapes, notations


def said(text: str) -> str:
    return unchanged(text).changed(notations(text)).text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"a\u0040b", "a@b"),
        (r"\\\n of JSON in JSON in JSON", "\n of JSON in JSON in JSON"),
        (r"\ud83d\ude00!", "😀!"),
        (r"\ud83d!", " !"),  # half of what is no part of any value
        (r"a\u00e", r"a\u00e"),
        (r"C:\programs", r"C:\programs"),
        (r"\x40 \u{40} \U00000040", "@ @ @"),
        (r"\xc3\xa9\xff", r"é\xff"),
        ("john%40example", "john@example"),
        ("%C3%A9%E2%82%AC%F0%9F%98%80", "é€😀"),
        ("%FF%40%C3", "%FF@%C3"),  # a byte that is part of no character stays
        ("100% sure, 5%af", "100% sure, 5%af"),
        ("&#64;&#x40;&commat;&#064", "@@@@"),
        ("&nothing; AT&T &#9999999;", "&nothing; AT&T  "),
        ("", ""),
    ],
)
def test_notations(text: str, read: str):
    """Each notation says its character, and what only looks like one is left alone."""
    assert said(text) == read


def test_json_undoes_its_own_escapes_only():
    """In JSON a percent sign is a percent sign."""
    text = r"a\u0040b%40\x40"
    assert unchanged(text).changed(json_escapes(text)).text == r"a@b%40\x40"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='%\\"'), max_size=20))
def test_what_encoders_write_is_read(text: str):
    """What the standard library writes, percent-encoded or as ASCII JSON, is read as what it was."""
    assert said(quote(text, safe="")) == text
    inner = json.dumps(text)[1:-1]
    assert unchanged(inner).changed(json_escapes(inner)).text == text


@pytest.mark.parametrize("text", ["\\" * 1_000_000, "%" * 1_000_000, "&" * 1_000_000, "&a" * 500_000, "%4" * 500_000])
def test_signs_that_spell_nothing_are_passed_over(text: str):
    """A million of them are looked at once."""
    assert said(text) == text
