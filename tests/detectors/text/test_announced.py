"""Phrases that announce names and places."""

import pytest

from detectors.text.announced import announced, initialed

ANNOUNCED = [
    ("My name is Rubija", "PERSON", "Rubija"),
    ("my name is john smith and I", "PERSON", "john smith"),
    ("Her maiden name is Clark", "PERSON", "Clark"),
    ("What's the name on the account? User: Eve Magrath", "PERSON", "Eve Magrath"),
    ("Name:    Abby M. Laidlaw", "PERSON", "Abby M. Laidlaw"),
    ("Apellidos: Rivera Bueno.", "PERSON", "Rivera Bueno"),
    ("Dear Ms. Novak,", "PERSON", "Novak"),
    ("Hi Freddy, I'm", "PERSON", "Freddy"),
    ("I'm Naomi Ryan, originally", "PERSON", "Naomi Ryan"),
    ("Mr. Leiva flew", "PERSON", "Leiva"),
    ("everyone calls me Aantje", "PERSON", "Aantje"),
    ("That is Amanda's daughter", "PERSON", "Amanda"),
    ('," says Hartvigsson.', "PERSON", "Hartvigsson"),
    ("originally from Awenne, and", "LOCATION", "Awenne"),
    ("who grew up in Poznań.", "LOCATION", "Poznań"),
    ("Mr. Ito flew to Novo Mesto on", "LOCATION", "Novo Mesto"),
    ("Localidad: Getafe", "LOCATION", "Getafe"),
]
NOT_ANNOUNCED = [
    "my name is not on the list",
    "My name appears incorrectly",
    "Dear Customer,",
    "Hi there, how are you?",
    "Hello World!",
    "I'm Not sure",
    "This is The Way.",
    "the name is spelled wrong",
    "I'm in a meeting",
]


@pytest.mark.parametrize(("text", "entity", "value"), ANNOUNCED)
def test_announced(text: str, entity: str, value: str):
    """Introductions, forms, letters, kin, speech; homes and journeys."""
    assert (entity, value) in {(name.entity, text[name.start : name.end]) for name in announced(text)}


@pytest.mark.parametrize("text", NOT_ANNOUNCED)
def test_not_announced(text: str):
    """The same phrases before ordinary words."""
    assert [text[name.start : name.end] for name in announced(text)] == []


@pytest.mark.parametrize(
    ("text", "value"), [("It is Ravil G Yefimov here", "Ravil G Yefimov"), ("Take Vitamin B Complex", None), ("see Plan B Again", None)]
)
def test_initials(text: str, value: str | None):
    """A letter between two names makes them one person's, unless the first says what the letter is of."""
    assert [text[name.start : name.end] for name in initialed(text)] == ([value] if value else [])
