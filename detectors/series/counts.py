"""Counts that are too small for a number's range to say anything: errors in a minute, refusals of the few exchanges of a small app.

A count is compared with what is to be expected of as many exchanges (or as much time), by the tail of the distribution of counts that
vary as much as these do. So three of four says little, and thirty of forty a lot.
"""

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any, Final

import orjson

from detectors.series import tails
from detectors.series.anomaly import Anomaly
from detectors.series.arrivals import Arrivals

_VERSION: Final = 1
_LARGEST = 1_000_000
"""Of more than that, a ``MetricWatch`` says as much."""
_FORGETS = 0.02
_NOT_UNUSUAL = 0.05
_NEAR = 1.5
"""Standard deviations within which nothing is unusual."""
_MOST_TIMES = 25.0
"""By which one count may seem to vary more than the others: what is rare does not at once become usual."""
_UNSEEN = 0.5
"""What is to be expected of what has never been seen, in all the time before."""


@dataclass(frozen=True, slots=True)
class Settings:
    alpha: float = 1e-5
    """The chance of a count, or of one further off, at which it is told."""
    learn: int = 20
    """Counts before which nothing is told."""


class CountWatch:
    """One series of counts. What goes on being unusual is told once."""

    __slots__ = ("_arrivals", "_dispersion", "_is_told", "_rate", "_settings", "_worth", "ignored", "key", "seen", "series")

    def __init__(self, series: str, key: tuple[str, ...] = (), settings: Settings | None = None) -> None:
        self.series = series
        self.key = key
        self.seen = 0
        self.ignored = 0
        """Counts that cannot be (negative, of nothing, more than there were), or are too large."""
        self._settings = settings or Settings()
        self._arrivals = Arrivals()
        self._rate = 0.0
        self._worth = 0.0
        """The exposure that the rate was learned from."""
        self._dispersion = 1.0
        self._is_told = False

    @property
    def is_unusual(self) -> bool:
        """Whether what was told of goes on."""
        return self._is_told

    def update(self, ts: float, count: int, exposure: float = 1.0, *, is_share: bool = False) -> Anomaly | None:
        """So many in so many exchanges, or so much time. ``is_share``: each of the exchanges counts once at most."""
        sound = isfinite(ts) and 0 <= count <= _LARGEST and 0 < exposure <= _LARGEST and (count <= exposure or not is_share)
        if not sound:
            self.ignored += 1
            return None
        if not self._arrivals.admits(ts):
            return None
        chance, expected = self._chance(count, exposure, is_share=is_share)
        self._learn(count, exposure, is_share=is_share)
        if self.seen <= self._settings.learn:
            return None
        is_unusual = chance <= (_NOT_UNUSUAL if self._is_told else self._settings.alpha)
        began = is_unusual and not self._is_told
        self._is_told = is_unusual
        return Anomaly("rare count", self.key, self.series, ts, ts, chance, count, expected, self.seen) if began else None

    def _chance(self, count: int, exposure: float, *, is_share: bool) -> tuple[float, float]:
        """Of a count that is as far off, on either side; and what was to be expected."""
        worth = self._worth or exposure
        rate = max(self._rate, _UNSEEN / worth)
        rate = min(rate, 1.0) if is_share else rate
        expected = rate * exposure
        dispersion = self._dispersion * (1 + exposure / worth)  # what is not known of the rate varies too
        variance = expected * dispersion * (1 - rate if is_share else 1)
        if abs(count - expected) <= _NEAR * sqrt(variance):
            return 1.0, expected
        above = count > expected
        least = count if above else count + 1
        if is_share and dispersion <= 1:
            chance = tails.binomial(least, int(exposure), rate)
        else:
            chance = tails.dispersed(least, expected, dispersion)
        return min(1.0, 2 * (chance if above else 1 - chance)), expected

    def _learn(self, count: int, exposure: float, *, is_share: bool) -> None:
        weight = max(_FORGETS, 1 / (self.seen + 1))
        self.seen += 1
        expected = self._rate * exposure
        variance = expected * (1 - self._rate) if is_share else expected
        if self.seen > 1 and variance > 0:
            seen = min((count - expected) ** 2 / variance, _MOST_TIMES * self._dispersion)
            self._dispersion = max(1.0, self._dispersion + weight * (seen - self._dispersion))
        worth = self._worth * (1 - weight if weight == _FORGETS else 1) + exposure
        self._rate += exposure / worth * (count / exposure - self._rate)
        self._worth = worth

    def snapshot(self) -> bytes:
        """All that is known, as JSON. The settings are not in it."""
        return orjson.dumps({"version": _VERSION, "series": self.series, "key": self.key, "state": self.as_json()})

    @classmethod
    def restore(cls, data: bytes, settings: Settings | None = None) -> "CountWatch":
        """What goes on as the one that gave the snapshot would have. Raises ValueError for what is no snapshot of this version."""
        try:
            found = orjson.loads(data)
            if found["version"] != _VERSION:
                raise ValueError("a snapshot of another version")
            watch = cls(found["series"], tuple(found["key"]), settings)
            watch.read_json(found["state"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a snapshot") from error
        return watch

    def as_json(self) -> list[Any]:
        return [self.seen, self.ignored, self._arrivals.as_json(), self._rate, self._worth, self._dispersion, self._is_told]

    def read_json(self, saved: list[Any]) -> None:
        self.seen, self.ignored, arrivals, self._rate, self._worth, self._dispersion, self._is_told = saved
        self._arrivals.restore(arrivals)
