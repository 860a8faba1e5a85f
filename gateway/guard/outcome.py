"""What the guards have to say of an exchange, for its record: coverage, what fired where, and the strictest action so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.guard.review import Counts, Hit, count
from gateway.wire.model import Place, Uninspectable
from gateway.wire.walk import dotted
from policies.policy import Mode, OnUninspectable, Policy, Scope
from policies.verdict import Action, strictest

MAX_HITS = 1000
"""Hits kept for one exchange; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Covered:
    """One text and the rules that looked at it; ``chars`` is its length."""

    place: Place
    scope: Scope
    chars: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """What fired on one text, and where that stands."""

    place: Place
    scope: Scope
    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that no rule could read, and what the policy made of it."""

    place: Place
    kind: str
    action: Action


@dataclass(slots=True)
class Findings:
    """Grows while an exchange goes on; bounded."""

    action: Action = Action.ALLOW
    covered: list[Covered] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    counts: dict[tuple[str, str, bool, str], int] = field(default_factory=dict)
    kept: int = 0
    unread: list[Unread] = field(default_factory=list)

    def raise_to(self, action: Action) -> None:
        self.action = strictest(self.action, action)

    def add(self, place: Place, scope: Scope, hits: Sequence[Hit], counts: Counts | None = None) -> None:
        """``counts``: the hits counted, where that is known already."""
        for name, number in (count(hits) if counts is None else counts).items():
            self.counts[name] = self.counts.get(name, 0) + number
        room = MAX_HITS - self.kept
        if room > 0:
            self.placed.append(Placed(place, scope, hits if len(hits) <= room else hits[:room]))
            self.kept += min(len(hits), room)

    def add_unread(self, part: Uninspectable, policy: Policy) -> Action:
        """Record the part, and say what the policy does about it."""
        action = _on_uninspectable(policy.on_uninspectable, part)
        if len(self.unread) < MAX_HITS:
            self.unread.append(Unread(part.place, part.kind.value, action))
        if policy.mode is Mode.SHADOW:
            return Action.ALLOW
        self.raise_to(action)
        return action

    def rules(self, *, blocking_only: bool = False) -> tuple[str, ...]:
        """The enforced rules that fired, in order, each once."""
        fired = (hit.fired for placed in self.placed for hit in placed.hits)
        return tuple(dict.fromkeys(f.rule for f in fired if not f.shadow and (not blocking_only or f.action is Action.BLOCK)))

    def reasons(self) -> tuple[str, ...]:
        """Why the exchange is blocked, without a word of its text."""
        said = [_reason(placed.scope, hit) for placed in self.placed for hit in placed.hits if _blocks(hit)]
        unread = [part for part in self.unread if part.action is Action.BLOCK]
        said += [f"{part.kind} content at {dotted(part.place) or 'the event'} cannot be inspected" for part in unread]
        return tuple(dict.fromkeys(said))[:20]


def _blocks(hit: Hit) -> bool:
    return hit.fired.action is Action.BLOCK and not hit.fired.shadow


def _reason(scope: Scope, hit: Hit) -> str:
    fired = hit.fired
    if fired.why == "key":
        return f"{fired.rule}: {fired.kind} in {scope.value} stands where it cannot be rewritten"
    if fired.why != "match":
        return f"{fired.rule}: {fired.kind} could not check {scope.value} ({fired.why})"
    return f"{fired.rule}: {fired.kind} in {scope.value}"


def _on_uninspectable(rules: OnUninspectable, part: Uninspectable) -> Action:
    action: Action = getattr(rules, part.kind.value)
    return action
