"""Who is watched for drift: a ``DriftWatch`` for each application, model and surface, and no more of them than there is room for. Pure.

Applications, and clients that name models, may make names up without end. So a model to whose name nobody has answered, or beyond the
limit of its application, is watched with the others of its like, under ``OTHERS``, and what is told of them is told of all those that are
not watched by themselves; a model that was silent for a day before it had learned
enough to say anything makes room for another one. Where there is no room for a new key, one goes to which nobody has answered, or else one
that has not learned enough, the one that was silent for longest first, and only where all have learned, the one that was silent for
longest. To make room for what nobody has answered, no other goes than its like.
"""

import zlib
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from detectors.series.drift import DriftWatch, FeatureStatus, Settings
from detectors.series.observation import Observation
from gateway.watch.drift.episodes import Episode, Episodes, Key
from gateway.watch.drift.features import told_as
from policies.signals import Level

VERSION = 2
OTHERS = "(others)"
_NAME_CHARS = 128
_SILENT_S = 86_400.0
_FAST = 1


class StateError(ValueError):
    """It is no state of this version. It has no text of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    keys: int = 200
    models: int = 16
    """Of an application on a surface that are watched by themselves."""


@dataclass(slots=True)
class _Watched:
    watch: DriftWatch
    ts: float | None = None
    """When something of it was seen last."""
    is_answered: bool = False
    """Anything of it, at any time."""
    saved: tuple[int, bytes] = (-1, b"")
    """Its last snapshot, packed, and after how many exchanges."""
    shown: tuple[int, tuple[FeatureStatus, ...]] = (-1, ())

    def snapshot(self) -> bytes:
        if self.saved[0] != self.count:
            self.saved = (self.count, zlib.compress(self.watch.snapshot(), _FAST))
        return zlib.decompress(self.saved[1])

    def status(self) -> tuple[FeatureStatus, ...]:
        if self.shown[0] != self.count:
            self.shown = (self.count, self.watch.status())
        return self.shown[1]

    @property
    def count(self) -> int:
        return self.watch.exchanges + self.watch.capped


class Roster:
    """``features``: those that are watched; none: all that there are."""

    def __init__(self, settings: Settings, limits: Limits | None = None, features: frozenset[str] = frozenset()) -> None:
        self._settings = settings
        self._limits = limits or Limits()
        self._features = features
        self._watched: OrderedDict[Key, _Watched] = OrderedDict()  # who was silent for longest comes first
        self._models: Counter[tuple[str, str]] = Counter()
        self.episodes = Episodes()
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._watched)

    def update(self, observation: Observation) -> list[Episode]:
        """The drifts that the exchange begins or ends, as they are now."""
        key = self._key(observation)
        watched = self._watched.get(key) or self._admit(key, observation)
        if watched is None:
            return []
        self._watched.move_to_end(key)
        watched.ts = observation.ts
        watched.is_answered = watched.is_answered or observation.is_answered
        report = watched.watch.update(self._chosen(observation))
        return self.episodes.note(key, report) if report else []

    def _key(self, observation: Observation) -> Key:
        app, model, surface = (*(part[:_NAME_CHARS] for part in observation.key), "", "", "")[:3]
        key = (app, model, surface)
        if key in self._watched or not surface:
            return key
        is_own = model and observation.is_answered and self._has_room(app, surface, observation.ts)
        return key if is_own else (app, OTHERS, surface)

    def _has_room(self, app: str, surface: str, ts: float | None) -> bool:
        """For one more model of the application on that surface."""
        if self._models[app, surface] < self._limits.models:
            return True
        for key, watched in self._watched.items():
            is_like = (key[0], key[2]) == (app, surface) and key[1] != OTHERS and not self._has_learned(watched)
            if is_like and ts is not None and watched.ts is not None and ts - watched.ts > _SILENT_S:
                self._evict(key, ts)
                return True
        return False

    def _has_learned(self, watched: _Watched) -> bool:
        return watched.watch.exchanges >= self._settings.reference.least

    def _admit(self, key: Key, observation: Observation) -> _Watched | None:
        """None: there is no room for what nobody has answered."""
        if len(self._watched) >= self._limits.keys:
            least = self._least()
            if self._watched[least].is_answered and not observation.is_answered:
                self.evicted += 1
                return None
            self._evict(least, observation.ts)
        return self._put(key, _Watched(DriftWatch(key, self._settings)))

    def _put(self, key: Key, watched: _Watched) -> _Watched:
        if key[1] != OTHERS:
            self._models[key[0], key[2]] += 1
        self._watched[key] = watched
        return watched

    def _least(self) -> Key:
        unanswered = (key for key, watched in self._watched.items() if not watched.is_answered)
        unlearned = (key for key, watched in self._watched.items() if not self._has_learned(watched))
        return next(unanswered, None) or next(unlearned, None) or next(iter(self._watched))

    def _evict(self, key: Key, ts: float | None) -> None:
        del self._watched[key]
        self.evicted += 1
        self.episodes.forget(key, ts)
        if key[1] != OTHERS:
            self._models[key[0], key[2]] -= 1
            if not self._models[key[0], key[2]]:
                del self._models[key[0], key[2]]

    def _chosen(self, observation: Observation) -> Observation:
        if not self._features:
            return observation
        chosen = self._features
        return replace(
            observation,
            numeric={name: value for name, value in observation.numeric.items() if name in chosen},
            categorical={name: value for name, value in observation.categorical.items() if name in chosen},
            sketches={name: value for name, value in observation.sketches.items() if name in chosen},
        )

    def levels(self, expires: float) -> list[Level]:
        """Of what drifts now. What does not drift has no level: how far chance alone moved it is nobody's news."""
        return [level for key in self._drifting() for level in self._levels(key, expires)]

    def _drifting(self) -> Iterator[Key]:
        open_ones = dict.fromkeys(episode.place[:3] for episode in self.episodes.newest_first() if episode.ended is None)
        return (key for key in open_ones if key in self._watched)

    def _levels(self, key: Key, expires: float) -> Iterator[Level]:
        watched = self._watched[key]
        found: dict[str, FeatureStatus] = {}
        drifting = [status for status in watched.status() if status.state == "drifting"]
        is_of_model = "upstream model" in watched.watch.kinds()
        for status in drifting:
            names = told_as(status.name)
            for name in (*names, "model") if is_of_model and "output" in names else names:
                if name not in found or found[name].level.value < status.level.value:
                    found[name] = status
        app, model, surface = key
        others = self._told_by_themselves(app, surface) if model == OTHERS else ()
        for name, status in found.items():
            level, evidence = round(status.level.value, 4), self.episodes.id_of(key, status.name)
            of = "" if model == OTHERS else model
            yield Level("drift", name, level, expires, app, of, surface, status.since, evidence, others)

    def _told_by_themselves(self, app: str, surface: str) -> tuple[str, ...]:
        return tuple([key[1] for key in self._watched if (key[0], key[2]) == (app, surface) and key[1] != OTHERS])

    def overview(self) -> list[Mapping[str, Any]]:
        """How far each key is, the busiest first."""
        watched = sorted(self._watched.items(), key=lambda each: -each[1].watch.exchanges)
        return [_shown(key, each, self._settings.reference.least) for key, each in watched]

    def snapshot(self) -> bytes:
        """All that is known, as JSON. The settings are not in it."""
        said = {
            "v": VERSION,
            "evicted": self.evicted,
            "watched": [[watched.ts, watched.is_answered, orjson.Fragment(watched.snapshot())] for watched in self._watched.values()],
            **self.episodes.as_json(),
        }
        return orjson.dumps(said)

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Goes on as the one whose snapshot this was. Raises ``StateError``, and is then not to be used."""
        try:
            _check(saved["v"])
            for ts, is_answered, snapshot in saved["watched"][-self._limits.keys :]:
                watch = DriftWatch.restore(orjson.dumps(snapshot), self._settings)
                app, model, surface = watch.key
                self._put((app, model, surface), _Watched(watch, ts, bool(is_answered)))
            self.episodes.restore(saved)
            self.evicted = int(saved["evicted"])
        except StateError:
            raise
        except (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise StateError(type(error).__name__) from None


def _check(version: object) -> None:
    if version != VERSION:
        raise StateError("it is of another version")


def _shown(key: Key, watched: _Watched, least: int) -> Mapping[str, Any]:
    statuses = watched.status()
    app, model, surface = key
    return {
        "app": app,
        "model": model,
        "surface": surface,
        "exchanges": watched.watch.exchanges,
        "capped": watched.watch.capped,
        "ts": watched.ts,
        "state": _state(watched.watch.exchanges, least, statuses),
        "kinds": list(watched.watch.kinds()),
        "features": [_feature(status) for status in statuses],
    }


def _state(exchanges: int, least: int, statuses: tuple[FeatureStatus, ...]) -> str:
    states = {status.state for status in statuses}
    if "drifting" in states:
        return "drifting"
    if "normal" in states:
        return "stable"
    if exchanges < least:
        return f"learning, {exchanges:,} of {least:,} exchanges"
    return "learning what this time of the day is like: it is compared once it was seen to its end"


def _feature(status: FeatureStatus) -> Mapping[str, Any]:
    level = status.level
    return {
        "name": status.name,
        "state": status.state,
        "seen": status.seen,
        "needed": status.needed,
        "level": round(level.value, 4),
        "low": round(level.low, 4),
        "high": round(level.high, 4),
        "exchanges": level.exchanges,
        "evidence": round(status.evidence, 6),
        "since": status.since,
    }
