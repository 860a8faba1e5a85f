"""Drifts as people meet them: each from its beginning to its end, with what moved and which exchanges show it. Pure, and bounded."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from detectors.series.drift import Report, Shift

MOST = 500

Key = tuple[str, str, str]
"""App, model, surface."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Times are seconds since 1970; ``since`` is when it began, as far as can be told, ``found`` when that was seen."""

    id: str
    app: str
    model: str
    surface: str
    feature: str
    kinds: tuple[str, ...]
    since: float | None
    found: float | None
    level: float
    low: float
    high: float
    moved: tuple[Mapping[str, Any], ...] = ()
    segments: tuple[Mapping[str, Any], ...] = ()
    examples: tuple[str, ...] = ()
    ended: float | None = None
    confirmed: bool | None = None
    """What a second method made of it, on whole windows; None: it was not asked, or had too little."""

    @property
    def place(self) -> tuple[str, str, str, str]:
        return self.app, self.model, self.surface, self.feature


class Episodes:
    """The last so many; of those that are open there is one for each feature of a key."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._all: OrderedDict[str, Episode] = OrderedDict()
        self._open: dict[tuple[str, str, str, str], str] = {}
        self.begun = 0
        """Since the beginning of the history."""

    def note(self, key: Key, report: Report) -> list[Episode]:
        """Those that the report begins or ends, as they are now."""
        changed = [self._changed(key, report, shift) for shift in report.shifts]
        return [episode for episode in changed if episode]

    def _changed(self, key: Key, report: Report, shift: Shift) -> Episode | None:
        place = (*key, shift.status.name)
        if shift.change == "ended":
            return self._end(place, report.ts)
        episode = _episode(place, report, shift)
        self._put(episode)
        self.begun += 1
        return episode

    def _put(self, episode: Episode) -> None:
        self._all[episode.id] = episode
        self._open[episode.place] = episode.id
        while len(self._all) > self._most:
            _, oldest = self._all.popitem(last=False)
            if self._open.get(oldest.place) == oldest.id:
                del self._open[oldest.place]

    def _end(self, place: tuple[str, str, str, str], ts: float | None) -> Episode | None:
        name = self._open.pop(place, None)
        if name is None:
            return None
        self._all[name] = ended = replace(self._all[name], ended=ts)
        return ended

    def forget(self, key: Key, ts: float | None) -> None:
        """Nobody watches the key any more: what is open ends."""
        for place in [place for place in self._open if place[:3] == key]:
            self._end(place, ts)

    def confirm(self, name: str, *, confirmed: bool | None) -> None:
        if name in self._all:
            self._all[name] = replace(self._all[name], confirmed=confirmed)

    def id_of(self, key: Key, feature: str) -> str:
        """Of the one that is open; empty: there is none."""
        return self._open.get((*key, feature), "")

    def unconfirmed(self) -> list[Episode]:
        return [self._all[name] for name in self._open.values() if self._all[name].confirmed is None]

    def newest_first(self) -> list[Episode]:
        return list(reversed(self._all.values()))

    def as_json(self) -> dict[str, Any]:
        return {"begun": self.begun, "episodes": [asdict(episode) for episode in self._all.values()]}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Raises KeyError, TypeError, ValueError or AttributeError for what ``as_json`` did not give."""
        found = [Episode(**{name: _tuple(value) for name, value in each.items()}) for each in saved["episodes"]]
        self.begun = int(saved["begun"])
        self._all = OrderedDict((episode.id, episode) for episode in found[-self._most :])
        self._open = {episode.place: episode.id for episode in self._all.values() if episode.ended is None}


def _tuple(value: Any) -> Any:  # noqa: ANN401 JSON
    return tuple(value) if isinstance(value, list) else value


def _episode(place: tuple[str, str, str, str], report: Report, shift: Shift) -> Episode:
    status = shift.status
    seed = "\n".join([*place, str(status.first_id), str(status.since), str(report.ts)])
    return Episode(
        f"drift-{hashlib.blake2b(seed.encode(), digest_size=8).hexdigest()}",
        *place,
        tuple(report.kinds),
        status.since,
        report.ts,
        round(status.level.value, 4),
        round(status.level.low, 4),
        round(status.level.high, 4),
        _dicts(shift.moved),
        _dicts(shift.segments),
        shift.examples,
    )


def _dicts(values: Iterable[Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(asdict(value) for value in values)
