"""A finder of states: upstreams that are down, detectors that cannot look, rules that suddenly say far more or nothing; and of what others
know, which they tell (``figures``, ``drift``, ``bias``).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson

from gateway.detecting.blind import BlindDetectors
from gateway.detecting.bursts import Bursts
from gateway.detecting.calls import Calls
from gateway.detecting.facts import AHEAD_S, Facts, facts
from gateway.detecting.figures import Figures
from gateway.detecting.shifts import Disparate, of_drift
from gateway.detecting.silent import SilentRules
from gateway.incidents.symptom import Symptom
from gateway.watch.drift.episodes import Episode
from gateway.watch.row import Record
from policies.signals import Level

STEP_S = 10.0
_VERSION: Final = 1


class States:
    """What goes on is told once a step. ``now`` is how far the watch has read."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._calls, self._blind, self._bursts, self._silent = Calls(), BlindDetectors(), Bursts(), SilentRules()
        self._figures, self._disparate = Figures(), Disparate()
        self._now: float | None = None
        self._told = 0.0
        self._not_records = 0

    @property
    def unusable(self) -> int:
        """Records and figures that are none."""
        return self._not_records + self._figures.unusable

    @property
    def evicted(self) -> int:
        return self._calls.evicted + self._blind.evicted + self._bursts.evicted + self._silent.evicted

    def take(self, record: Record) -> Iterable[Symptom]:
        """Nothing is told at once."""
        said = facts(record)
        if said is None:
            self._not_records += 1
        else:
            self.note(said if self._now is None else said.by(self._now + AHEAD_S))
        return ()

    def note(self, said: Facts) -> None:
        """As ``take`` does, for whoever has read the record already."""
        if said.is_held_off:
            return
        self._calls.take(said)
        self._blind.take(said)
        self._bursts.take(said)
        self._silent.take(said)

    def tick(self, now: float) -> Iterator[Symptom]:
        self._now = now if self._now is None else max(self._now, now)
        if 0 <= now - self._told < STEP_S:
            return
        self._told = now
        yield from self._calls.told(now)
        yield from self._blind.told(now)
        yield from self._bursts.tick(now)
        yield from self._silent.told(now)

    def figures(self, figures: Mapping[str, float], now: float) -> Iterator[Symptom]:
        """What is wrong of what the gateway and the watch say of themselves."""
        return self._figures.take(figures, now)

    def drift(self, episodes: Iterable[Episode], now: float) -> Iterator[Symptom]:
        return of_drift(episodes, now)

    def bias(self, levels: Iterable[Level], now: float) -> Iterator[Symptom]:
        return self._disparate.take(levels, now)

    def snapshot(self) -> bytes:
        """Without the ids of exchanges that show it: those that come are told."""
        return orjson.dumps({
            "v": _VERSION, "now": self._now, "told": self._told, "unusable": self._not_records, "calls": self._calls.as_json(),
            "blind": self._blind.as_json(), "bursts": self._bursts.as_json(), "silent": self._silent.as_json(),
            "figures": self._figures.as_json(), "disparate": self._disparate.as_json(),
        })  # fmt: skip

    def restore(self, data: bytes) -> None:
        """Goes on as the one whose snapshot this was. Raises ValueError for what is none of this version, and is then not to be used."""
        try:
            saved = orjson.loads(data)
            if saved["v"] != _VERSION:
                raise ValueError("a snapshot of another version")
            self._begin()
            self._now = None if saved["now"] is None else float(saved["now"])
            self._told, self._not_records = float(saved["told"]), int(saved["unusable"])
            self._calls.read_json(saved["calls"])
            self._blind.read_json(saved["blind"])
            self._bursts.read_json(saved["bursts"])
            self._silent.read_json(saved.get("silent", []))
            self._figures.read_json(saved["figures"])
            self._disparate.read_json(saved["disparate"])
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise ValueError("not a snapshot") from error
