"""Which policy decides about an exchange.

The app's own policy, where the settings name one. Else the policy whose ``applies_to`` matches and is the most specific:
its apps are compared first, then its models, then its surfaces; an exact name is more specific than a glob, a glob with more
literal characters than one with fewer, and ``*`` says nothing. Equals go by name, first in the alphabet. A policy that says
nothing specific is only used by name. Else the default.
"""

from collections.abc import Collection, Iterator, Mapping

from policies.globs import matches
from policies.load import LoadedPolicy
from policies.policy import AppliesTo
from policies.subject import Subject

_Weight = tuple[int, int]
_WILD = "*?["
_NOTHING: _Weight = (0, 0)


def choose(policies: Mapping[str, LoadedPolicy], subject: Subject, app_policy: str | None, default: str) -> LoadedPolicy:
    """Raises ``KeyError`` where the named policy is not there: whoever loads a set of policies sees to it that it is."""
    if app_policy is not None:
        return policies[app_policy]
    best = max(_candidates(policies, subject), default=None, key=lambda candidate: candidate[0])
    return policies[default] if best is None else best[1]


def choosable(policies: Mapping[str, LoadedPolicy], default: str, named: Collection[str]) -> frozenset[str]:
    """The names of those that an exchange can get: the default, those that apps' settings name, those that say where they apply, and what
    is rolled out beside one of these.
    """
    alone = {name for name, loaded in policies.items() if loaded.policy.rollout is None}
    chosen = {name for name in alone if name == default or name in named or policies[name].policy.applies_to.is_specific}
    beside = {name for name, loaded in policies.items() if loaded.policy.rollout and loaded.policy.rollout.of in chosen}
    return frozenset(chosen | beside)


def _candidates(policies: Mapping[str, LoadedPolicy], subject: Subject) -> Iterator[tuple[tuple[_Weight, ...], LoadedPolicy]]:
    specific = [name for name, loaded in policies.items() if loaded.policy.applies_to.is_specific]
    for name in sorted(specific):
        weights = _weights(policies[name].policy.applies_to, subject)
        if weights is not None and any(weight != _NOTHING for weight in weights):
            yield weights, policies[name]


def _weights(applies: AppliesTo, subject: Subject) -> tuple[_Weight, ...] | None:
    """How specifically it matches in each respect; None where it does not match."""
    weights = []
    for globs, value in ((applies.apps, subject.app), (applies.models, subject.model), (applies.surfaces, subject.surface)):
        matching = [_weight(glob) for glob in globs if matches(value, glob)]
        if not matching:
            return None
        weights.append(max(matching))
    return tuple(weights)


def _weight(glob: str) -> _Weight:
    literal = sum(character not in _WILD for character in glob)
    is_exact = literal == len(glob)
    return (2, literal) if is_exact else (1 if literal else 0, literal)
