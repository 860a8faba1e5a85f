"""What a draft of a policy would have made of recorded exchanges, beside the policy that it is to replace.

Both decide each exchange again, by what is known of it. Where that does not suffice (see ``decider.Decided``), the exchange is counted as
one of which nothing can be told, with the reason, and in no rate. ``totals`` is what they come to.

Of an exchange that is for one of the two policies alone (``applies_to``), the other decides nothing: what the old one stopped, and the
draft is not for, is a lost block. A policy that singles nobody out is taken to be in force by its name, for all.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, log

from policies.diff import same_names
from policies.globs import matches
from policies.measures import Measure, Quarantine
from policies.policy import Expectations, Policy, Rule
from policies.rehearsal.decider import Decided, Decider, Scanned, Witness
from policies.rehearsal.exchange import Exchange, Scan
from policies.rehearsal.forms import Conforms
from policies.rehearsal.recorded import MAX_CHARS, Entry, Record
from policies.rehearsal.retold import Defaults, Made, Retold, Sources
from policies.rehearsal.totals import Move, Pair, Totals
from policies.tightening import of_app, tightened
from policies.verdict import Action, Decision

_STEP = log(1.05)
_MAX_RECORDERS = 1000
_LABELS = {"apps": "app", "models": "model", "surfaces": "surface"}
_NOTHING = Decided(Action.ALLOW, (), (), (), has_answer=True)
"""Of a policy that an exchange is not for."""
_REFUSED = Decided(Action.BLOCK, (), (), (), has_answer=False)
"""By a quarantine."""

Clock = Callable[[], float]
Recorders = Callable[[str], Policy | None]
"""The policy that decided records of the journal, by its version (``NAME@DIGEST``); None: it is not known."""


@dataclass(slots=True)
class Times:
    """How long decisions took, in microseconds: counted in steps of 5 %, so that any number of them takes little room."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        self.counts[round(log(max(seconds * 1e6, 0.01)) / _STEP)] += 1

    def quantile(self, share: float) -> float:
        rank, seen = share * sum(self.counts.values()), 0
        for step in sorted(self.counts):
            seen += self.counts[step]
            if seen >= rank:
                return exp(step * _STEP)
        return 0.0


