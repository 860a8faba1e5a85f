"""How fast an error budget burns: bad exchanges of all, over two windows at once, a long one for certainty and a short one for "still".

After the SRE workbook: 14.4 times the budget over an hour and the last five minutes pages, and so does 6 times over six hours and the last
half hour; once the budget over three days and the last six hours is a ticket. No traffic is no answer, and opens nothing. Where hardly any
is older than half an hour, in a young gateway or after a quiet night, five minutes without errors are enough for a page to be over.
"""

import json
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

_MINUTE_S = 60.0
_FINE, _COARSE = 361, 289
"""Rings: of minutes, for six hours; of quarters of an hour, for three days. One more than is asked for, as the newest is not full."""
_QUARTER_S = 900.0
_SPENT_S = 900.0
"""So long after a budget burnt too fast last, that is over."""
FEW_BAD, MIN_BAD, BAD_SHARE = 3, 10, 10
_LONGER = 2
"""So many times as much traffic a long window has to have as its short one."""
MAX_BURNS = 1000
_VERSION = 1


class Rule(NamedTuple):
    times: float
    """The budget."""
    long_s: float
    short_s: float
    urgency: Literal["page", "ticket"]


RULES = (
    Rule(14.4, 3600.0, 300.0, "page"),
    Rule(6.0, 6 * 3600.0, 1800.0, "page"),
    Rule(1.0, 3 * 86400.0, 6 * 3600.0, "ticket"),
)


@dataclass(frozen=True, slots=True)
class Burn:
    """How a rule is. ``level``: of its limit; at 1 and above it is broken."""

    rule: Rule
    level: float
    bad: int
    total: int
    """Both in the long window."""
    onset: float

    @property
    def rate(self) -> float:
        return self.bad / self.total if self.total else 0.0


