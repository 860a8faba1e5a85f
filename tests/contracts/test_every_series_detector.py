"""What every detector of series does, whatever it is shown: it is deterministic, outlasts a restart, is bounded, and never raises."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.disparity import Disparity
from detectors.series.drift import DriftWatch
from detectors.series.drift import Settings as DriftSettings
from detectors.series.logs import LogLine, LogWatch
from detectors.series.logs import Settings as LogSettings
from detectors.series.metrics import MetricWatch
from detectors.series.observation import Observation
from detectors.series.outcome import Outcome
from detectors.series.probes import Answer, Pair, Probes
from detectors.series.reference import Reference
from detectors.series.spans import NO_PARENT, Step, Trace
from detectors.series.traces import TraceWatch

MONDAY = 4 * 86_400.0
SOON = LogSettings(learn=200)
LEAST = DriftSettings(Reference(least=50, size=500))
ODD = (None, float("nan"), float("inf"), float("-inf"), 0.0, -1.0, 1e300, 5e-324)
"""Numbers that nobody counts on."""


@dataclass(frozen=True)
class Kind:
    """``show`` shows a detector the input of a number, of a number that is odd where there is one, and gives what it says of it; ``again``
    is what goes on from a snapshot. ``most`` bytes has a snapshot.
    """

    make: Callable[[], Any]
    show: Callable[[Any, int, float | None], object]
    again: Callable[[bytes], Any]
    most: int


def _at(number: int) -> float:
    return MONDAY + 7.0 * number


def _drawn(number: int) -> Random:
    return Random(number)


def _observe(watch: DriftWatch, number: int, odd: float | None) -> object:
    chance = _drawn(number)
    value = chance.gauss(5, 1) if odd is None else odd
    topic = chance.randrange(128) if number < 1000 else 7
    numbers = {"input.tokens": value, "cost.usd": 1.0}
    words = {"output.finish": chance.choice("abc"), "detector.x": str(number)}
    return watch.update(Observation(f"x{number}", ("app",), _at(number), f"u{number % 50}", numbers, words, {"input.topics": topic}))


def _treat(disparity: Disparity, number: int, odd: float | None) -> object:
    chance = _drawn(number)
    groups = {"group": chance.choice("ab"), "made up": str(number)}
    rates = {"blocked": chance.random() < (0.3 if groups["group"] == "a" else 0.1)}
    numbers = {"answer_chars": chance.gauss(100, 9) if odd is None else odd}
    disparity.update(Outcome(_at(number), f"x{number}", "app", chance.choice("xy"), groups, rates, numbers, None))
    return disparity.cells() if number % 200 == 0 else None


def _probe(probes: Probes, number: int, odd: float | None) -> object:
    chance = _drawn(number)
    one, other = ({"refused": chance.random() < share} for share in (0.1, 0.3))
    numbers = {"answer_chars": chance.gauss(100, 9) if odd is None else odd}
    answers = Answer(one, numbers), Answer(other, {"answer_chars": chance.gauss(100, 9)}), Answer(one, numbers)
    probes.update(Pair("gender", "f", f"m{number // 300}", *answers, distances=(chance.random(), numbers["answer_chars"])))
    return probes.differences() if number % 200 == 0 else None


def _measure(watch: MetricWatch, number: int, odd: float | None) -> object:
    chance = _drawn(number)
    value = chance.gauss(50 if number < 1000 else 90, 2)
    return watch.update(_at(number), value if odd is None else odd)


def _log(watch: LogWatch, number: int, odd: float | None) -> object:
    chance = _drawn(number)
    text = f"{chance.choice(['read', 'wrote', 'lost'])} {number} of {chance.random()} bytes" if odd is None else f"{odd}"
    return watch.update(LogLine(_at(number), text, f"s{number % 3}", chance.choice(["info", "error"]), f"t{number // 5}"))


def _trace(watch: TraceWatch, number: int, odd: float | None) -> object:
    chance = _drawn(number)
    took = chance.lognormvariate(0, 0.2) * (1 if number < 1000 else 4) if odd is None else odd
    steps = (Step(f"made-up-{number // 10}", NO_PARENT, took), Step("query", 0, took, None, number % 50 == 0, "db"))
    return watch.update(Trace(f"t{number}", _at(number), took, steps))


def _restored(make: Callable[[], Any]) -> Callable[[bytes], Any]:
    def again(snapshot: bytes) -> Any:
        made = make()
        made.restore(snapshot)
        return made

    return again


KINDS = {
    "drift": Kind(lambda: DriftWatch(("app",), LEAST), _observe, partial(DriftWatch.restore, settings=LEAST), 100_000),
    "disparity": Kind(Disparity, _treat, _restored(Disparity), 400_000),
    "probes": Kind(Probes, _probe, _restored(Probes), 100_000),
    "metrics": Kind(lambda: MetricWatch("queue", ("vllm",)), _measure, MetricWatch.restore, 100_000),
    "logs": Kind(lambda: LogWatch(SOON), _log, partial(LogWatch.restore, settings=SOON), 400_000),
    "traces": Kind(lambda: TraceWatch(("app",)), _trace, TraceWatch.restore, 400_000),
}
every = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def shown(kind: Kind, detector: Any, numbers: Sequence[int]) -> list[object]:
    return [kind.show(detector, number, None) for number in numbers]


@every
def test_deterministic(kind: Kind):
    """Two that are shown the same say the same, and know the same."""
    one, other = kind.make(), kind.make()
    assert shown(kind, one, range(1200)) == shown(kind, other, range(1200))
    assert one.snapshot() == other.snapshot()


@every
@settings(max_examples=6, deadline=None)
@given(cut=st.integers(0, 1250))
def test_a_restart_changes_nothing(kind: Kind, cut: int):
    """What is restored, at whatever point, goes on as the one that gave the snapshot."""
    whole, first = kind.make(), kind.make()
    shown(kind, whole, range(cut))
    shown(kind, first, range(cut))
    again = kind.again(first.snapshot())
    assert again.snapshot() == first.snapshot()
    rest = range(cut, cut + 250)
    assert shown(kind, again, rest) == shown(kind, whole, rest)
    assert again.snapshot() == whole.snapshot()


@every
def test_bounded(kind: Kind):
    """Whatever names are made up, and however much there is, what is known stays within its bound."""
    made = kind.make()
    sizes = []
    for start in range(0, 6000, 500):
        shown(kind, made, range(start, start + 500))
        sizes.append(len(made.snapshot()))
    assert max(sizes) <= kind.most


@every
@settings(max_examples=15, deadline=None)
@given(numbers=st.lists(st.none() | st.sampled_from(ODD) | st.floats(), min_size=60, max_size=120))
def test_odd_numbers(kind: Kind, numbers: list[float | None]):
    """Numbers that are missing, none, endless, or far too large raise nothing, and leave nothing that cannot be written down."""
    made = kind.make()
    for at, number in enumerate(numbers):
        kind.show(made, at, number)
    assert kind.again(made.snapshot()).snapshot() == made.snapshot()


@every
@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b"\xff", b'{"version": 99}'])
def test_what_is_no_snapshot(kind: Kind, data: bytes):
    """It is refused, with an error that says no more than that."""
    with pytest.raises(ValueError):
        kind.again(data)
