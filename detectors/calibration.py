"""What a score means: how often text of the kind that should pass scores as high. So a policy says a false-alarm rate, not a magic number.

A table is made of scores of text that should pass. With n of them, of which k score at least s, the tail of s is (k + 1) / (n + 1): the
chance of a false alarm never lies above it on average, however few they are (a conformal p-value). Between known scores it falls evenly, so
that a larger score always has a smaller tail; beyond the largest it falls towards 0 at the end of the scale, which says only the order.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, variance
from typing import Any

MAX_KNOTS = 1000
MAX_SCORE = 1.0
"""Scores lie between 0 and this."""
_END = (MAX_SCORE, 0.0)
_GRID = 256
_WEIGHT = 200
"""The samples that what a few scores lead one to expect counts as, beside these."""
_SPREAD, _KNOWN = 0.15, 20
"""The standard deviation that scores of examples have in most sets of topics, and how many scores that knowledge counts as."""
_NEAREST, _FURTHEST = 0.2, 3.3


class CalibrationError(ValueError):
    """A table that is not one; the message says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Table:
    """``tails[i]`` is the tail probability of ``scores[i]``; scores rise, tails fall. ``samples``: how many scores stand behind it."""

    scores: tuple[float, ...]
    tails: tuple[float, ...]
    samples: int

    def tail(self, score: float) -> float:
        """How often text that should pass scores at least this, in (0, 1]."""
        at = bisect_right(self.scores, score)
        if at == 0:
            return 1.0
        low, upper = self.scores[at - 1], self.tails[at - 1]
        high, lower = (self.scores[at], self.tails[at]) if at < len(self.scores) else _END
        share = min(1.0, (score - low) / (high - low)) if high > low else 0.0
        return upper - (upper - lower) * share

    def score(self, tail: float) -> float:
        """The smallest score whose tail is not above ``tail``; the end of the scale, if none is."""
        knots = [*zip(self.scores, self.tails, strict=True), _END]
        if tail >= knots[0][1]:
            return knots[0][0]
        for (low, upper), (high, lower) in pairwise(knots):
            if tail >= lower:
                return low + (high - low) * (upper - tail) / (upper - lower)
        return MAX_SCORE

    def as_json(self) -> dict[str, list[float] | int]:
        return {"scores": list(self.scores), "tails": list(self.tails), "samples": self.samples}


def table(scores: Iterable[float]) -> Table:
    """The table of scores that were measured on text that should pass."""
    ordered = sorted(scores)
    if not ordered:
        raise CalibrationError("a table needs at least one score")
    if not (ordered[0] >= 0 and ordered[-1] <= MAX_SCORE):  # also not a number
        raise CalibrationError(f"a score lies outside 0 to {MAX_SCORE:g}")
    return _thinned(ordered)


def fitted(scores: Sequence[float], freedom: int) -> Table:
    """What a few scores lead one to expect, also beyond the largest of them: Student's t, or the share of them where that is larger.

    ``freedom``: how many of the scores are free, which is fewer than there are where some were fitted to the others.
    """
    ordered = sorted(scores)
    center, count = fmean(ordered), len(ordered)
    spread = (freedom * variance(ordered, center) + _KNOWN * _SPREAD**2) / (freedom + _KNOWN)
    width = math.sqrt(spread * (1 + 1 / count))
    knots = {}
    for score in (at * MAX_SCORE / _GRID for at in range(_GRID + 1)):
        tail = student_tail((score - center) / width, freedom + _KNOWN)
        as_large = count - bisect_left(ordered, score)
        counted = (_WEIGHT * tail + as_large + 1) / (_WEIGHT + count + 1) if as_large else 0.0
        knots[score] = max(tail, counted)
    return Table(tuple(knots), tuple(knots.values()), count)


def finest(count: int, groups: int) -> float:
    """About the smallest rate at which what is quite different still stands out from ``count`` examples of ``groups`` kinds of text.

    The more there are of a kind, the further away lies what is of no kind, in standard deviations; measured on CLINC150's training texts.
    """
    return student_tail(min(_FURTHEST, _NEAREST + math.sqrt(count / groups)), count - groups + _KNOWN)


def student_tail(deviation: float, freedom: int) -> float:
    """How often Student's t is larger, by Wallace's approximation: right to a hundredth of itself from three degrees of freedom on."""
    spread = math.sqrt(freedom * math.log1p(deviation * deviation / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return math.erfc(math.copysign(spread, deviation) / math.sqrt(2)) / 2


def refine(known: Table, scores: Sequence[float], weight: int) -> Table:
    """``known`` counts as ``weight`` samples, each of ``scores`` as one: the more there are, the less the old table has to say."""
    if not scores:
        return known
    if weight < 1:
        raise CalibrationError("the weight of a table is at least one sample")
    return table([*_quantiles(known, weight), *scores])


def from_json(plain: Mapping[str, Any]) -> Table:
    """What ``as_json`` wrote."""
    try:
        made = Table(tuple(map(float, plain["scores"])), tuple(map(float, plain["tails"])), int(plain["samples"]))
    except (KeyError, TypeError, ValueError):
        raise CalibrationError("a table has scores, tails and samples") from None
    if not 0 < len(made.scores) == len(made.tails) <= MAX_KNOTS or made.samples < 1:
        raise CalibrationError(f"a table has one tail for each score, and 1 to {MAX_KNOTS} of them")
    if not (_rises(made.scores) and _rises(made.tails[::-1]) and made.scores[0] >= 0 and made.scores[-1] <= MAX_SCORE):
        raise CalibrationError("scores rise and tails fall")
    if not (made.tails[0] <= 1 and made.tails[-1] > 0):
        raise CalibrationError("a tail lies above 0, and not above 1")
    return made


def _rises(values: Sequence[float]) -> bool:
    return all(low < high for low, high in pairwise(values))


def _thinned(ordered: Sequence[float]) -> Table:
    """Of many samples, evenly chosen ones; each keeps its own tail. The largest always stays."""
    count = len(ordered)
    chosen = range(count) if count <= MAX_KNOTS else [round(at * (count - 1) / (MAX_KNOTS - 1)) for at in range(MAX_KNOTS)]
    knots = {score: (count - bisect_left(ordered, score) + 1) / (count + 1) for score in (ordered[at] for at in chosen)}
    return Table(tuple(knots), tuple(knots.values()), count)


def _quantiles(known: Table, count: int) -> list[float]:
    """``count`` scores that stand for a table."""
    return [known.score((at + 0.5) / count) for at in range(count)]
