"""A policy under measures is never looser than it is without them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.finding import Finding
from policies.decide import Outcome, decide
from policies.measures import Do, ForceRedaction, Measure, Tighten
from policies.policy import Policy, Rule
from policies.tightening import is_stricter, of_app, tightened
from policies.verdict import Action
from policies.vocabulary import Mode

ACTIONS = [action for action in Action if action is not Action.REASK]
STRICTER = [action for action in ACTIONS if action is not Action.ALLOW]
shares = st.floats(0.001, 0.5)

rules = st.builds(
    Rule,
    id=st.sampled_from(["one", "two", "three"]),
    detect=st.sampled_from(["pii", "secrets", "injection"]),
    action=st.sampled_from(ACTIONS),
    mode=st.sampled_from([None, Mode.SHADOW, Mode.ENFORCE]),
    min_score=st.one_of(st.none(), shares),
    max_fpr=st.one_of(st.none(), shares),
)
policies = st.builds(
    Policy,
    name=st.just("p"),
    mode=st.sampled_from(list(Mode)),
    rules=st.lists(rules, max_size=3, unique_by=lambda rule: rule.id).map(tuple),
)
tightenings = st.builds(
    Tighten,
    rule=st.sampled_from(["one", "two", "other"]),
    action=st.sampled_from(STRICTER),
    min_score=st.one_of(st.none(), shares),
    max_fpr=st.one_of(st.none(), shares),
)
dos = st.one_of(st.builds(Do, tighten=tightenings), st.builds(Do, force_redaction=st.just(ForceRedaction())))
measures = st.lists(dos.map(lambda do: Measure("m", "m", do, 0.0, 1.0)), max_size=3)


@given(policies, measures, st.floats(0, 1))
def test_nothing_is_loosened(policy: Policy, under: list[Measure], score: float):
    """Whatever is found, what is done about it is at least as strict as without the measures."""
    finding = Finding("pii", "pii.X", 0, 5, score)

    def verdict(policy: Policy) -> int:
        return decide(policy, [(rule, Outcome((finding,))) for rule in policy.rules], 10).action.severity

    stricter, effective = tightened(policy, under)
    assert verdict(stricter) >= verdict(policy)
    assert [rule.id for rule in stricter.rules] == [rule.id for rule in policy.rules]
    assert (stricter is policy) == (not effective)


def policy(**keys: object) -> Policy:
    return Policy(name="p", rules=(Rule(**{"id": "one", "detect": "pii", "action": Action.FLAG, **keys}),))


@pytest.mark.parametrize(
    ("keys", "deed", "expected"),
    [
        ({}, Tighten(rule="one", action=Action.BLOCK), {"action": Action.BLOCK, "mode": None, "stream": "sentence"}),
        ({"stream": "whole"}, Tighten(rule="one", action=Action.MASK), {"action": Action.MASK, "stream": "whole"}),
        ({"mode": Mode.SHADOW}, Tighten(rule="one", action=Action.FLAG), {"action": Action.FLAG, "mode": Mode.ENFORCE}),
        ({"mode": Mode.SHADOW, "action": Action.BLOCK}, ForceRedaction(), {"action": Action.REDACT, "mode": Mode.ENFORCE}),
        ({"min_score": 0.8}, Tighten(rule="one", min_score=0.5), {"min_score": 0.5, "action": Action.FLAG}),
        ({"max_fpr": 0.01}, Tighten(rule="one", max_fpr=0.05), {"max_fpr": 0.05}),
        ({}, ForceRedaction(), {"action": Action.REDACT}),
        ({"detect": "secrets", "action": Action.ALLOW}, ForceRedaction(), {"action": Action.REDACT}),
    ],
)
def test_what_becomes_stricter(keys: dict, deed: Tighten | ForceRedaction, expected: dict):
    """A rule does what the measure asks for, and a measure that does something is told apart from one that does not."""
    do = Do(tighten=deed) if isinstance(deed, Tighten) else Do(force_redaction=deed)
    measure = Measure("m", "m", do, 0.0, 1.0)
    stricter, effective = tightened(policy(**keys), [measure])
    assert effective == (measure,)
    assert is_stricter([policy(**keys)], measure)
    assert {name: getattr(stricter.rules[0], name) for name in expected} == expected


@pytest.mark.parametrize(
    ("keys", "deed"),
    [
        ({"action": Action.BLOCK}, Tighten(rule="one", action=Action.REDACT)),
        ({"action": Action.TOKENIZE}, Tighten(rule="one", action=Action.REDACT)),
        ({"action": Action.BLOCK}, ForceRedaction()),
        ({"detect": "injection"}, ForceRedaction()),
        ({"min_score": 0.3}, Tighten(rule="one", min_score=0.5)),
        ({}, Tighten(rule="one", min_score=0.5)),
        ({"max_fpr": 0.1}, Tighten(rule="one", max_fpr=0.05)),
        ({}, Tighten(rule="one", max_fpr=0.05)),
        ({}, Tighten(rule="other", action=Action.BLOCK)),
    ],
)
def test_what_would_be_no_stricter(keys: dict, deed: Tighten | ForceRedaction):
    """Where a measure asks for less than there is, or for nothing that there is, the policy stays as it is."""
    do = Do(tighten=deed) if isinstance(deed, Tighten) else Do(force_redaction=deed)
    made = policy(**keys)
    assert tightened(made, [Measure("m", "m", do, 0.0, 1.0)]) == (made, ())


def test_of_whom():
    """A measure about an application is not about another one; one that names none is about all."""
    shop = Measure("a", "a", Do(force_redaction=ForceRedaction(app="shop")), 0.0, 1.0)
    everybody = Measure("b", "b", Do(force_redaction=ForceRedaction()), 0.0, 1.0)
    other = Measure("c", "c", Do.model_validate({"concurrency": {"upstream": "u", "limit": 1}}), 0.0, 1.0)
    assert of_app([shop, everybody, other], "shop") == (shop, everybody)
    assert of_app([shop, everybody, other], "bank") == (everybody,)
