"""What a policy asks for that its surfaces do not have, where it names the surfaces that it is for."""

from collections.abc import Iterator, Mapping

from policies.lint.rules import Remark
from policies.policy import Policy
from policies.verdict import Action
from policies.vocabulary import Scope

_PLAIN = frozenset({Scope.USER, Scope.OUTPUT})
SCOPES: Mapping[str, frozenset[Scope]] = {
    "completions": _PLAIN,
    "embeddings": _PLAIN,
    "images": _PLAIN,
    "moderations": _PLAIN,
    "otlp": frozenset({Scope.TELEMETRY}),
    "speech": frozenset({Scope.SYSTEM, Scope.USER, Scope.OUTPUT}),
    "transcriptions": _PLAIN,
    "translations": _PLAIN,
}
"""What texts there are on surfaces where there are not those of a conversation."""


def surface_remarks(policy: Policy) -> Iterator[Remark]:
    if surfaces := named_surfaces(policy):
        yield from _scopes(policy, surfaces)
        yield from _embeddings(policy, surfaces)


def named_surfaces(policy: Policy) -> frozenset[str]:
    """Those that it is for, if it names them one by one; else none."""
    named = policy.applies_to.surfaces
    return frozenset(named) if not any(set("*?[") & set(glob) for glob in named) else frozenset()


def _scopes(policy: Policy, surfaces: frozenset[str]) -> Iterator[Remark]:
    if not surfaces <= SCOPES.keys():
        return
    there = frozenset(scope for name in surfaces for scope in SCOPES[name])
    for index, rule in enumerate(policy.rules):
        if not there & set(rule.scope):
            message = f"there is no such text on {listed(surfaces)}: the rule can never fire; there is {listed(there)}"
            yield ("rules", index, "scope"), "surface-cannot", message


def _embeddings(policy: Policy, surfaces: frozenset[str]) -> Iterator[Remark]:
    if surfaces != {"embeddings"}:
        return
    if policy.domain.topics is not None:
        message = "documents that are embedded are judged like a user's words: most of a store would be outside"
        yield ("domain", "topics"), "surface-cannot", message
    for index, rule in enumerate(policy.rules):
        if rule.action is Action.TOKENIZE and rule.restore and "restore" in rule.model_fields_set:
            yield ("rules", index, "restore"), "surface-cannot", "a vector cannot be restored: it is the vector of the placeholder"


def listed(names: frozenset[str] | frozenset[Scope]) -> str:
    return ", ".join(sorted(names))
