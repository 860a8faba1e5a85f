"""What is said about a team's own patterns."""

import pytest

from detectors.text.custom import CustomPattern, pattern_problem

GOOD = [
    r"EMP-\d{6}",
    r"(?:\d{1,3}\.){3}\d{1,3}",
    r"\b[A-Z]{2}\d{4,8}\b",
    r"\w{1,64}@\w{1,64}\.\w{2,9}",
    r"(?:\d{4}[ -]?){4}",
    r"x(?=\d{3})",
    r"(?<=#)\d{4}",
]
BAD = [
    (r"a+", "no upper bound"),
    (r"a{1,600}", "no upper bound"),
    (r"(a{1,20}){1,20}", "too many ways"),
    (r"(?:a|a[b]?){1,60}", "too many ways"),
    (r"(?:\d{1,9} ?){1,40}", "too many ways"),
    (r"\w{1,90}\w{1,90}\w{1,90}x", "too many ways"),
    (r"a?", "empty"),
    (r"^abc", "anchored"),
    (r"abc$", "anchored"),
    (r"(a)\1", "back-reference"),
    (r"(a)?(?(1)b|c)", "conditional"),
    (r"[", "not a regular expression"),
    (r"a{99999999999}", "not a regular expression"),
]


@pytest.mark.parametrize("regex", GOOD)
def test_good(regex: str):
    """Bounded, unambiguous expressions are taken."""
    assert pattern_problem("EMPLOYEE", regex, "luhn") is None


@pytest.mark.parametrize(("regex", "why"), BAD)
def test_bad(regex: str, why: str):
    """What is slow, endless, empty or undecidable in a stream is refused, and why is said."""
    problem = pattern_problem("EMPLOYEE", regex, None)
    assert problem is not None
    assert why in problem


@pytest.mark.parametrize("name", ["employee", "E", "1AB", "A B", "A-B", "A" * 65, "AB\n"])
def test_bad_names(name: str):
    """An entity's name is written like all others."""
    assert "name" in (pattern_problem(name, "ab", None) or "")


def test_unknown_validator():
    """The known ones are listed."""
    assert "luhn" in (pattern_problem("EMP", "ab", "magic") or "")


def test_case_is_ignored_unless_the_pattern_says_so():
    """As Presidio's patterns do."""
    assert CustomPattern("A_B", "emp").compiled().search("EMP")
    assert not CustomPattern("A_B", "(?-i:emp)").compiled().search("EMP")
