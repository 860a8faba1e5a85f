"""Phone numbers."""

from collections.abc import Iterable
from typing import Protocol

import pytest

from detectors.text.phones import Phones
from tests.detectors.labelled import needs_data, rows


class Span(Protocol):
    start: int
    end: int


FOUND = [
    ("call +44 7700 900 123 now", "+44 7700 900 123"),
    ("(212) 555-0187", "(212) 555-0187"),
    ("212-555-0187x42", "212-555-0187x42"),
    ("07700 063 966", "07700 063 966"),
    ("0341 8387176", "0341 8387176"),
    ("(37) 788-063", "(37) 788-063"),
    ("Phone: 78 651 450", "78 651 450"),
    ("fax 416 60 039.", "416 60 039"),
    ("416 60 039 office", "416 60 039"),
    ("Teléfono: 913 908 121", "913 908 121"),
    ("+46 (0)8 928 571 38", "+46 (0)8 928 571 38"),
    ("9498777106", "9498777106"),
]
NOT_FOUND = [
    "2024-05-06 12:30:45",
    "12/05/2024 0800",
    "order 9498777106",
    "id=9498777106",
    "1700000000",
    "192.168.100.200",
    "460-89-9847",
    "1999-2005 and 2010-2012",
    "3.14159265358",
    "123e4567-e89b-42d3-a456-426614174000",
    "v1.2.3.4567890",
    "10 000 000 people",
    "EKS 1.27 on m5.2xlarge",
    "S3 bucket 12",
    "pages 211-227 (2003)",
    "NASS: 78 95413267 02",
    "NºCol: 06 06 83256",
    "1,234,567 users",
    "$12,345,678.90",
    "12,345,678,901",
    "1,234,567 2020 2021",
    "12345678,90 €",
    "52.5200066,13.4049540",
    "[-122.41941550,37.77492950],[162.5551234,151.2092955]",
    "[0.123456789,0.987654321,-0.4155550123]",
]
ROWS = [
    ["415-555-0123", "415-555-0199"],
    ["4155550123", "4155550199"],
    ["(212) 555-0187", "(212) 555-0188"],
    ["+14155550123", "+442079460958"],
    ["415 555 0123", "020 7946 0958", "415.555.0199"],
]


@pytest.fixture(scope="module")
def phones() -> Phones:
    return Phones(("phone",))


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_found(phones: Phones, text: str, value: str):
    """Valid in a known plan, of a shape that only phone numbers have, or announced by a word."""
    assert [text[raw.start : raw.end] for raw in phones.find(text, "")] == [value]


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(phones: Phones, text: str):
    """Times, amounts, identifiers, versions."""
    assert [text[raw.start : raw.end] for raw in phones.find(text, "")] == []


@pytest.mark.parametrize("separator", [",", ";", "|", "\t", ", ", '","'])
@pytest.mark.parametrize("values", ROWS, ids=lambda values: values[0])
def test_rows(phones: Phones, values: list[str], separator: str):
    """What parts the cells of a row parts numbers, beside other figures too."""
    text = separator.join(["7", "200", *values, "34", "1"])
    assert [text[raw.start : raw.end] for raw in phones.find(text, "")] == values


def test_an_amount_beside_a_number(phones: Phones):
    """Thousands belong to their amount, not to the number before them."""
    text = "913 908 121 12,345 sold"
    assert [text[raw.start : raw.end] for raw in phones.find(text, "call ")] == ["913 908 121"]


def test_a_cue_may_stand_before_the_stretch(phones: Phones):
    """The word that announces a number need not be in the same stretch."""
    assert [raw.start for raw in phones.find("78 651 450", "you can call me at ")] == [0]
    assert list(phones.find("78 651 450", "we sold ")) == []


@needs_data
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_number_that_presidio_finds(phones: Phones):
    """Of the labelled numbers, each that Presidio's own recogniser finds is found."""
    recognizers = pytest.importorskip("presidio_analyzer.predefined_recognizers", reason="Presidio is not installed")
    stock = recognizers.PhoneRecognizer()
    for row in rows("pii_presidio_synth"):
        labelled = {at for span in row["spans"] if span["label"] == "PHONE_NUMBER" for at in range(span["start"], span["end"])}
        if labelled:
            digits = {at for at in labelled if row["text"][at].isdigit()}
            assert digits & _covered(stock.analyze(row["text"], ["PHONE_NUMBER"])) <= _covered(phones.find(row["text"], ""))


def _covered(found: Iterable[Span]) -> set[int]:
    return {at for each in found for at in range(each.start, each.end)}
