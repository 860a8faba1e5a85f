"""Drift of one key's traffic: every feature against what is usual of it, with a false-alarm rate that holds however often one looks.

Exchanges are counted, not seconds: a false alarm is expected once in so many exchanges of a key, or less often. So it is once in so many
exchanges of all keys together, whatever their number; the features of a key share the allowance.
"""

import json
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, field
from math import isfinite
from typing import Any, Final

from detectors.series.bets import BATCH
from detectors.series.bursts import Bursts
from detectors.series.dayparts import ANY, daypart
from detectors.series.explaining import Moved, Segment, examples, moved, risen, segments
from detectors.series.feature import RING, Change, Feature, Mark, State
from detectors.series.kinds import Kind, Shape, kinds
from detectors.series.level import Level
from detectors.series.observation import Observation, side
from detectors.series.reference import Reference
from detectors.series.rows import UNKNOWN, Row, Rows
from detectors.series.settling import Form

MAX_FEATURES = 40
_VERSION: Final = 2
_MAX_ID = 64
_RARE_SIDE = "label"
"""Feedback comes for a few exchanges: its lack is no news, and only those that have it are counted."""


@dataclass(frozen=True, slots=True)
class Settings:
    reference: Reference = field(default_factory=Reference)
    exchanges_per_false_alarm: int = 1_000_000
    utc_offset_s: float = 0
    """Of the place whose days and weekends the traffic follows."""
    segments: tuple[str, ...] = ("input.language", "input.topics")
    """Features by which a shift is explained."""


@dataclass(frozen=True, slots=True)
class FeatureStatus:
    name: str
    state: State
    seen: int
    needed: int
    level: Level
    evidence: float
    """Of 1: at 1 a drift begins."""
    since: float | None = None
    """When the drift began, as far as can be told."""
    first_id: str | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A drift that began or ended."""

    change: Change
    status: FeatureStatus
    moved: tuple[Moved, ...]
    segments: tuple[Segment, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What changed with one batch, and what kinds of drift go on after it."""

    key: tuple[str, ...]
    ts: float | None
    shifts: tuple[Shift, ...]
    kinds: tuple[Kind, ...]


