"""What the rules have decided of an exchange, as metrics count it: each rule once at a stage, however often it fired there."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.guard.outcome import Findings
from gateway.telemetry.record import Exchange
from policies.verdict import Action

_PASSES = frozenset({Action.ALLOW.value, Action.FLAG.value})
_CHECKED = frozenset({"match", "key", "picture"})
"""Why a rule fires that was able to look."""


class Decision(NamedTuple):
    """``verdict`` is what the rule said, ``action`` what was done: nothing, where the rule is only tried out. ``rule`` is empty where none
    fired.
    """

    policy: str
    rule: str
    stage: str
    verdict: str
    action: str


class Failure(NamedTuple):
    """A rule that may act could not look. ``is_open``: what it should have seen went on all the same."""

    policy: str
    rule: str
    stage: str
    reason: str
    is_open: bool


def decided(exchange: Exchange) -> Iterator[Decision | Failure]:
    """Nothing of an exchange that no policy has judged."""
    policy = exchange.policy.partition("@")[0]
    if not policy:
        return
    yield from _of(policy, "input", exchange.request, exchange)
    yield from _of(policy, "stream" if exchange.is_stream else "output", exchange.response, exchange)


def _of(policy: str, stage: str, part: Findings, exchange: Exchange) -> Iterable[Decision | Failure]:
    if part.counts:
        return dict.fromkeys(_fired(policy, stage, part))
    action = part.action.value
    return [Decision(policy, "", stage, action, action) for each in exchange.stages if each.name == stage]


def _fired(policy: str, stage: str, part: Findings) -> Iterator[Decision | Failure]:
    for rule, _, action, shadow, why in part.counts:
        yield Decision(policy, rule, stage, action, Action.ALLOW.value if shadow else action)
        if why not in _CHECKED and not shadow:
            yield Failure(policy, rule, stage, why, action in _PASSES)
