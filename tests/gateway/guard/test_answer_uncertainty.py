"""How unsure a model may be of its answer."""

import pytest

from gateway.guard.answer_uncertainty import UncertaintyWatch
from gateway.wire.logprobs import Token
from policies.domain import Uncertainty
from policies.verdict import Action


def watch(*, shadow=False, may_reask=True, **keys):
    return UncertaintyWatch(Uncertainty.model_validate({"max_entropy": 1.0, **keys}, strict=False), shadow=shadow, may_reask=may_reask)


def heard(watched, *log_probabilities, choice=0):
    watched.speak(choice)
    watched.hear(Token(choice, each, ()) for each in log_probabilities)
    return list(watched.end())


@pytest.mark.parametrize(
    ("log_probabilities", "keys", "is_too_high"),
    [
        ((-0.5, -1.5), {}, False),
        ((-0.5, -1.6), {}, True),
        ((-0.1,) * 9 + (-6.0,), {}, False),
        ((-0.1,) * 9 + (-6.0,), {"max_tail_entropy": 5.0}, True),
        ((-0.1,) * 9 + (-6.0,), {"max_tail_entropy": 5.0, "tail": 0.2}, False),
    ],
)
def test_bounds(log_probabilities, keys, is_too_high):
    """The mean is held to the one bound, the least certain share to the other."""
    assert bool(heard(watch(**keys), *log_probabilities)) == is_too_high


@pytest.mark.parametrize(
    ("action", "may_reask", "expected"),
    [("flag", True, Action.FLAG), ("block", True, Action.BLOCK), ("reask", True, Action.REASK), ("reask", False, Action.BLOCK)],
)
def test_actions(action, may_reask, expected):
    """What is to be done about it; an answer that cannot be asked for again is blocked."""
    (broken,) = heard(watch(action=action, may_reask=may_reask), -5.0)
    assert (broken.fired.rule, broken.fired.action, broken.place) == ("domain.output.uncertainty", expected, ("choices", 0))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"action": "flag"}, Action.FLAG),
        ({"action": "block"}, Action.BLOCK),
        ({"action": "reask"}, Action.BLOCK),
        ({"action": "block", "on_unavailable": "flag"}, Action.FLAG),
        ({"action": "flag", "on_unavailable": "block"}, Action.BLOCK),
    ],
)
def test_not_available(keys, expected):
    """What a choice without log probabilities calls for is a word of the policy's; one that says nothing has nothing to be measured."""
    (broken,) = heard(watch(**keys))
    assert (broken.fired.action, broken.fired.why) == (expected, "unavailable")
    assert list(watch(**keys).end()) == []


def test_choices_are_apart():
    """Each choice is measured by itself."""
    watched = watch()
    heard(watched, -0.1)
    assert [each.place for each in heard(watched, -5.0, choice=1)] == [("choices", 1)]
    assert {choice: round(each.mean, 3) for choice, each in watched.measured().items()} == {0: 0.1, 1: 5.0}


def test_shadow():
    """In shadow mode it is told, and stops nothing."""
    (broken,) = heard(watch(shadow=True, action="block"), -5.0)
    assert broken.fired.shadow
    assert not broken.stops


def test_bounded():
    """An answer of endless choices is measured in part, and the rest cannot be judged."""
    watched = watch(action="block")
    for choice in range(1000):
        watched.speak(choice)
        watched.hear([Token(choice, -0.1, ())])
    assert [(broken.fired.action, broken.fired.why) for broken in watched.end()] == [(Action.BLOCK, "unavailable")]
    assert len(watched.measured()) == 128
