"""Evidence that may be looked at any time: bets against "no difference", whose capital is an e-value.

Each bet multiplies its capital by a factor whose mean is 1 when there is no difference, so the chance that the capital ever exceeds
1 / alpha is at most alpha, however often one looks. Most of the capital is on the table from the start; of the rest, a little is added at
every step, so that what begins late is found too.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

ODDS = (0.4, 0.6, 1 / 0.6, 2.5)
"""The alternatives that a bet on two groups is spread over: how many times the odds of the one are those of the other."""

LEANS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""The alternatives of a bet on signs, as half the log odds of a positive one for a value of 1."""

BOTH_WAYS = (*LEANS, *(-lean for lean in LEANS))

_AT_START = 0.8

_JOINING = 1 / 200
"""Of what waits, the share that joins at each step."""

_MOST = 1e5  # so that what ends is no longer told soon after; what is cut off only makes the evidence smaller


class Capital:
    """What equal bets on several alternatives have become, starting from 1 in all."""

    __slots__ = ("_running", "_waiting")

    def __init__(self, bets: int) -> None:
        self._waiting = 1 - _AT_START
        self._running = [_AT_START / bets] * bets

    @property
    def value(self) -> float:
        return self._waiting + sum(self._running)

    def stake(self, factors: Sequence[float]) -> None:
        """One step: each bet's factor, chosen before its outcome was known."""
        joining = self._waiting * _JOINING / len(self._running)
        self._waiting *= 1 - _JOINING
        self._running = [min(_MOST, (each + joining) * factor) for each, factor in zip(self._running, factors, strict=True)]

    def as_json(self) -> list[float]:
        return [self._waiting, *self._running]

    @classmethod
    def from_json(cls, saved: Sequence[float]) -> "Capital":
        found = cls(len(saved) - 1)
        found._waiting, *found._running = map(float, saved)
        return found


def odds_factors(adverse: int, size: int, all_adverse: int, total: int) -> list[float]:
    """For a block of ``total`` outcomes, of which ``size`` are a group's: the likelihood of the group's share of what was adverse.

    Given how many were adverse in all, that share is hypergeometric if the groups do not differ, whatever the rate is: so neither a rate
    that moves from block to block nor a mix of groups that does can look like a difference.
    """
    low, high = max(0, size + all_adverse - total), min(size, all_adverse)
    ways = [math.comb(size, each) * math.comb(total - size, all_adverse - each) for each in range(low, high + 1)]
    everything = sum(ways)
    found = []
    for odds in ODDS:
        weight, norm = 1.0, 0.0  # powers from the lowest share up
        for way in ways:
            norm += way * weight
            weight *= odds
        found.append(everything * odds ** (adverse - low) / norm)
    return found


def sign_factors(value: float, leans: Sequence[float]) -> list[float]:
    """For a value that is as likely negative as positive if there is no difference: more for larger ones, never more than doubled."""
    return [2 / (1 + math.exp(-2 * lean * value)) for lean in leans]


def rejected(evidence: Mapping[Key, float], alpha: float) -> set[Key]:
    """What differs, with at most a share ``alpha`` of it wrongly said (e-BH): whatever the evidences have to do with each other."""
    ordered = sorted(evidence, key=lambda key: -evidence[key])
    last = 0
    for count, key in enumerate(ordered, start=1):
        if evidence[key] * alpha * count >= len(ordered):
            last = count
    return set(ordered[:last])
