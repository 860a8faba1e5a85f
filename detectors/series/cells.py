"""What is said of one group and one outcome: how it compares with the other groups, and whether that is a disparity. Pure.

The four-fifths rule is told in both directions, of the adverse rate and of the favourable one: of rare events the second hides a lot
(blocked 2 % against 12 % is a favourable ratio of .9), so the first decides.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from detectors.series.comparison import (
    Estimate,
    Moments,
    Table,
    difference,
    needed_for_mean,
    needed_for_rate,
    p_value,
    ratio,
    spread_within,
    wilson,
    z,
)

_WIDEST = 300.0  # logarithm
_MOST = 1000.0  # a ratio to nothing is no number


class State(StrEnum):
    NOT_ENOUGH_DATA = "not enough data"
    """Too few to show anything of."""
    LEARNING = "learning"
    """Shown; a difference worth finding could still be missed."""
    FAIR_SO_FAR = "fair so far"
    DISPARITY = "disparity"


Strata = Literal["agree", "explain", "hide", "reverse", "unknown"]
"""What the strata make of the crude difference. ``explain``: it is gone within them; ``hide``: it is only there within them;
``reverse``: it is the other way round there (Simpson's paradox)."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What it takes to be shown, and to be called a disparity."""

    shown: int = 30
    """Outcomes of the group, and of the others."""
    events: int = 30
    """Adverse outcomes of both."""
    times: float = 1.25
    """The least ratio."""
    effect: float = 0.2
    """The least difference of what is compared by differences, in standard deviations."""
    worth_finding: float = 2.0
    """A ratio that must have been found, had it been there, to say "fair so far"."""
    worth_effect: float = 0.3
    """The same for numbers, in standard deviations."""
    confidence: float = 0.99


@dataclass(frozen=True, slots=True)
class Cell:
    """One group against the others of its attribute, on one outcome. Figures are None where there is too little to show or compare."""

    attribute: str
    group: str
    outcome: str
    state: State
    size: int
    """Outcomes that there is something to compare with: of strata that hold others too."""
    others_size: int
    needed: int
    """Of each, for a difference worth finding to be found."""
    here: Estimate | None = None
    """The adverse rate, or the mean."""
    others: Estimate | None = None
    crude: Estimate | None = None
    """A ratio, or a difference."""
    adjusted: Estimate | None = None
    """The same, within the strata."""
    favourable: Estimate | None = None
    """Of the rates of what is not adverse."""
    strata: Strata = "unknown"
    p_value: float | None = None
    evidence: float = 1.0
    """An e-value: at most 1 in x of fair groups ever reaches x."""
    since: float | None = None
    examples: tuple[str, ...] = ()
    effect: float = 1.0
    """How many times as high, or as low, within the strata; 1 to 1000. A difference counts as e to the power of its standard deviations."""

    @property
    def level(self) -> float:
        """For policies: ``effect`` while it is a disparity, 1 otherwise."""
        return self.effect if self.state is State.DISPARITY else 1.0

    def with_trail(self, since: float | None, examples: tuple[str, ...]) -> "Cell":
        """Since when there is evidence, and ids; as long as there is something to show."""
        return self if self.state is State.NOT_ENOUGH_DATA else replace(self, since=since, examples=examples)


def of_rate(name: tuple[str, str, str], tables: Sequence[Table], bar: Bar, evidence: float, *, is_rejected: bool) -> Cell:
    """A cell of an outcome that happens or not."""
    fit = [table for table in tables if table.weight]
    size, others = sum(table.size for table in fit), sum(table.rest_size for table in fit)
    events = sum(table.adverse + table.rest_adverse for table in fit)
    needed = needed_for_rate((events + 0.5) / (size + others + 1), bar.worth_finding)
    if min(size, others) < bar.shown:
        return Cell(*name, State.NOT_ENOUGH_DATA, size, others, needed)
    pooled = Table(*(sum(table[at] for table in tables) for at in range(4)))
    crude, adjusted = ratio([pooled], bar.confidence), ratio(fit, bar.confidence)
    effect = _times(adjusted)
    is_disparity = is_rejected and effect >= bar.times and events >= bar.events and _side(adjusted) != 0
    return Cell(
        *name, _state(is_disparity, min(size, others), needed), size, others, needed,
        here=wilson(pooled.adverse, pooled.size, bar.confidence), others=wilson(pooled.rest_adverse, pooled.rest_size, bar.confidence),
        crude=crude, adjusted=adjusted, favourable=ratio([_favourable(table) for table in fit], bar.confidence),
        strata=_strata(crude, adjusted), p_value=p_value(fit), evidence=evidence, effect=effect,
    )  # fmt: skip


def of_number(
    name: tuple[str, str, str],
    pairs: Sequence[tuple[Moments, Moments]],
    bar: Bar,
    evidence: float,
    *,
    is_rejected: bool,
    is_log: bool,
) -> Cell:
    """A cell of a number; ``is_log``: the samples are logarithms of 1 + it, and compared as ratios."""
    fit = [(ours, rest) for ours, rest in pairs if ours.size and rest.size]
    size, others = sum(ours.size for ours, _ in fit), sum(rest.size for _, rest in fit)
    needed = needed_for_mean(bar.worth_effect)
    if min(size, others) < bar.shown:
        return Cell(*name, State.NOT_ENOUGH_DATA, size, others, needed)
    ours, rest = sum((pair[0] for pair in pairs), Moments()), sum((pair[1] for pair in pairs), Moments())
    crude, adjusted = difference([(ours, rest)], bar.confidence), difference(fit, bar.confidence)
    strata = _strata(crude, adjusted, fair=0.0)
    if is_log:
        crude, adjusted = _mapped(crude, _exp), _mapped(adjusted, _exp)
        effect, is_large = _times(adjusted), _times(adjusted) >= bar.times
        is_clear = _side(adjusted) != 0
    else:
        deviation = spread_within(fit)
        in_deviations = abs(adjusted.value) / deviation if adjusted and deviation else 0.0
        effect, is_large = min(_MOST, _exp(in_deviations)), in_deviations >= bar.effect
        is_clear = _side(adjusted, fair=0.0) != 0
    back = _from_log if is_log else float
    return Cell(
        *name, _state(is_rejected and is_large and is_clear, min(size, others), needed), size, others, needed,
        here=_mapped(_mean(ours, bar), back), others=_mapped(_mean(rest, bar), back), crude=crude, adjusted=adjusted, strata=strata,
        evidence=evidence, effect=effect,
    )  # fmt: skip


def _state(is_disparity: bool, size: int, needed: int) -> State:
    if is_disparity:
        return State.DISPARITY
    return State.FAIR_SO_FAR if size >= needed else State.LEARNING


def _favourable(table: Table) -> Table:
    return Table(table.size - table.adverse, table.size, table.rest_size - table.rest_adverse, table.rest_size)


def _mean(sample: Moments, bar: Bar) -> Estimate:
    half = z(bar.confidence) * math.sqrt(sample.variance / sample.size)
    return Estimate(sample.mean, sample.mean - half, sample.mean + half)


def _mapped(estimate: Estimate | None, through: Callable[[float], float]) -> Estimate | None:
    if estimate is None:
        return None
    low, value, high = (through(each) for each in (estimate.low, estimate.value, estimate.high))
    return Estimate(value, low, high)


def _exp(log: float) -> float:
    return math.exp(max(-_WIDEST, min(_WIDEST, log)))


def _from_log(log: float) -> float:
    return _exp(log) - 1


def _times(found: Estimate | None) -> float:
    if found is None:
        return 1.0
    return min(_MOST, max(found.value, 1 / found.value)) if found.value else _MOST


def _side(found: Estimate | None, fair: float = 1.0) -> int:
    """1: clearly above what is fair; -1: clearly below; 0: neither."""
    if found is None:
        return 0
    return (found.low > fair) - (found.high < fair)


def _strata(crude: Estimate | None, adjusted: Estimate | None, fair: float = 1.0) -> Strata:
    if crude is None or adjusted is None:
        return "unknown"
    before, within = _side(crude, fair), _side(adjusted, fair)
    if before == within:
        return "agree"
    if not within:
        return "explain"
    return "reverse" if before else "hide"
