"""What is trimmed from a name, and what is none."""

import pytest

from detectors.text.name_shape import LOCATION, PERSON, Name, is_foreign, mended

TRIMMED = [
    ("Dr. Kyle Kuefer", PERSON, "Kyle Kuefer"),
    ("Emmie Ström's", PERSON, "Emmie Ström"),
    ("Ayna Khadzhiyev's Cautionary Tales", PERSON, "Ayna Khadzhiyev"),
    ("Warwick\n ", LOCATION, "Warwick"),
    ('"Anna",', PERSON, "Anna"),
    ("María Merino Viveros Hospital", PERSON, "María Merino Viveros"),
    ("Ignacio Navarro NºCol", PERSON, "Ignacio Navarro"),
    ("Jane Q.", PERSON, "Jane Q."),
]
NO_NAMES = [
    "NI",
    "@handle",
    "S3_bucket",
    "user42",
    "Summarise",
    "Summarize this",
    "...",
    "Address",
    "de orina Baja y",
    "Se",
    "https://x.com",
]


@pytest.mark.parametrize(("text", "entity", "value"), TRIMMED)
def test_trimmed(text: str, entity: str, value: str):
    """Titles, possessives, quotation marks, line ends, the next field of a form."""
    found = mended(text, Name(0, len(text), entity))
    assert found is not None
    assert text[found.start : found.end] == value


@pytest.mark.parametrize("text", NO_NAMES)
def test_no_name(text: str):
    """Handles, code, imperatives, abbreviations, field names, function words."""
    assert mended(text, Name(0, len(text), PERSON)) is None


def test_foreign():
    """A sentence with another language's small words; quoting one does not make it so."""
    assert is_foreign("El paciente de 70 años presenta dolor en la pierna")
    assert is_foreign("Das ist nicht für mich und sein Haus")
    assert not is_foreign("She lives in Rio de Janeiro with her family")
    assert not is_foreign("")