class Replay:
    """Two policies, ready to decide any number of exchanges again. ``clock`` gives seconds, and only measures. ``under``: a measure that is
    in force while the new one decides.
    """

    def __init__(
        self,
        old: Policy,
        new: Policy,
        recorders: Recorders,
        defaults: Defaults,
        made: Made,
        clock: Clock,
        conforms: Conforms | None = None,
        under: Measure | None = None,
    ) -> None:
        self.under = under
        self._stricter = Decider(tightened(new, [under] if under else [])[0], conforms)
        self.old = Decider(old, conforms)
        self.new = Decider(new, conforms)
        self.times = {"old": Times(), "new": Times()}
        self._policies = (old, new)
        self._same = same_names(old, new)
        self._clock = clock
        self._recorders = recorders
        self._sources_of = lru_cache(_MAX_RECORDERS)(self._sources)
        self._about = (defaults, made)

    def decide(self, entry: Entry, scan: Scan | None) -> Pair | str:
        """Both decisions; or why there can be none. ``scan`` is needed where there are texts."""
        exchange, record = entry.exchange, entry.record
        witnesses: Sequence[Witness]
        if record is None:
            if entry.is_too_long:
                return f"a text has more than {MAX_CHARS:,} characters"
            if scan is None:
                return "no detector can look at texts here"
            witnesses = (Scanned(exchange, scan),) * 2
        elif record.is_cut:
            return "more was found than the record lists"
        elif not (both := self._sources_of(record.policy)):
            return f"recorded under {record.policy or 'no policy'}, which is not given (--recorded-by)"
        else:
            witnesses = [Retold(exchange, record, sources) for sources in both]
        move = self._move(exchange)
        if move is None:
            return "whether it is still for the draft hangs on what is not recorded (applies_to)"
        old = _elsewhere(record) if move is Move.ENTERS else self._timed("old", self.old, exchange, witnesses[0])
        new = _NOTHING if move is Move.LEAVES else self._decided(exchange, witnesses[1])
        return Pair(entry.request_id, exchange.subject.app, old, new, self._untold(old, new), _is_unseen(entry, old, new), move)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All that may be asked."""
        return (*self.old.rules, *self.new.rules, *self._stricter.rules)

    def _decided(self, exchange: Exchange, witness: Witness) -> Decided:
        """By the new policy."""
        if self.under and isinstance(deed := self.under.do.deed, Quarantine) and deed.app == exchange.subject.app:
            return _REFUSED
        is_about = self.under and of_app([self.under], exchange.subject.app)
        return self._timed("new", self._stricter if is_about else self.new, exchange, witness)

    def _timed(self, whose: str, decider: Decider, exchange: Exchange, witness: Witness) -> Decided:
        start = self._clock()
        decided = decider.decide(exchange, witness)
        self.times[whose].add(self._clock() - start)
        return decided

    def _move(self, exchange: Exchange) -> Move | None:
        """None: it cannot be told."""
        old, new = self._policies
        if old.applies_to == new.applies_to or old.rollout or new.rollout:
            return Move.STAYS
        differ = {f"exchange.{label}" for key, label in _LABELS.items() if getattr(old.applies_to, key) != getattr(new.applies_to, key)}
        if differ & exchange.unknown:
            return None
        by_name = not old.applies_to.is_specific
        was = by_name or _singles_out(old, exchange)
        now = _singles_out(new, exchange) or (by_name and not new.applies_to.is_specific)
        return Move.STAYS if was is now else Move.ENTERS if now else Move.LEAVES

    def _sources(self, version: str) -> tuple[Sources, ...]:
        """What can be told of either policy from records of this version; none: nothing."""
        recorder = self._recorders(version)
        return tuple(Sources(each.policy, recorder, *self._about) for each in (self.old, self.new)) if recorder else ()

    def _untold(self, old: Decided, new: Decided) -> tuple[str, ...]:
        """Nothing but a block is certain where a rule may have fired, or not. What both doubt, and say alike, makes no difference."""
        if not (old.untold or new.untold):
            return ()
        alike = self._same & set(old.untold) & set(new.untold)
        doubts = [f"{whose}: {name}" for whose, each in (("old", old), ("draft", new)) for name in each.untold if name not in alike]
        if not doubts or all(each is _NOTHING or each.decision is Decision.BLOCK for each in (old, new)):
            return ()
        return tuple(doubts)


def _singles_out(policy: Policy, exchange: Exchange) -> bool:
    """Whether the policy says that it is for such an exchange."""
    found = [
        [glob for glob in getattr(policy.applies_to, key) if matches(getattr(exchange.subject, label), glob)]
        for key, label in _LABELS.items()
    ]
    return all(found) and any(glob.strip("*?") for globs in found for glob in globs)


def _elsewhere(record: Record | None) -> Decided:
    """What was made of an exchange that another policy decided, as far as the journal tells."""
    is_blocked = record is not None and record.decision == Decision.BLOCK
    return Decided(Action.BLOCK, (), (), (), has_answer=True) if is_blocked else _NOTHING


def _is_unseen(entry: Entry, old: Decided, new: Decided) -> bool:
    """Whether there would have been an answer, or more of one, of which nothing is known: it was stopped."""
    if entry.record is not None and entry.record.decision == Decision.BLOCK:
        return new.decision is not Decision.BLOCK
    return new.has_answer and not old.has_answer and not any(text.is_answer for text in entry.exchange.texts)


@dataclass(frozen=True, slots=True)
class Broken:
    """A bound of ``expect`` that does not hold. Rates are between 0 and 1."""

    key: str
    bound: float
    value: float


def held(expect: Expectations, totals: Totals) -> list[Broken]:
    """Which expectations of the draft break. What cannot be told counts in no rate, and so may not be more than ``max_untold``."""
    blocks = totals.decisions[Decision.BLOCK]
    total = max(1, totals.told)
    untold = totals.untold / max(1, totals.told + totals.untold)
    values: dict[str, float] = {"max_untold": untold, "max_block_rate": blocks.new / total, "max_lost_blocks": totals.lost_blocks}
    for decision in (Decision.BLOCK, Decision.FLAG, Decision.REDACT):
        both = totals.decisions[decision]
        values[f"max_{decision}_rate_increase"] = (both.new - both.old) / total
    found = ((key, getattr(expect, key), value) for key, value in values.items())
    return [Broken(key, bound, value) for key, bound, value in found if bound is not None and value > bound]