class DriftWatch:
    """One key's. Bounded, whatever is observed."""

    def __init__(self, key: tuple[str, ...] = (), settings: Settings | None = None) -> None:
        self.key = key
        self.exchanges = 0
        self.capped = 0
        """Exchanges of a burst of one source that were not counted."""
        self.ignored = 0
        """Values of features beyond the limit."""
        self._settings = settings or Settings()
        self._features: dict[str, Feature] = {}
        self._by_form: dict[Form, dict[str, Feature]] = {"numeric": {}, "categorical": {}, "sketch": {}}
        self._rows = Rows()
        self._bursts = Bursts()
        self._marks: deque[Mark] = deque(maxlen=RING)
        self._number = 0
        self._open = 0
        self._part = ANY
        self._drifting = 0
        self._absent = self._without_features()

    def update(self, observation: Observation) -> Report | None:
        """Counts one exchange; a report where a batch that it ended, or was the last of, changed anything."""
        ts = observation.ts if observation.ts is not None and isfinite(observation.ts) else None
        if not self._bursts.admits(observation.source, ts):
            self.capped += 1
            return None
        part = daypart(ts, self._settings.utc_offset_s)
        report = self._close() if self._open and part != self._part else None
        if not self._open:
            self._number += 1
            self._part = part
            self._marks.append(Mark(self._number, self.exchanges, ts, observation.id[:_MAX_ID]))
        self._open += 1
        self.exchanges += 1
        self._put(observation)
        return self._close() if self._open >= BATCH else report

    def _put(self, observation: Observation) -> None:
        codes = bytearray(self._absent)
        given: tuple[tuple[Form, Mapping[str, Any]], ...] = (
            ("numeric", observation.numeric),
            ("categorical", observation.categorical),
            ("sketch", observation.sketches),
        )
        for form, values in given:
            features = self._by_form[form]
            for name, value in values.items():
                if value is None:
                    continue
                feature = features.get(name) or self._new(name, form)
                if feature is None:
                    self.ignored += 1
                else:
                    codes[feature.at] = feature.code(value)
        self._rows.add(Row(observation.id[:_MAX_ID], bytes(codes)), is_usual=not self._drifting)

    def _new(self, name: str, form: Form) -> Feature | None:
        """None: there are too many, or there is one of the name that is of another form."""
        if len(self._features) >= MAX_FEATURES or name in self._features:
            return None
        return self._make(name, form, len(self._features))

    def _make(self, name: str, form: Form, at: int) -> Feature:
        feature = Feature(name, form, at, self._settings.reference, counts_missing=side(name) != _RARE_SIDE)
        self._features[name] = self._by_form[form][name] = feature
        return feature

    def _close(self) -> Report | None:
        mark = self._marks[-1]
        threshold = self._threshold()
        changes: list[tuple[Feature, Change]] = []
        batch = b"".join([row.codes for row in self._rows.latest(self._open)])
        for feature in self._features.values():
            change = feature.close(self._marks, self._part, batch[feature.at :: MAX_FEATURES], threshold)
            if change:
                changes.append((feature, change))
        self._open = 0
        self._absent = self._without_features()
        if not changes:
            return None
        self._drifting = sum(feature.drift is not None for feature in self._features.values())
        shifts = tuple(self._shift(feature, change) for feature, change in sorted(changes, key=lambda each: -each[0].evidence))
        return Report(self.key, mark.ts, shifts, self.kinds())

    def _without_features(self) -> bytes:
        """The row of an exchange that has no feature at all."""
        return bytes(feature.absent for feature in self._features.values()).ljust(MAX_FEATURES, bytes([UNKNOWN]))

    def _threshold(self) -> float:
        return self._settings.exchanges_per_false_alarm / BATCH * max(1, len(self._features))

    def _shift(self, feature: Feature, change: Change) -> Shift:
        compared = feature.compared()
        bins = risen(*compared) if compared and feature.drift else frozenset[int]()
        since = feature.drift.since if feature.drift else None
        late = self._rows.latest(self.exchanges - since.exchanges) if since else []
        by = {name: self._features[name] for name in self._settings.segments if name in self._features}
        return Shift(
            change,
            self._status(feature),
            moved(feature),
            segments(feature, bins, late, self._rows.usual, by),
            examples(late, feature.at, bins),
        )

    def _status(self, feature: Feature) -> FeatureStatus:
        since = feature.drift.since if feature.drift else None
        return FeatureStatus(
            feature.name,
            feature.state,
            feature.seen,
            self._settings.reference.least,
            feature.level(),
            min(1.0, feature.evidence / self._threshold()),
            since.ts if since else None,
            since.id if since else None,
        )

    def status(self) -> tuple[FeatureStatus, ...]:
        """Of every feature, by name."""
        return tuple(self._status(feature) for _, feature in sorted(self._features.items()))

    def kinds(self) -> tuple[Kind, ...]:
        """Of the drifts that go on."""
        compared = {name: (feature, feature.compared()) for name, feature in self._features.items() if feature.drift}
        return kinds({name: Shape(*found, feature.form == "numeric") for name, (feature, found) in compared.items() if found})

    def relearn(self, names: Collection[str]) -> Report | None:
        """What these features are like from now on is usual: somebody has looked at the drift, and it is to stay. Ends the open batch."""
        report = self._close() if self._open else None
        for name in names:
            old = self._features[name]
            self._make(name, old.form, old.at)
        self._rows = Rows()  # those there are have bins that are no more
        self._absent = self._without_features()
        self._drifting = sum(feature.drift is not None for feature in self._features.values())
        return report

    def snapshot(self) -> bytes:
        """All that is known, as JSON. The settings are not in it."""
        found = {
            "version": _VERSION,
            "key": self.key,
            "exchanges": self.exchanges,
            "capped": self.capped,
            "ignored": self.ignored,
            "features": [feature.as_json() for feature in self._features.values()],
            "absent": self._absent.hex(),
            "rows": self._rows.as_json(),
            "bursts": self._bursts.as_json(),
            "marks": [astuple(mark) for mark in self._marks],
            "open": [self._number, self._open, self._part],
        }
        return json.dumps(found, separators=(",", ":")).encode("ascii")

    @classmethod
    def restore(cls, data: bytes, settings: Settings | None = None) -> "DriftWatch":
        """What goes on as the one that gave the snapshot would have. Raises ValueError for what is no snapshot of this version."""
        try:
            found = json.loads(data)
            if found["version"] != _VERSION:
                raise ValueError("a snapshot of another version")
            watch = cls(tuple(found["key"]), settings)
            watch._restore(found)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError("not a snapshot") from error
        return watch

    def _restore(self, data: dict[str, Any]) -> None:
        self.exchanges, self.capped, self.ignored = data["exchanges"], data["capped"], data["ignored"]
        for each in data["features"]:
            feature = self._new(each["name"], each["form"])
            if feature is None:
                raise ValueError("too many features")
            feature.restore(each)
        self._absent = bytes.fromhex(data["absent"])
        self._drifting = sum(feature.drift is not None for feature in self._features.values())
        self._rows.restore(data["rows"])
        self._bursts.restore(data["bursts"])
        self._marks.extend(Mark(*mark) for mark in data["marks"])
        self._number, self._open, self._part = data["open"]
