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
    "speech": frozenset({Scope.SYSTEM, Scope.USER, Scope.OUTPUT}),
    "transcriptions": _PLAIN,
    "translations": _PLAIN,
}
"""What texts there are on surfaces where there are not those of a conversation."""
ASKED_AGAIN = frozenset({"chat", "messages", "responses"})
"""Where a model can be shown what is wrong with its answer."""
_WRITES = ASKED_AGAIN | {"completions"}


def surface_remarks(policy: Policy) -> Iterator[Remark]:
    named = policy.applies_to.surfaces
    surfaces = frozenset(named) if not any(set("*?[") & set(glob) for glob in named) else frozenset()
    yield from _waits(policy)
    if not surfaces:
        return
    yield from _scopes(policy, surfaces)
    yield from _answers(policy, surfaces)
    yield from _embeddings(policy, surfaces)


def _scopes(policy: Policy, surfaces: frozenset[str]) -> Iterator[Remark]:
    if not surfaces <= SCOPES.keys():
        return
    there = frozenset(scope for name in surfaces for scope in SCOPES[name])
    for index, rule in enumerate(policy.rules):
        if not there & set(rule.scope):
            message = f"there is no such text on {_listed(surfaces)}: the rule can never fire; there is {_listed(there)}"
            yield ("rules", index, "scope"), "surface-cannot", message


def _answers(policy: Policy, surfaces: frozenset[str]) -> Iterator[Remark]:
    output, tools = policy.domain.output, policy.domain.tools
    if not surfaces & ASKED_AGAIN:
        for at, action in (("output", output.action), ("tools", tools.action)):
            if action is Action.REASK:
                yield ("domain", at, "action"), "surface-cannot", f"reask: nobody can be asked again on {_listed(surfaces)}; use block"
        if output.uncertainty and output.uncertainty.action is Action.REASK:
            message = f"reask: nobody can be asked again on {_listed(surfaces)}; use block"
            yield ("domain", "output", "uncertainty", "action"), "surface-cannot", message
    if not surfaces & _WRITES and not surfaces - SCOPES.keys():
        for key in ("json_schema", "regex", "grammar", "uncertainty"):
            if getattr(output, key) is not None:
                yield ("domain", "output", key), "surface-cannot", f"no model writes an answer on {_listed(surfaces)}"


def _embeddings(policy: Policy, surfaces: frozenset[str]) -> Iterator[Remark]:
    if surfaces != {"embeddings"}:
        return
    if policy.domain.topics is not None:
        message = "documents that are embedded are judged like a user's words: most of a store would be outside"
        yield ("domain", "topics"), "surface-cannot", message
    for index, rule in enumerate(policy.rules):
        if rule.action is Action.TOKENIZE and rule.restore and "restore" in rule.model_fields_set:
            yield ("rules", index, "restore"), "surface-cannot", "a vector cannot be restored: it is the vector of the placeholder"


def _waits(policy: Policy) -> Iterator[Remark]:
    """Rules that keep a user from seeing an answer grow."""
    for index, rule in enumerate(policy.rules):
        if rule.stream == "whole" and Scope.OUTPUT in rule.scope:
            message = "no answer is shown before it is whole: a user waits for all of it, not for its first word (sentence waits less)"
            yield ("rules", index, "stream"), "waits-whole", message


def _listed(names: frozenset[str] | frozenset[Scope]) -> str:
    return ", ".join(sorted(names))
