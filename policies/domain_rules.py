"""The parts of a domain that judge texts, as rules like any other: scanned, remembered, recorded and decided about in the same way."""

from collections.abc import Iterator, Mapping

from policies.domain import Language, Topic
from policies.domain_parts import action_of
from policies.policy import Policy, Rule
from policies.verdict import Action
from policies.vocabulary import Scope

BORDERED = ("domain.languages", "domain.topics")
_LANGUAGE_FPR = 0.01
"""The share of texts in an allowed language that may be taken for another's."""


class DomainRule(Rule):
    """A rule that a domain implies. Its detector is configured by ``languages`` or ``topics``."""

    languages: tuple[Language, ...] = ()
    topics: tuple[Topic, ...] = ()


def all_rules(policy: Policy) -> tuple[Rule, ...]:
    """The policy's rules, and those that its domain implies."""
    return (*policy.rules, *(_at_border(rule, policy) for rule in _implied(policy)))


def promised(policy: Policy) -> Mapping[str, DomainRule]:
    """The rules of the domain whose false-alarm rates can be held by borders, with the rates that the policy promises."""
    return {rule.id: rule for rule in _implied(policy) if rule.id in BORDERED}


def _at_border(rule: DomainRule, policy: Policy) -> DomainRule:
    """Its scores are as its detector makes them; what rate it is held to decides where among them it stops."""
    border = next((border for name, border in policy.borders.items() if name == rule.id), None)
    return rule if border is None else rule.model_copy(update={"max_fpr": border})


def _implied(policy: Policy) -> Iterator[DomainRule]:
    domain = policy.domain
    if domain.languages is not None:
        yield _rule("domain.languages", "language", Scope.USER, action_of(domain, ("languages",)), languages=domain.languages)
    if domain.topics is not None:
        outside = domain.topics.outside
        yield DomainRule(
            id="domain.topics",
            detect="topics",
            scope=(Scope.USER,),
            max_fpr=outside.max_fpr,
            action=outside.action,
            mode=outside.mode,
            on_error=outside.on_error,
            on_timeout=outside.on_timeout,
            on_unavailable=outside.on_unavailable,
            deadline_ms=outside.deadline_ms,
            topics=domain.topics.allow,
        )
    if domain.output.languages is not None:
        action = action_of(domain, ("output", "languages"))
        yield _rule(
            "domain.output.languages", "language", Scope.OUTPUT, action, languages=domain.output.languages, stream=domain.output.stream
        )


def _rule(name: str, detect: str, scope: Scope, action: Action, **keys: object) -> DomainRule:
    """A rule that fails as its action is: what is only flagged is let pass when it cannot be judged."""
    fallen = dict.fromkeys(("on_error", "on_timeout", "on_unavailable"), action)
    return DomainRule.model_validate(
        {"id": name, "detect": detect, "scope": (scope,), "max_fpr": _LANGUAGE_FPR, "action": action, **fallen, **keys}
    )
