"""A new version of a policy beside the old one: whose turn it is, and whether the two block alike.

Block rates are compared by confidence sequences: intervals that hold the true rate at every moment at once, with the promised error rate,
so that looking after each exchange does no harm (Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon 2021). Each version's is that of a
beta-binomial mixture (a Beta(1/2, 1/2) prior), and the interval of their difference is made of both.

No caller decides alone: of those with one label a few exchanges count (``Callers``), and two versions are taken for different only where
they still are without as many.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from math import lgamma, log

from policies.policy import Rollout
from policies.subject import Subject

_STEPS = 60  # halvings: the ends are as exact as a float
_COUNTED = frozenset({1, 2, 4, 8, 16})
"""Which of one caller's exchanges count, in their order: later turns as well as the first."""
_MAX_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Tally:
    """How many exchanges a version has decided, and how many of them it blocked."""

    exchanges: int = 0
    blocked: int = 0

    def plus(self, blocked: bool) -> "Tally":
        return Tally(self.exchanges + 1, self.blocked + blocked)

    def without_one(self, *, blocked: bool) -> "Tally":
        """Without as many exchanges as one caller can have added, of those that were blocked or of those that were not."""
        gone = min(len(_COUNTED), self.blocked if blocked else self.exchanges - self.blocked)
        return Tally(self.exchanges - gone, self.blocked - gone if blocked else self.blocked)

    @property
    def rate(self) -> float:
        return self.blocked / self.exchanges if self.exchanges else 0.0


class Callers:
    """Which exchanges of a caller count. Bounded: those not heard of for longest are forgotten, and count anew."""

    def __init__(self) -> None:
        self._heard: OrderedDict[Hashable, int] = OrderedDict()

    def counts(self, caller: Hashable) -> bool:
        """Whether this exchange does, which is the caller's next one."""
        heard = self._heard[caller] = self._heard.pop(caller, 0) + 1
        if len(self._heard) > _MAX_CALLERS:
            self._heard.popitem(last=False)
        return heard in _COUNTED


class Comparison(StrEnum):
    """``different``: by more than the policy allows. ``alike``: by less, for certain. ``open``: it cannot be said yet."""

    OPEN = "open"
    DIFFERENT = "different"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True)
class Compared:
    """``low`` and ``high`` are the ends of the interval of the new rate minus the old one."""

    comparison: Comparison
    low: float
    high: float


def is_new(rollout: Rollout, name: str, subject: Subject, request_id: str, key: bytes) -> bool:
    """Whether the new version, called ``name``, decides this exchange. Where a client sends no such label, each request is on its own."""
    label = {"session": subject.session, "user": subject.user, "app": subject.app, "request": ""}[rollout.by]
    return share_of(key, "rollout", rollout.by, name, label or request_id, "" if label else "request") * 100 < rollout.percent


def share_of(key: bytes, purpose: str, *parts: str) -> float:
    """Where from 0 to below 1 these parts fall for a purpose: always in the same place, and evenly."""
    message = b"".join(len(part).to_bytes(4, "big") + part for part in map(str.encode, parts))
    return (int.from_bytes(hmac.digest(key, purpose.encode() + message, "sha256")[:8], "big") >> 11) / 2**53


def compare(rollout: Rollout, old: Tally, new: Tally) -> Compared:
    """The new version's block rate against the old one's."""
    low, high = _difference(rollout, old, new)
    if -rollout.max_difference <= low and high <= rollout.max_difference:
        return Compared(Comparison.ALIKE, low, high)
    more = low > rollout.max_difference and _blocks_more(rollout, old, new) > rollout.max_difference
    less = high < -rollout.max_difference and _blocks_more(rollout, new, old) > rollout.max_difference
    return Compared(Comparison.DIFFERENT if more or less else Comparison.OPEN, low, high)


def _blocks_more(rollout: Rollout, less: Tally, more: Tally) -> float:
    """By how much at least, whoever one caller is."""
    return _difference(rollout, less.without_one(blocked=False), more.without_one(blocked=True))[0]


def _difference(rollout: Rollout, old: Tally, new: Tally) -> tuple[float, float]:
    old_low, old_high = interval(old, rollout.error_rate / 2)
    new_low, new_high = interval(new, rollout.error_rate / 2)
    return new_low - old_high, new_high - old_low


def interval(tally: Tally, error_rate: float) -> tuple[float, float]:
    """The rates that are not yet refuted."""
    n, k = tally.exchanges, tally.blocked
    if not n:
        return 0.0, 1.0
    evidence = _log_beta(k + 0.5, n - k + 0.5) - _log_beta(0.5, 0.5) + log(error_rate)

    def is_refuted(rate: float) -> bool:
        likelihood = (k * log(rate) if k else 0.0) + ((n - k) * log(1 - rate) if n - k else 0.0)
        return evidence >= likelihood

    rate = tally.rate
    low = 0.0 if k == 0 else _edge(is_refuted, 0.0, rate)
    high = 1.0 if k == n else 1.0 - _edge(lambda gap: is_refuted(1.0 - gap), 0.0, 1.0 - rate)
    return low, high


def _edge(is_refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where between the two it turns; the end itself is never asked."""
    for _ in range(_STEPS):
        middle = (outside + inside) / 2
        if middle in (outside, inside):
            break
        if middle <= 0.0 or is_refuted(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
