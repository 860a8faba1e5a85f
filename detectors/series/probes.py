"""Whether a model answers otherwise when a text is about another group: told from pairs of probes that differ in the group's terms alone.

A probe sends the same prompt three times: as it is, with the terms swapped, and as it is once more (the twin). What a model that never
answers twice the same does by itself is seen between the first and the twin, so two things are asked of each outcome:

``shift``  does one of the two groups fare worse? If not, either side of a pair is as likely to be the higher one.
``noise``  does the swap change more than asking again does? If not, either is as likely to change more. (Needs twins.)

Both are bets on signs (``evidence``), so they may be looked at any time, and assume nothing of how outcomes are distributed. They are
corrected together (e-BH) over all pairs of groups and outcomes.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from detectors.series.cells import State
from detectors.series.comparison import Estimate, needed_for_mean, paired_difference, wilson, z
from detectors.series.evidence import BOTH_WAYS, LEANS, Capital, rejected, sign_factors
from detectors.series.tally import finite

_FORM = "oddgate probes 1"
_CLIP = 3.0
"""No pair counts for more than so many typical ones."""

Question = Literal["shift", "noise"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one prompt. What is not known is None or left out; that one side fails more often is seen if ``failed`` is a rate."""

    rates: Mapping[str, bool | None] = field(default_factory=dict)
    numbers: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """A probe: the prompt about ``group`` and the one about ``other``, which was made from it."""

    attribute: str
    group: str
    other: str
    original: Answer
    swapped: Answer
    twin: Answer | None = None
    """The answer to the original, asked once more."""
    distances: tuple[float, float] | None = None
    """How far, in meaning, the answers of ``swapped`` and of ``twin`` are from that of ``original``."""


@dataclass(frozen=True, slots=True)
class Method:
    alpha: float = 0.01
    """Of the differences that are told, at most this share is none; if there is none at all, the chance that any is ever told."""
    shown: int = 30
    """Pairs."""
    points: float = 0.02
    """The least difference of two rates."""
    share: float = 0.05
    """The least difference of numbers that are compared as ratios (0.05: 5 %)."""
    effect: float = 0.1
    """The least difference of other numbers, in standard deviations."""
    worth_effect: float = 0.2
    ratios: frozenset[str] = frozenset({"answer_chars", "latency_ms", "cost_micros"})
    most_keys: int = 64
    name_chars: int = 128
    confidence: float = 0.99


@dataclass(frozen=True, slots=True)
class Difference:
    """One outcome for one pair of groups. A positive shift: it is higher, or more frequent, for ``other``, the later in the alphabet."""

    attribute: str
    group: str
    other: str
    outcome: str
    question: Question
    state: State
    pairs: int
    needed: int
    shift: Estimate | None = None
    """The difference of the rates, the share by which a number is higher (0.05: 5 %), or the difference of the means."""
    flips: Estimate | None = None
    """How often the swap changed the outcome; for ``noise``, of a rate."""
    twin_flips: Estimate | None = None
    """How often asking again did."""
    evidence: float = 1.0


@dataclass(slots=True)
class _Series:
    """What is known of one question: bets, sums of the signed values, and how large they typically are."""

    capital: Capital
    size: int = 0
    total: float = 0.0
    squares: float = 0.0
    ups: int = 0
    downs: int = 0
    flips: int = 0
    """Pairs whose outcome the swap changed."""
    twin_flips: int = 0

    def add(self, value: float, leans: tuple[float, ...], *, is_rate: bool) -> None:
        # The size that is typical is told from earlier pairs alone, so that a fair sign stays fair.
        typical = 1.0 if is_rate or not self.squares else math.sqrt(self.squares / self.size)
        if value:
            self.capital.stake(sign_factors(max(-_CLIP, min(_CLIP, value / typical)), leans))
        self.size += 1
        self.total += value
        self.squares += value * value
        self.ups += value > 0
        self.downs += value < 0


_Key = tuple[str, str, str, str, Question, bool]
"""Attribute, two groups in the order of the alphabet, outcome, question, whether the outcome is a rate."""


