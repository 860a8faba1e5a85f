"""Drift of one key's traffic."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.drift import MAX_FEATURES, DriftWatch, Report, Settings
from detectors.series.observation import Observation
from detectors.series.reference import Reference

QUICK = Settings(Reference(least=200, size=2000))
MONDAY = 4 * 86_400.0
Change = Callable[[Observation], Observation]


def exchange(at: int, chance: Random, ts: float | None = None) -> Observation:
    return Observation(
        f"x{at}",
        ("app",),
        ts,
        numeric={"input.tokens": chance.lognormvariate(5, 0.5), "detector.injection": chance.betavariate(1, 20), "cost.flat": 1.0},
        categorical={
            "input.language": chance.choice(["en", "en", "en", "de"]),
            "output.finish": chance.choice(["stop"] * 9 + ["length"]),
            "detector.pii": chance.choice(["none"] * 9 + ["found"]),
        },
        sketches={"input.topics": chance.choice([3, 4, 50, 90])},
    )


def stream(start: int, count: int, change: Change = lambda each: each, seed: int = 1, ts: float | None = None) -> list[Observation]:
    chance = Random(f"{seed} {start}")
    return [change(exchange(at, chance, None if ts is None else ts + at)) for at in range(start, start + count)]


def reports(watch: DriftWatch, observations: Iterable[Observation]) -> list[Report]:
    return [report for each in observations if (report := watch.update(each))]


def began(found: Iterable[Report]) -> list[str]:
    return [shift.status.name for report in found for shift in report.shifts if shift.change == "began"]


def watching(count: int = 3000) -> DriftWatch:
    watch = DriftWatch(("app",), QUICK)
    assert began(reports(watch, stream(0, count))) == []
    return watch


def with_numeric(**values: float | None) -> Change:
    return lambda each: replace(each, numeric={**each.numeric, **{name.replace("_", ".", 1): value for name, value in values.items()}})


def with_categorical(**values: str | None) -> Change:
    return lambda each: replace(
        each, categorical={**each.categorical, **{name.replace("_", ".", 1): value for name, value in values.items()}}
    )


def with_sketch(bucket: int) -> Change:
    return lambda each: replace(each, sketches={"input.topics": bucket})


@pytest.mark.parametrize(
    ("change", "name", "kinds"),
    [
        (with_numeric(input_tokens=5000.0), "input.tokens", ("input",)),
        (with_numeric(input_tokens=None), "input.tokens", ("input",)),
        (with_numeric(cost_flat=1.01), "cost.flat", ()),
        (with_numeric(detector_injection=0.0), "detector.injection", ("score collapsed",)),
        (with_categorical(input_language="sw"), "input.language", ("input",)),
        (with_categorical(output_finish="length"), "output.finish", ("upstream model",)),
        (with_categorical(detector_pii="none"), "detector.pii", ("rule went silent",)),
        (with_sketch(60), "input.topics", ("input",)),
    ],
    ids=["number", "missing number", "constant", "score", "language", "finish", "silent", "topics"],
)
def test_drift_is_found_and_named(change: Change, name: str, kinds: tuple[str, ...]):
    """One feature that moves is the one that is told, with the kind of drift it is, and with ids of exchanges that show it."""
    watch = watching()
    found = reports(watch, stream(3000, 1500, change))
    assert set(began(found)) == {name}
    shift = next(shift for report in found for shift in report.shifts if shift.change == "began")
    assert watch.kinds() == kinds
    assert shift.status.first_id is not None
    assert 2900 <= int(shift.status.first_id[1:]) <= 3100
    assert shift.examples
    assert all(int(each[1:]) >= 3000 for each in shift.examples)
    assert shift.moved[0].late != pytest.approx(shift.moved[0].usual, abs=0.05)


def test_a_new_category_is_told_as_other():
    """What was never seen has no bin of its own: it is among the others, and its share is told."""
    (report,) = [each for each in reports(watching(), stream(3000, 400, with_categorical(input_language="sw"))) if began([each])]
    first = report.shifts[0].moved[0]
    assert (first.bin, first.late > 0.9, first.usual < 0.01) == ("en", False, False) or first.bin == "other"


def test_recovery_and_rearming():
    """A drift ends when traffic is as usual again; another one begins after it; and the level follows."""
    watch = watching()
    change = with_sketch(60)

    def level() -> float:
        return next(each.level.value for each in watch.status() if each.name == "input.topics")

    before = level()
    assert began(reports(watch, stream(3000, 1000, change))) == ["input.topics"]
    during = level()
    found = reports(watch, stream(4000, 1000))
    assert [shift.change for report in found for shift in report.shifts] == ["ended"]
    assert watch.kinds() == ()
    reports(watch, stream(5000, 1000))
    assert before < 0.05 < 0.9 < during
    assert level() < 0.05
    assert began(reports(watch, stream(6000, 1000, change))) == ["input.topics"]


def test_it_does_not_flap():
    """While a drift goes on, it has begun once, and when it began does not change, however long it lasts."""
    watch = watching()
    found = reports(watch, stream(3000, 6000, with_sketch(60)))
    (since,) = {shift.status.first_id for report in found for shift in report.shifts}
    assert began(found) == ["input.topics"]
    assert [each.first_id for each in watch.status() if each.state == "drifting"] == [since]


def test_segments_carry_the_shift():
    """Where only one language's prompts grew, it is that language that is told."""

    def longer(each: Observation) -> Observation:
        return with_numeric(input_tokens=4000.0)(each) if each.categorical["input.language"] == "de" else each

    shift = reports(watching(), stream(3000, 1000, longer))[0].shifts[0]
    assert (shift.status.name, shift.segments[0].feature, shift.segments[0].value) == ("input.tokens", "input.language", "de")
    assert shift.segments[0].share > 0.9


