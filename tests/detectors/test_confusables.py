"""Look-alikes of Latin letters."""

import pytest

from detectors.confusables import latin
from detectors.mapped import unchanged


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("jоhn", "john"),  # a Cyrillic о
        ("хо@example.com", "xo@example.com"),  # nothing but look-alikes, beside Latin
        ("АВС123", "ABC123"),
        ("αlice", "alice"),
        ("сосо", "сосо"),  # alone: it may be meant
        ("IT-отдел", "IT-отдел"),  # a word of letters that Latin has not
        ("Иван", "Иван"),
        ("Ελλάδα2024", "Ελλάδα2024"),
        ("café", "café"),
        ("картаDE89", "картаDE89"),  # a word beside something else
        ("ѕесrеt", "secret"),  # none that is made of look-alikes alone
        ("жoхn", "жoxn"),
        ("plain", "plain"),
    ],
)
def test_words(text: str, read: str):
    """Words that mix scripts, or need no script of their own, are read as Latin; words of another language are not."""
    assert unchanged(text).changed(latin(text)).text == read
