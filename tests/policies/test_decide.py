"""The decision: a table of what rules make of findings, and its laws."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.finding import Evidence, Finding
from policies.decide import NotChecked, Outcome, decide, selects
from policies.policy import Policy, Rule
from policies.verdict import ALLOWED, Action, Edit, Fired
from policies.vocabulary import Mode

LENGTH = 40
REWRITES = (Action.REDACT, Action.MASK, Action.HASH, Action.TOKENIZE)


def finding(entity="EMAIL_ADDRESS", start=0, end=5, score=0.9, evidence=Evidence.PATTERN) -> Finding:
    return Finding("pii", f"pii.{entity}", start, end, score, evidence)


def rule(action=Action.TOKENIZE, rule_id="a", **more) -> Rule:
    return Rule(id=rule_id, detect="pii", action=action, **more)


def verdict(*checks, mode=Mode.ENFORCE):
    return decide(Policy(name="p", mode=mode), checks, LENGTH)


@pytest.mark.parametrize(
    ("the_rule", "selected"),
    [
        (rule(), True),
        (rule(entities=("EMAIL_ADDRESS", "PERSON")), True),
        (rule(entities=("PERSON",)), False),
        (rule(min_score=0.9), True),
        (rule(min_score=0.91), False),
        (rule(min_score=0.1, entities=("PERSON",)), False),
    ],
)
def test_selects(the_rule, selected):
    """A rule means a finding by its entity and its score."""
    assert selects(the_rule, finding()) is selected


def test_nothing_found_is_allowed():
    """No findings, no rules, or none that a rule means: the one constant verdict."""
    assert verdict() is ALLOWED
    assert verdict((rule(), Outcome(()))) is ALLOWED
    assert verdict((rule(entities=("PERSON",)), Outcome((finding(),)))) is ALLOWED


def test_strictest_wins():
    """Every rule that fires is recorded; the strictest decides."""
    found = Outcome((finding(),))
    result = verdict((rule(Action.FLAG, "f"), found), (rule(Action.BLOCK, "b"), found), (rule(Action.ALLOW, "a"), found))
    assert result.action is Action.BLOCK
    assert [(f.rule, f.action) for f in result.fired] == [("f", Action.FLAG), ("b", Action.BLOCK), ("a", Action.ALLOW)]


@pytest.mark.parametrize(
    ("policy", "own", "action"),
    [(Mode.SHADOW, None, Action.ALLOW), (Mode.ENFORCE, Mode.SHADOW, Action.ALLOW), (Mode.SHADOW, Mode.ENFORCE, Action.TOKENIZE)],
)
def test_shadow_only_says(policy, own, action):
    """A shadow rule fires, is recorded as shadow, edits nothing and raises nothing."""
    result = verdict((rule(mode=own), Outcome((finding(),))), mode=policy)
    is_shadow = action is Action.ALLOW
    assert result.action is action
    assert bool(result.edits) is not is_shadow
    assert result.fired == (Fired("a", "pii.EMAIL_ADDRESS", 0, 5, 0.9, Action.TOKENIZE, is_shadow),)


@pytest.mark.parametrize(
    ("reason", "action"),
    [
        ("timeout", Action.FLAG),
        ("overload", Action.ALLOW),
        ("unavailable", Action.ALLOW),
        ("error", Action.BLOCK),
        ("other", Action.BLOCK),
    ],
)
def test_not_checked(reason, action):
    """A check that was late is on_timeout's, one that nobody was there for on_unavailable's, any other on_error's; all say why."""
    late = rule(Action.REDACT, on_timeout=Action.FLAG, on_unavailable=Action.ALLOW, on_error=Action.BLOCK)
    result = verdict((late, Outcome((), (NotChecked("pii", reason),))))
    assert result.action is action
    assert result.edits == ()
    assert result.fired == (Fired("a", "pii", 0, LENGTH, 0.0, action, False, reason),)


def test_not_checked_in_shadow():
    """A shadow rule that could not run stops nothing."""
    assert verdict((rule(mode=Mode.SHADOW), Outcome((), (NotChecked("pii", "error"),)))).action is Action.ALLOW


@pytest.mark.parametrize(
    ("rules", "style", "restore"),
    [
        ((rule(), rule()), Action.TOKENIZE, True),
        ((rule(), rule(restore=False)), Action.TOKENIZE, False),
        ((rule(), rule(Action.MASK)), Action.MASK, False),
        ((rule(Action.MASK), rule(Action.HASH)), Action.HASH, False),
        ((rule(Action.HASH), rule(Action.REDACT), rule()), Action.REDACT, False),
        ((rule(), rule(Action.FLAG), rule(Action.BLOCK)), Action.TOKENIZE, True),
    ],
)
def test_style_where_rules_disagree(rules, style, restore):
    """One place is edited once, in the style that keeps least, and restored only if all its rules restore."""
    result = verdict(*((each, Outcome((finding(start=3, end=9),))) for each in rules))
    assert result.edits == (Edit(3, 9, "pii.EMAIL_ADDRESS", style, restore),)