def test_learning_is_said():
    """Before there is enough to compare with, nothing is judged, and how much there is, is told."""
    watch = DriftWatch(settings=QUICK)
    assert reports(watch, stream(0, 100)) == reports(watch, stream(100, 50, with_sketch(60))) == []
    assert {(each.state, each.seen, each.needed, each.level.high) for each in watch.status()} == {("learning", 150, 200, 1.0)}


def test_ten_exchanges_a_day():
    """A month of hardly any traffic raises no alarm, and claims to know no more than it can."""
    watch = DriftWatch()
    chance = Random(1)
    assert reports(watch, [exchange(at, chance, MONDAY + at * 8640.0) for at in range(300)]) == []
    assert {(each.state, each.seen, each.needed) for each in watch.status()} == {("learning", 299, 1000)}  # the last batch is open


def test_ten_exchanges_a_day_for_years_are_enough():
    """With patience, little traffic is judged too: parts of the week that are hardly known borrow from the others."""
    watch = DriftWatch(settings=Settings(Reference(least=1000, size=4000)))
    chance = Random(1)
    assert reports(watch, [exchange(at, chance, MONDAY + at * 8640.0) for at in range(2500)]) == []
    late = [with_sketch(60)(exchange(at, chance, MONDAY + at * 8640.0)) for at in range(2500, 3000)]
    assert began(reports(watch, late)) == ["input.topics"]


def test_a_burst_of_one_user():
    """100,000 exchanges of one user in ten minutes are no drift of the app's traffic; how many were not counted is told."""
    chance = Random(1)
    watch = DriftWatch(settings=QUICK)
    usual = [replace(exchange(at, chance), source=f"user {at % 300}", ts=None) for at in range(3000)]
    assert reports(watch, usual) == []
    same = with_sketch(60)(exchange(0, chance))
    flood = [replace(same, id=f"b{at}", source="user b", ts=MONDAY + at * 0.006) for at in range(100_000)]
    assert reports(watch, flood) == []
    assert watch.capped > 99_000


def test_clocks_that_jump():
    """Times that go back and forth, are none, or lie far in the future raise neither alarms nor exceptions."""
    chance = Random(1)
    times = [MONDAY, None, float("nan"), 1e18, -1e18, float("inf")]
    watch = DriftWatch(settings=QUICK)
    assert began(reports(watch, [exchange(at, chance, chance.choice(times)) for at in range(2000)])) == []


def test_constant_and_missing_columns():
    """A column that never varies, and one that is hardly ever there, are usual as they are."""
    watch = DriftWatch(settings=QUICK)
    rare = [replace(each, categorical={"label.correct": "yes"} if at % 100 == 0 else {}) for at, each in enumerate(stream(0, 4000))]
    assert reports(watch, rare) == []
    states = {each.name: each.state for each in watch.status()}
    assert (states["cost.flat"], states["label.correct"]) == ("normal", "learning")


