"""Rules that fired steadily, and fire no more though what they look at goes on: told as soon as chance no longer explains it.

Counted are the exchanges of an application in which a rule was to look and could, since it fired last: against how often it fired before,
and against the longest time that it was quiet until then. A rule that fires in clusters is therefore told late, or never. The same is done
for all that a policy decides, in whichever version, so that a rule which it no longer has is silent, too: there, an exchange counts for as
much as the rule usually fires in those of its application. That a rule has nothing to look at (nobody has answered, no tool was called) is
no silence: where it was not to look, only answers count that are of another version of the policy than the one in which it looked last.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.detecting.bounded import Bounded
from gateway.detecting.facts import Facts
from gateway.incidents.symptom import Symptom, dimensions

MAX_KEYS = 400
MAX_POLICIES, MAX_RULES = 100, 32
KIND = "verdict silence"
LEAST = 16.0
"""So often it would have fired meanwhile: the chance of that is about one in ten million."""
_TIMES = 2.0
"""And it is quiet for so many times as long as it ever was."""
_STEADY_S, _STEADY = 300.0, 100
"""Known for so long, and fired so often, a rule is known."""
_FEW = 20
"""So often it has fired before its share is taken for what is usual in an application."""
_OFTEN = 0.5
"""So often a second, on the average, a rule fires that is looked after: 5 in each step."""
_REMEMBERS = 2000
_PAUSE_S = 60.0
"""A time without traffic counts for no more."""
_NEWS_S = 60.0
_GOES_ON_S = 2 * 3600.0
"""What goes on for longer is usual."""
_MOST = 3.0

Key = tuple[str | None, str, str]
"""App (None: all that the policy decides), policy, and rule."""


@dataclass(slots=True)
class _Rule:
    """``fired`` of ``looked`` exchanges, up to the one in which it fired last."""

    since: float
    at: float = 0.0
    last: float = 0.0
    fired: float = 0.0
    blocked: float = 0.0
    looked: float = 0.0
    took_s: float = 0.0
    """In which it fired so often."""
    longest: float = 0.0
    """The longest time that it was quiet, in what exchanges count for; and how long it is by now."""
    quiet: float = 0.0
    seen: float = 0.0
    """Exchanges there were, whether it was to look or not."""
    version: str = ""
    """Of the policy in which it looked last."""

    @property
    def is_steady(self) -> bool:
        return self.fired >= _STEADY and self.last - self.since >= _STEADY_S

    @property
    def share(self) -> float:
        return self.fired / self.looked if self.looked else 0.0

    @property
    def of_all(self) -> float:
        """In what share of all exchanges it fires."""
        return min(1.0, self.fired / self.seen) if self.seen else 0.0

    @property
    def expected(self) -> float:
        """How often it would have fired since it did."""
        return self.quiet * self.share

    @property
    def level(self) -> float:
        is_watched = self.is_steady and self.fired >= _OFTEN * self.took_s and self.quiet >= _TIMES * self.longest
        return min(self.expected / LEAST, _MOST) if is_watched else 0.0

    def keeps_silent(self, at: float, counts: float) -> None:
        self.quiet += counts
        self.at = max(self.at, at)

    def fires(self, at: float, counts: float, *, is_blocked: bool) -> None:
        is_back = self.level >= 1  # such a silence is none that was usual
        self.longest = self.longest if is_back else max(self.longest, self.quiet)
        self.took_s += 0.0 if is_back or not self.last else min(max(0.0, at - self.last), _PAUSE_S)
        self.looked += counts if is_back else self.quiet + counts
        self.fired, self.blocked = self.fired + 1, self.blocked + is_blocked
        self.last, self.quiet = max(self.last, at), 0
        if self.fired >= _REMEMBERS:
            self.fired, self.blocked, self.looked, self.took_s, self.seen = (
                each / 2 for each in (self.fired, self.blocked, self.looked, self.took_s, self.seen)
            )  # fmt: skip
            self.longest *= 0.9

    def as_json(self) -> list[float | str]:
        numbers = [self.since, self.at, self.last, self.fired, self.blocked, self.looked, self.took_s, self.longest, self.quiet, self.seen]
        return [*numbers, self.version]


@dataclass(slots=True)
class _Policy:
    """The rules that have fired, in whichever version."""

    at: float = 0.0
    rules: dict[str, None] = field(default_factory=dict)
    is_steady: bool = True


class SilentRules:
    """``take`` each exchange; ``told`` says which rules have fallen silent."""

    def __init__(self, most: int = MAX_KEYS) -> None:
        self._known: Bounded[Key, _Rule] = Bounded(most)
        self._policies: Bounded[str, _Policy] = Bounded(MAX_POLICIES)

    @property
    def evicted(self) -> int:
        return self._known.evicted + self._policies.evicted

    def take(self, facts: Facts) -> None:
        """A rule that could not look has not kept silent."""
        name, _, version = facts.policy.partition("@")
        blind = {each.rule for each in facts.blind} if facts.blind else ()
        for rule in facts.looked:
            if rule not in blind:
                self._note((facts.app, name, rule), facts, 1.0)
        if policy := self._policies.heard(name, facts.ended, _Policy):
            for rule in facts.rules:
                if rule in policy.rules or len(policy.rules) < MAX_RULES:
                    policy.rules[rule] = None
            for rule in policy.rules:
                if rule not in blind:
                    self._note_of_all(name, version, rule, facts)

    def _note_of_all(self, name: str, version: str, rule: str, facts: Facts) -> None:
        """Of the rule in all that its policy decides, as far as it is known how often it fires in this application."""
        own, key = self._known.get((facts.app, name, rule)), (None, name, rule)
        if own is None:
            return
        own.seen += 1
        if own.fired < _FEW:
            return
        if rule in facts.looked or rule in facts.rules:
            self._note(key, facts, own.share)
            if known := self._known.get(key):
                known.version = version
        elif facts.is_answered and not facts.is_blocked and (known := self._known.get(key)) and known.version != version:
            known.keeps_silent(facts.ended, own.of_all)

    def _note(self, key: Key, facts: Facts, counts: float) -> None:
        if key[-1] in facts.rules:
            if known := self._known.heard(key, facts.ended, _Rule, facts.ended):
                known.fires(facts.ended, counts, is_blocked=facts.is_blocked)
        elif known := self._known.get(key):
            known.keeps_silent(facts.ended, counts)

    def told(self, now: float) -> Iterator[Symptom]:
        """What is so at the moment: of a rule that is silent in all that its policy decides, nothing else."""
        silent = [(key, known) for key, known in self._known.items() if known.level >= 1 and now - known.at <= _NEWS_S]
        everywhere = {key[1:] for key, _ in silent if key[0] is None}
        for key, known in silent:
            if now - known.last > _GOES_ON_S:
                self._known.forget(key)
            elif key[0] is None or key[1:] not in everywhere:
                yield _symptom(key, known, now)

    def as_json(self) -> list[Any]:
        return [[*key, *known.as_json()] for key, known in self._known.items()]

    def read_json(self, saved: list[Any]) -> None:
        """Raises ValueError or TypeError."""
        for app, policy, rule, *numbers, version in saved:
            known, key = _Rule(0.0, version=str(version)), (None if app is None else str(app), str(policy), str(rule))
            (
                known.since, known.at, known.last, known.fired, known.blocked, known.looked, known.took_s, known.longest, known.quiet,
                known.seen,
            ) = found = [float(each) for each in numbers]  # fmt: skip
            if not all(map(math.isfinite, found)):
                raise ValueError("not a number")
            self._known.put(key, known)
            if app is None and (of := self._policies.heard(key[1], 0.0, _Policy)):
                of.rules[key[2]] = None


def _symptom(key: Key, known: _Rule, now: float) -> Symptom:
    app, policy, rule = key
    if app is None:
        usual = f"in {policy}, where {known.expected:.0f} times are usual"
    else:
        usual = f"in {known.quiet:.0f} exchanges, usually in {known.share:.1%}"
    return Symptom(
        modality="guard",
        about="blocks" if 2 * known.blocked > known.fired else "other",
        kind=KIND,
        series="verdicts",
        dimensions=dimensions({"app": app or "", "rule": rule}),
        onset=min(known.last, now),
        at=now,
        level=known.level,
        value=0.0,
        baseline=known.fired / max(known.took_s, 1.0),
        n=int(known.fired),
        note=f"has not fired {usual}",
    )
