"""How problems are written."""

import pytest

from policies.problems import Problem, ProblemsError, allowed, key_of


@pytest.mark.parametrize(
    ("loc", "key"), [((), ""), (("rules",), "rules"), (("rules", 0, "scope", 2), "rules[0].scope[2]"), (("a", "b"), "a.b")]
)
def test_key_of(loc, key):
    """A place is written as people write it."""
    assert key_of(loc) == key


@pytest.mark.parametrize(
    ("wrong", "choices", "message"),
    [
        ("tokenise", ["mask", "tokenize"], "did you mean tokenize? allowed: mask, tokenize"),
        ("PII", ["pii"], "did you mean pii? allowed: pii"),
        ("zebra", ["mask", "tokenize"], "allowed: mask, tokenize"),
        ("x", [], "allowed: nothing"),
    ],
)
def test_allowed(wrong, choices, message):
    """A near miss is guessed, and everything allowed is listed."""
    assert allowed(wrong, choices) == message


def test_problem_is_one_line():
    """file:line: key: message, without what there is not."""
    assert str(Problem("f", 3, "a.b", "no")) == "f:3: a.b: no"
    assert str(Problem("f", 0, "", "no")) == "f: no"
    assert str(Problem("f", 3, "a\nf:4: b\x1b[2J", "nö\u2028")) == r"f:3: a\nf:4: b\x1b[2J: nö\u2028"
    assert str(ProblemsError([Problem("f", 1, "", "a"), Problem("f", 2, "", "b")])) == "f:1: a\nf:2: b"