def test_feedback_is_counted_where_there_is_any():
    """One in five exchanges is rated: that ratings turn bad is concept drift, and that fewer are rated is not."""

    def rated(value: str, every: int) -> Change:
        return lambda each: replace(each, categorical={"label.correct": value} if int(each.id[1:]) % every == 0 else {})

    watch = DriftWatch(settings=QUICK)
    assert began(reports(watch, stream(0, 5000, rated("yes", 5)))) == []
    assert began(reports(watch, stream(5000, 3000, rated("yes", 20)))) == []
    found = reports(watch, stream(8000, 1000, rated("no", 5)))
    assert (began(found), watch.kinds()) == (["label.correct"], ("concept",))


def test_a_period_that_was_good():
    """Only what lies in the period is usual, whatever came before it and comes after it."""
    good = Settings(Reference("period", least=200, size=2000, start=MONDAY + 3000, end=MONDAY + 6000))
    watch = DriftWatch(settings=good)
    early = stream(0, 3000, with_sketch(60), ts=MONDAY)
    assert reports(watch, early + stream(3000, 3000, ts=MONDAY) + stream(6000, 2000, ts=MONDAY)) == []
    assert began(reports(watch, stream(8000, 500, with_sketch(60), ts=MONDAY))) == ["input.topics"]


def test_a_period_with_too_little_in_it():
    """What a period does not tell is never judged."""
    watch = DriftWatch(settings=Settings(Reference("period", least=200, size=2000, start=MONDAY, end=MONDAY + 100)))
    assert reports(watch, stream(0, 3000, ts=MONDAY) + stream(3000, 1000, with_sketch(60), ts=MONDAY)) == []
    assert {each.state for each in watch.status()} == {"learning"}


def test_rolling_follows_what_is_slow():
    """A share that grows by a hundredth in 2000 exchanges is followed by a rolling reference, and found by a frozen one."""

    def slowly(each: Observation) -> Observation:
        at = int(each.id[1:])
        return with_sketch(4)(each) if at * 7919 % 100 < max(0, at - 3000) // 2000 else each

    found = []
    for kind in ("rolling", "first"):
        watch = DriftWatch(settings=Settings(Reference(kind, least=200, size=2000)))
        found.append(began(reports(watch, stream(0, 24_000, slowly))))
    assert found == [[], ["input.topics"]]


def test_relearn():
    """Once somebody has said that a drift is to stay, it is usual, and what was usual is a drift."""
    watch = watching()
    change = with_sketch(60)
    assert began(reports(watch, stream(3000, 1010, change))) == ["input.topics"]
    watch.relearn(["input.topics"])
    assert began(reports(watch, stream(4010, 2000, change))) == []
    assert watch.kinds() == ()
    assert began(reports(watch, stream(6010, 500))) == ["input.topics"]


def test_features_are_bounded():
    """More features than there may be are ignored and counted, as is a name that is used for two forms."""
    watch = DriftWatch(settings=QUICK)
    for at in range(3):
        watch.update(Observation(f"x{at}", numeric={f"input.f{number}": 1.0 for number in range(100)}, categorical={"input.f0": "a"}))
    assert (len(watch.status()), watch.ignored) == (MAX_FEATURES, 3 * (100 - MAX_FEATURES) + 3)


