"""Simulated traffic of a gateway by its dimensions, with outcomes that a fault makes more common in a part of it.

A template belongs to one app, and an app has few of the tenants, models and tools: so dimensions hang together as they do in practice.
Outcomes have a rate for each template. How often values occur falls off as it does with names of things (Zipf).
"""

from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from random import Random

SIZES = {"app": 12, "tenant": 20, "model": 5, "upstream": 4, "policy": 6, "template": 60, "tool": 8}
_ZIPF = 0.8
_BASE = 0.026
_SHAPE = 4.0

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Window:
    """``outcomes`` of each row; ``causes``: for each fault, the places of its rows."""

    rows: Sequence[Values]
    outcomes: Sequence[bool]
    causes: Sequence[frozenset[int]]


class Traffic:
    """Of one gateway, whose making is drawn from ``seed``."""

    def __init__(self, seed: str) -> None:
        self._chance = chance = Random(seed)  # noqa: S311 a simulation
        apps = [f"app {at}" for at in range(SIZES["app"])]
        self._app_of = {f"template {at}": apps[at % len(apps)] for at in range(SIZES["template"])}
        self._templates = list(self._app_of)
        self._rates = {name: min(0.3, chance.gammavariate(_SHAPE, _BASE / _SHAPE)) for name in self._app_of}
        self._some = {
            app: {name: chance.sample([f"{name} {at}" for at in range(SIZES[name])], k=max(2, SIZES[name] // 2)) for name in SIZES}
            for app in apps
        }
        self._weights = {size: list(accumulate(1 / (rank + 1) ** _ZIPF for rank in range(size))) for size in range(1, 61)}

    def rate(self, row: Values) -> float:
        return self._rates[row["template"]]

    def window(self, number: int, *, order: int = 0, faults: int = 0, share: float = 0.0, least: int = 0) -> Window:
        """``share``: of a fault's rows, those that it gives the outcome. ``least``: rows that a fault has at least."""
        rows = [self._row() for _ in range(number)]
        outcomes = [self._chance.random() < self.rate(row) for row in rows]
        causes = [self._cause(rows, order, least) for _ in range(faults)]
        for cause in causes:
            for at in sorted(cause):
                outcomes[at] = outcomes[at] or self._chance.random() < share
        return Window(rows, outcomes, causes)

    def _row(self) -> dict[str, str]:
        template = self._drawn(self._templates)
        app = self._app_of[template]
        some = self._some[app]
        return {"app": app, "template": template, **{name: self._drawn(some[name]) for name in SIZES if name not in ("app", "template")}}

    def _drawn(self, values: Sequence[str]) -> str:
        weights = self._weights[len(values)]
        return values[bisect(weights, self._chance.random() * weights[-1])]

    def _cause(self, rows: Sequence[Values], order: int, least: int) -> frozenset[int]:
        """The rows that have what a row that was drawn has in as many dimensions; no larger than a third of all."""
        while True:
            row = self._chance.choice(rows)
            names = self._chance.choice(list(combinations(sorted(SIZES), order)))
            found = frozenset(at for at, each in enumerate(rows) if all(each[name] == row[name] for name in names))
            if least <= len(found) <= len(rows) // 3:
                return found
