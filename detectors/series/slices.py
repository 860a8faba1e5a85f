"""Which part of the traffic an outcome comes from: what is common to the rows that have it more often than they should.

A part is up to three values of different dimensions ("app a and model m"). It is scored by the chance that its rows have the outcome as
often as they do if nothing has changed (expectation-based Poisson scan), in view of how many parts there are to look at.
The best one is told, its rows are left out, and what is left is looked at again, until chance explains it. All of the traffic is a part,
too. Wider parts are searched from the best narrower ones only, so the best of all may be missed.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

MAX_ROWS = 20_000
"""The last ones count."""
MAX_DIMENSIONS = 16
MAX_VALUES = 1000
_NEGLIGIBLE = 1e-6
_LEAST_CHANCE = 1e-9
_WELL_KNOWN = 1e8
_SAMPLE = 2000
_LARGE = 0.01
"""A part with this share of the rows is a large one."""
"""Of a dimension: those with the most rows of the outcome."""

Conditions: TypeAlias = tuple[tuple[str, str], ...]
"""Dimensions and their values, in the order of the dimensions' names."""


class Row(NamedTuple):
    """An exchange. ``usual``: how likely it has the outcome. Dimensions that are missing or empty are no conditions."""

    dimensions: Mapping[str, str]
    is_hit: bool
    usual: "Usual"


class Usual(NamedTuple):
    """The chance of the outcome in a stratum, such as a template, and from how many of them it is known; infinite, if it is given."""

    chance: float
    stratum: str = ""
    known: float = math.inf


@dataclass(frozen=True, slots=True)
class Settings:
    beam: int = 15
    order: int = 3
    alpha: float = 0.01
    """The chance to tell of a part where there is nothing to tell."""
    most: int = 5
    """Parts that are told."""
    least_hits: int = 5
    least_ratio: float = 1.3
    """How many times as often as usual, at least."""
    alternatives: int = 2


class Slice(NamedTuple):
    """No ``conditions``: all of the traffic. ``rows`` are the places of its rows among those that were looked at."""

    conditions: Conditions
    hits: int
    expected: float
    size: int
    score: float
    """The negative logarithm of the chance that any part with as many conditions has so many hits."""
    rows: tuple[int, ...]
    alternatives: tuple["Slice", ...] = ()
    """The next best, of other rows."""


def expectations(usual: Iterable[tuple[str, bool]], strata: Sequence[str], prior: float = 20.0) -> list[Usual]:
    """For each of ``strata`` (such as templates, one for each row) how often its rows have the outcome, as far as is known from ``usual``.

    Where little is known of a stratum, it is as in all of them together.
    """
    sizes: dict[str, int] = {}
    hits: dict[str, int] = {}
    for stratum, is_hit in usual:
        sizes[stratum] = sizes.get(stratum, 0) + 1
        hits[stratum] = hits.get(stratum, 0) + is_hit
    everywhere = (sum(hits.values()) + 0.5) / (sum(sizes.values()) + 1.0)
    found: dict[str, Usual] = {}
    for each in set(strata):
        known = hits.get(each, 0) + prior * everywhere
        found[each] = Usual(known / (sizes.get(each, 0) + prior), each, known)
    return [found[each] for each in strata]


def slices(rows: Sequence[Row], settings: Settings | None = None) -> list[Slice]:
    """The parts that explain why the outcome is more common than usual, the clearest first. Parts share no rows."""
    settings = settings or Settings()
    rows = rows[-MAX_ROWS:]
    scan = _Scan(rows, settings)
    left = list(range(len(rows)))
    found: list[Slice] = []
    while len(found) < settings.most:
        best = scan.best(left)
        if best is None:
            break
        found.append(best)
        taken = set(best.rows)
        left = [at for at in left if at not in taken]
    return found


_Codes: TypeAlias = tuple[tuple[int, int], ...]


class _Part(NamedTuple):
    """``codes``: places of dimensions, with the value's number."""

    codes: _Codes
    hits: int
    expected: float
    rows: list[int]
    score: float


