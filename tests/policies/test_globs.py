"""Names and globs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.globs import first_of, matches

NAMES = st.text("abA-(|)[]!*?\\.\n", max_size=5)


@pytest.mark.parametrize(
    ("value", "glob", "expected"),
    [
        ("gpt-4o-mini", "gpt-4o*", True),
        ("GPT-4o", "gpt-4O", True),
        ("gpt-4o", "gpt-?o", True),
        ("gpt-5o", "gpt-[34]o", False),
        ("gpt-4o-mini", "gpt-4o", False),
        ("", "*", True),
    ],
)
def test_matches(value, glob, expected):
    """A glob is for the whole of a name, whatever the case of its letters."""
    assert matches(value, glob) is expected


@given(NAMES, st.lists(st.lists(NAMES, min_size=1, max_size=3), max_size=4))
def test_the_first_of_several(value: str, rows: list[list[str]]):
    """It is the one that is found by asking each."""
    expected = next((place for place, globs in enumerate(rows) if any(matches(value, glob) for glob in globs)), None)
    assert first_of(rows)(value) == expected
