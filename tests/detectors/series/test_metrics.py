"""Anomalies of one series of numbers."""

import json
from collections.abc import Callable
from math import exp, inf, nan, pi, sin
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.anomaly import Anomaly
from detectors.series.metrics import MetricWatch, Settings

MINUTE = 60.0
LEARNED = 4000


def usual(at: int, chance: Random) -> float:
    return 100 + 20 * sin(2 * pi * at / 1440) + chance.gauss(0, 4)


Change = Callable[[int, float, Random], float]
CHANGES: dict[str, Change] = {
    "nothing": lambda at, value, chance: value,
    "shift up": lambda at, value, chance: value + 50,
    "shift down": lambda at, value, chance: value - 50,
    "spike": lambda at, value, chance: value + 80 * (at < 2),
    "dip": lambda at, value, chance: value - 80 * (at < 2),
    "restless": lambda at, value, chance: value + chance.gauss(0, 25),
}


def run(watch: MetricWatch, change: Change, start: int, count: int, seed: int = 1) -> list[Anomaly]:
    chance = Random(f"{seed} {start}")
    found = (watch.update((start + at) * MINUTE, change(at, usual(start + at, chance), chance)) for at in range(count))
    return [each for each in found if each]


def learned(watch: MetricWatch | None = None) -> MetricWatch:
    watch = watch or MetricWatch("latency", ("app",))
    run(watch, CHANGES["nothing"], 0, LEARNED)
    return watch


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("nothing", set()),
        ("shift up", {"spike", "level shift"}),
        ("shift down", {"dip", "level shift"}),
        ("spike", {"spike"}),
        ("dip", {"dip"}),
        ("restless", {"spike", "variance change"}),
    ],
)
def test_kinds(change: str, kinds: set[str]):
    """Each change is told as what it looks like at first, and what lasts as that, with the time that it began."""
    found = run(learned(), CHANGES[change], LEARNED, 45)
    assert {each.kind.replace("dip", "spike") if change == "restless" else each.kind for each in found} == kinds
    assert len(found) == len(kinds)
    assert all(LEARNED <= each.onset / MINUTE <= LEARNED + 10 for each in found)
    assert all(each.series == "latency" and each.key == ("app",) and each.n > LEARNED for each in found)
    assert all(each.baseline == pytest.approx(100, abs=30) and 0 < each.score <= 0.007 for each in found)


def test_false_alarms():
    """Of usual points, fewer than one in a thousand begins an alarm."""
    found = [each for seed in range(3) for each in run(MetricWatch("x"), CHANGES["nothing"], 0, 5000, seed)]
    assert len(found) <= 15


def test_an_alarm_that_goes_on_is_told_again_after_long():
    """Not at every point: once at first, once as a shift, and again when nobody may remember."""
    watch = learned()
    chance = Random(2)
    found = [watch.update((LEARNED + at) * MINUTE, 1000 * 1.05**at + chance.random()) for at in range(300)]
    assert 2 <= len([each for each in found if each]) <= 8


def test_nothing_is_told_while_it_learns():
    """But a limit that is passed, once until it is kept again."""
    watch = MetricWatch("queue", settings=Settings(high=10, low=0))
    values = [5.0] * 20 + [50.0] * 5 + [5.0] + [-1.0, -2.0]
    found = [each for at, value in enumerate(values) if (each := watch.update(at, value))]
    assert [(each.kind, each.at, each.value, each.baseline, each.score) for each in found] == [
        ("beyond limit", 20, 50, 10, 0),
        ("beyond limit", 26, -1, 0, 0),
    ]


@pytest.mark.parametrize(("ts", "value"), [(1.0, None), (1.0, nan), (1.0, inf), (nan, 1.0)])
def test_missing_is_not_zero(ts: float, value: float | None):
    """A point without a number changes nothing but its count."""
    watch, other = learned(), learned()
    assert watch.update(LEARNED * MINUTE + ts, value) is None
    assert watch.missing == 1
    assert json.loads(watch.snapshot()) == json.loads(other.snapshot()) | {"missing": 1}


def test_silence():
    """A series that stops is told of once, with what it used to be and no value."""
    watch = learned()
    found = [watch.tick(LEARNED * MINUTE + each * MINUTE) for each in (0, 1, 5, 6)]
    assert [each and (each.kind, each.value, each.onset) for each in found] == [
        None,
        None,
        ("silence", None, (LEARNED - 1) * MINUTE),
        None,
    ]


def test_late_points_are_counted():
    """And not looked at."""
    watch = learned()
    assert watch.update(5.0, 1e9) is None
    assert (watch.late, watch.seen) == (1, LEARNED)


def test_score_is_that_of_the_surprise():
    """Where an alarm begins, its p-value is what the surprise of the point says."""
    watch = learned()
    found = watch.update(LEARNED * MINUTE, 500)
    assert found is not None
    assert found.score == pytest.approx(exp(-watch.surprise))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(), st.one_of(st.none(), st.floats())), max_size=60))
def test_any_input_is_survived(points: list[tuple[float, float | None]]):
    """Whatever comes, in whatever order: no exception, a score that is a share, and a snapshot that can be restored."""
    watch = MetricWatch("x", settings=Settings(learn=5))
    for ts, value in points:
        found = watch.update(ts, value)
        assert found is None or 0 <= found.score <= 1
    assert MetricWatch.restore(watch.snapshot(), Settings(learn=5)).snapshot() == watch.snapshot()


def test_restored_it_goes_on_as_it_would_have():
    """Also in the middle of an alarm."""
    one = learned()
    run(one, CHANGES["shift up"], LEARNED, 5)
    other = MetricWatch.restore(one.snapshot())
    assert run(one, CHANGES["shift up"], LEARNED + 5, 200) == run(other, CHANGES["shift up"], LEARNED + 5, 200)
    assert one.snapshot() == other.snapshot()


def test_state_is_small():
    """A snapshot of a series that has gone on for long is below 32 kB."""
    assert len(learned().snapshot()) < 32_000


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"version": 2}', b'{"version": 1, "series": "x", "key": []}', b"\xff"])
def test_what_is_no_snapshot(data: bytes):
    """Refused, as a ValueError."""
    with pytest.raises(ValueError):
        MetricWatch.restore(data)