def test_a_snapshot_is_bounded():
    """Whatever is observed, it stays below 300 kB for fifteen features."""
    chance = Random(1)
    watch = DriftWatch(settings=Settings(Reference(least=1000, size=10_000)))
    for at in range(3000):
        watch.update(
            Observation(
                "i" * 500 + str(at),
                ts=MONDAY + at * 300,
                source=str(chance.random()),
                numeric={f"input.n{number}": chance.random() for number in range(7)},
                categorical={f"input.c{number}": str(chance.random()) * 20 for number in range(7)},
                sketches={"input.topics": chance.randrange(128)},
            )
        )
        if at % 499 == 0:
            assert len(watch.snapshot()) < 300_000


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1400), st.booleans(), st.sampled_from([None, MONDAY, MONDAY + 10_000]))
def test_a_restart_changes_nothing(cut: int, drifts: bool, ts: float | None):
    """A watch that is restored from a snapshot, anywhere in a batch, goes on as it would have."""
    observations = stream(0, 800, ts=ts) + stream(800, 800, with_sketch(60) if drifts else lambda each: each, ts=ts)
    watch = DriftWatch(("app",), QUICK)
    reports(watch, observations[:cut])
    other = DriftWatch.restore(watch.snapshot(), QUICK)
    assert other.snapshot() == watch.snapshot()
    assert reports(other, observations[cut:]) == reports(watch, observations[cut:])
    assert other.status() == watch.status()
    assert other.snapshot() == watch.snapshot()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_features_is_irrelevant(seed: int):
    """What is told does not depend on which feature is named first."""
    chance = Random(seed)
    observations = stream(0, 800) + stream(800, 400, with_categorical(input_language="sw"))

    def shuffled(values: dict[str, object]) -> dict[str, object]:
        return dict(chance.sample(sorted(values.items()), len(values)))

    mixed = [replace(each, numeric=shuffled(each.numeric), categorical=shuffled(each.categorical)) for each in observations]
    one, other = DriftWatch(settings=QUICK), DriftWatch(settings=QUICK)
    assert began(reports(one, observations)) == began(reports(other, mixed))
    assert one.status() == other.status()


VALUES = st.none() | st.floats() | st.integers()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            Observation,
            st.text(max_size=5),
            ts=st.none() | st.floats(),
            source=st.none() | st.text(max_size=3),
            numeric=st.dictionaries(st.sampled_from(["input.a", "label.b", ""]), VALUES),
            categorical=st.dictionaries(st.sampled_from(["input.c", "label.d"]), st.none() | st.text(max_size=3)),
            sketches=st.dictionaries(st.sampled_from(["input.topics"]), st.none() | st.integers(-5, 200)),
        ),
        max_size=30,
    )
)
def test_nothing_that_is_missing_raises(observations: list[Observation]):
    """Any mixture of what is there and what is not is counted, kept, and told."""
    watch = DriftWatch(settings=Settings(Reference(least=5, size=10)))
    for _ in range(5):
        reports(watch, observations)
    assert DriftWatch.restore(watch.snapshot(), Settings(Reference(least=5, size=10))).status() == watch.status()


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"version": 1}', b'{"version": 2, "key": []}', b"\xff"])
def test_what_is_no_snapshot(data: bytes):
    """It is refused with one kind of error."""
    with pytest.raises(ValueError):
        DriftWatch.restore(data)


def test_nothing_is_learned_of_a_drift():
    """A drift that goes on into a part of the week that is not known yet does not become usual there."""
    watch = DriftWatch(settings=QUICK)
    chance = Random(1)
    day = [MONDAY + at * 3.0 for at in range(9000)]  # seven and a half hours: three parts of the day
    usual = [exchange(at, chance, ts) for at, ts in enumerate(day[:3600])]
    again = [exchange(at, chance, ts + 86_400) for at, ts in enumerate(day[:1000])]
    drifting = [with_sketch(60)(exchange(at, chance, ts + 86_400)) for at, ts in enumerate(day[1000:], start=1000)]
    assert began(reports(watch, usual + again)) == []
    known = next(each.seen for each in watch.status() if each.name == "input.topics")
    assert began(reports(watch, drifting)) == ["input.topics"]
    assert next((each.state, each.seen) for each in watch.status() if each.name == "input.topics") == ("drifting", known)


def test_a_drift_of_many_subjects_does_not_end_early():
    """A third of the traffic moves to twenty of 128 buckets, none of them by much: that lasts until it is over."""
    chance = Random(5)

    def spread(each: Observation) -> Observation:
        return with_sketch(chance.randrange(128))(each)

    def moved(each: Observation) -> Observation:
        return with_sketch(chance.randrange(0, 128, 6) if chance.random() < 0.33 else chance.randrange(128))(each)

    watch = DriftWatch(settings=Settings(Reference(least=1000, size=10_000)))
    assert began(reports(watch, stream(0, 11_000, spread))) == []
    assert [shift.change for each in reports(watch, stream(11_000, 5000, moved)) for shift in each.shifts] == ["began"]
    assert [shift.change for each in reports(watch, stream(16_000, 2000, spread)) for shift in each.shifts] == ["ended"]
