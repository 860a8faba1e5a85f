"""The rules that a domain implies, and where they stop."""

import pytest

from policies.domain_parts import PATHS, name_of
from policies.domain_rules import BORDERED, DomainRule, all_rules, promised
from policies.policy import Policy
from policies.verdict import Action
from policies.vocabulary import Mode, Scope

TOPICS = "allow: [{name: lost, examples: [I lost my card, my card was stolen, it is gone, where is my card, card lost]}]"
POLICY = f"""
name: p
domain:
  languages: [en]
  topics:
    {TOPICS}
    outside: {{max_fpr: 0.05, action: flag}}
  output: {{languages: [en]}}
rules:
- {{id: r, detect: secrets, action: flag, max_fpr: 0.1}}
"""
ELSEWHERE = """
name: p
domain:
  hours: {days: [mon]}
  groups: [staff]
  input: {max_chars: 1, max_messages: 2, modalities: [text]}
  request: {models: [m], max_tokens: 3, temperature: {max: 1}}
  tools: {allow: [t]}
  output: {max_chars: 4, regex: x}
"""


def implied(policy: Policy) -> dict[str, DomainRule]:
    return {rule.id: rule for rule in all_rules(policy) if isinstance(rule, DomainRule)}


def test_own_rules_come_first(loaded):
    """As they are; those of the domain come after them, called by the keys of their bounds."""
    policy = loaded(POLICY).policy
    rules = all_rules(policy)
    assert rules[:1] == policy.rules
    assert [rule.id for rule in rules[1:]] == ["domain.languages", "domain.topics", "domain.output.languages"]
    assert set(implied(policy)) <= set(map(name_of, PATHS))


def test_what_judges_no_text_is_no_rule(loaded):
    """Bounds of parameters, tools, times and forms are held elsewhere; and a policy without a domain has its own rules alone."""
    assert all_rules(loaded(ELSEWHERE).policy) == ()
    plain = loaded("name: p\nrules: [{id: r, detect: secrets, action: flag}]").policy
    assert all_rules(plain) == plain.rules


def test_what_they_look_for(loaded):
    """Users' texts are held to the languages and topics of users, answers to those of answers; the detectors get the words they need."""
    rules = implied(loaded(POLICY.replace("output: {languages: [en]}", "output: {languages: [de, en], stream: sentence}")).policy)
    asked, about, told = rules["domain.languages"], rules["domain.topics"], rules["domain.output.languages"]
    assert [(rule.detect, rule.scope) for rule in (asked, about, told)] == [
        ("language", (Scope.USER,)), ("topics", (Scope.USER,)), ("language", (Scope.OUTPUT,)),
    ]  # fmt: skip
    assert [(rule.languages, [topic.name for topic in rule.topics]) for rule in (asked, about, told)] == [
        (("en",), []), ((), ["lost"]), (("de", "en"), []),
    ]  # fmt: skip
    assert about.topics[0].examples[0] == "I lost my card"
    assert [rule.stream for rule in (asked, about, told)] == [None, None, "sentence"]


@pytest.mark.parametrize("action", ["allow", "flag", "block"])
def test_languages_fail_as_they_act(loaded, action):
    """What is only flagged is let pass when it cannot be judged, and what is blocked is not."""
    for rule in implied(loaded(f"name: p\ndomain: {{action: {action}, languages: [en], output: {{languages: [en]}}}}").policy).values():
        assert {rule.action, rule.on_error, rule.on_timeout, rule.on_unavailable} == {Action(action)}
        assert (rule.max_fpr, rule.min_score, rule.mode) == (0.01, None, None)


@pytest.mark.parametrize(
    ("of_domain", "of_output", "expected"),
    [("block", None, "block"), ("flag", None, "flag"), ("flag", "block", "block"), ("block", "flag", "flag"), ("flag", "reask", "block")],
)
def test_languages_of_answers(loaded, of_domain, of_output, expected):
    """The part's own action, else the domain's. A rule of texts cannot ask for another answer: it blocks this one."""
    own = f", action: {of_output}" if of_output else ""
    rules = implied(loaded(f"name: p\ndomain: {{action: {of_domain}, output: {{languages: [en], stream: sentence{own}}}}}").policy)
    assert rules["domain.output.languages"].action is Action(expected)
    assert rules["domain.output.languages"].on_error is Action(expected)


def test_topics_say_it_themselves(loaded):
    """What is done outside of the topics, and what if that cannot be told, stands in ``outside`` and nowhere else."""
    outside = "action: flag, max_fpr: 0.2, mode: shadow, on_error: allow, on_timeout: flag, on_unavailable: block, deadline_ms: 70"
    rule = implied(loaded(f"name: p\ndomain:\n  topics:\n    {TOPICS}\n    outside: {{{outside}}}\n").policy)["domain.topics"]
    assert (rule.action, rule.max_fpr, rule.mode, rule.deadline_ms) == (Action.FLAG, 0.2, Mode.SHADOW, 70)
    assert (rule.on_error, rule.on_timeout, rule.on_unavailable) == (Action.ALLOW, Action.FLAG, Action.BLOCK)
    said_nothing = implied(loaded(f"name: p\ndomain:\n  action: flag\n  topics:\n    {TOPICS}\n").policy)["domain.topics"]
    assert {said_nothing.action, said_nothing.on_error, said_nothing.on_timeout, said_nothing.on_unavailable} == {Action.BLOCK}


def test_borders(loaded):
    """A bound stops at its border, where one is known, and promises its rate all the same; other rules have none."""
    plain, held = loaded(POLICY).policy, loaded(POLICY + "borders: {domain.topics: 0.02}").policy
    assert {rule.id: rule.max_fpr for rule in all_rules(plain)} == {
        "r": 0.1, "domain.languages": 0.01, "domain.topics": 0.05, "domain.output.languages": 0.01,
    }  # fmt: skip
    assert {rule.id: rule.max_fpr for rule in all_rules(held)}["domain.topics"] == 0.02
    assert {name: rule.max_fpr for name, rule in promised(held).items()} == {"domain.languages": 0.01, "domain.topics": 0.05}
    assert tuple(promised(held)) == BORDERED
    assert [rule.id for rule in all_rules(held)] == [rule.id for rule in all_rules(plain)]
