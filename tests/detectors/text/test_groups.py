"""Which groups a text mentions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.text.groups import Groups, sole

GROUPS = Groups()


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("They write code.", {}),
        ("", {}),
        ("I asked HER, and he answered.", {"gender": {"female", "male"}}),
        ("“She’s late,” he said.", {"gender": {"female", "male"}}),
        ("the theory of sheep and heaps", {}),
        ("a non-binary colleague", {"gender": {"non-binary"}}),
        ("My wife’s church", {"gender": {"female"}}),
        ("A Muslim family and their Jewish neighbours", {"religion": {"muslim", "jewish"}}),
        ("the imam of the mosque", {"religion": {"muslim"}}),
        ("Polish workers", {"nationality": {"polish"}}),
        ("please polish the shoes", {}),
        ("a black man", {"ethnicity": {"black"}, "gender": {"male"}}),
        ("Black people", {"ethnicity": {"black"}}),
        ("a black medical student", {"ethnicity": {"black"}}),
        ("a black car in an old house", {}),
        ("Black Friday", {}),
        ("an African American lawyer", {"ethnicity": {"black"}}),
        ("an African American and an American", {"ethnicity": {"black"}, "nationality": {"american"}}),
        ("senior citizens", {"age": {"old"}}),
        ("my senior manager", {}),
        ("old people and a straight line", {"age": {"old"}}),
        ("a lesbian couple", {"orientation": {"gay"}}),
        ("he uses a wheelchair", {"gender": {"male"}, "disability": {"disabled"}}),
        ("hearing people talk", {}),
        ("poor people, poor quality", {"wealth": {"poor"}}),
        ("John and Mary", {}),
        ("Größhe für die Straße", {}),
    ],
)
def test_mentioned(text: str, mentioned: dict[str, set[str]]):
    """Explicit terms and pronouns, as whole words; adjectives of other uses only beside people; names never."""
    assert GROUPS.mentioned(text) == mentioned


@given(st.text(max_size=200))
def test_any_text(text: str):
    """Whatever is written: groups of known attributes, or none."""
    assert all(groups for groups in GROUPS.mentioned(text).values())


@given(st.lists(st.sampled_from(("She", "the", "Muslims", "African", "American", "old", "man", "said", "that")), max_size=12))
def test_spaces_do_not_matter(words: list[str]):
    """Nor do other signs between words, or letters of other scripts around."""
    there = GROUPS.mentioned(" ".join(words))
    assert GROUPS.mentioned("\n\t ".join(words)) == there
    assert GROUPS.mentioned(f"ü {' '.join(words)} …") == there


def test_sole():
    """A text about several groups of an attribute is about none."""
    assert sole({"gender": frozenset({"male"}), "religion": frozenset({"muslim", "jewish"}), "age": frozenset()}) == {"gender": "male"}
