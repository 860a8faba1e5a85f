"""What became of predictions: how many came true, and how long before."""

import json
import statistics
from collections import deque
from typing import NamedTuple

from detectors.series.forecast import Forecast

MAX_OPEN, MAX_DONE = 200, 500


class Kept(NamedTuple):
    """``precision``: of those that are decided, the share that came true; ``lead_s``: the median of how long before they were made. None:
    nothing is decided yet.
    """

    decided: int
    precision: float | None
    lead_s: float | None


class Predictions:
    """One at a time for each name: made once, it stands until it comes true or its latest time has passed.

    What came true without having been predicted is ``missed``.
    """

    def __init__(self) -> None:
        self.missed = 0
        self._open: dict[str, tuple[float, float]] = {}
        self._done: deque[float | None] = deque(maxlen=MAX_DONE)

    def made(self, name: str, forecast: Forecast, now: float) -> None:
        self.tick(now)
        if name not in self._open and forecast.is_predicted:
            if len(self._open) == MAX_OPEN:
                del self._open[next(iter(self._open))]
            self._open[name] = now, now + forecast.latest_s

    def came_true(self, name: str, now: float) -> None:
        self.tick(now)
        known = self._open.pop(name, None)
        if known is None:
            self.missed += 1
        else:
            self._done.append(now - known[0])

    def tick(self, now: float) -> None:
        for name in [name for name, (_, until) in self._open.items() if until < now]:
            del self._open[name]
            self._done.append(None)

    def kept(self) -> Kept:
        leads = [lead for lead in self._done if lead is not None]
        if not self._done:
            return Kept(0, None, None)
        return Kept(len(self._done), len(leads) / len(self._done), statistics.median(leads) if leads else None)

    def snapshot(self) -> bytes:
        return json.dumps([self.missed, self._open, list(self._done)]).encode()

    @classmethod
    def restore(cls, snapshot: bytes) -> "Predictions":
        found = cls()
        found.missed, known, done = json.loads(snapshot)
        found._open = {name: (float(at), float(until)) for name, (at, until) in known.items()}
        found._done.extend(done)
        return found
