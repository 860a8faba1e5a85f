"""Names and globs."""

import pytest

from policies.globs import matches


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
