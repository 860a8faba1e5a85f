"""What the guards have to say of an exchange, for its record: coverage, what fired where, and the strictest action so far."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.guard.kept import Texts
from gateway.guard.review import Counts, Hit, Scored, count
from gateway.wire.model import Place, Uninspectable
from gateway.wire.walk import dotted
from policies.policy import OnUninspectable, Policy
from policies.verdict import Action, strictest
from policies.vocabulary import Mode, Scope

MAX_HITS = 1000
"""Hits kept for one exchange; the rest are counted."""


class Covered(NamedTuple):
    """One text and the rules that looked at it; ``chars`` is its length. Or several ``texts`` of one place, and all their lengths."""

    place: Place
    scope: Scope
    chars: int
    rules: tuple[str, ...]
    texts: int = 1


class Placed(NamedTuple):
    """What fired on one text, and where that stands."""

    place: Place
    scope: Scope
    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that no rule could read, what the policy made of it, and why it could not be read, where that was tried."""

    place: Place
    kind: str
    action: Action
    why: str = ""


@dataclass(slots=True)
class Rows:
    """Of an uploaded file of rows: what became of them, and by which policies they were judged."""

    read: int = 0
    edited: int = 0
    blocked: int = 0
    policies: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """Grows while an exchange goes on; bounded."""

    action: Action = Action.ALLOW
    covered: list[Covered] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    counts: dict[tuple[str, str, str, bool, str], int] = field(default_factory=dict)
    kept: int = 0
    unread: list[Unread] = field(default_factory=list)
    rows: Rows | None = None
    scores: dict[str, Scored] = field(default_factory=dict)
    """Of each calibrated rule the highest score that it gave a text."""
    texts: Texts | None = None
    """None: none are kept."""

    def raise_to(self, action: Action) -> None:
        self.action = strictest(self.action, action)

    def add(self, place: Place, scope: Scope, hits: Sequence[Hit], counts: Counts | None = None) -> None:
        """``counts``: the hits counted, where that is known already."""
        if not hits:
            return
        for name, number in (count(hits) if counts is None else counts).items():
            self.counts[name] = self.counts.get(name, 0) + number
        room = MAX_HITS - self.kept
        if room > 0:
            self.placed.append(Placed(place, scope, hits if len(hits) <= room else hits[:room]))
            self.kept += min(len(hits), room)

    def note_scores(self, scores: Iterable[Scored]) -> None:
        for each in scores:
            known = self.scores.get(each.rule)
            if known is None or each.score > known.score:
                self.scores[each.rule] = each

    def cover(self, place: Place, scope: Scope, chars: int, rules: tuple[str, ...], texts: int = 1) -> None:
        """More texts of those at a place, which are counted together."""
        for index, known in enumerate(self.covered):
            if (known.place, known.scope, known.rules) == (place, scope, rules):
                self.covered[index] = Covered(place, scope, known.chars + chars, rules, known.texts + texts)
                return
        self.covered.append(Covered(place, scope, chars, rules, texts))

    def absorb(self, part: "Findings", place: Place, covered_at: Place) -> None:
        """Take over what was found in one of many parts, whose own places begin at ``place``.

        What it covers is counted at ``covered_at``. Of a part that is blocked everything is kept: there is no part after it.
        """
        self.raise_to(part.action)
        self.note_scores(part.scores.values())
        if part.texts:
            self.texts = self.texts or Texts(part.texts.is_raw)
            self.texts.absorb(part.texts, place)
        sums: dict[tuple[Scope, tuple[str, ...]], list[int]] = {}
        for _, scope, chars, rules, texts in part.covered:
            total = sums.setdefault((scope, rules), [0, 0])
            total[0] += chars
            total[1] += texts
        for (scope, rules), (chars, texts) in sums.items():
            self.cover(covered_at, scope, chars, rules, texts)
        for name, number in part.counts.items():
            self.counts[name] = self.counts.get(name, 0) + number
        for at, scope, hits in part.placed:
            room = len(hits) if part.action is Action.BLOCK else MAX_HITS - self.kept
            if room <= 0:
                break
            self.placed.append(Placed(place + at, scope, hits if len(hits) <= room else hits[:room]))
            self.kept += min(len(hits), room)
        for unread in part.unread:
            if len(self.unread) < MAX_HITS or unread.action is Action.BLOCK:
                self.unread.append(replace(unread, place=(*place, *unread.place)))

    def news(self, hits: Sequence[Hit]) -> list[Hit]:
        """Those of the hits that have not been added at another place."""
        known = {_same(hit) for placed in self.placed for hit in placed.hits}
        return [hit for hit in hits if _same(hit) not in known]

    def add_unread(self, part: Uninspectable, policy: Policy) -> Action:
        """Record the part, and say what the policy does about it."""
        action = _on_uninspectable(policy.on_uninspectable, part)
        if len(self.unread) < MAX_HITS:
            self.unread.append(Unread(part.place, part.kind.value, action, part.why))
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
        said += [f"{part.kind} content at {dotted(part.place) or 'the event'} cannot be inspected{_because(part)}" for part in unread]
        return tuple(dict.fromkeys(said))[:20]


def _same(hit: Hit) -> tuple[str, str, str, str]:
    return hit.fired.rule, hit.fired.kind, hit.fired.why, hit.fingerprint


def _blocks(hit: Hit) -> bool:
    return hit.fired.action is Action.BLOCK and not hit.fired.shadow


def _reason(scope: Scope, hit: Hit) -> str:
    fired = hit.fired
    if fired.why == "key":
        return f"{fired.rule}: {fired.kind} in {scope.value} stands where it cannot be rewritten"
    if fired.why == "picture":
        return f"{fired.rule}: {fired.kind} in {scope.value} stands in a picture, where it cannot be rewritten"
    if fired.why != "match":
        return f"{fired.rule}: {fired.kind} could not check {scope.value} ({fired.why})"
    return f"{fired.rule}: {fired.kind} in {scope.value}"


def _because(part: Unread) -> str:
    return f" ({part.why})" if part.why else ""


def _on_uninspectable(rules: OnUninspectable, part: Uninspectable) -> Action:
    action: Action = getattr(rules, part.kind.value)
    return action
