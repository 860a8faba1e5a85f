"""Payment cards."""

import pytest

from detectors.text.cards import Cards

FOUND = [
    ("4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("cc 4131034282458809939.", "4131034282458809939"),
    ("630427373398", "630427373398"),
    ("4047737215142", "4047737215142"),
    ("2623322164608847", "2623322164608847"),
    ("213176828496175", "213176828496175"),
    ("3782-822463-10005", "3782-822463-10005"),
    ("12 4111 1111 1111 1111 99", "4111 1111 1111 1111"),
    ("<4111111111111111_0>", "4111111111111111"),
    ("number:5105105105105100,", "5105105105105100"),
]
NOT_FOUND = [
    "4111 1111 1111 1112",
    "1700000000000",
    "447700900123",
    "123e4111111111111111",
    "0.4111111111111111",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "978-3-16-148410-0",
    "41111111111111111111111",
]


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_found(text: str, value: str):
    """Every issuer, 12 to 19 digits, in one group or several, whatever stands beside."""
    assert [text[raw.start : raw.end] for raw in Cards(()).find(text, "")] == [value]


@pytest.mark.parametrize("separator", [",", ";", "|", "\t", ", ", "],["])
def test_rows(separator: str):
    """What parts the cells of a row parts cards, and cards from other numbers."""
    cards = ["4111111111111111", "5555 5555 5555 4444"]
    text = separator.join(["3", *cards, "1,234"])
    assert [text[raw.start : raw.end] for raw in Cards(()).find(text, "")] == cards


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str):
    """A wrong check digit, an unknown issuer, the inside of something else."""
    assert list(Cards(()).find(text, "")) == []
