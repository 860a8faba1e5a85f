"""What of a prompt is its template."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.template import MAX_CHARS, MAX_WORDS, template

PROMPT = 'You are the assistant of {company}. You talk to {name}, order {order}, on {day}. Never promise "{quote}". Answer briefly.'


def filled(
    company: str = "Acme", name: str = "Maria Lopez", order: str = "A-4711", day: str = "2026-11-22", quote: str = "a refund"
) -> str:
    return PROMPT.format(company=company, name=name, order=order, day=day, quote=quote)


@pytest.mark.parametrize(
    "other",
    [
        filled(name="Jean"),
        filled(name="José María García"),
        filled(order="B-12/7"),
        filled(day="3/4/2027"),
        filled(company="Big Bank"),
        filled(quote="next day delivery, ever"),
        filled().replace(" ", "  ").replace(". ", ".\n\n"),
        filled(name="maria@example.com"),
    ],
    ids=["name", "names", "number", "day", "company", "quotation", "layout", "address"],
)
def test_values_make_no_other_template(other: str):
    """What an application fills in, and how the text is laid out, count for nothing."""
    assert template(other) == template(filled()) == "are the assistant of talk to order on promise briefly"


@pytest.mark.parametrize("change", [("briefly", "at length"), ("Answer briefly.", ""), ("assistant", "clerk"), ("talk to", "write to")])
def test_other_words_do(change: tuple[str, str]):
    """A word more, less or changed is another template."""
    assert template(filled().replace(*change)) != template(filled())


def test_what_stands_behind_the_beginning_counts_for_nothing():
    """However long a value is that stands before it."""
    rules = "be kind and brief " * MAX_WORDS
    assert template(f"You help Maria. {rules}") == template(f"You help Maria Magdalena Lopez. {rules} and more")
    assert len(template(rules).split()) == MAX_WORDS


@given(st.text())
def test_any_text(text: str):
    """Nothing is raised, nothing is longer than the beginning, and no digit is left."""
    found = template(text)
    assert len(found) <= MAX_CHARS
    assert not any(digit in found for digit in "0123456789")
