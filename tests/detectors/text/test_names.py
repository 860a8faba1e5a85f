"""A model's names, mended. The model is played by the test."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.name_shape import Name
from detectors.text.names import clean, refine


def _refined(text: str, *found: tuple[str, str]) -> set[tuple[str, str]]:
    names = [Name(text.index(value), text.index(value) + len(value), entity) for value, entity in found]
    return {(text[name.start : name.end], name.entity) for name in refine(text, names)}


def test_an_announced_name_outweighs_the_model():
    """The phrase says what the model got wrong."""
    assert _refined("My name is Rubija", ("Rubija", "LOCATION")) == {("Rubija", "PERSON")}


def test_a_place_behind_a_preposition_is_no_person():
    """What the model takes for a person is a place where one arrives."""
    assert _refined("He arrived at Fala this morning", ("Fala", "PERSON")) == {("Fala", "LOCATION")}


def test_who_is_named_beside_a_person_is_one():
    """Lists of two."""
    assert _refined("Marrero and Murphy were there", ("Murphy", "PERSON")) == {("Marrero", "PERSON"), ("Murphy", "PERSON")}


def test_a_part_of_a_full_name_is_the_person_again():
    """Missed, or taken for a place."""
    text = "Michal Horký met Horký's sister in Horký"
    assert ("Horký", "PERSON") in _refined(text, ("Michal Horký", "PERSON"))


def test_clean_keeps_every_place():
    """The model reads a text of the same length, and can read it at all."""
    assert clean('Sara:"I\'m Misty"') == "Sara: I'm Misty\""
    assert clean("a\ud800b") == "a?b"


@given(st.text(alphabet="AaBb '.,:\n\"é1", max_size=60), st.data())
def test_result_is_disjoint_and_within(text: str, data: st.DataObject):
    """Whatever the model says, names are in order, do not overlap, and lie in the text."""
    spans = data.draw(
        st.lists(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), st.sampled_from(["PERSON", "LOCATION", "NRP"])))
    )
    names = refine(text, [Name(min(a, b), max(a, b), entity) for a, b, entity in spans])
    assert all(0 <= name.start < name.end <= len(text) for name in names)
    assert all(one.end <= other.start for one, other in pairwise(names))


@pytest.mark.parametrize("text", ["A " * 400, "Aa " * 300, "de " * 300, "my name is " * 80, "Name: " * 150])
def test_hostile_text_is_read_quickly(text: str):
    """No phrase backtracks without end."""
    import time

    before = time.process_time()
    refine(text, [])
    assert time.process_time() - before < 10


def test_a_long_run_of_letters_beside_a_name():
    """Words are looked at from their beginnings alone, so that letters without an end take no time of their own."""
    text = "Anna Kovacs wrote " + "A" * 300_000
    assert [text[name.start : name.end] for name in refine(text, [Name(0, 11, "PERSON")])] == ["Anna Kovacs"]
