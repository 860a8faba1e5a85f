"""Rules beside each other: which can have no effect, which are covered by another one, and which contradict each other."""

from collections import defaultdict
from collections.abc import Iterator

from policies.policy import Policy, Rule
from policies.positions import Loc
from policies.verdict import Action
from policies.vocabulary import Scope

Remark = tuple[Loc, str, str]
"""Where, a code of ``lint.CODES``, and what is to be said."""

_MOST = 50
"""Rules that one is compared with, so that thousands are looked through in a sane time; a remark may be missed."""
_DEFAULT = ""
"""Stands for the entities that a detector looks for unless asked otherwise."""
_FAILS = ("on_error", "on_timeout", "on_unavailable")


def rule_remarks(policy: Policy) -> Iterator[Remark]:
    for index, rule in enumerate(policy.rules):
        yield from _vain(policy, index, rule)
    yield from _contradictions(policy)
    yield from _shadowed(policy)


def _vain(policy: Policy, index: int, rule: Rule) -> Iterator[Remark]:
    at: Loc = ("rules", index)
    if rule.action is Action.ALLOW:
        fails = [key for key in _FAILS if getattr(rule, key) is Action.BLOCK]
        but = f", yet it blocks what it cannot check ({', '.join(fails)})" if fails and not policy.is_shadow(rule) else ""
        yield (*at, "action"), "no-effect", f"allow changes nothing: what the rule finds is recorded and passes{but}"
    if rule.action is Action.TOKENIZE and rule.restore and Scope.OUTPUT in rule.scope:
        rest = "" if len(rule.scope) > 1 else ": the rule does nothing"
        yield (*at, "scope"), "no-effect", f"in output, what the model says itself would be replaced and restored at once{rest}"
    if rule.action.is_rewrite and Scope.TOOL_DEFINITIONS in rule.scope and "scope" in rule.model_fields_set:
        message = f"in tool_definitions, names and keys cannot be rewritten: what is found in one is blocked, not {rule.action}"
        yield (*at, "scope"), "unread-definitions", message


def _contradictions(policy: Policy) -> Iterator[Remark]:
    """Rules that let pass what another one stops or rewrites."""
    stopping: dict[tuple[str, Scope], list[Rule]] = defaultdict(list)
    for rule in policy.rules:
        if rule.action.severity > Action.FLAG.severity and not policy.is_shadow(rule):
            for scope in rule.scope:
                stopping[rule.detect, scope].append(rule)
    for index, rule in enumerate(policy.rules):
        if rule.action is not Action.ALLOW:
            continue
        rivals = (other for scope in rule.scope for other in stopping[rule.detect, scope][:_MOST])
        other = next((other for other in rivals if _meet(rule, other)), None)
        if other:
            message = f"{other.id} says {other.action} to the same, and the strictest wins; values that may pass go into its allow_list"
            yield ("rules", index, "action"), "contradicting-rules", message


def _meet(rule: Rule, other: Rule) -> bool:
    return rule.entities is None or other.entities is None or bool(_entities(rule) & _entities(other))


def _shadowed(policy: Policy) -> Iterator[Remark]:
    """Rules that another one covers, found by one thing that both look for in one place."""
    looking: dict[tuple[str, Scope, str], list[int]] = defaultdict(list)
    for index, rule in enumerate(policy.rules):
        for scope in rule.scope:
            for entity in _entities(rule):
                looking[rule.detect, scope, entity].append(index)
    for index, rule in enumerate(policy.rules):
        places = [looking[rule.detect, rule.scope[0], entity] for entity in sorted(_entities(rule))]
        rivals = min(places, key=len)[:_MOST]
        other = next((policy.rules[other] for other in rivals if _covers(policy, other, index)), None)
        if other and rule.action is not Action.ALLOW:
            more = "the same" if other.action is rule.action else f"more ({other.action})"
            yield ("rules", index), "shadowed-rule", f"{other.id} does {more} to all that {rule.id} finds"


def _entities(rule: Rule) -> frozenset[str]:
    if rule.entities is not None:
        return frozenset(rule.entities)
    return frozenset({_DEFAULT, *(pattern.name for pattern in rule.patterns)})


def _covers(policy: Policy, other: int, index: int) -> bool:
    """Whether a rule does to all that another one finds what that would do, or more. Of two alike, the first covers the second."""
    cover, rule = policy.rules[other], policy.rules[index]
    if other == index or cover.when not in (None, rule.when):  # the cheapest first: there may be thousands of rules
        return False
    if not (_is_as_strict(policy, cover, rule) and _finds_all(cover, rule)):
        return False
    is_covered = rule.when in (None, cover.when) and _is_as_strict(policy, rule, cover) and _finds_all(rule, cover)
    return other < index or not is_covered


def _is_as_strict(policy: Policy, cover: Rule, rule: Rule) -> bool:
    if policy.is_shadow(cover) is not policy.is_shadow(rule):
        return False
    is_stricter = cover.action is Action.BLOCK and not policy.is_shadow(cover)
    is_same = cover.action is rule.action and cover.restore is rule.restore
    return (is_stricter or is_same) and all(getattr(cover, key).severity >= getattr(rule, key).severity for key in _FAILS)


def _finds_all(cover: Rule, rule: Rule) -> bool:
    is_as_sure = cover.min_score is None or (rule.min_score is not None and cover.min_score <= rule.min_score)
    return (
        is_as_sure
        and cover.max_fpr == rule.max_fpr
        and rule.stream in (None, cover.stream)
        and set(rule.scope) <= set(cover.scope)
        and _entities(rule) <= _entities(cover)
        and set(rule.patterns) <= set(cover.patterns)
        and set(cover.allow_list) <= set(rule.allow_list)
    )
