"""Drifts and disparities that the watch knows of, as symptoms: for some hours, since what lasts longer is how it is by now."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from detectors.series.anomaly import limited
from gateway.incidents.symptom import About, Symptom, dimensions
from gateway.watch.drift.episodes import Episode
from gateway.watch.drift.features import told_as
from policies.signals import Level

LASTS_S = 6 * 3600.0
MAX_EPISODES = 100
MAX_LEVELS = 500
_DRIFT = 0.2
"""So much of the traffic would have to be other for it to be as usual."""
_TIMES = 1.25
"""A disparity of four fifths."""
_DIFFERENCE = 0.1
"""Of what probes find: ten in a hundred."""
_PROBES = "probes"
_OTHERS = "(others)"
_ABOUT: Mapping[str, About] = {"refusals": "refusals", "latency": "latency", "cost": "cost", "errors": "errors"}
_DETECTOR, _SCORE = "detector.", "score."
_HARM = {"output.refused": "yes"}
_HEALTH = {"upstream.outcome": "completed"}
"""By feature: what users see more of, and less of, where it is for the worse."""


def of_drift(episodes: Iterable[Episode], now: float) -> Iterator[Symptom]:
    """Of those that go on; of many the first ones."""
    told = 0
    for episode in episodes:
        if episode.ended is None and told < MAX_EPISODES and now - (episode.found or now) <= LASTS_S:
            told += 1
            yield _drift(episode, now)


def _drift(episode: Episode, now: float) -> Symptom:
    names = told_as(episode.feature)
    about: About = next((_ABOUT[name] for name in names if name in _ABOUT), "drift")
    model = "" if episode.model == _OTHERS else episode.model
    return Symptom(
        modality="drift",
        about=about,
        kind=episode.kinds[0] if episode.kinds else "drift",
        series=f"{episode.surface} {episode.feature}".lstrip(),
        dimensions=dimensions({"app": episode.app, "model": model, "rule": _rule(episode.feature)}),
        onset=min(episode.since or episode.found or now, now),
        at=now,
        level=episode.level / _DRIFT,
        value=episode.level,
        is_harm=_is_worse(episode),
        note=f"{episode.level:.0%} of it would have to be other for it to be as usual",
        evidence=limited((episode.id, *episode.examples)),
    )


def _rule(feature: str) -> str:
    """Whose scores or verdicts these are."""
    return feature.removeprefix(_DETECTOR).removeprefix(_SCORE) if feature.startswith(_DETECTOR) else ""


def _is_worse(episode: Episode) -> bool:
    """Whether users see it: more refusals, or fewer answers."""
    moved = {str(each.get("bin")): (each.get("usual") or 0.0, each.get("late") or 0.0) for each in episode.moved}
    more, less = _HARM.get(episode.feature, ""), _HEALTH.get(episode.feature, "")
    return (more in moved and moved[more][1] > moved[more][0]) or (less in moved and moved[less][1] < moved[less][0])


class Disparate:
    """``take`` all levels that are told at the moment."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str, str], float] = {}
        """When each was told first."""

    def take(self, levels: Iterable[Level], now: float) -> Iterator[Symptom]:
        found = [level for level in levels if level.kind == "disparity" and level.expires >= now][:MAX_LEVELS]
        self._since = {place: self._since.get(place, now) for place in map(_place, found)}
        for level in found:
            if now - self._since[_place(level)] <= LASTS_S:
                yield _disparity(level, now)

    def as_json(self) -> list[Any]:
        return [[*place, since] for place, since in self._since.items()]

    def read_json(self, saved: list[Any]) -> None:
        """Raises ValueError or TypeError."""
        self._since = {(str(app), str(model), str(name)): float(since) for app, model, name, since in saved[:MAX_LEVELS]}


def _place(level: Level) -> tuple[str, str, str]:
    return level.app, level.model, level.name


def _disparity(level: Level, now: float) -> Symptom:
    is_probed = level.name == _PROBES
    return Symptom(
        modality="bias",
        about="bias",
        kind="differs for others" if is_probed else "disparity",
        series=level.name,
        dimensions=dimensions({"app": level.app, "model": level.model}),
        onset=min(level.since or now, now),
        at=now,
        level=level.level / (_DIFFERENCE if is_probed else _TIMES),
        value=level.level,
        note=f"{level.level:.2f} apart where only the group differs" if is_probed else f"{level.level:.2f} times, for one group",
        evidence=limited([level.evidence] if level.evidence else []),
    )
