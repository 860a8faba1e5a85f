"""What a symptom is about, as something that an exchange has or has not; and the exchanges since it began, each with how likely it was to
have that, by what was usual before.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from math import sqrt
from typing import NamedTuple

from detectors.series import slices
from detectors.series.slices import Usual, expectations
from gateway.detecting import sorts
from gateway.detecting.blind import KIND as CANNOT_LOOK
from gateway.detecting.recent import (
    BLIND,
    BLOCKED,
    CUT_SHORT,
    DIMENSIONS,
    FAILED,
    REFUSED,
    REJECTED,
    RETRIED,
    UNFINISHED,
    Row,
    thinned,
)
from gateway.incidents.symptom import About, Symptom

LONGEST_S = 15 * 60.0
"""Before an incident, and since it began: what is looked at."""
SLACK_S = 5.0
"""When it began is an estimate."""
MAX_ROWS = 4000
_LEAST_USUAL = 100
_LEAST_OF_MODEL = 40
_LEAST_BEFORE_S = 60.0
_LESS_BEFORE_S = 90.0
"""What no longer comes stands out against as short a time before; of a long one the end is a small part."""
_LARGE = 0.95
_APP, _MODEL, _TEMPLATE = (DIMENSIONS.index(name) for name in ("app", "model", "template"))
_BECAME: Mapping[About, int] = {
    "errors": FAILED, "upstream": FAILED | RETRIED, "retries": RETRIED, "blocks": BLOCKED, "refusals": REFUSED,
}  # fmt: skip
_OF_SERIES: Mapping[str, int] = {
    sorts.REJECTED.series: REJECTED, sorts.UNFINISHED.series: UNFINISHED, sorts.CUT_SHORT.series: CUT_SHORT, sorts.UNLOOKED.series: BLIND,
}  # fmt: skip
"""What is told more closely than by what it is about."""
_LIKELY: tuple[About, ...] = ("errors", "blocks", "refusals", "latency")
"""Of one that does not say what it is about."""
_MOVED = frozenset({"traffic", "drift", "bias"})
"""No exchange has these: other exchanges come than before, or more of them."""
_LESS = frozenset({"silence", "dip"})

Outcome = Callable[[Row], bool | None]
"""None: it cannot be told of the exchange."""


class Looked(NamedTuple):
    """``rules``: that fired on those exchanges with the outcome that were blocked, for each of these; ``usual_rules``: how often they would
    have been expected.
    """

    rows: Sequence[slices.Row]
    hits: int
    expected: float
    rules: Sequence[tuple[str, ...]] = ()
    usual_rules: Mapping[str, float] = {}


def outcome_of(symptom: Symptom, before: Sequence[Row], after: Sequence[Row]) -> Outcome | None:
    """None: it is of no exchange."""
    if symptom.kind == CANNOT_LOOK:
        return _became(BLIND)
    if rule := symptom.dimension("rule"):
        return lambda row: rule in row.rules
    if symptom.series in _OF_SERIES:
        return _became(_OF_SERIES[symptom.series])
    if symptom.about in _MOVED:
        return None
    named = _named(symptom.about, before)
    if named:
        return named
    likely = [found for about in _LIKELY if (found := _named(about, before))]
    return max(likely, key=lambda each: _more(each, before, after))


def _named(about: About, before: Sequence[Row]) -> Outcome | None:
    if about in _BECAME:
        return _became(_BECAME[about])
    if about == "latency":
        return _larger(lambda row: row.latency_ms, before)
    return _larger(lambda row: row.cost_usd, before) if about == "cost" else None


def _became(any_of: int) -> Outcome:
    return lambda row: bool(row.became & any_of)


def _larger(measured: Callable[[Row], float | None], before: Sequence[Row]) -> Outcome:
    """Than nearly all were before, of the same model where enough of it were."""
    known = [(row.values[_MODEL], value) for row in before if (value := measured(row)) is not None]
    everywhere = _quantile([value for _, value in known])
    of_model = {
        model: _quantile(values)
        for model, pairs in groupby(sorted(known), key=lambda each: each[0])
        if len(values := [value for _, value in pairs]) >= _LEAST_OF_MODEL
    }

    def is_larger(row: Row) -> bool | None:
        value = measured(row)
        return None if value is None else value > of_model.get(row.values[_MODEL], everywhere)

    return is_larger


def _quantile(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[round(_LARGE * (len(ordered) - 1))] if ordered else float("inf")


def _more(outcome: Outcome, before: Sequence[Row], after: Sequence[Row]) -> float:
    """How many more have it than were to be expected, in terms of how far that varies."""
    hits, usual = sum(map(bool, map(outcome, after))), sum(map(bool, map(outcome, before)))
    expected = len(after) * (usual + 1) / (len(before) + 2)
    return (hits - expected) / sqrt(expected + 1)


def looked(before: Sequence[Row], after: Sequence[Row], outcome: Outcome) -> Looked:
    """The exchanges since it began that can be judged; of more than ``MAX_ROWS`` some, but all with the outcome where these are few."""
    judged = [(row, is_hit) for row in after if (is_hit := outcome(row)) is not None]
    usual = [(row, is_hit) for row in before if (is_hit := outcome(row)) is not None]
    if len(usual) < _LEAST_USUAL:  # what is usual is not known: what all have is
        usual = judged
    kept, times = _fewer(judged)
    hits = [row for row, is_hit in kept if is_hit]
    known = expectations([(_stratum(row), is_hit) for row, is_hit in usual], [_stratum(row) for row, _ in kept])
    chances = [_of_fewer(each, times) for each in known]
    rows = [slices.Row(row.dimensions, is_hit, chance) for (row, is_hit), chance in zip(kept, chances, strict=True)]
    fired = Counter(rule for row, is_hit in usual if is_hit and row.became & BLOCKED for rule in row.rules)
    usual_rules = {rule: count * len(judged) / len(usual) for rule, count in fired.items()}
    return Looked(rows, len(hits), sum(each.chance for each in chances), [row.rules for row in hits if row.became & BLOCKED], usual_rules)


def is_less(symptom: Symptom) -> bool:
    """Whether it is of something that no longer comes."""
    return symptom.kind in _LESS


def moved(before: Sequence[Row], after: Sequence[Row], mask: int, now: float, *, is_less: bool = False) -> Looked:
    """The exchanges before and since, of which those since are more than their share of the time where the traffic has moved to, or those
    before where it has moved from (``is_less``). ``mask``: by which as many are left out of all of it.
    """
    if is_less and after:
        onset = min(row.at for row in after)
        before = [row for row in before if row.at >= onset - max(_LESS_BEFORE_S, now - onset)]
    rows = [*thinned(before, mask), *thinned(after, mask)]
    while len(rows) > MAX_ROWS:
        mask = 2 * mask + 1
        rows = list(thinned(rows, mask))
    if not before or not after or not rows:
        return Looked((), 0, 0.0)
    start, onset = min(row.at for row in before), min(row.at for row in after)
    if onset - start < _LEAST_BEFORE_S:
        return Looked((), 0, 0.0)
    late = max(now - onset, 1.0) / max(now - start, 1.0)
    chance = Usual(1 - late if is_less else late)
    found = [slices.Row(row.dimensions, (row.at >= onset) is not is_less, chance) for row in rows]
    return Looked(found, sum(row.is_hit for row in found), chance.chance * len(found))


def _stratum(row: Row) -> str:
    return f"{row.values[_APP]} {row.values[_TEMPLATE] or row.values[_MODEL]}"


def _fewer(judged: Sequence[tuple[Row, bool]]) -> tuple[Sequence[tuple[Row, bool]], int]:
    """And of how many without the outcome one was kept."""
    mask, hits = 0, sum(is_hit for _, is_hit in judged)
    keeps_hits = 2 * hits <= MAX_ROWS
    kept = judged
    while len(kept) > MAX_ROWS and mask < 1 << 24:
        mask = 2 * mask + 1
        kept = [each for each in kept if (keeps_hits and each[1]) or not each[0].mark & mask]
    return kept, mask + 1 if keeps_hits else 1


def _of_fewer(usual: Usual, times: int) -> Usual:
    """The chance of the outcome where of those without it only one of so many was kept."""
    chance = usual.chance / (usual.chance + (1 - usual.chance) / times)
    return usual._replace(chance=chance)
