"""A policy under measures: its rules do more about what they find, or find more; nothing of it ever does less."""

from collections.abc import Iterable, Sequence
from typing import Any

from policies.measures import ForceRedaction, Measure, Tighten
from policies.policy import Policy, Rule
from policies.verdict import Action
from policies.vocabulary import Mode

REDACTED = frozenset({"pii", "secrets"})
"""Detectors of what is redacted where that is forced."""
_REDACTION = Tighten(rule="any", action=Action.REDACT)


def of_app(measures: Iterable[Measure], app: str) -> tuple[Measure, ...]:
    """Those that make policies stricter for this application."""
    return tuple([each for each in measures if isinstance(deed := each.do.deed, Tighten | ForceRedaction) and deed.app in (None, app)])


def tightened(policy: Policy, measures: Sequence[Measure]) -> tuple[Policy, tuple[Measure, ...]]:
    """And which of the measures have changed anything; the same policy where none has."""
    rules = {rule.id: rule for rule in policy.rules}
    effective = []
    for measure in measures:
        stricter = {name: _under(policy, rule, measure.do.deed) for name, rule in rules.items()}
        if any(stricter[name] is not rule for name, rule in rules.items()):
            effective.append(measure)
            rules = stricter
    if not effective:
        return policy, ()
    return policy.model_copy(update={"rules": tuple(rules.values())}), tuple(effective)


def is_stricter(policies: Iterable[Policy], measure: Measure) -> bool:
    """Whether it changes any of them."""
    return any(tightened(policy, [measure])[1] for policy in policies)


def _under(policy: Policy, rule: Rule, deed: object) -> Rule:
    """The same rule where the measure is not about it, or is no stricter."""
    if isinstance(deed, Tighten) and deed.rule == rule.id:
        return _stricter(policy, rule, deed)
    if isinstance(deed, ForceRedaction) and rule.detect in REDACTED:
        return _stricter(policy, rule, _REDACTION)
    return rule


def _stricter(policy: Policy, rule: Rule, asked: Tighten) -> Rule:
    changes: dict[str, Any] = {}
    is_shadow = policy.is_shadow(rule)
    done = Action.ALLOW if is_shadow else rule.action
    if asked.action is not None and asked.action.severity > done.severity:
        # What streams is not shown before it is judged; where the rule does not say how much waits, a sentence does.
        changes = {"action": asked.action, "stream": rule.stream or "sentence", "mode": Mode.ENFORCE if is_shadow else rule.mode}
    if asked.min_score is not None and rule.min_score is not None and asked.min_score < rule.min_score:
        changes["min_score"] = asked.min_score
    if asked.max_fpr is not None and rule.max_fpr is not None and asked.max_fpr > rule.max_fpr:
        changes["max_fpr"] = asked.max_fpr
    return rule.model_copy(update=changes) if changes else rule
