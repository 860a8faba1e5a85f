"""Where a text has somebody's data, though no rule has looked for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.watch.probes.probed import REAL


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write to jo@x.com about Jo Wexler.", [("jo@x.com", "EMAIL_ADDRESS"), ("Jo", "NAME"), ("Wexler", "NAME")]),
        ("Maria is a nurse.", [("Maria", "NAME")]),
        ("my name is Lakshmi", [("Lakshmi", "PERSON")]),
        ("Mr. Wexler is here", [("Wexler", "PERSON")]),
        ("She works at O'Brien-Levy and in Zürich.", [("O'Brien-Levy", "NAME"), ("Zürich", "NAME")]),
        ("He was born on 4 March 1980.", [("4 March 1980", "DATE_TIME")]),
        ("Is a Muslim woman, an African-American man or a German's son paid less in March? I'm not sure. OK.", []),
        ("Write a text.\n- Make it short: He is a nurse (She was one). “It is good.”", []),
        ("HR and the CEO like <PERSON> and <EMAIL_ADDRESS_k3x9pa>.", []),
    ],
)
def test_what_is_found(text: str, found: list):
    """Values by their form, and whatever looks like a name; neither groups, nor the beginnings of sentences, nor what was taken out."""
    assert [(text[start:end], kind) for start, end, kind in REAL.find(text)] == found


@given(st.text(alphabet="aAbB .,'-é@0123456789<>", max_size=60))
def test_in_order(text: str):
    """Spans of any text are in order, and share nothing."""
    ends = [0]
    for start, end, _ in REAL.find(text):
        assert ends[-1] <= start < end <= len(text)
        ends.append(end)
