"""What is usual of an operation, and what is not."""

import math
from random import Random

import pytest

from detectors.series.durations import Durations
from detectors.series.operations import MAX_CHILDREN, Fan, Level, Onset, Operation, shift


def durations(seed: str, number: int, middle: float = 0.0, spread: float = 0.5) -> list[tuple[float, str]]:
    chance = Random(seed)
    return [(chance.gauss(middle, spread), f"{seed} {at}") for at in range(number)]


@pytest.fixture
def usual() -> Durations:
    found = Durations()
    found.learn(value for value, _ in durations("usual", 4000))
    return found


@pytest.mark.parametrize(
    ("late", "is_unusual"),
    [
        (durations("same", 200), False),
        (durations("slower", 200, 0.4), True),
        (durations("faster", 200, -1.0), False),
        (durations("a few much slower", 180) + durations("x", 20, 2.5), True),
        (durations("a little slower", 3000, 0.1), False),
        (durations("few", 4, 3.0), False),
    ],
    ids=["same", "slower", "faster", "some slower", "too little to matter", "too few"],
)
def test_shift(usual: Durations, late: list[tuple[float, str]], is_unusual: bool):
    """Slower by much more than by chance, all or some of them: anything else is nothing."""
    assert (shift(late, usual, {}).p < 1e-6) == is_unusual


def test_what_varies_anyway(usual: Durations):
    """What goes up and down from window to window is less unusual where it is so again."""
    late = durations("late", 200, 0.4)
    steady, varying = ({0.5: [sign * each for each in (0.3, -0.3) * 6], 0.95: [0.8] * 12, 0.99: [1.1] * 12} for sign in (0.0, 1.0))
    assert shift(late, usual, varying).p > shift(late, usual, steady).p
    assert shift(late, usual, varying).z < shift(late, usual, steady).z


def test_a_level_learns():
    """What is usual is learned, what is not is left out, and told since when."""
    level = Level()
    level.learn(durations("one", 500), 10.0, is_unusual=False)
    level.learn(durations("two", 500, 5.0), 20.0, is_unusual=True)
    level.learn(durations("three", 500, 5.0), 30.0, is_unusual=True)
    assert (level.usual.weight, level.onset.since) == (500, 20.0)
    level.learn(durations("four", 500), 40.0, is_unusual=False)
    assert (level.usual.weight, level.onset.since) == (1000, None)


def test_what_stays_is_usual():
    """After hours, the new is all that is known."""
    level = Level()
    level.learn(durations("one", 500), 0.0, is_unusual=False)
    for minute in range(360):
        level.learn(durations("two", 50, 5.0), 60.0 * minute, is_unusual=True)
    assert level.usual.weight == 50
    assert level.usual.quantiles((0.5,))[0] == pytest.approx(5.0, abs=0.2)
    assert level.onset == Onset()


USUALLY_ONE, USUALLY_NONE, USUALLY_FEW = [(1, "t")] * 980, [(1, "t")] * 10, [(1, "t")] * 490 + [(3, "t")] * 490


@pytest.mark.parametrize(
    ("usual", "late", "kind"),
    [
        (USUALLY_ONE, [(1, "t")] * 98, None),
        (USUALLY_ONE, [(1, "t")] * 60, "missing span"),
        (USUALLY_ONE, [], "missing span"),
        (USUALLY_NONE, [(1, "t")], None),
        (USUALLY_NONE, [(1, "t")] * 40, "extra span"),
        ([], [(1, "t")] * 40, "extra span"),
        (USUALLY_ONE, [(1, "t")] * 70 + [(4, "t")] * 28, "retry storm"),
        (USUALLY_FEW, [(3, "t")] * 98, None),
        (USUALLY_FEW, [(1, "t")] * 40 + [(70, "t")] * 58, "retry storm"),
        ([(1, "t")] * 500, [(1, "t")] * 30, None),
    ],
    ids=["same", "missing", "all missing", "rare", "more than rare", "new", "repeated", "as often", "more often", "half have it"],
)
def test_fans(usual: list[tuple[int, str]], late: list[tuple[int, str]], kind: str | None):
    """Steps that are missing, new or repeated, in a hundred against a thousand."""
    fan = Fan()
    fan.learn(usual, 1000, 0.0, 0.0, is_unusual=False)
    odd = fan.judge(late, 100, 1000.0)
    assert (odd.kind if odd and odd.p < 1e-6 else None) == kind


def test_a_fan_that_is_unusual_stays_as_it_was():
    """While parents are counted on, what is skipped counts as usual; after hours, the new is usual."""
    fan, parents = Fan(), 1000.0
    fan.learn(USUALLY_ONE, 1000, 0.0, 0.0, is_unusual=False)
    for minute in range(359):
        fan.learn([], 10, parents, 60.0 * minute, is_unusual=True)
        parents += 10
    assert sum(fan.counts) / parents == pytest.approx(0.98)
    assert fan.onset.since == 0.0
    fan.learn([(2, "t")] * 5, 10, parents, 1e6, is_unusual=True)
    assert (sum(fan.counts) / (parents + 10), fan.usually()) == (pytest.approx(0.5), 2)


def test_failures():
    """More failures than usual, by a share that matters; they are not learned while they are unusual, but after hours they are."""
    operation = Operation(spans=1000.0, errors=10.0)
    assert operation.judge_failures(2, 100) is None
    odd = operation.judge_failures(30, 100)
    assert odd
    assert (odd.kind, odd.value, odd.baseline) == ("failing operation", 0.3, 0.01)
    assert odd.p < 1e-6
    operation.learn_failures(30, 100, 0.0, is_unusual=True)
    assert operation.errors == pytest.approx(11.0)
    for minute in range(359):
        operation.learn_failures(30, 100, 60.0 * minute, is_unusual=True)
    assert operation.errors == pytest.approx(0.3 * 1100)


def test_bounds():
    """Children are bounded, those with most steps stay; weights are halved together."""
    operation = Operation(spans=9000.0, errors=90.0)
    for number in range(3 * MAX_CHILDREN):
        operation.fan(f"{number}").learn([(1, "t")] * (100 if number == 0 else 1), 100, 100.0, 0.0, is_unusual=False)
    assert len(operation.fans) == MAX_CHILDREN
    before = sum(operation.fans["0"].counts) / operation.spans
    operation.forget()
    assert (operation.spans, operation.errors) == (4500.0, 45.0)
    assert sum(operation.fans["0"].counts) / operation.spans == before


def test_saved():
    """What is saved is as it was."""
    operation = Operation(spans=500.0, errors=3.0)
    operation.work.learn(durations("one", 200), 5.0, is_unusual=False)
    operation.pauses.learn(durations("two", 30), 5.0, is_unusual=True)
    operation.fan("child").learn([(1, "t"), (9, "t")], 3, 500.0, 7.0, is_unusual=False)
    operation.learn_failures(3, 5, 9.0, is_unusual=True)
    again = Operation.from_json(operation.as_json())
    assert again.as_json() == operation.as_json()
    assert math.isclose(shift(durations("x", 50), again.work.usual, {}).z, shift(durations("x", 50), operation.work.usual, {}).z)
