"""Dates in words."""

import pytest

from detectors.text.dates import Dates

FOUND = [
    ("on 12 March 2020.", "12 March 2020"),
    ("March 12, 2020", "March 12, 2020"),
    ("born 3 de mayo de 1980", "3 de mayo de 1980"),
    ("the 21st September", "21st September"),
    ("June 2023", "June 2023"),
    ("at 2000-04-16 11:34:35", "2000-04-16 11:34:35"),
    ("at 5:30 pm", "5:30 pm"),
    ("see you Monday", "Monday"),
    ("founded in 1977. Then", "1977"),
]
NOT_FOUND = ["you may 100 times", "the 2000 people", "1977", "version 2019.1", "monday", "room 1984"]


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_found(text: str, value: str):
    """Month names in either order, times of day, weekdays, and years that a preposition announces."""
    assert max((text[raw.start : raw.end] for raw in Dates(()).find(text, "")), key=len) == value


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str):
    """Bare numbers and verbs are no dates."""
    assert list(Dates(()).find(text, "")) == []


def test_the_preposition_may_stand_before_the_stretch():
    """The word "since" belongs to the look-behind."""
    assert [raw.score for raw in Dates(()).find("2004 ", "since ")] == [0.4]
