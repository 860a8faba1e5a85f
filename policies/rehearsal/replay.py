"""What a draft of a policy would have made of recorded exchanges, beside the policy that it is to replace.

Both decide each exchange again, by what is known of it. Where that does not suffice (see ``decider.Decided``), the exchange is counted as
one of which nothing can be told, with the reason, and in no rate. ``totals`` is what they come to.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, log

from policies.diff import same_names
from policies.policy import Expectations, Policy
from policies.rehearsal.decider import Decided, Decider, Scanned, Witness
from policies.rehearsal.exchange import Scan
from policies.rehearsal.forms import Conforms
from policies.rehearsal.recorded import MAX_CHARS, Entry
from policies.rehearsal.retold import Defaults, Made, Retold, Sources
from policies.rehearsal.totals import Pair, Totals
from policies.verdict import Decision

_STEP = log(1.05)
_MAX_RECORDERS = 1000

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
    """Two policies, ready to decide any number of exchanges again. ``clock`` gives seconds, and only measures."""

    def __init__(
        self,
        old: Policy,
        new: Policy,
        recorders: Recorders,
        defaults: Defaults,
        made: Made,
        clock: Clock,
        conforms: Conforms | None = None,
    ) -> None:
        self.old = Decider(old, conforms)
        self.new = Decider(new, conforms)
        self.times = {"old": Times(), "new": Times()}
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
        start = self._clock()
        old = self.old.decide(exchange, witnesses[0])
        middle = self._clock()
        new = self.new.decide(exchange, witnesses[1])
        self.times["old"].add(middle - start)
        self.times["new"].add(self._clock() - middle)
        return Pair(entry.request_id, exchange.subject.app, old, new, self._untold(old, new), _is_unseen(entry, old, new))

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
        if not doubts or (old.decision is Decision.BLOCK and new.decision is Decision.BLOCK):
            return ()
        return tuple(doubts)


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