def test_overlaps_become_one_edit():
    """Findings that share a character are edited as one, named by the strongest; those that touch stay apart."""
    person = finding("PERSON", 0, 10, 0.85, Evidence.MODEL)
    mail = finding("EMAIL_ADDRESS", 8, 20, 1.0, Evidence.CHECKSUM)
    phone = finding("PHONE_NUMBER", 20, 25)
    result = verdict((rule(rule_id="p"), Outcome((phone, person))), (rule(Action.MASK, "m"), Outcome((mail,))))
    assert result.edits == (Edit(0, 20, "pii.EMAIL_ADDRESS", Action.MASK, False), Edit(20, 25, "pii.PHONE_NUMBER", Action.TOKENIZE, True))
    assert len(result.fired) == 3


findings = st.builds(
    lambda entity, start, size, score, evidence: finding(entity, start, min(start + size, LENGTH), score, evidence),
    st.sampled_from(["EMAIL_ADDRESS", "PERSON", "PHONE_NUMBER"]),
    st.integers(0, LENGTH - 1),
    st.integers(1, 12),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.sampled_from(Evidence),
)
rules = st.builds(
    lambda action, restore, mode, entities, min_score, on_error: Rule(
        id="r", detect="pii", action=action, restore=restore, mode=mode, entities=entities, min_score=min_score, on_error=on_error
    ),
    st.sampled_from([action for action in Action if action is not Action.REASK]),
    st.booleans(),
    st.sampled_from([None, *Mode]),
    st.sampled_from([None, ("PERSON",), ("EMAIL_ADDRESS", "PHONE_NUMBER")]),
    st.sampled_from([None, 0.5, 0.9]),
    st.sampled_from([Action.ALLOW, Action.FLAG, Action.BLOCK]),
)
missing = st.builds(NotChecked, st.just("pii"), st.sampled_from(["timeout", "error", "overload", "unavailable"]))
outcomes = st.builds(Outcome, st.lists(findings, max_size=5).map(tuple), st.lists(missing, max_size=2).map(tuple))
checks_of = st.lists(st.tuples(rules, outcomes), max_size=6)
policies = st.builds(lambda mode: Policy(name="p", mode=mode), st.sampled_from(Mode))


@given(policies, checks_of, st.randoms())
def test_order_makes_no_difference(policy, checks, chance: random.Random):
    """The order of rules, and of findings, changes neither action nor edits, nor what is recorded."""
    shuffled = [(r, Outcome(tuple(chance.sample(o.findings, len(o.findings))), o.not_checked)) for r, o in checks]
    chance.shuffle(shuffled)
    one, other = decide(policy, checks, LENGTH), decide(policy, shuffled, LENGTH)
    assert (one.action, one.edits) == (other.action, other.edits)
    assert sorted(map(repr, one.fired)) == sorted(map(repr, other.fired))


@given(policies, checks_of)
def test_action_is_the_strictest_enforced(policy, checks):
    """Nothing enforced is stricter than the verdict, and the verdict is no stricter than what fired."""
    result = decide(policy, checks, LENGTH)
    assert result.action.severity == max((f.action.severity for f in result.fired if not f.shadow), default=0)


@given(policies, checks_of)
def test_edits_are_disjoint_and_miss_nothing(policy, checks):
    """Edits are in order, share no character, and together cover exactly what the enforced rewriting rules mean."""
    edits = decide(policy, checks, LENGTH).edits
    assert all(one.end <= other.start for one, other in pairwise(edits))
    meant = {
        place
        for each, outcome in checks
        if each.action in REWRITES and not policy.is_shadow(each)
        for f in outcome.findings
        if selects(each, f)
        for place in range(f.start, f.end)
    }
    assert {place for edit in edits for place in range(edit.start, edit.end)} == meant
    assert all(edit.action in REWRITES and (edit.action is Action.TOKENIZE or not edit.restore) for edit in edits)


@given(policies, checks_of, rules, outcomes)
def test_another_rule_never_weakens(policy, checks, more, outcome):
    """Adding a rule never makes the verdict milder, and never uncovers a character."""
    before, after = decide(policy, checks, LENGTH), decide(policy, [*checks, (more, outcome)], LENGTH)
    assert after.action.severity >= before.action.severity
    assert all(any(new.start <= old.start and old.end <= new.end for new in after.edits) for old in before.edits)
