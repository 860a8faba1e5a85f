"""A new version of a policy beside the old one: whose turn it is, and whether the two block alike.

Block rates are compared by confidence sequences: intervals that hold the true rate at every moment at once, with the promised error rate,
so that looking after each exchange does no harm (Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon 2021). Each version's is that of a
beta-binomial mixture (a Beta(1/2, 1/2) prior), and the interval of their difference is made of both.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import lgamma, log

from policies.policy import Rollout
from policies.subject import Subject

_STEPS = 60  # halvings: the ends are as exact as a float


@dataclass(frozen=True, slots=True)
class Tally:
    """How many exchanges a version has decided, and how many of them it blocked."""

    exchanges: int = 0
    blocked: int = 0

    def plus(self, blocked: bool) -> "Tally":
        return Tally(self.exchanges + 1, self.blocked + blocked)

    @property
    def rate(self) -> float:
        return self.blocked / self.exchanges if self.exchanges else 0.0


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
    parts = [rollout.by, name, label or request_id, "" if label else "request"]
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    share = int.from_bytes(hmac.digest(key, b"rollout" + message, "sha256")[:8], "big") / 2**64
    return share * 100 < rollout.percent


def compare(rollout: Rollout, old: Tally, new: Tally) -> Compared:
    """The new version's block rate against the old one's."""
    old_low, old_high = interval(old, rollout.error_rate / 2)
    new_low, new_high = interval(new, rollout.error_rate / 2)
    low, high = new_low - old_high, new_high - old_low
    if low > rollout.max_difference or high < -rollout.max_difference:
        return Compared(Comparison.DIFFERENT, low, high)
    if -rollout.max_difference <= low and high <= rollout.max_difference:
        return Compared(Comparison.ALIKE, low, high)
    return Compared(Comparison.OPEN, low, high)


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
