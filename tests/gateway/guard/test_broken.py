"""Bounds that were broken."""

import pytest

from gateway.guard.broken import Broken, broken_choice
from policies.verdict import Action, Fired
from policies.vocabulary import Scope


def fired(action=Action.BLOCK, *, shadow=False):
    return Fired("r", "r", 0, 0, 1.0, action, shadow)


@pytest.mark.parametrize(
    ("place", "choice"),
    [(("choices", 2), 2), ((1, "tool_calls", 3), 1), (("output", 4), 0), (("item",), 0), ((), 0), ((0, "content", 5), 0)],
)
def test_choice(place, choice):
    """A place says in which choice it is; an answer without choices is the first."""
    assert Broken(place, Scope.OUTPUT, fired(), "").choice == choice


@pytest.mark.parametrize(
    ("action", "shadow", "expected"),
    [(Action.FLAG, False, False), (Action.BLOCK, False, True), (Action.REASK, False, True), (Action.BLOCK, True, False)],
)
def test_stops(action, shadow, expected):
    """What blocks or asks again stops an answer, unless it is in shadow mode."""
    assert broken_choice("r", 0, action, "", shadow=shadow).stops == expected
