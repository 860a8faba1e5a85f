"""How well the anomalies of labelled series are found. Pure.

Thresholds are chosen on the other families of series, then applied: a family's own best threshold is not known before. Nothing is adjusted
by points: an alarm is an episode (told points at most twelve apart), and is right where it begins in a labelled window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detectors.series.metrics import MetricWatch, Settings
from detectors.training import nab

_EPISODE = 12
_GRID = tuple(each / 10 for each in range(30, 81))


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    family: str
    times: Sequence[float]
    values: Sequence[float | None]
    windows: nab.Windows


@dataclass(frozen=True, slots=True)
class Events:
    told: int = 0
    right: int = 0
    windows: int = 0
    found: int = 0
    points: int = 0

    def __add__(self, other: "Events") -> "Events":
        return Events(
            self.told + other.told,
            self.right + other.right,
            self.windows + other.windows,
            self.found + other.found,
            self.points + other.points,
        )

    @property
    def f1(self) -> float:
        precision, recall = self._shares()
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def _shares(self) -> tuple[float, float]:
        return (self.right / self.told if self.told else 0.0), (self.found / self.windows if self.windows else 0.0)

    def as_json(self) -> dict[str, float]:
        precision, recall = self._shares()
        return {
            "precision": round(precision, 3),
            "recall": round(recall, 3),
            "f1": round(self.f1, 3),
            "false_per_1000": round(1000 * (self.told - self.right) / max(1, self.points), 3),
        }


def surprises(series: Series, settings: Settings | None = None) -> tuple[list[float], MetricWatch]:
    """How unusual each point is, and the detector after the last."""
    watch = MetricWatch(series.name, settings=settings)
    found = []
    for ts, value in zip(series.times, series.values, strict=True):
        watch.update(ts, value)
        found.append(watch.surprise)
    return found, watch


def events(series: Series, found: Sequence[float], threshold: float) -> Events:
    told = right = 0
    hit = set()
    last = -_EPISODE - 1
    for at in range(nab.probation(len(found)), len(found)):
        if found[at] < threshold:
            continue
        window = next((number for number, (first, end) in enumerate(series.windows) if first <= at <= end), None)
        if window is not None:
            hit.add(window)
        if at - last > _EPISODE:
            told += 1
            right += window is not None
        last = at
    return Events(told, right, len(series.windows), len(hit), len(found))


def judged(all_series: Sequence[Series], found: Sequence[Sequence[float]], alarm: float) -> dict[str, object]:
    """All figures of what was found of each series."""
    pairs = list(zip(all_series, found, strict=True))
    families = sorted({series.family for series in all_series})
    points = {
        family: [point for series, each in pairs if series.family == family for point in _points(series, each)] for family in families
    }
    windows = {family: sum(len(series.windows) for series in all_series if series.family == family) for family in families}
    total = sum(windows.values())
    everything = [point for each in points.values() for point in each]
    in_sample = {
        name: round(nab.normalised(max(score for _, score in nab.curve(everything, total, profile)), total, profile), 1)
        for name, profile in (("nab", nab.STANDARD), ("low_fp", nab.LOW_FALSE_POSITIVES), ("low_fn", nab.LOW_FALSE_NEGATIVES))
    }
    counted = {threshold: {family: _events(pairs, family, threshold) for family in families} for threshold in (*_GRID, alarm)}
    return {
        "series": len(all_series),
        "windows": total,
        "in_sample": in_sample,
        "lofo_nab": round(_lofo_nab(points, windows), 1),
        "lofo_events": _lofo_events(counted, families).as_json(),
        "as_shipped": sum(counted[alarm].values(), Events()).as_json(),
    }


def _points(series: Series, found: Sequence[float]) -> list[nab.Point]:
    return nab.points(series.name, found, series.windows)


def _events(pairs: Sequence[tuple[Series, Sequence[float]]], family: str, threshold: float) -> Events:
    return sum((events(series, each, threshold) for series, each in pairs if series.family == family), Events())


def _lofo_nab(points: Mapping[str, Sequence[nab.Point]], windows: Mapping[str, int]) -> float:
    score = 0.0
    for family, own in points.items():
        others = [point for other, each in points.items() if other != family for point in each]
        count = sum(number for other, number in windows.items() if other != family)
        threshold = nab.best_threshold(nab.curve(others, count, nab.STANDARD))
        score += nab.score_at(nab.curve(own, windows[family], nab.STANDARD), threshold)
    return nab.normalised(score, sum(windows.values()), nab.STANDARD)


def _lofo_events(counted: Mapping[float, Mapping[str, Events]], families: Sequence[str]) -> Events:
    total = Events()
    for family in families:
        others = {threshold: sum((each[other] for other in families if other != family), Events()) for threshold, each in counted.items()}
        total += counted[max(others, key=lambda threshold: others[threshold].f1)][family]
    return total
