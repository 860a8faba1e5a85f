"""In how many ways an expression can match."""

import re

import pytest

from detectors.text.ambiguity import ways_to_match

WAYS = [
    (r"abc", 1),
    (r"a{1,9}", 1),
    (r"a{1,9}b", 1),
    (r"a{1,9}a", 9),
    (r"a{1,9}b?a{1,5}a", 45),
    (r"(?:ab|cd){3}", 1),
    (r"(?:ab|[ac]d){3}", 8),
    (r"(?:ab|ac){3}", 1),
    (r"(?:a|ab?){3}", 8),
    (r"\d{1,3}[a-z]", 1),
    (r"\w{1,3}\d", 3),
    (r"(?i:A{1,4})a", 4),
    (r"(?>a{1,4})a", 4),
]


@pytest.mark.parametrize(("regex", "ways"), WAYS)
def test_ways(regex: str, ways: int):
    """Only repeats and branches that can share characters count."""
    assert ways_to_match(regex, re.IGNORECASE).ways == ways


def test_widths():
    """Look-ahead counts as width, look-behind as reach."""
    shape = ways_to_match(r"(?<=ab)c{1,3}(?!defg)", 0)
    assert (shape.min_width, shape.max_width, shape.behind) == (1, 7, 2)


def test_anchors_and_what_is_not_supported():
    """Ends of text and line, and constructs that a stream cannot decide."""
    assert ways_to_match(r"\Aa", 0).anchored
    assert not ways_to_match(r"\ba\b", 0).anchored
    assert ways_to_match(r"(a)\1", 0).unsupported == "a back-reference"
