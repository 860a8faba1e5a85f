"""What a replay has to say, for people and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.cli.policy.shown import counted
from policies.intervals import Interval, paired, wilson
from policies.load import LoadedPolicy
from policies.rehearsal.replay import Broken, Replay, Times, held
from policies.rehearsal.totals import Both, Example, Move, Totals
from policies.verdict import Decision

_SHOWN = 20
"""Rows of a list that people are shown; JSON has all."""
_BOTH, _NEW, _OLD = range(3)


@dataclass(slots=True)
class Report:
    """Filled while exchanges are decided. ``read`` are those that could be read, each once, ``bad`` the lines that are none, which make it
    unsound unless ``allows_bad``, and in any case where they are more than half of all.
    """

    draft: LoadedPolicy
    against: LoadedPolicy
    replay: Replay
    totals: Totals
    read: int = 0
    repeated: int = 0
    held_off: int = 0
    """Exchanges that no policy has decided, as a measure refused them; not among those that were read."""
    repeats_missed: bool = False
    """There were too many to know all of them by their ids."""
    bad: int = 0
    bad_lines: list[str] = field(default_factory=list)
    seconds: float = 0.0
    allows_bad: bool = False

    @property
    def is_unsound(self) -> bool:
        return bool(self.bad) and (not self.allows_bad or self.is_mostly_bad)

    @property
    def is_mostly_bad(self) -> bool:
        return self.bad > self.read + self.repeated

    @property
    def broken(self) -> list[str]:
        """Which expectations of the draft do not hold, and by how much."""
        return [_why(each) for each in held(self.draft.policy.expect, self.totals)]

    def lines(self) -> Iterator[str]:
        totals = self.totals
        yield f"draft       {self.draft.version} ({self.draft.path})"
        yield f"against     {self.against.version} ({self.against.path})"
        if self.replay.under:
            yield f"measure     {self.replay.under.id}, in force while the draft decides"
        yield f"exchanges   {self.read:,}: {totals.told:,} decided, of {totals.untold:,} it cannot be told what changes"
        yield from self._doubts()
        yield from self._moves()
        for decision in (Decision.BLOCK, Decision.REDACT, Decision.FLAG):
            yield f"{decision:<11} {_change(totals.decisions[decision], totals.told)}"
        changes = sorted(totals.changes.items(), key=lambda item: -item[1].count)
        for (old, new), example in changes:
            yield f"change      {old} -> {new}: {_example(example)}"
        if totals.redacted_otherwise.count:
            yield f"redactions  {totals.redactions[0]:,} -> {totals.redactions[1]:,}; otherwise in {_example(totals.redacted_otherwise)}"
        yield f"lost blocks {totals.lost_blocks:,}{_listed(totals.lost_block_ids)}"
        if totals.answers_unseen:
            yield f"            {counted(totals.answers_unseen, 'answer')}, or the rest of them, nobody has seen: they may be stopped yet"
        for what, rules in (("rule", totals.rules), ("shadow", totals.shadow)):
            yield from self._rules(what, rules)
        for app, decisions in self._apps():
            yield f"app         {app or '(none)'}: block {_change(decisions[Decision.BLOCK], _total(decisions))}"
        for whose, times in self.replay.times.items():
            yield f"cost        {whose}: {times.quantile(0.5):.0f} µs a decision, 99 % within {times.quantile(0.99):.0f} µs"
        yield f"time        {self.seconds:.1f} s"
        yield from (f"expect      broken: {each}" for each in self.broken)
        if self.is_unsound:
            unless = ", more than half of all: not green" if self.is_mostly_bad else ": not green, unless --allow-bad"
            yield f"unread      {counted(self.bad, 'line')} of no recorded exchange{unless}"

    def _doubts(self) -> Iterator[str]:
        totals = self.totals
        for reason, count in totals.why_untold.most_common(_SHOWN):
            yield f"  untold    {count:,}: {reason}"
        if self.held_off:
            yield f"  held off  {self.held_off:,}: refused by a measure (quarantine, rate limit), and decided by no policy"
        if self.bad:
            yield f"  unread    {counted(self.bad, 'line')}"
            yield from (f"            {line}" for line in self.bad_lines)
        if self.repeated:
            yield f"  repeated  {self.repeated:,}: of each request id the first counts"
        if self.repeats_missed:
            yield "  repeated  not all of them are known: there are too many exchanges"

    def _moves(self) -> Iterator[str]:
        leaving, entering = self.totals.moves[Move.LEAVES], self.totals.moves[Move.ENTERS]
        if leaving.count:
            yield f"leave       {counted(leaving.count, 'exchange')} no longer this policy's (applies_to){_listed(leaving.ids)}"
        if entering.count:
            yield f"enter       {counted(entering.count, 'exchange')} newly this policy's (applies_to){_listed(entering.ids)}"

    def _rules(self, what: str, rules: Mapping[str, Sequence[int]]) -> Iterator[str]:
        moved = sorted(((name, n) for name, n in rules.items() if n[_NEW] or n[_OLD]), key=lambda item: -(item[1][_NEW] + item[1][_OLD]))
        for name, counts in moved[:_SHOWN]:
            yield f"{what:<11} {name}: {_change(_both(counts, self.totals.told), self.totals.told)}"
        if len(moved) > _SHOWN:
            yield f"            and {len(moved) - _SHOWN} more"

    def _apps(self) -> Sequence[tuple[str, Mapping[Decision, Both]]]:
        """Those that send the most first."""
        return sorted(self.totals.apps.items(), key=lambda item: -_total(item[1]))[:_SHOWN]

    def as_json(self) -> dict[str, object]:
        totals = self.totals
        return {
            "draft": self.draft.version,
            "against": self.against.version,
            "measure": self.replay.under.id if self.replay.under else None,
            "exchanges": {
                "read": self.read,
                "decided": totals.told,
                "untold": totals.untold,
                "repeated": self.repeated,
                "held_off": self.held_off,
            },
            "moves": {move: {"count": each.count, "examples": each.ids} for move, each in totals.moves.items()},
            "untold": {"reasons": dict(totals.why_untold.most_common()), "examples": totals.untold_ids},
            "unread": {"lines": self.bad, "first": self.bad_lines},
            "decisions": {decision: _change_as_json(both, totals.told) for decision, both in totals.decisions.items()},
            "changes": [{"old": old, "new": new, **_example_as_json(example)} for (old, new), example in totals.changes.items()],
            "redactions": {"old": totals.redactions[0], "new": totals.redactions[1], **_example_as_json(totals.redacted_otherwise)},
            "lost_blocks": {"count": totals.lost_blocks, "examples": totals.lost_block_ids, "answers_unseen": totals.answers_unseen},
            "rules": {name: _change_as_json(_both(counts, totals.told), totals.told) for name, counts in totals.rules.items()},
            "shadow": {name: _change_as_json(_both(counts, totals.told), totals.told) for name, counts in totals.shadow.items()},
            "apps": {
                app: {decision: _change_as_json(both, _total(decisions)) for decision, both in decisions.items()}
                for app, decisions in totals.apps.items()
            },
            "decision_us": {whose: _times_as_json(times) for whose, times in self.replay.times.items()},
            "seconds": round(self.seconds, 3),
            "broken": self.broken,
            "ok": not (self.broken or self.is_unsound),
        }


def _both(counts: Sequence[int], total: int) -> Both:
    return Both(counts[_BOTH], counts[_NEW], counts[_OLD], total - sum(counts))


def _total(decisions: Mapping[Decision, Both]) -> int:
    return decisions[Decision.BLOCK].total


def _change(both: Both, total: int) -> str:
    old, new, by = wilson(both.old, total), wilson(both.new, total), _paired(both)
    counts = f"{both.old:,} -> {both.new:,}"
    return f"{counts} ({_percent(old.value)} -> {_percent(new.value)}; by {_signed(by.value)}, {_signed(by.low)} to {_signed(by.high)})"


def _paired(both: Both) -> Interval:
    return paired(both.both, both.only_new, both.only_old, both.neither)


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"


def _signed(share: float) -> str:
    return f"{share * 100:+.2f} %"


def _change_as_json(both: Both, total: int) -> dict[str, object]:
    return {
        "old": both.old,
        "new": both.new,
        "only_old": both.only_old,
        "only_new": both.only_new,
        "old_rate": _interval(wilson(both.old, total)),
        "new_rate": _interval(wilson(both.new, total)),
        "difference": _interval(_paired(both)),
    }


def _interval(of: Interval) -> dict[str, float]:
    return {"value": round(of.value, 6), "low": round(of.low, 6), "high": round(of.high, 6)}


def _example(example: Example) -> str:
    rules = ", ".join(f"{name} ({count:,})" for name, count in example.rules.most_common(5))
    return f"{example.count:,}{f', by {rules}' if rules else ''}{_listed(example.ids)}"


def _listed(ids: Sequence[str]) -> str:
    return f": {', '.join(ids)}" if ids else ""


def _example_as_json(example: Example) -> dict[str, object]:
    return {"count": example.count, "examples": example.ids, "rules": dict(example.rules.most_common())}


def _times_as_json(times: Times) -> dict[str, float]:
    return {name: round(times.quantile(share), 1) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}


def _why(broken: Broken) -> str:
    if broken.key == "max_lost_blocks":
        return f"{broken.key}: {broken.value:,.0f} are lost, {broken.value - broken.bound:,.0f} more than {broken.bound:,.0f}"
    if broken.key == "max_untold":
        return f"{broken.key}: of {_percent(broken.value)} it cannot be told what changes, and at most {_percent(broken.bound)} may be so"
    return f"{broken.key}: {_percent(broken.value)} is {_percent(broken.value - broken.bound)} more than {_percent(broken.bound)}"
