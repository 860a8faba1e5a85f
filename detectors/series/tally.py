"""What is kept of the outcomes about one attribute: sums by stratum and group, evidence by group and outcome. Bounded."""

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from detectors.series.comparison import Moments, Table
from detectors.series.evidence import ODDS, Capital, odds_factors

EXAMPLES = 5


class Row(NamedTuple):
    """One outcome as it waits in its block."""

    group: str
    rates: Mapping[str, bool]
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is kept at most, and how many outcomes of a stratum are judged together."""

    groups: int
    strata: int
    block: int
    spared: int
    """A group or stratum with so many outcomes never gives way to a new one."""


@dataclass(slots=True)
class Stratum:
    rates: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    """By outcome and group: how many, and how many of them adverse."""
    numbers: dict[str, dict[str, Moments]] = field(default_factory=dict)
    block: list[Row] = field(default_factory=list)
    size: int = 0

    def add(self, row: Row) -> None:
        self.size += 1
        for name, adverse in row.rates.items():
            groups = self.rates.setdefault(name, {})
            size, count = groups.get(row.group, (0, 0))
            groups[row.group] = (size + 1, count + adverse)
        for name, value in row.numbers.items():
            found = self.numbers.setdefault(name, {})
            found[row.group] = found.get(row.group, Moments()).with_value(value)
        self.block.append(row)

    def forget(self, group: str) -> None:
        for outcomes in (self.rates, self.numbers):
            for groups in outcomes.values():
                groups.pop(group, None)
        self.block = [row for row in self.block if row.group != group]

    def table(self, name: str, group: str) -> Table:
        groups = self.rates.get(name, {})
        size, adverse = groups.get(group, (0, 0))
        return Table(adverse, size, sum(a for _, a in groups.values()) - adverse, sum(n for n, _ in groups.values()) - size)

    def moments(self, name: str, group: str) -> tuple[Moments, Moments]:
        groups = self.numbers.get(name, {})
        return groups.get(group, Moments()), sum((sums for other, sums in groups.items() if other != group), Moments())


@dataclass(slots=True)
class Trail:
    """The evidence on one group and outcome, since when there is any, and some of the ids."""

    capital: Capital = field(default_factory=lambda: Capital(len(ODDS)))
    since: float | None = None
    examples: deque[str] = field(default_factory=lambda: deque(maxlen=EXAMPLES))


class Tally:
    """One attribute's. Whatever was asked for is made if it was not there."""

    def __init__(self, sizes: Sizes, alpha: float) -> None:
        self.strata: dict[str, Stratum] = {}
        self.trails: dict[tuple[str, str], Trail] = {}
        self.sizes: Counter[str] = Counter()
        self._limits, self._alpha = sizes, alpha

    def add(self, stratum: str, row: Row, ts: float, example: str) -> Counter[str]:
        """Counts what had to go for it, or that it had to."""
        lost: Counter[str] = Counter()
        if not self._has_stratum(stratum, lost) or not self._has_group(row.group, lost):
            return lost
        self.sizes[row.group] += 1
        kept = self.strata.setdefault(stratum, Stratum())
        kept.add(row)
        for name, adverse in row.rates.items():
            if adverse:
                self._trail(row.group, name).examples.append(example)
        if len(kept.block) >= self._limits.block:
            self._close(kept.block, ts)
            kept.block = []
        return lost

    def _has_group(self, group: str, lost: Counter[str]) -> bool:
        if group in self.sizes or len(self.sizes) < self._limits.groups:
            return True
        smallest, size = min(self.sizes.items(), key=lambda item: item[1])
        if size >= self._limits.spared:
            lost["ignored"] += 1
            return False
        self._forget(smallest)
        lost["groups"] += 1
        return True

    def _forget(self, group: str) -> None:
        del self.sizes[group]
        for stratum in self.strata.values():
            stratum.forget(group)
        for key in [key for key in self.trails if key[0] == group]:
            del self.trails[key]

    def _has_stratum(self, stratum: str, lost: Counter[str]) -> bool:
        if stratum in self.strata or len(self.strata) < self._limits.strata:
            return True
        smallest = min(self.strata, key=lambda name: self.strata[name].size)
        if self.strata[smallest].size >= self._limits.spared:
            lost["ignored"] += 1
            return False
        del self.strata[smallest]
        lost["strata"] += 1
        return True

    def _trail(self, group: str, name: str) -> Trail:
        return self.trails.setdefault((group, name), Trail())

    def _close(self, block: Iterable[Row], ts: float) -> None:
        for name, marks in _marks(block):
            adverse = sum(mark for _, mark in marks)
            of_group: Counter[str] = Counter()
            sizes = Counter(group for group, _ in marks)
            for group, mark in marks:
                of_group[group] += mark
            for group, size in sizes.items():
                if size < len(marks):
                    self._stake(group, name, odds_factors(of_group[group], size, adverse, len(marks)), ts)

    def _stake(self, group: str, name: str, factors: list[float], ts: float) -> None:
        trail = self._trail(group, name)
        trail.capital.stake(factors)
        if trail.capital.value < 1 / self._alpha:
            trail.since = None
        elif trail.since is None:
            trail.since = ts

    def as_json(self) -> dict[str, Any]:
        return {
            "sizes": self.sizes,
            "strata": {name: _stratum_json(stratum) for name, stratum in self.strata.items()},
            "trails": [[*key, trail.capital.as_json(), trail.since, [*trail.examples]] for key, trail in self.trails.items()],
        }

    def fill(self, saved: Mapping[str, Any]) -> None:
        self.sizes = Counter(saved["sizes"])
        self.strata = {name: _stratum(each) for name, each in saved["strata"].items()}
        self.trails = {
            (group, name): Trail(Capital.from_json(capital), since, deque(examples, EXAMPLES))
            for group, name, capital, since, examples in saved["trails"]
        }


def _marks(block: Iterable[Row]) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """By outcome, what is known of each row; a number is marked when it is above the block's median, whatever its distribution."""
    rates: dict[str, list[tuple[str, bool]]] = {}
    numbers: dict[str, list[tuple[str, float]]] = {}
    for row in block:
        for name, adverse in row.rates.items():
            rates.setdefault(name, []).append((row.group, adverse))
        for name, value in row.numbers.items():
            numbers.setdefault(name, []).append((row.group, value))
    yield from rates.items()
    for name, values in numbers.items():
        middle = median(value for _, value in values)
        yield name, [(group, value > middle) for group, value in values]


def _stratum_json(stratum: Stratum) -> dict[str, Any]:
    numbers = {
        name: {group: [sums.size, sums.mean, sums.squares] for group, sums in groups.items()} for name, groups in stratum.numbers.items()
    }
    return {"rates": stratum.rates, "numbers": numbers, "block": stratum.block, "size": stratum.size}


def _stratum(saved: Mapping[str, Any]) -> Stratum:
    rates = {
        name: {group: (int(size), int(adverse)) for group, (size, adverse) in groups.items()} for name, groups in saved["rates"].items()
    }
    numbers = {name: {group: Moments(*sums) for group, sums in groups.items()} for name, groups in saved["numbers"].items()}
    return Stratum(rates, numbers, [Row(*row) for row in saved["block"]], saved["size"])


def finite(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
