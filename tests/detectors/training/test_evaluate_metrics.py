"""Figures of what is found in labelled series."""

from random import Random

import pytest

from detectors.series.metrics import Settings
from detectors.training.evaluate_metrics import Events, Series, events, judged, surprises


def series(name: str, windows: tuple[tuple[int, int], ...], length: int = 1000) -> Series:
    return Series(name, name.partition("/")[0], [60.0 * at for at in range(length)], [0.0] * length, windows)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), Events(0, 0, 2, 0, 1000)),
        ((500,), Events(1, 1, 2, 1, 1000)),
        ((500, 505, 517), Events(1, 1, 2, 1, 1000)),
        ((495, 500), Events(1, 0, 2, 1, 1000)),
        ((300, 500, 800), Events(3, 2, 2, 2, 1000)),
        ((10,), Events(0, 0, 2, 0, 1000)),
    ],
)
def test_events(told: tuple[int, ...], expected: Events):
    """Points near one another are one episode, right where it begins in a window; none is judged in the time for learning."""
    assert events(series("a/x", ((500, 550), (800, 850))), [float(at in told) for at in range(1000)], 1.0) == expected


def test_event_figures():
    """Precision by episodes, recall by windows."""
    assert Events(4, 2, 8, 2, 2000).as_json() == {"precision": 0.5, "recall": 0.25, "f1": 0.333, "false_per_1000": 1.0}
    assert Events().as_json() == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "false_per_1000": 0.0}


def test_thresholds_come_from_the_other_families():
    """A family whose scores are low is missed by the threshold of the others, though its own would find it."""
    low, high = series("a/x", ((500, 550),)), series("b/y", ((500, 550),))
    found = [[5.0 if at == 500 else 4.9 if at % 100 == 0 else 0.0 for at in range(1000)], [float(9 * (at == 500)) for at in range(1000)]]
    figures = judged([low, high], found, 4.95)
    assert figures["in_sample"] == {"nab": 100.0, "low_fp": 100.0, "low_fn": 100.0}
    assert figures["lofo_nab"] == 50.0
    assert figures["as_shipped"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "false_per_1000": 0.0}
    assert (figures["series"], figures["windows"]) == (2, 2)


def test_surprises():
    """One for each point, also where a value is missing."""
    chance = Random(1)
    values = [None if at % 10 == 0 else chance.gauss(0, 1) + 50 * (at == 401) for at in range(500)]
    found, watch = surprises(Series("a/x", "a", [60.0 * at for at in range(500)], values, ()), Settings(learn=100))
    assert len(found) == 500
    assert max(range(500), key=found.__getitem__) == 401
    assert watch.missing == 50
