"""How often the part of simulated traffic that has a fault is named, first or among three; and how often one is where there is no fault."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from detectors.series.slices import Conditions, Row, Slice, expectations, slices
from detectors.training.slice_faults import Traffic, Window

RUNS = 40
USUAL = 20_000
"""Rows that what is usual is learned from."""
_SAME = 0.9
_SHOWN = 3
_OF_A_GATEWAY = 10


@dataclass(frozen=True, slots=True)
class Scenario:
    number: int
    order: int
    share: float
    least: int
    faults: int = 1

    @property
    def name(self) -> str:
        several = f", {self.faults} faults" if self.faults > 1 else ""
        return f"{self.number} rows, {self.order} dimension(s), {self.share:.0%} of >= {self.least}{several}"


SCENARIOS = (
    *(Scenario(2000, order, 0.5, 30) for order in (1, 2, 3)),
    *(Scenario(2000, order, 0.2, 60) for order in (1, 2, 3)),
    *(Scenario(10_000, order, 0.2, 100) for order in (1, 2, 3)),
    *(Scenario(10_000, order, 0.1, 100) for order in (1, 2)),
    Scenario(2000, 1, 0.2, 60, faults=2),
)


def simulated(runs: int = RUNS, scenarios: Sequence[Scenario] = SCENARIOS) -> dict[str, Any]:
    found = {scenario.name: _faults(scenario, runs) for scenario in scenarios}
    return {"runs": runs, "faults": found, "quiet": _quiet(runs)}


def _faults(scenario: Scenario, runs: int) -> dict[str, float]:
    first = among = right = told = 0
    took: list[float] = []
    for window, rows in _windows(scenario.name, runs, scenario):
        before = time.process_time()
        named = slices(rows)
        took.append(time.process_time() - before)
        causes = [_which(window, named, cause) for cause in window.causes]
        right += sum(map(bool, causes))
        told += len(named)
        first += bool(named) and any(named[0].conditions in each for each in causes)
        among += any(_which(window, _shown(named), cause) for cause in window.causes)
    recall, precision = right / (runs * scenario.faults), right / max(1, told)
    return {
        "first": first / runs,
        "among_three": among / runs,
        "f1": round(2 * recall * precision / max(1e-9, recall + precision), 3),
        "p50_ms": round(sorted(took)[runs // 2] * 1000),
    }


def _which(window: Window, named: Iterable[Slice], cause: frozenset[int]) -> set[Conditions]:
    """Of what is named, that which has the rows of the cause, and few others."""
    return {part.conditions for part in named if _is_same(window, part, cause)}


def _shown(named: Sequence[Slice]) -> list[Slice]:
    """The three that people are shown: of the first part its alternatives, too."""
    return [*named[:1], *(named[0].alternatives if named else ()), *named[1:]][:_SHOWN]


def _quiet(runs: int) -> dict[str, int]:
    scenario = Scenario(2000, 0, 0.0, 0, faults=0)
    return {"windows": runs, "told": sum(bool(slices(rows)) for _, rows in _windows("quiet", runs, scenario))}


def _windows(seed: str, runs: int, scenario: Scenario) -> Iterator[tuple[Window, list[Row]]]:
    """Ten of a gateway that has learned what is usual; then of another gateway."""
    for run in range(runs):
        if run % _OF_A_GATEWAY == 0:
            traffic = Traffic(f"{seed} {run}")
            learned = traffic.window(USUAL)
            usual = [(row["template"], is_hit) for row, is_hit in zip(learned.rows, learned.outcomes, strict=True)]
        window = traffic.window(scenario.number, order=scenario.order, faults=scenario.faults, share=scenario.share, least=scenario.least)
        known = expectations(usual, [row["template"] for row in window.rows])
        yield window, [Row(*each) for each in zip(window.rows, window.outcomes, known, strict=True)]


def _is_same(window: Window, part: Slice, cause: frozenset[int]) -> bool:
    rows = {at for at, row in enumerate(window.rows) if all(row[name] == value for name, value in part.conditions)}
    return len(cause & rows) >= _SAME * len(cause | rows)
