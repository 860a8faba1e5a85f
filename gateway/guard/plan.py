"""A policy made ready to run: for each scope, which rules look at it with which detectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detectors.contract import InlineDetector, PooledDetector, TextDetector
from detectors.registry import Options
from detectors.text.custom import CustomPattern
from policies.load import LoadedPolicy
from policies.policy import Policy, Rule
from policies.verdict import Action
from policies.vocabulary import Scope


def options_of(rule: Rule, ner_model: str | None = None, cache_dir: str | None = None) -> Options:
    """What a rule asks of its detector."""
    patterns = tuple(CustomPattern(p.name, p.regex, p.score, p.validator, p.context, frozenset(p.disguises)) for p in rule.patterns)
    return Options(rule.entities, patterns, rule.allow_list, ner_model, cache_dir)


Build = Callable[[Rule], Sequence[TextDetector]]
"""The detectors that a rule needs."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule with its detectors. ``holds``: it may rewrite or block, so what it judges waits for it."""

    rule: Rule
    inline: tuple[InlineDetector, ...]
    pooled: tuple[PooledDetector, ...]
    holds: bool


class Checks:
    """Which checks look at a scope, and the ids of their rules."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self.all = tuple(checks)
        self._of = {scope: tuple(check for check in checks if scope in check.rule.scope) for scope in Scope}
        self._ids = {scope: tuple(check.rule.id for check in found) for scope, found in self._of.items()}

    def of(self, scope: Scope) -> tuple[Check, ...]:
        return self._of[scope]

    def rule_ids(self, scope: Scope) -> tuple[str, ...]:
        return self._ids[scope]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an exchange runs from its first byte to its last, however often policies are reloaded meanwhile."""

    policy: Policy
    version: str
    """``NAME@DIGEST12``, as users see it."""
    patience_s: float
    """How long the detectors that run where they stand may take for one request."""
    on_request: Checks
    on_answer: Checks


def compile_plan(loaded: LoadedPolicy, build: Build) -> Plan:
    policy = loaded.policy
    made = [_check(policy, rule, build(rule)) for rule in policy.rules]
    version = f"{policy.name}@{loaded.digest[:12]}"
    patience_s = max((rule.deadline_ms for rule in policy.rules), default=0) / 1000
    return Plan(policy, version, patience_s, Checks(made), Checks([check for check in made if not _is_undone(check.rule)]))


def _is_undone(rule: Rule) -> bool:
    """A value that the model says itself would be replaced on its way to the app and restored at once: nothing to do, or to wait for."""
    return rule.action is Action.TOKENIZE and rule.restore


def _check(policy: Policy, rule: Rule, detectors: Sequence[TextDetector]) -> Check:
    inline: list[InlineDetector] = []
    pooled: list[PooledDetector] = []
    for detector in detectors:
        if isinstance(detector, PooledDetector):
            pooled.append(detector)
        else:
            inline.append(detector)
    # A flag never holds text back, nor does waiting for a flag's model: a rule that only flags may say so after the text is gone.
    holds = rule.action.severity >= Action.REDACT.severity and not policy.is_shadow(rule)
    return Check(rule, tuple(inline), tuple(pooled), holds)