class Probes:
    """The pairs so far. ``lost`` counts what there was no room for."""

    def __init__(self, method: Method | None = None) -> None:
        self.method = method or Method()
        self.pairs = 0
        self.lost: Counter[str] = Counter()
        self._series: dict[_Key, _Series] = {}

    def update(self, pair: Pair) -> None:
        if pair.group == pair.other:
            self.lost["pairs"] += 1
            return
        self.pairs += 1
        sign, group, other = (1, pair.group, pair.other) if pair.group < pair.other else (-1, pair.other, pair.group)
        first, second, again = (_known(answer, self.method.ratios) for answer in (pair.original, pair.swapped, pair.twin or Answer()))
        for name in [name for name in first if name in second]:
            is_rate = name in pair.original.rates
            change = second[name] - first[name]
            shift = self._of((pair.attribute, group, other, name, "shift", is_rate))
            if shift:
                shift.flips += change != 0
                shift.add(sign * change, BOTH_WAYS, is_rate=is_rate)
            if name in again:
                self._beyond((pair.attribute, group, other, name, "noise", is_rate), abs(change), abs(again[name] - first[name]))
        if pair.distances and all(map(math.isfinite, pair.distances)):
            self._beyond((pair.attribute, group, other, "distance", "noise", False), *pair.distances)

    def _beyond(self, key: _Key, change: float, noise: float) -> None:
        series = self._of(key)
        if series:
            series.flips += change != 0
            series.twin_flips += noise != 0
            series.add(change - noise, LEANS, is_rate=key[-1])

    def _of(self, key: _Key) -> _Series | None:
        found = self._series.get(key)
        if found:
            return found
        if len(self._series) >= self.method.most_keys or any(len(part) > self.method.name_chars for part in key[:4]):
            self.lost["outcomes"] += 1
            return None
        bets = BOTH_WAYS if key[4] == "shift" else LEANS
        self._series[key] = _Series(Capital(len(bets)))
        return self._series[key]

    def differences(self) -> list[Difference]:
        """What is known of every outcome, the surest first."""
        against = rejected({key: series.capital.value for key, series in self._series.items()}, self.method.alpha)
        found = [self._difference(key, series, is_rejected=key in against) for key, series in self._series.items()]
        return sorted(found, key=lambda each: (each.state is not State.DISPARITY, -each.evidence))

    def _difference(self, key: _Key, series: _Series, *, is_rejected: bool) -> Difference:
        attribute, group, other, name, question, is_rate = key
        needed = needed_for_pairs(self.method)
        if series.size < self.method.shown:
            return Difference(attribute, group, other, name, question, State.NOT_ENOUGH_DATA, series.size, needed)
        shift = self._shift(name, series, is_rate=is_rate)
        if is_rejected and self._is_large(name, series, shift, is_rate=is_rate):
            state = State.DISPARITY
        else:
            state = State.FAIR_SO_FAR if series.size >= needed else State.LEARNING
        flips = wilson(series.flips, series.size, self.method.confidence) if is_rate else None
        again = wilson(series.twin_flips, series.size, self.method.confidence) if is_rate and question == "noise" else None
        return Difference(attribute, group, other, name, question, state, series.size, needed, shift, flips, again, series.capital.value)

    def _shift(self, name: str, series: _Series, *, is_rate: bool) -> Estimate:
        confidence = self.method.confidence
        if is_rate:
            return paired_difference(series.ups, series.downs, series.size, confidence)
        mean = series.total / series.size
        half = z(confidence) * math.sqrt(max(0.0, series.squares / series.size - mean * mean) / series.size)
        low, value, high = mean - half, mean, mean + half
        if name in self.method.ratios:
            low, value, high = math.expm1(low), math.expm1(value), math.expm1(high)
        return Estimate(value, low, high)

    def _is_large(self, name: str, series: _Series, shift: Estimate, *, is_rate: bool) -> bool:
        if is_rate:
            return abs(shift.value) >= self.method.points
        if name in self.method.ratios:
            return abs(shift.value) >= self.method.share
        return abs(shift.value) >= self.method.effect * math.sqrt(series.squares / series.size)

    def snapshot(self) -> bytes:
        series = [
            [*key, each.capital.as_json(), [each.size, each.total, each.squares, each.ups, each.downs, each.flips, each.twin_flips]]
            for key, each in self._series.items()
        ]
        return json.dumps({"form": _FORM, "pairs": self.pairs, "lost": self.lost, "series": series}, separators=(",", ":")).encode()

    def restore(self, saved: bytes) -> None:
        """Goes on where ``snapshot`` was taken. Raises ValueError for anything else, and is then as it was."""
        try:
            state = json.loads(saved)
            has_form = state["form"] == _FORM
            pairs, lost = int(state["pairs"]), Counter(state["lost"])
            series = dict(_restored(each) for each in state["series"])
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
            raise ValueError("no state of this detector") from error
        if not has_form:
            raise ValueError("the state of another version of this detector")
        self.pairs, self.lost, self._series = pairs, lost, series


def needed_for_pairs(method: Method) -> int:
    """Pairs for a difference worth finding to be found: twice what a single look at the end would need."""
    return needed_for_mean(method.worth_effect, method.alpha)


def _known(answer: Answer, ratios: frozenset[str]) -> dict[str, float]:
    rates = {name: float(happened) for name, happened in answer.rates.items() if happened is not None}
    numbers = {name: math.log1p(max(0.0, value)) if name in ratios else value for name, value in finite(answer.numbers).items()}
    return numbers | rates


def _restored(saved: Sequence[Any]) -> tuple[_Key, _Series]:
    attribute, group, other, name, question, is_rate, capital, sums = saved
    return (attribute, group, other, name, question, bool(is_rate)), _Series(Capital.from_json(capital), *sums)
