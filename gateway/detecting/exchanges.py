"""What exchanges say of how the gateway does, in steps of ten seconds: shares of them that rose or fell, traffic and cost that surge or
stop, error budgets that burn, and what will be used up. A symptom is told in every step while it is so.
"""

from collections.abc import Callable, Iterator, Mapping

import orjson

from gateway.detecting.budgets import Budgets
from gateway.detecting.facts import Facts, facts
from gateway.detecting.forecasts import Forecasts
from gateway.detecting.levels import Levels
from gateway.detecting.steptime import STEP_S, StepTime
from gateway.incidents.symptom import Symptom
from gateway.watch.row import Record

_VERSION = 1
OBJECTIVE = 0.995
MAX_KEYS = 500


class Exchanges:
    """A finder. ``objective_of``: an application's, the share of its exchanges that are to be good. ``usd_per_day``: None where cost has no
    limit. ``max_keys``: applications, upstreams' models and applications' models, so many of each.
    """

    def __init__(
        self, objective_of: Callable[[str], float] = lambda _: OBJECTIVE, usd_per_day: float | None = None, max_keys: int = MAX_KEYS
    ) -> None:
        self.unusable = 0
        """Records that say nothing of how their exchange went."""
        self._settings = objective_of, usd_per_day, max_keys
        self._time = StepTime()
        self._levels = Levels(max_keys)
        self._budgets = Budgets(objective_of)
        self._forecasts = Forecasts(objective_of, usd_per_day)

    @property
    def evicted(self) -> int:
        """Keys that gave way, and that found no room."""
        return self._levels.evicted

    @property
    def left_out(self) -> int:
        return self._levels.left_out

    @property
    def late(self) -> int:
        """Records of a time long past."""
        return self._time.late

    def take(self, record: Record) -> list[Symptom]:
        said = facts(record)
        if said is None:
            self.unusable += 1
            return []
        return self.note(said)

    def note(self, said: Facts) -> list[Symptom]:
        """As ``take`` does, for whoever has read the record already."""
        if said.is_held_off:
            self._levels.held_off(said.app, min(said.ended, self._time.now))
            return []
        over = self._time.heard(said.ended)
        if over is None:
            return []
        told = [symptom for step in over for symptom in self._closed(step)] if over else []
        at = min(said.ended, self._time.now)
        self._levels.count(said, at, self._time.step)
        if self._levels.is_steady(said.app):
            self._budgets.count(said, at, self._time.now)
            self._forecasts.count(said, at)
        return told

    def tick(self, now: float) -> list[Symptom]:
        return [symptom for step in self._time.tick(now) for symptom in self._closed(step)]

    def figures(self) -> Mapping[str, float]:
        """Of predictions (see ``Forecasts``)."""
        return self._forecasts.figures()

    def _closed(self, step: int) -> Iterator[Symptom]:
        end = (step + 1) * STEP_S
        yield from self._budgets.look(end)
        yield from self._levels.close(step)
        yield from self._forecasts.look(end)

    def snapshot(self) -> bytes:
        return orjson.dumps(
            {
                "version": _VERSION,
                "unusable": self.unusable,
                "time": self._time.as_json(),
                "levels": self._levels.as_json(),
                "budgets": self._budgets.as_json(),
                "forecasts": self._forecasts.as_json(),
            }
        )

    def restore(self, data: bytes) -> None:
        """Raises ValueError where that is no snapshot of this version; then nothing has changed."""
        fresh = Exchanges(*self._settings)
        try:
            saved = orjson.loads(data)
            if saved["version"] != _VERSION:
                raise ValueError("a snapshot of another version")
            fresh.unusable = saved["unusable"]
            fresh._time.read_json(saved["time"])
            fresh._levels.read_json(saved["levels"])
            fresh._budgets.read_json(saved["budgets"])
            fresh._forecasts.read_json(saved["forecasts"])
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError("not a snapshot") from error
        self.unusable, self._time, self._levels = fresh.unusable, fresh._time, fresh._levels
        self._budgets, self._forecasts = fresh._budgets, fresh._forecasts
