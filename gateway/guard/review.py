"""What a policy makes of one text: everything about it that does not depend on where the text stands, so that it can be remembered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from detectors.normalize import stands_for
from detectors.text.placeholders import lookalikes
from gateway.guard.plan import Check, Gauge
from gateway.guard.tokens import Tokens
from policies.decide import Outcome, decide
from policies.policy import Policy, Rule
from policies.verdict import Action, Edit, Fired


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired, with the keyed fingerprint of what it fired on."""

    fired: Fired
    fingerprint: str


Counts = Mapping[tuple[str, str, str, bool, str], int]
"""Hits by (rule, kind, action, shadow, why)."""


class Scored(NamedTuple):
    """How strange a calibrated rule found a text, whether it fired or not."""

    rule: str
    score: float
    gauge: Gauge


@dataclass(frozen=True, slots=True)
class Review:
    """``choices`` are the keyed parts of the edits' placeholders (None for edits of other styles); ``client_keyed`` the hashes of what
    looks like a keyed part in the text. It holds no text.
    """

    action: Action = Action.ALLOW
    hits: tuple[Hit, ...] = ()
    edits: tuple[Edit, ...] = ()
    choices: tuple[str | None, ...] = ()
    client_keyed: tuple[int, ...] = ()
    counts: Counts = field(default_factory=dict)
    scores: tuple[Scored, ...] = ()

    def __len__(self) -> int:
        return len(self.hits) + len(self.edits) + len(self.client_keyed) + len(self.scores)


def scored(checks: Sequence[Check], outcomes: Sequence[tuple[Rule, Outcome]]) -> tuple[Scored, ...]:
    """Of each calibrated rule, the highest score that its detectors gave the text."""
    return tuple([
        Scored(check.rule.id, max([finding.score for finding in outcome.findings]), check.gauge)
        for check, (_, outcome) in zip(checks, outcomes, strict=True)
        if check.gauge and outcome.findings
    ])  # fmt: skip


def review(policy: Policy, checks: Sequence[tuple[Rule, Outcome]], text: str, tokens: Tokens, scores: tuple[Scored, ...] = ()) -> Review:
    """Decide about a whole text. ``scores`` are kept with what is decided."""
    verdict = decide(policy, checks, len(text)) if checks else None
    client_keyed = tuple(map(hash, lookalikes(text)))
    if verdict is None or not verdict.fired:
        return Review(client_keyed=client_keyed, scores=scores)
    hits = tuple(hit(fired, stands_for(text[fired.start : fired.end]), tokens) for fired in verdict.fired)
    choices = tuple(_choice(edit, text, tokens) for edit in verdict.edits)
    return Review(verdict.action, hits, verdict.edits, choices, client_keyed, count(hits), scores)


def hit(fired: Fired, value: str, tokens: Tokens) -> Hit:
    return Hit(fired, tokens.fingerprint(fired.kind.rpartition(".")[2], value) if fired.why == "match" else "")


def count(hits: Sequence[Hit]) -> Counts:
    return Counter((h.fired.rule, h.fired.kind, h.fired.action.value, h.fired.shadow, h.fired.why) for h in hits)


def _choice(edit: Edit, text: str, tokens: Tokens) -> str | None:
    if edit.action is not Action.TOKENIZE:
        return None
    return tokens.first_choice(edit.kind.rpartition(".")[2], stands_for(text[edit.start : edit.end]))
