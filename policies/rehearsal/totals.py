"""What many exchanges, each decided twice, come to. What is kept is bounded, however many there are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from policies.rehearsal.decider import UNREAD, Decided
from policies.verdict import Action, Decision

MAX_APPS = 200
OTHER_APPS = "(others)"
"""Apps beyond the first ``MAX_APPS`` are counted together."""
MAX_REASONS = 1000
OTHER_REASONS = "(other reasons)"


class Move(StrEnum):
    """Whether an exchange that was for the old policy is for the draft (``leaves``: no longer), or newly so (``enters``)."""

    STAYS = "stays"
    LEAVES = "leaves"
    ENTERS = "enters"


@dataclass(frozen=True, slots=True)
class Pair:
    """One exchange decided twice. ``untold``: why it cannot be told what changes; none: it can."""

    request_id: str
    app: str
    old: Decided
    new: Decided
    untold: tuple[str, ...]
    is_unseen: bool = False
    """The draft lets pass what was stopped, and nobody knows what the answer, or the rest of it, would have been."""
    move: Move = Move.STAYS


@dataclass(slots=True)
class Both:
    """How often something was so under both policies, under one alone, or under neither."""

    both: int = 0
    only_new: int = 0
    only_old: int = 0
    neither: int = 0

    def add(self, old: bool, new: bool) -> None:
        if old and new:
            self.both += 1
        elif new:
            self.only_new += 1
        elif old:
            self.only_old += 1
        else:
            self.neither += 1

    @property
    def old(self) -> int:
        return self.both + self.only_old

    @property
    def new(self) -> int:
        return self.both + self.only_new

    @property
    def total(self) -> int:
        return self.both + self.only_new + self.only_old + self.neither


@dataclass(slots=True)
class Example:
    """Exchanges of one kind of change: how many, the first ones by id, and the rules that fire in one and not in the other."""

    count: int = 0
    ids: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Totals:
    """Grows pair by pair. ``decisions`` are counted over all, and for each app; ``rules`` and ``shadow`` over all. ``moves`` are also
    counted where it cannot be told what changes.
    """

    sample: int
    told: int = 0
    untold: int = 0
    why_untold: Counter[str] = field(default_factory=Counter)
    untold_ids: list[str] = field(default_factory=list)
    moves: dict[Move, Example] = field(default_factory=lambda: {move: Example() for move in (Move.LEAVES, Move.ENTERS)})
    changes: dict[tuple[str, str], Example] = field(default_factory=dict)
    decisions: dict[Decision, Both] = field(default_factory=lambda: {decision: Both() for decision in Decision})
    apps: dict[str, dict[Decision, Both]] = field(default_factory=dict)
    rules: dict[str, list[int]] = field(default_factory=dict)
    shadow: dict[str, list[int]] = field(default_factory=dict)
    redactions: list[int] = field(default_factory=lambda: [0, 0])
    redacted_otherwise: Example = field(default_factory=Example)
    lost_blocks: int = 0
    lost_block_ids: list[str] = field(default_factory=list)
    answers_unseen: int = 0

    def add_untold(self, request_id: str, reasons: Sequence[str]) -> None:
        self.untold += 1
        for reason in reasons:
            self.why_untold[reason if reason in self.why_untold or len(self.why_untold) < MAX_REASONS else OTHER_REASONS] += 1
        _keep(self.untold_ids, request_id, self.sample)

    def add(self, pair: Pair) -> None:
        if pair.move in self.moves:
            self.moves[pair.move].count += 1
            _keep(self.moves[pair.move].ids, pair.request_id, self.sample)
        if pair.untold:
            self.add_untold(pair.request_id, pair.untold)
            return
        self.told += 1
        old, new = pair.old, pair.new
        before, after = old.decision, new.decision
        app = pair.app if pair.app in self.apps or len(self.apps) < MAX_APPS else OTHER_APPS
        of_app = self.apps.setdefault(app, {decision: Both() for decision in Decision})
        for decision in Decision:
            self.decisions[decision].add(before is decision, after is decision)
            of_app[decision].add(before is decision, after is decision)
        _count_rules(self.rules, _names(old), _names(new))
        _count_rules(self.shadow, old.rules(shadow=True), new.rules(shadow=True))
        if before is not after:
            self._note(self.changes.setdefault((before, after), Example()), pair)
        if before is Decision.BLOCK and after is not Decision.BLOCK:
            self.lost_blocks += 1
            self.answers_unseen += pair.is_unseen
            _keep(self.lost_block_ids, pair.request_id, self.sample)
        if old.edits or new.edits:
            self._count_redactions(pair)

    def _count_redactions(self, pair: Pair) -> None:
        """What is blocked goes on in no form, redacted or not."""
        edits = [() if each.decision is Decision.BLOCK else each.edits for each in (pair.old, pair.new)]
        for side in (0, 1):
            self.redactions[side] += len(edits[side])
        if edits[0] != edits[1]:
            self._note(self.redacted_otherwise, pair)

    def _note(self, example: Example, pair: Pair) -> None:
        example.count += 1
        example.rules.update(set(_names(pair.old)) ^ set(_names(pair.new)))
        _keep(example.ids, pair.request_id, self.sample)


def _keep(ids: list[str], request_id: str, most: int) -> None:
    if len(ids) < most:
        ids.append(request_id)


def _names(decided: Decided) -> tuple[str, ...]:
    """The rules that were enforced, and the kinds of the unreadable that were not let pass."""
    unread = (f.rule for _, f in decided.fired if f.why == UNREAD and not f.shadow and f.action is not Action.ALLOW)
    return (*decided.rules(), *dict.fromkeys(unread))


def _count_rules(counts: dict[str, list[int]], old: Sequence[str], new: Sequence[str]) -> None:
    """For each rule: exchanges in which it fires under both, under the new policy alone, under the old one alone."""
    if not (old or new):
        return
    if old == new:
        for name in old:
            counts.setdefault(name, [0, 0, 0])[0] += 1
        return
    before, after = set(old), set(new)
    for name in before | after:
        counts.setdefault(name, [0, 0, 0])[0 if name in before and name in after else 1 if name in after else 2] += 1
