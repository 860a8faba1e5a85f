"""The exchanges of the last half hour, as far as there is room: of the last two minutes many, of those before some.

What is left out is left out by a hash of the exchange's id, so that what is kept is like what there was: in any two times of which some are
left out, the same ones are.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.detecting.facts import BAD, Facts, Hit, number

DIMENSIONS = ("app", "language", "model", "policy", "route", "template", "tenant", "tool", "upstream")
LASTS_S = 1800.0
STEP_S = 10.0
FRESH_S = 120.0
MAX_FRESH, MAX_OLD = 800, 60
"""Exchanges of a step."""
_MAX_SAVED = 20
"""Of a step, in a snapshot."""
_MAX_WORDS = 50_000
_MAX_MASK = (1 << 24) - 1
_MAX_RULES = 8

FAILED, BLOCKED, REFUSED, RETRIED, BLIND, REJECTED, UNFINISHED, CUT_SHORT = (1 << bit for bit in range(8))


class Row(NamedTuple):
    """``values`` of ``DIMENSIONS``; ``became``: what came of it, such as ``FAILED``; ``mark``: by which it is left out."""

    at: float
    mark: int
    values: tuple[str, ...]
    rules: tuple[str, ...]
    became: int
    latency_ms: float
    cost_usd: float | None

    @property
    def dimensions(self) -> Mapping[str, str]:
        return {name: value for name, value in zip(DIMENSIONS, self.values, strict=True) if value}


@dataclass(slots=True)
class _Step:
    rows: list[Row] = field(default_factory=list)
    mask: int = 0
    """Those are kept whose mark has none of these bits."""

    def put(self, row: Row) -> None:
        self.rows.append(row)
        self.thin(MAX_FRESH)

    def thin(self, most: int) -> None:
        while len(self.rows) > most and self.mask < _MAX_MASK:
            self.mask = 2 * self.mask + 1
            self.rows = [row for row in self.rows if not row.mark & self.mask]
        del self.rows[most:]


class Recent:
    def __init__(self) -> None:
        self._steps: dict[int, _Step] = {}
        self._words: dict[str, str] = {}
        self._latest = 0

    def __len__(self) -> int:
        return sum(len(step.rows) for step in self._steps.values())

    def put(self, said: Facts, tenant: str) -> None:
        number_of = int(said.ended // STEP_S)
        if number_of < self._latest - LASTS_S / STEP_S:
            return
        step = self._steps.get(number_of)
        if step is None:
            step = self._steps[number_of] = _Step()
            self._age(number_of)
        mark = zlib.crc32(f"{said.id} {said.ended}".encode("utf-8", "surrogatepass"))
        if not mark & step.mask:
            step.put(self._row(said, tenant, mark))

    def between(self, start: float, end: float) -> list[Row]:
        """Those that ended then, by their steps."""
        first, last = int(start // STEP_S), int(end // STEP_S)
        steps = [self._steps[number_of] for number_of in sorted(self._steps) if first <= number_of <= last]
        return [row for step in steps for row in step.rows if start <= row.at < end]

    def mask(self, start: float, end: float) -> int:
        """By which as many are left out of each step as of the one of which most are."""
        first, last = int(start // STEP_S), int(end // STEP_S)
        return max((step.mask for number_of, step in self._steps.items() if first <= number_of <= last), default=0)

    def forget_after(self, end: float) -> None:
        """What cannot have been yet."""
        self._steps = {number_of: step for number_of, step in self._steps.items() if number_of * STEP_S <= end}
        self._latest = max(self._steps, default=0)

    def _age(self, newest: int) -> None:
        self._latest = max(self._latest, newest)
        oldest, old = self._latest - LASTS_S / STEP_S, self._latest - FRESH_S / STEP_S
        self._steps = {number_of: step for number_of, step in self._steps.items() if number_of >= oldest}
        for number_of, step in self._steps.items():
            if number_of < old:
                step.thin(MAX_OLD)

    def _row(self, said: Facts, tenant: str, mark: int) -> Row:
        values = (said.app, said.language, said.model, said.policy, said.route, said.template, tenant, said.tool, said.upstream)
        return Row(
            said.ended,
            mark,
            self._shared(values),
            self._shared(said.rules[:_MAX_RULES]),
            _became(said),
            said.called_ms if said.called_ms is not None else (said.ended - said.started) * 1000,
            said.took.cost,
        )

    def _shared(self, words: Iterable[str]) -> tuple[str, ...]:
        """One copy of each."""
        if len(self._words) >= _MAX_WORDS:
            self._words.clear()
        share = self._words.setdefault
        return tuple([share(word, word) for word in words])

    def as_json(self) -> dict[str, Any]:
        """Fewer of them."""
        steps = {number_of: _fewer(step) for number_of, step in self._steps.items()}
        words = {
            word: at for at, word in enumerate({word for step in steps.values() for row in step.rows for word in (*row.values, *row.rules)})
        }
        return {
            "words": list(words),
            "steps": [[number_of, step.mask, [_packed(row, words) for row in step.rows]] for number_of, step in sorted(steps.items())],
        }

    def read_json(self, saved: Mapping[str, Any]) -> None:
        """Raises KeyError, ValueError, IndexError or TypeError."""
        words = self._shared(map(str, saved["words"]))
        for number_of, mask, rows in saved["steps"][-int(LASTS_S / STEP_S) - 1 :]:
            self._steps[int(number_of)] = _Step([_unpacked(row, words) for row in rows[:MAX_OLD]], int(mask))
        self._latest = max(self._steps, default=0)


def thinned(rows: Iterable[Row], mask: int) -> Iterator[Row]:
    return (row for row in rows if not row.mark & mask)


def _became(said: Facts) -> int:
    hits = said.hits
    if not hits:
        return 0
    return (
        FAILED * bool(hits & BAD)
        | BLOCKED * said.is_blocked
        | REFUSED * bool(hits & Hit.REFUSED)
        | RETRIED * bool(hits & Hit.RETRIED)
        | BLIND * bool(hits & Hit.UNLOOKED)
        | REJECTED * bool(hits & Hit.REJECTED)
        | UNFINISHED * bool(hits & Hit.UNFINISHED)
        | CUT_SHORT * bool(hits & Hit.CUT_SHORT)
    )


def _fewer(step: _Step) -> _Step:
    fewer = _Step(list(step.rows), step.mask)
    fewer.thin(_MAX_SAVED)
    return fewer


def _packed(row: Row, words: Mapping[str, int]) -> list[Any]:
    values, rules = [words[each] for each in row.values], [words[each] for each in row.rules]
    return [row.at, row.mark, values, rules, row.became, row.latency_ms, row.cost_usd]


def _unpacked(saved: list[Any], words: Sequence[str]) -> Row:
    at, mark, values, rules, became, latency_ms, cost_usd = saved
    if len(values) != len(DIMENSIONS) or min([*values, *rules], default=0) < 0:
        raise ValueError("not a row")
    values_of, rules_of = tuple([words[each] for each in values]), tuple([words[each] for each in rules])
    return Row(float(at), int(mark), values_of, rules_of, int(became), float(latency_ms), number(cost_usd))
