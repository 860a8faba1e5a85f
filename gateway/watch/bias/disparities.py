"""Who is watched for disparities: a ``Disparity`` for each application, and no more of them than there is room for. Pure.

``update`` is for every exchange; ``look`` says what is known of one application anew, which may cost a tenth of a second, and is for every
few seconds.
Where there is no room for a new application, one goes of which too little is known to show, the one that was silent for longest first, and
only then the one that was silent for longest.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from detectors.series.cells import Cell, State
from detectors.series.disparity import Disparity, Limits, Method
from detectors.series.outcome import Outcome
from policies.signals import Level

APPS = 24
STRATA = 32
_APP_CHARS = 128
_CELLS = 100
"""Of an application that are told, the worst first."""
_ALPHA = 0.01
_NEWS, _LATEST = 20, 15
"""A part in so many of what is known is news; any is, after so many times as long."""

_SCORES = 4
"""Rules of an application whose scores are compared."""
_SCORED, SCORES = "score.", "scores"
LEVEL_OF: Mapping[str, str] = {
    "blocked": "blocked",
    "refused": "refused",
    "no_tool": "tools",
    "answer_chars": "length",
    "sentiment": "sentiment",
    "latency_ms": "latency",
    "cost_micros": "cost",
}
"""By outcome: what policies call a disparity in it (``policies.signals.DISPARITY``). In what any rule scores, it is ``SCORES``."""

Json = dict[str, Any]


class StateError(ValueError):
    """It is no state of this version. It has no text of it."""


def method() -> Method:
    return Method(alpha=_ALPHA, limits=Limits(attributes=8, groups=8, strata=STRATA, outcomes=len(LEVEL_OF) + _SCORES))


@dataclass(slots=True)
class _Watched:
    found: Disparity
    cells: list[Cell] = field(default_factory=list)
    shown: list[Json] = field(default_factory=list)
    """Of the cells, as they are told to people."""
    looked_at: float = float("-inf")
    seen: int = -1
    """Outcomes at the last look."""
    saved: tuple[int, bytes] = (-1, b"")
    """The last snapshot, and after how many outcomes."""

    @property
    def count(self) -> int:
        return self.found.outcomes + self.found.lost.total()

    @property
    def is_known(self) -> bool:
        return self.found.outcomes >= 2 * self.found.method.bar.shown

    def is_due(self, now: float, every_s: float) -> bool:
        news, since = self.count - self.seen, abs(now - self.looked_at)
        return news > 0 and since >= every_s and (news * _NEWS >= self.count or since >= _LATEST * every_s)

    def snapshot(self) -> bytes:
        if self.saved[0] != self.count:
            self.saved = (self.count, self.found.snapshot())
        return self.saved[1]


class Disparities:
    def __init__(self, method: Method, apps: int = APPS) -> None:
        self._method = method
        self._apps = apps
        self._watched: OrderedDict[str, _Watched] = OrderedDict()  # who was silent for longest comes first
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._watched)

    def update(self, outcome: Outcome) -> None:
        app = outcome.app[:_APP_CHARS]
        watched = self._watched.get(app) or self._admit(app)
        self._watched.move_to_end(app)
        watched.found.update(outcome)

    def _admit(self, app: str) -> _Watched:
        if len(self._watched) >= self._apps:
            unknown = (name for name, watched in self._watched.items() if not watched.is_known)
            del self._watched[next(unknown, next(iter(self._watched)))]
            self.evicted += 1
        self._watched[app] = watched = _Watched(Disparity(self._method))
        return watched

    def look(self, now: float, every_s: float) -> bool:
        """At the one application with news that was not looked at for longest, and for so long at least; of much that is known, a little
        is no news for a while. Whether there was one.
        """
        due = [(each.looked_at, app) for app, each in self._watched.items() if each.is_due(now, every_s)]
        if not due:
            return False
        _, app = min(due)
        watched = self._watched[app]
        watched.cells = watched.found.cells()
        watched.shown = [_cell(app, cell, watched.found.method.bar.shown) for cell in watched.cells[:_CELLS]]
        watched.looked_at, watched.seen = now, watched.count
        return True

    def levels(self, expires: float) -> list[Level]:
        """How many times as high, or as low, what differs is for a group; what does not differ has no level."""
        worst: dict[tuple[str, str], Cell] = {}
        for app, watched in self._watched.items():
            for cell in watched.cells:
                name = SCORES if cell.outcome.startswith(_SCORED) else LEVEL_OF.get(cell.outcome)
                if name and cell.state is State.DISPARITY and ((app, name) not in worst or worst[app, name].level < cell.level):
                    worst[app, name] = cell
        return [
            Level("disparity", name, round(cell.level, 4), expires, app, since=cell.since, evidence=evidence_id(app, cell))
            for (app, name), cell in worst.items()
        ]

    def shown(self) -> list[Json]:
        """The applications with most outcomes first."""
        watched = sorted(self._watched.items(), key=lambda each: -each[1].found.outcomes)
        return [_shown(app, each) for app, each in watched]

    def snapshot(self) -> Json:
        """For ``orjson``."""
        return {"evicted": self.evicted, "apps": [[app, orjson.Fragment(each.snapshot())] for app, each in self._watched.items()]}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Goes on as the one whose snapshot this was. Raises ``StateError``, and is then not to be used."""
        try:
            for app, snapshot in saved["apps"][-self._apps :]:
                found = Disparity(self._method)
                found.restore(orjson.dumps(snapshot))
                self._watched[str(app)] = _Watched(found)
            self.evicted = int(saved["evicted"])
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise StateError(type(error).__name__) from None


def evidence_id(app: str, cell: Cell) -> str:
    """By which a level names its row of the report."""
    seed = "\n".join((app, cell.attribute, cell.group, cell.outcome))
    return f"bias-{hashlib.blake2b(seed.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _shown(app: str, watched: _Watched) -> Json:
    found = watched.found
    least = found.method.bar.shown
    return {
        "app": app,
        "outcomes": found.outcomes,
        "since": found.start,
        "state": _state(watched, least),
        "lost": dict(found.lost),
        "cells": watched.shown,
        "more": len(watched.cells) - len(watched.shown),
    }


def _state(watched: _Watched, least: int) -> str:
    states = {cell.state for cell in watched.cells}
    for state in (State.DISPARITY, State.LEARNING, State.FAIR_SO_FAR):
        if state in states:
            return state.value
    return f"{State.NOT_ENOUGH_DATA}: no two groups of {least} exchanges that can be compared"


def _cell(app: str, cell: Cell, least: int) -> Json:
    """Of few people, not even how many they are."""
    said = asdict(cell)
    if cell.state is State.NOT_ENOUGH_DATA:
        said |= {"size": None if cell.size < least else cell.size, "others_size": None if cell.others_size < least else cell.others_size}
    return {"id": evidence_id(app, cell), **said, "level": round(cell.level, 4)}
