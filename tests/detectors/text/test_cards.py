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
    ("4111\n1111 1111\n1111\n12/26 123", "4111\n1111 1111\n1111"),
    ("3782.822463.10005", "3782.822463.10005"),
    ("card4111111111111111", "4111111111111111"),
    ("é4111111111111111,", "4111111111111111"),
    ("the 4111111111111111th", "4111111111111111"),
    ("x378282246310005", "378282246310005"),
    ("card4111-1111-1111-1111", "4111-1111-1111-1111"),
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
    "a4111111111111111b",
    "4a4111111111111111",
    "deadbeef41111111111111110",
    "card4111111111111112",
    "t1700000000000000",
    "41.1111.1111.1111.11",
]
PARTINGS = [".", "/", "_", "  ", "\t", "\n", "\r\n", " - ", "- ", " / ", "--", "·", "\f"]


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


@pytest.mark.parametrize("parting", PARTINGS)
@pytest.mark.parametrize("groups", [["4111", "1111", "1111", "1111"], ["3782", "822463", "10005"]])
def test_groups_as_printed(parting: str, groups: list[str]):
    """In the groups that are printed on a card, whatever parts them."""
    card = parting.join(groups)
    assert [raw.start for raw in Cards(()).find(f"card {card} ok", "")] == [5]
    assert [raw.end for raw in Cards(()).find(f"card {card} ok", "")] == [5 + len(card)]


@pytest.mark.parametrize("parting", PARTINGS)
def test_cells_of_a_table(parting: str):
    """Four digits more beside them, parted alike, are a row of numbers or a column of them."""
    cells = ["4111", "1111", "1111", "1111", "2024"]
    assert list(Cards(()).find(parting.join(cells), "")) == []
    assert list(Cards(()).find(parting.join(reversed(cells)), "")) == []


def test_lines_of_a_table():
    """Rows of four numbers of four digits are no cards, though one of them could be."""
    assert list(Cards(()).find("4111\t1111\t1111\t1111\n2592\t5832\t5509\t6765\n", "")) == []


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str):
    """A wrong check digit, an unknown issuer, the inside of something else."""
    assert list(Cards(()).find(text, "")) == []