class _Scan:
    def __init__(self, rows: Sequence[Row], settings: Settings) -> None:
        self._settings = settings
        self._names = sorted({name for row in rows for name in row.dimensions})[:MAX_DIMENSIONS]
        self._hits = [row.is_hit for row in rows]
        self._usual = [row.usual for row in rows]
        self._expected = [max(usual.chance, _LEAST_CHANCE) for usual in self._usual]
        columns = [_coded(rows, name) for name in self._names]
        self._columns = [column for column, _ in columns]
        self._values = [values for _, values in columns]
        self._looks = _looks(self._columns, settings.order)
        self._large = _LARGE * len(rows)

    def best(self, left: list[int]) -> Slice | None:
        everything = self._part((), left)
        parts, beam = [everything], [everything]
        for order in range(1, self._settings.order + 1):
            beam = self._wider(beam, order)
            parts += beam
        enough = math.log((self._settings.order + 1) / self._settings.alpha)
        good = [part for part in parts if self._is_notable(part) and self._sure(part) >= enough]
        good.sort(key=lambda part: (-part.score, len(part.codes), part.codes))  # how sure it is tells parts with the same hits not apart
        if not good:
            return None
        others: list[_Part] = []
        for part in good[1:]:
            if len(others) < self._settings.alternatives and all(part.rows != other.rows for other in (good[0], *others)):
                others.append(part)
        return self._told(good[0])._replace(alternatives=tuple(map(self._told, others)))

    def _is_notable(self, part: _Part) -> bool:
        return part.hits >= self._settings.least_hits and part.hits >= self._settings.least_ratio * part.expected

    def _part(self, codes: _Codes, rows: list[int]) -> _Part:
        hits, expected = sum(self._hits[at] for at in rows), sum(self._expected[at] for at in rows)
        return _Part(codes, hits, expected, rows, self._score(hits, expected, len(rows), len(codes)))

    def _score(self, hits: int, expected: float, size: int, order: int, shape: float = math.inf) -> float:
        """Large parts are fewer, and have one half of the chance to be wrong; all others have the other half."""
        every, large = self._looks[order]
        return _unlikely(hits, expected, shape) - math.log(2 * large if size >= self._large else 2 * every)

    def _sure(self, part: _Part) -> float:
        """The score in view of how well it is known what is usual in its strata."""
        strata: dict[str, float] = {}
        known: dict[str, float] = {}
        for at in part.rows:
            stratum = self._usual[at].stratum
            strata[stratum] = strata.get(stratum, 0.0) + self._expected[at]
            known[stratum] = self._usual[at].known
        variance = sum(expected * expected / known[stratum] for stratum, expected in strata.items())
        shape = part.expected * part.expected / variance if variance else math.inf
        return self._score(part.hits, part.expected, len(part.rows), len(part.codes), shape)

    def _wider(self, beam: Sequence[_Part], order: int) -> list[_Part]:
        """Parts with one condition more than those of the beam, the best first, each once."""
        found: dict[_Codes, tuple[float, list[int], tuple[int, int]]] = {}
        for part in beam:
            hits_at = [at for at in part.rows if self._hits[at]]
            known = {dimension for dimension, _ in part.codes}
            for dimension, column in enumerate(self._columns):
                if dimension not in known:
                    for value, hits, expected, size in self._parted(column, part.rows, hits_at):
                        codes = tuple(sorted((*part.codes, (dimension, value))))
                        if codes not in found:
                            found[codes] = self._score(hits, expected, size, order), part.rows, (dimension, value)
        best = sorted(found.items(), key=lambda each: (-each[1][0], each[0]))[: self._settings.beam]
        return [self._part(codes, self._having(rows, *condition)) for codes, (_, rows, condition) in best]

    def _having(self, rows: Sequence[int], dimension: int, value: int) -> list[int]:
        column = self._columns[dimension]
        return [at for at in rows if column[at] == value]

    def _parted(self, column: Sequence[int], rows: Sequence[int], hits_at: Sequence[int]) -> Iterator[tuple[int, int, float, int]]:
        """Each value of a dimension that has enough hits among the rows: its hits, how many are to be expected, and its rows."""
        hits = Counter([column[at] for at in hits_at])
        expected = {value: 0.0 for value, count in hits.items() if value >= 0 and count >= self._settings.least_hits}
        if not expected:
            return
        chances = self._expected
        for at in rows:
            if (value := column[at]) in expected:
                expected[value] += chances[at]
        sizes = Counter([column[at] for at in rows])
        for value, chance in expected.items():
            yield value, hits[value], chance, sizes[value]

    def _told(self, part: _Part) -> Slice:
        conditions = tuple((self._names[dimension], self._values[dimension][value]) for dimension, value in part.codes)
        return Slice(conditions, part.hits, part.expected, len(part.rows), part.score, tuple(part.rows))


def _coded(rows: Sequence[Row], name: str) -> tuple[list[int], list[str]]:
    """A dimension's value of each row as a number; -1 where it has none, or one of too many."""
    weights: dict[str, int] = {}
    for row in rows:
        value = row.dimensions.get(name)
        if value:
            weights[value] = weights.get(value, 0) + (MAX_ROWS if row.is_hit else 1)
    values = sorted(weights, key=lambda value: (-weights[value], value))[:MAX_VALUES]
    numbers = {value: at for at, value in enumerate(values)}
    return [numbers.get(row.dimensions.get(name, ""), -1) for row in rows], values


def _looks(columns: Sequence[Sequence[int]], order: int) -> list[tuple[float, float]]:
    """For each number of conditions from none, how many parts there are, and how many of them are large, as far as a sample shows."""
    sample = [column[:: max(1, len(column) // _SAMPLE)] for column in columns]
    size = len(sample[0]) if sample else 0
    looks = [(1.0, 1.0)]
    for number in range(1, order + 1):
        every = large = 1.0
        for chosen in combinations(sample, number):
            counts = Counter(zip(*chosen, strict=True))
            every += len(counts)
            large += sum(count >= _LARGE * size for count in counts.values())
        looks.append((every, large))
    return looks


def _unlikely(hits: int, expected: float, shape: float = math.inf) -> float:
    """The negative logarithm of the chance of so many hits or more: Poisson, or of a rate that is known from ``shape`` hits only."""
    if hits <= expected:
        return 0.0
    is_known = shape > _WELL_KNOWN
    term = total = 1.0
    at = hits
    while term > _NEGLIGIBLE * total:
        term *= expected / (at + 1) if is_known else (at + shape) / (at + 1) * expected / (shape + expected)
        total += term
        at += 1
    if is_known:
        return expected - hits * math.log(expected) + math.lgamma(hits + 1) - math.log(total)
    ways = math.lgamma(hits + shape) - math.lgamma(shape) - math.lgamma(hits + 1)
    return -(ways + shape * math.log(shape / (shape + expected)) + hits * math.log(expected / (shape + expected)) + math.log(total))
