"""What is not as usual in one number that is measured again and again: a rate, a latency, a cost, the depth of a queue.

Three ``views`` say how far a point lies from what is usual, one of them also for the points of late; a reservoir each turns that into how
unusual it is by rank, and the quadratic mean of these is what an alarm goes by. So nothing is assumed of how the numbers are
distributed, and the state is bounded, whatever comes. After an alarm there is none for a while; what lasts is told once more.

What is missing is not zero: it is not counted, and when nothing comes for much longer than ever, ``tick`` says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log, sqrt
from typing import Any, Final

import orjson

from detectors.series.anomaly import Anomaly, MetricKind
from detectors.series.arrivals import Arrivals
from detectors.series.reservoir import Reservoir
from detectors.series.views import Jumps, Range, TimeOfDay

_VERSION: Final = 1
_LARGEST = 1e30
"""What is larger counts as that."""
_VIEWS = 4
_RANGE, _JUMPS, _, _FOR_A_WHILE = range(_VIEWS)
_LASTS = 12
"""Points after an alarm that lie to the same side, by which it is known that the level has shifted."""
_STAYS_RESTLESS = 24
"""Points after an alarm, after which one that was alone no longer counts among the jumps of late."""
_USUAL = 3.0
"""Less surprising than that, a value is not what is unusual about a point."""


@dataclass(frozen=True, slots=True)
class Settings:
    alpha: float = 0.007
    """About the share of usual points that are as unusual as what is told."""
    quiet: int = 50
    """Points after an alarm, and after the last unusual one that followed it, without another."""
    longest: int = 400
    """Points after which an alarm that goes on is told again."""
    learn: int = 300
    """Points before which only the limits are looked at."""
    low: float = -inf
    high: float = inf
    """Fixed limits: a value outside is told at once."""


@dataclass(slots=True)
class _Episode:
    """An alarm that was told."""

    onset: float
    is_above: bool
    is_told: bool
    """As what lasts."""
    points: int = 0
    quiet: int = 0
    same_side: int = 0


class MetricWatch:
    """One series. ``update`` with each point, ``tick`` from time to time."""

    def __init__(self, series: str, key: tuple[str, ...] = (), settings: Settings | None = None) -> None:
        self.series = series
        self.key = key
        self.seen = 0
        self.missing = 0
        """Points without a value that is a number."""
        self.surprise = 0.0
        """How unusual the last point was: about minus the logarithm of ``Anomaly.score``; 0 where none would be told."""
        self._settings = settings or Settings()
        self._alarm = -log(self._settings.alpha)
        self._arrivals = Arrivals()
        self._range, self._jumps, self._of_day = Range(), Jumps(), TimeOfDay()
        self._reservoirs = tuple(Reservoir() for _ in range(_VIEWS))
        self._episode: _Episode | None = None
        self._is_outside = False

    @property
    def late(self) -> int:
        """Points that came after one of a later time, and were not looked at."""
        return self._arrivals.late

    def update(self, ts: float, value: float | None) -> Anomaly | None:
        """Looks at one point, which is later than those before it."""
        self.surprise = 0.0
        if value is None or not isfinite(value) or not isfinite(ts):
            self.missing += 1
            return None
        if not self._arrivals.admits(ts):
            return None
        self.seen += 1
        outside = self._outside(ts, value)
        value = max(-_LARGEST, min(_LARGEST, value))
        middle = self._range.middle
        surprises = self._surprises(ts, value)
        if self.seen <= self._settings.learn or middle is None:
            return outside
        of_day = self._of_day.usual
        found = self._judge(ts, value, middle if of_day is None else of_day, surprises)
        return outside or found

    def tick(self, now: float) -> Anomaly | None:
        """Silence that began: nothing has come for much longer than ever. Told once."""
        score = self._arrivals.silent(now)
        if score is None:
            return None
        return Anomaly("silence", self.key, self.series, self._arrivals.last, now, score, None, self._range.middle, self.seen)

    def _surprises(self, ts: float, value: float) -> Sequence[float]:
        of_day = self._of_day.put(ts, value)
        late = None if of_day is None else abs(self._of_day.for_a_while)
        distances = (self._range.put(value), self._jumps.put(value), of_day, late)
        found = [0.0] * _VIEWS
        for at, distance in enumerate(distances):
            if distance is not None:
                reservoir = self._reservoirs[at]
                found[at] = reservoir.surprise(distance)
                reservoir.add(distance)
        return found

    def _outside(self, ts: float, value: float) -> Anomaly | None:
        """A limit that was passed: told when it begins."""
        settings = self._settings
        is_outside = not settings.low <= value <= settings.high
        began = is_outside and not self._is_outside
        self._is_outside = is_outside
        if not began:
            return None
        limit = settings.high if value > settings.high else settings.low
        return Anomaly("beyond limit", self.key, self.series, ts, ts, 0.0, value, limit, self.seen)

    def _judge(self, ts: float, value: float, usual: float, surprises: Sequence[float]) -> Anomaly | None:
        surprise = sqrt(sum(each * each for each in surprises) / _VIEWS)
        is_unusual = surprise >= self._alarm
        episode = self._episode
        if episode is not None:
            episode.points += 1
            episode.quiet = 0 if is_unusual else episode.quiet + 1
            if episode.quiet < self._settings.quiet and episode.points < self._settings.longest:
                return self._lasting(episode, ts, value, usual, surprises)
            self._episode = None
        self.surprise = surprise
        if not is_unusual:
            return None
        kind = self._kind(value, usual, surprises)
        self._episode = _Episode(ts, value > usual, kind in ("level shift", "variance change"))
        return self._anomaly(kind, ts, ts, surprise, value, usual)

    def _kind(self, value: float, usual: float, surprises: Sequence[float]) -> MetricKind:
        most = max(surprises)
        if surprises[_JUMPS] == most and surprises[_RANGE] < _USUAL:
            return "variance change"
        if surprises[_FOR_A_WHILE] == most:
            return "level shift"
        return "spike" if value > usual else "dip"

    def _lasting(self, episode: _Episode, ts: float, value: float, usual: float, surprises: Sequence[float]) -> Anomaly | None:
        """What the alarm turned out to be, where it goes on: told once."""
        if episode.is_told:
            return None
        if episode.same_side == episode.points - 1 and (value > usual) == episode.is_above:
            episode.same_side += max(surprises[_RANGE], surprises[_FOR_A_WHILE]) >= _USUAL
        kind: MetricKind | None = None
        if episode.same_side >= _LASTS:
            kind = "level shift"
        elif episode.points == _STAYS_RESTLESS and surprises[_JUMPS] >= _USUAL:
            kind = "variance change"
        if kind is None:
            return None
        episode.is_told = True
        return self._anomaly(kind, episode.onset, ts, max(surprises), value, usual)

    def _anomaly(self, kind: MetricKind, onset: float, at: float, surprise: float, value: float, usual: float) -> Anomaly:
        return Anomaly(kind, self.key, self.series, onset, at, min(1.0, exp(-surprise)), value, usual, self.seen)

    def snapshot(self) -> bytes:
        """All that is known, as JSON. The settings are not in it."""
        episode = self._episode
        return orjson.dumps(
            {
                "version": _VERSION,
                "series": self.series,
                "key": self.key,
                "seen": self.seen,
                "missing": self.missing,
                "arrivals": self._arrivals.as_json(),
                "range": self._range.as_json(),
                "jumps": self._jumps.as_json(),
                "of_day": self._of_day.as_json(),
                "reservoirs": [each.as_json() for each in self._reservoirs],
                "outside": self._is_outside,
                "episode": episode and [episode.onset, episode.is_above, episode.is_told, episode.points, episode.quiet, episode.same_side],
            }
        )

    @classmethod
    def restore(cls, data: bytes, settings: Settings | None = None) -> "MetricWatch":
        """What goes on as the one that gave the snapshot would have. Raises ValueError for what is no snapshot of this version."""
        try:
            found = orjson.loads(data)
            if found["version"] != _VERSION:
                raise ValueError("a snapshot of another version")
            watch = cls(found["series"], tuple(found["key"]), settings)
            watch._restore(found)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError("not a snapshot") from error
        return watch

    def _restore(self, data: dict[str, Any]) -> None:
        self.seen, self.missing = data["seen"], data["missing"]
        self._arrivals.restore(data["arrivals"])
        self._range.restore(data["range"])
        self._jumps.restore(data["jumps"])
        self._of_day.restore(data["of_day"])
        for reservoir, saved in zip(self._reservoirs, data["reservoirs"], strict=True):
            reservoir.restore(saved)
        self._is_outside = data["outside"]
        self._episode = _Episode(*data["episode"]) if data["episode"] else None
