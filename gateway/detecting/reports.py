"""What a report on traces says, as symptoms: what it is about, and how much it matters.

A chance that is small enough does not make a thing matter: what became a little slower, or fails a little more often, opens nothing.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from detectors.series.anomaly import Anomaly
from detectors.series.traces import Report, Settings
from gateway.incidents.symptom import About, Symptom, dimensions, of_anomaly

ALPHA = 1e-8
"""The chance below which an incident opens: of some millions of things that are looked at in a day, none does by chance."""
SETTINGS = Settings(window_s=20.0, longest_s=120.0, least=40)
SLOWER = 1.5
"""Times as long, from which on it matters."""
FLOOR_S = 0.05
"""Longer by less than that, nobody notices."""
MORE_OFTEN = 0.1
"""A share that is larger, or less, by so much matters."""
_ABOUT: Mapping[str, About] = {
    "slow operation": "latency", "slow path": "latency", "stall": "latency", "failing operation": "errors", "retry storm": "retries",
}  # fmt: skip
_TIMES = frozenset({"slow operation", "slow path", "stall"})


def symptoms(
    report: Report, place: Callable[[Anomaly], Mapping[str, str]], floor_s: Callable[[Anomaly], float] = lambda _: FLOOR_S
) -> Iterator[Symptom]:
    """``place``: of which part of the traffic it is. ``floor_s``: how much longer something has to take."""
    waited_for = {each.operation for each in report.ranking if each.is_on_the_way}
    for anomaly in report.anomalies:
        symptom = of_anomaly(anomaly, _ABOUT.get(anomaly.kind, "other"), (), ALPHA)
        is_harm = symptom.is_harm and (anomaly.kind != "slow operation" or anomaly.series in waited_for)
        level = min(symptom.level, _matters(anomaly, floor_s(anomaly)))
        yield replace(symptom, dimensions=dimensions(place(anomaly)), level=level, is_harm=is_harm)


def _matters(anomaly: Anomaly, floor_s: float) -> float:
    """At 1 it does, as a level; half as much of it is a half."""
    value, usual = anomaly.value, anomaly.baseline
    if value is None or usual is None:
        return 0.0
    if anomaly.kind not in _TIMES:
        return abs(value - usual) / MORE_OFTEN
    if value <= usual:
        return 0.0
    times = math.log(value / usual) / math.log(SLOWER) if usual > 0 else math.inf
    return min(times, (value - usual) / floor_s)
