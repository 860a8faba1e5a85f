"""A series that others measure."""

import random

import orjson
import pytest

from gateway.detecting.points import NEW_S, Series, Sort, sort
from gateway.telemetry.observed import Labels, Point

START = 1_795_000_000.0
EVERY_S = 15.0


@pytest.mark.parametrize(
    ("name", "statistic", "labels", "expected"),
    [
        ("requests_failed", "rate", (), "failures"),
        ("http_client_errors", "rate", (("model", "m"),), "failures"),
        ("http.server.request.duration", "rate", (("http.response.status_code", "503"),), "failures"),
        ("http.server.request.duration", "rate", (("http.response.status_code", "404"),), None),
        ("http.server.request.duration", "p95", (), "times"),
        ("http.server.request.duration", "mean", (), None),
        ("time_to_first_token", "p95", (), "times"),
        ("queue_duration", "p95", (), "times"),
        ("requests_waiting", "value", (), "queue"),
        ("requests_running", "value", (), None),
        ("cache_usage", "value", (), None),
        ("requests", "rate", (), None),
        ("process.cpu.seconds", "rate", (), None),
    ],
)
def test_what_is_watched(name: str, statistic: str, labels: Labels, expected: Sort | None):
    """Failures, times and queues; what the traffic moves is not."""
    assert sort(Point(START, "near", name, labels, statistic, 1.0)) == expected


def learned(what: Sort, usual: float, count: int = 400) -> Series:
    series, chance = Series("near", "it", (("model", "m"), ("engine", "7")), what), random.Random(what)
    for at in range(count):
        assert series.update(START + at * EVERY_S, _value(what, usual, chance)) is None
    return series


def _value(what: Sort, usual: float, chance: random.Random) -> float:
    return (
        sum(chance.random() < usual * EVERY_S / 100 for _ in range(100)) / EVERY_S
        if what == "failures"
        else usual * chance.lognormvariate(0, 0.1)
    )


def later(series: Series, what: Sort, usual: float, count: int = 40, begin: int = 400) -> list[int]:
    chance, found = random.Random("later"), []
    for at in range(begin, begin + count):
        if symptom := series.update(START + at * EVERY_S, _value(what, usual, chance)):
            assert symptom.level >= 1
            found.append(at - begin)
    return found


@pytest.mark.parametrize(
    ("what", "usual", "now", "first"),
    [
        ("failures", 0.0, 2.0, 0),
        ("failures", 0.2, 3.0, 0),
        ("failures", 0.2, 0.5, None),
        ("failures", 0.2, 0.0, None),
        ("times", 0.3, 0.9, 3),
        ("times", 0.3, 0.4, None),
        ("times", 0.3, 0.05, None),
        ("queue", 10.0, 40.0, 3),
        ("queue", 0.1, 2.0, None),
    ],
)
def test_what_is_told(what: Sort, usual: float, now: float, first: int | None):
    """Failures that come much more often, at once; what has become longer, once it lasts; nothing that is less, or a little more."""
    assert next(iter(later(learned(what, usual), what, now)), None) == first


def test_what_it_says():
    """Of which source and model it is; users see that it fails."""
    series = learned("failures", 0.0)
    symptom = series.update(START + 400 * EVERY_S, 3.0)
    assert symptom is not None
    assert (symptom.modality, symptom.about, symptom.is_harm, symptom.series) == ("metric", "errors", True, "it m,7")
    assert symptom.dimensions == (("model", "m"), ("source", "near"))
    assert (symptom.value, symptom.n) == (45, 400)


def test_it_ends():
    """When it is halfway back; and what stays for hours is as it is now."""
    series = learned("times", 0.3)
    assert later(series, "times", 0.9)
    assert later(series, "times", 0.31, 10, 440) == []
    series = learned("queue", 10.0)
    told = later(series, "queue", 40.0, 700)
    assert told[-1] * EVERY_S <= NEW_S + 300


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e300])
@pytest.mark.parametrize("what", ["failures", "times", "queue"])
def test_any_value(what: Sort, value: float):
    """Whatever is measured, and whenever, nothing is raised."""
    series = learned(what, 0.1)
    for at in (400.0, 399.0, 400.0, 1e6, 401.0):
        series.update(START + at * EVERY_S, value)


@pytest.mark.parametrize("what", ["failures", "times"])
def test_resumed(what: Sort):
    """Restored, it goes on to tell the same."""
    one = learned(what, 0.1)
    later(one, what, 9.0, 2)
    other = Series("near", "it", (("model", "m"), ("engine", "7")), what)
    other.read_json(orjson.loads(orjson.dumps(one.as_json())))
    assert later(one, what, 9.0, 20, 402) == later(other, what, 9.0, 20, 402) != []