class _Ring:
    """Counts of the last so many steps; what is older, or later than now, is not counted."""

    def __init__(self, step_s: float, size: int) -> None:
        self.step_s, self.size = step_s, size
        self.newest = 0
        self.bad, self.total = array("Q", bytes(8 * size)), array("Q", bytes(8 * size))

    def add(self, ts: float, bad: int, total: int) -> None:
        step = int(ts // self.step_s)
        self.roll(step)
        if step > self.newest - self.size:
            self.bad[step % self.size] += bad
            self.total[step % self.size] += total

    def roll(self, step: int) -> None:
        for each in range(max(self.newest + 1, step - self.size + 1), step + 1):
            self.bad[each % self.size] = self.total[each % self.size] = 0
        self.newest = max(self.newest, step)

    def sums(self, now: float, window_s: float, since: float) -> tuple[int, int]:
        """Of the bad, those after ``since``."""
        last = int(now // self.step_s)
        self.roll(last)
        first, end = last - round(window_s / self.step_s) + 1, last % self.size + 1
        fresh = max(first, int(since // self.step_s) + 1)
        bad = _between(self.bad, fresh % self.size, end) if fresh <= last else 0
        return bad, _between(self.total, first % self.size, end)

    def onset(self, now: float, window_s: float, usual: float) -> float:
        """Where the bad beyond the ``usual`` share began to pile up: the last lowest place of their running sum."""
        last = int(now // self.step_s)
        first = last - round(window_s / self.step_s) + 1
        places = [step % self.size for step in range(first, last + 1)]
        piles = list(accumulate((self.bad[at] - usual * self.total[at] for at in places), initial=0.0))
        began = last + 1 - piles[::-1].index(min(piles))
        return min(began * self.step_s, now)


class BurnRate:
    """One application's. ``objective``: the share of its exchanges that are to be good."""

    def __init__(self, objective: float) -> None:
        if not 0 < objective < 1:
            raise ValueError("objective: a share between 0 and 1, both left out")
        self._budget = 1 - objective
        self._paged_at = 0.0
        """0: never."""
        self._fine, self._coarse = _Ring(_MINUTE_S, _FINE), _Ring(_QUARTER_S, _COARSE)

    def add(self, ts: float, now: float, *, bad: int, total: int) -> None:
        """What lies in the future, by a clock that goes wrong, counts as of now."""
        ts = min(ts, now)
        self._fine.add(ts, bad, total)
        self._coarse.add(ts, bad, total)

    def look(self, now: float) -> tuple[Burn, ...]:
        """Of the rules that page, the one that is nearest to its limit or furthest beyond; and the one that makes tickets.

        None of either where there was no traffic. Errors that were paged for, and are over, are not counted again: else every blip after
        an outage would page once more.
        """
        burns = [burn for rule in RULES if (burn := self._burn(rule, now))]
        paging = [each for each in burns if each.rule.urgency == "page"]
        if any(each.level >= 1 for each in paging):
            self._paged_at = now
        worst = sorted(paging, key=lambda each: -each.level)[:1]
        slow = [each for each in burns if each.rule.urgency == "ticket" and now - self._paged_at > _SPENT_S]
        return (*worst, *slow)

    def _burn(self, rule: Rule, now: float) -> Burn | None:
        long, short = self._ring(rule.long_s), self._ring(rule.short_s)
        since = self._paged_at if now - self._paged_at > _SPENT_S else 0.0
        bad, total = long.sums(now, rule.long_s, since)
        if not total:
            return None
        limit = rule.times * self._budget
        short_bad, short_total = short.sums(now, rule.short_s, since)
        if rule.urgency == "page" and total < _LONGER * short_total:
            short_bad, short_total = short.sums(now, RULES[0].short_s, since)
        level = bad / total / limit
        if short_total:
            level = min(level, short_bad / short_total / limit)
        if short_bad < min(MIN_BAD, max(FEW_BAD, short_total // BAD_SHARE)):
            level = min(level, 0.99)
        fine_s = min(rule.long_s, (_FINE - 1) * _MINUTE_S, max(now - since, _MINUTE_S))
        return Burn(rule, level, bad, total, self._fine.onset(now, fine_s, limit / 2) if level >= 0.5 else now)

    def _ring(self, window_s: float) -> _Ring:
        return self._fine if window_s <= (_FINE - 1) * _MINUTE_S else self._coarse

    def snapshot(self) -> bytes:
        rings = [[ring.newest, *_sparse(ring)] for ring in (self._fine, self._coarse)]
        return json.dumps({"version": _VERSION, "rings": rings, "paged_at": self._paged_at}).encode()

    def restore(self, data: bytes) -> None:
        """Raises ValueError where that is no snapshot."""
        try:
            kept = json.loads(data)
            if kept["version"] != _VERSION:
                raise ValueError("a snapshot of another version")
            self._paged_at = float(kept["paged_at"])
            for ring, (newest, *counts) in zip((self._fine, self._coarse), kept["rings"], strict=True):
                fresh = _Ring(ring.step_s, ring.size)
                fresh.newest = int(newest)
                for at, bad, total in counts:
                    fresh.bad[at], fresh.total[at] = bad, total
                ring.newest, ring.bad, ring.total = fresh.newest, fresh.bad, fresh.total
        except (KeyError, TypeError, IndexError, OverflowError) as error:
            raise ValueError("no snapshot of a burn rate") from error


def _between(counts: "array[int]", first: int, end: int) -> int:
    """Around the ring's end where ``first`` is behind it."""
    return sum(counts[first:end]) if first < end else sum(counts[first:]) + sum(counts[:end])


def _sparse(ring: _Ring) -> list[list[int]]:
    return [[at, ring.bad[at], total] for at, total in enumerate(ring.total) if total]


class Burns:
    """By application; of more than ``MAX_BURNS`` the one that was heard of longest ago is forgotten."""

    def __init__(self, objective_of: Callable[[str], float]) -> None:
        self._objective_of = objective_of
        self._burns: dict[str, BurnRate] = {}

    def add(self, app: str, ts: float, now: float, *, is_bad: bool) -> None:
        burn = self._burns.pop(app, None) or BurnRate(self._objective_of(app))
        if len(self._burns) >= MAX_BURNS:
            del self._burns[next(iter(self._burns))]
        self._burns[app] = burn
        burn.add(ts, now, bad=int(is_bad), total=1)

    def look(self, now: float) -> dict[str, tuple[Burn, ...]]:
        return {app: found for app, burn in self._burns.items() if (found := burn.look(now))}

    def snapshot(self) -> bytes:
        return json.dumps({app: burn.snapshot().decode() for app, burn in self._burns.items()}).encode()

    def restore(self, data: bytes) -> None:
        """Raises ValueError where that is no snapshot."""
        burns: dict[str, BurnRate] = {}
        for app, each in dict(json.loads(data)).items():
            burns[app] = BurnRate(self._objective_of(app))
            burns[app].restore(each.encode())
        self._burns = burns
