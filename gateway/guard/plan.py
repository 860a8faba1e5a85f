"""A policy made ready to run: for each scope, which rules look at it with which detectors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detectors.contract import InlineDetector, PooledDetector, TextDetector
from policies.load import LoadedPolicy
from policies.policy import Policy, Rule, Scope
from policies.verdict import Action

Build = Callable[[Rule], Sequence[TextDetector]]
"""The detectors that a rule needs."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule with its detectors. ``holds``: it may rewrite or block, so what it judges waits for it."""

    rule: Rule
    inline: tuple[InlineDetector, ...]
    pooled: tuple[PooledDetector, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What an exchange runs from its first byte to its last, however often policies are reloaded meanwhile."""

    policy: Policy
    version: str
    """``NAME@DIGEST12``, as users see it."""
    checks: dict[Scope, tuple[Check, ...]]
    rule_ids: dict[Scope, tuple[str, ...]]


def compile_plan(loaded: LoadedPolicy, build: Build) -> Plan:
    policy = loaded.policy
    made = [_check(policy, rule, build(rule)) for rule in policy.rules]
    checks = {scope: tuple(check for check in made if scope in check.rule.scope) for scope in Scope}
    rule_ids = {scope: tuple(check.rule.id for check in found) for scope, found in checks.items()}
    return Plan(policy, f"{policy.name}@{loaded.digest[:12]}", checks, rule_ids)


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
