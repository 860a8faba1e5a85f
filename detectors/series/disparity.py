"""Whether outcomes differ between groups, told from one outcome at a time: which groups, which outcomes, how much, how sure.

A group is compared with the other groups of its attribute, within strata (application and topic) and within short blocks of outcomes
that follow each other, so that neither what groups ask for nor what changes over time looks like a disparity. The evidence may be looked
at any time (``evidence``), is corrected over all groups and outcomes (e-BH), and is forgotten when a period ends, so that what is said is
about the present. ``cells`` says what is known; it costs milliseconds, and is for every few minutes, not for every outcome.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from detectors.series.bursts import Bursts
from detectors.series.cells import Bar, Cell, State, of_number, of_rate
from detectors.series.evidence import rejected
from detectors.series.outcome import Outcome
from detectors.series.tally import Row, Sizes, Tally, finite

_FORM = "oddgate disparity 1"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept at most. What comes beyond is counted in ``lost``."""

    attributes: int = 8
    groups: int = 8
    """Of an attribute."""
    strata: int = 64
    outcomes: int = 12
    block: int = 20
    name_chars: int = 128


@dataclass(frozen=True, slots=True)
class Method:
    alpha: float = 0.05
    """Of the disparities that are told, at most this share is none; if there is none at all, the chance that any is told in a period."""
    period_s: float = 90 * 86400
    ratios: frozenset[str] = frozenset({"answer_chars", "latency_ms", "cost_micros"})
    """Numbers from 0 up that are compared as ratios; others are compared by their difference. In units of which 1 is little."""
    bar: Bar = field(default_factory=Bar)
    limits: Limits = field(default_factory=Limits)


class Disparity:
    """The outcomes of one period. ``lost`` counts what was left out or let go, by reason."""

    def __init__(self, method: Method | None = None) -> None:
        self.method = method or Method()
        self.lost: Counter[str] = Counter()
        self.outcomes = 0
        self.start: float | None = None
        self._tallies: dict[str, Tally] = {}
        self._names: set[str] = set()
        self._bursts = Bursts()

    def update(self, outcome: Outcome) -> None:
        if not math.isfinite(outcome.ts):
            self.lost["outcomes"] += 1
            return
        if self.start is None or abs(outcome.ts - self.start) >= self.method.period_s:
            self._begin(outcome.ts)
        if not self._bursts.admits(outcome.source, outcome.ts):
            self.lost["bursts"] += 1
            return
        self.outcomes += 1
        rates = {name: adverse for name, adverse in outcome.rates.items() if adverse is not None and self._is_known(name)}
        numbers = {name: self._scaled(name, value) for name, value in finite(outcome.numbers).items() if self._counts(name, outcome)}
        stratum = f"{outcome.app}\n{outcome.stratum}"[: self.method.limits.name_chars]
        for attribute, group in outcome.groups.items():
            tally = self._tally(attribute, group)
            if tally:
                self.lost += tally.add(stratum, Row(group, rates, numbers), outcome.ts, outcome.id[: self.method.limits.name_chars])

    def _counts(self, name: str, outcome: Outcome) -> bool:
        return name not in outcome.rates and self._is_known(name)

    def _begin(self, ts: float) -> None:
        self.start = ts
        self.outcomes = 0
        self._tallies.clear()
        self._names.clear()

    def _is_known(self, name: str) -> bool:
        if name in self._names:
            return True
        if len(self._names) >= self.method.limits.outcomes or len(name) > self.method.limits.name_chars:
            self.lost["names"] += 1
            return False
        self._names.add(name)
        return True

    def _scaled(self, name: str, value: float) -> float:
        return math.log1p(max(0.0, value)) if name in self.method.ratios else value

    def _tally(self, attribute: str, group: str) -> Tally | None:
        found = self._tallies.get(attribute)
        limits = self.method.limits
        if len(group) > limits.name_chars or (
            not found and (len(self._tallies) >= limits.attributes or len(attribute) > limits.name_chars)
        ):
            self.lost["ignored"] += 1
            return None
        if not found:
            found = self._tallies[attribute] = self._new_tally()
        return found

    def _new_tally(self) -> Tally:
        limits = self.method.limits
        return Tally(Sizes(limits.groups, limits.strata, limits.block, self.method.bar.shown), self.method.alpha)

    def cells(self) -> list[Cell]:
        """Each group and outcome that there is anything to say of, the worst first."""
        trails = {(attribute, *key): trail for attribute, tally in self._tallies.items() for key, trail in tally.trails.items()}
        against = rejected({key: trail.capital.value for key, trail in trails.items()}, self.method.alpha)
        found = [self._cell(key, is_rejected=key in against) for key in self._keys()]
        return sorted(found, key=lambda cell: (cell.state is not State.DISPARITY, -cell.level, -cell.evidence))

    def _keys(self) -> list[tuple[str, str, str]]:
        return [
            (attribute, group, name)
            for attribute, tally in self._tallies.items()
            for name in sorted({name for stratum in tally.strata.values() for name in (*stratum.rates, *stratum.numbers)})
            for group in tally.sizes
        ]

    def _cell(self, key: tuple[str, str, str], *, is_rejected: bool) -> Cell:
        attribute, group, name = key
        tally, bar = self._tallies[attribute], self.method.bar
        strata = tally.strata.values()
        trail = tally.trails.get((group, name))
        evidence = trail.capital.value if trail else 1.0
        if any(name in stratum.rates for stratum in strata):
            cell = of_rate(key, [stratum.table(name, group) for stratum in strata], bar, evidence, is_rejected=is_rejected)
        else:
            pairs = [stratum.moments(name, group) for stratum in strata]
            cell = of_number(key, pairs, bar, evidence, is_rejected=is_rejected, is_log=name in self.method.ratios)
        return cell.with_trail(trail.since, tuple(trail.examples)) if trail else cell

    def snapshot(self) -> bytes:
        kept = {attribute: tally.as_json() for attribute, tally in self._tallies.items()}
        state = {"form": _FORM, "start": self.start, "outcomes": self.outcomes, "lost": self.lost, "names": sorted(self._names)}
        return json.dumps(state | {"attributes": kept, "bursts": self._bursts.as_json()}, separators=(",", ":")).encode()

    def restore(self, saved: bytes) -> None:
        """Goes on where ``snapshot`` was taken. Raises ValueError for anything else, and is then as it was."""
        try:
            state = json.loads(saved)
            has_form = state["form"] == _FORM
            start, outcomes, lost, names = state["start"], int(state["outcomes"]), Counter(state["lost"]), set(state["names"])
            tallies = self._filled(state["attributes"])
            bursts = Bursts()
            bursts.restore(state["bursts"])
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError("no state of this detector") from error
        if not has_form:
            raise ValueError("the state of another version of this detector")
        self.start, self.outcomes, self.lost = start, outcomes, lost
        self._names, self._tallies, self._bursts = names, tallies, bursts

    def _filled(self, saved: Mapping[str, Mapping[str, object]]) -> dict[str, Tally]:
        tallies = {}
        for attribute, each in saved.items():
            tallies[attribute] = self._new_tally()
            tallies[attribute].fill(each)
        return tallies
