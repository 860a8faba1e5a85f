"""Roles of words, and articles."""

import pytest

from detectors.text.swap_grammar import role, takes_an

PRONOUN, OWN, PEOPLE = ("object", "possessive"), ("possessive", "own"), ("adjective", "noun")


@pytest.mark.parametrize(
    ("roles", "before", "after", "found"),
    [
        (PRONOUN, "i read", "book today", "possessive"),
        (PRONOUN, "i read", "very old book", "possessive"),
        (PRONOUN, "i saw", "", "object"),
        (PRONOUN, "i saw", ". then", "object"),
        (PRONOUN, "i told", "that", "object"),
        (PRONOUN, "i told", "to go", "object"),
        (PRONOUN, "i saw", "leave", "object"),
        (PRONOUN, "let", "go", "object"),
        (PRONOUN, "they called", "back", "object"),
        (PRONOUN, "it hurt", "back", "possessive"),
        (PRONOUN, "we drove", "home", "object"),
        (PRONOUN, "we went to", "home", "possessive"),
        (PRONOUN, "they asked", "politely .", "object"),
        (PRONOUN, "we like", "freshly baked bread", "possessive"),
        (PRONOUN, "she asked", "mother", "possessive"),
        (PRONOUN, "they gave", "money", None),
        (PRONOUN, "it made", "angry", None),
        (PRONOUN, "they helped", "identify", None),
        (OWN, "this is", "book", "possessive"),
        (OWN, "this is", ".", "own"),
        (OWN, "this is", "and mine", "own"),
        (PEOPLE, "a", "man", "adjective"),
        (PEOPLE, "she is a", ".", "noun"),
        (PEOPLE, "the", "who spoke", "noun"),
        (PEOPLE, "she is", ".", "adjective"),
        (("person", "word"), "", "", None),
    ],
)
def test_role(roles: tuple[str, ...], before: str, after: str, found: str | None):
    """By the words beside it; where these do not settle it, it is not guessed."""
    assert role(roles, before.split(), after.split()) == found


@pytest.mark.parametrize(
    ("word", "an"),
    [
        *[(word, True) for word in ("actor", "Italian", "hour", "honest", "unintended", "old", "elderly", "Indian", "atheist")],
        *[(word, False) for word in ("woman", "European", "university", "one", "user", "Ukrainian", "house", "Jewish")],
    ],
)
def test_takes_an(word: str, an: bool):
    """By sound, not by letter."""
    assert takes_an(word) is an
