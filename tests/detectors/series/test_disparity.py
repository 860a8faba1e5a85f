"""Disparities told from one outcome at a time."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.series.cells import Bar, Cell, State
from detectors.series.disparity import Disparity, Limits, Method
from detectors.series.outcome import Outcome

DAY = 86400.0


def outcome(ts: float, group: str, blocked: bool | None = False, chars: float | None = 100.0, app: str = "app") -> Outcome:
    return Outcome(ts, f"id {ts:g}", app, "", {"gender": group}, {"blocked": blocked}, {"answer_chars": chars})


def traffic(seed: int, count: int, rates: dict[str, float], chars: dict[str, float] | None = None, gap: float = 60) -> Iterator[Outcome]:
    chance = random.Random(seed)
    for at in range(count):
        group = chance.choice(sorted(rates))
        length = chance.lognormvariate(5, 0.6) * (chars or {}).get(group, 1)
        yield outcome(at * gap, group, chance.random() < rates[group], length)


def watched(outcomes: Iterable[Outcome], method: Method | None = None) -> Disparity:
    disparity = Disparity(method)
    for each in outcomes:
        disparity.update(each)
    return disparity


def cell(disparity: Disparity, group: str, name: str = "blocked") -> Cell:
    return next(each for each in disparity.cells() if (each.group, each.outcome) == (group, name))


def test_from_the_first_outcome_to_a_disparity():
    """What is not known is said so at each step: no figures under 30, then learning, then the disparity, first of all cells."""
    outcomes = list(traffic(1, 4000, {"female": 0.10, "male": 0.05}))
    assert Disparity().cells() == []
    assert cell(watched(outcomes[:40]), "female").state is State.NOT_ENOUGH_DATA
    assert cell(watched(outcomes[:300]), "female").state is State.LEARNING
    disparity = watched(outcomes)
    found = disparity.cells()[0]
    assert (found.outcome, found.state, found.strata) == ("blocked", State.DISPARITY, "agree")
    assert found.since is not None
    assert found.examples
    assert cell(disparity, "female", "answer_chars").state is State.FAIR_SO_FAR
    assert cell(disparity, "female").adjusted.value == pytest.approx(2, rel=0.3)  # type: ignore[union-attr]


def test_a_number():
    """Answers a third shorter for one group are a disparity in length alone."""
    disparity = watched(traffic(2, 3000, {"female": 0.05, "male": 0.05}, {"female": 0.67}))
    assert [each.outcome for each in disparity.cells() if each.state is State.DISPARITY] == ["answer_chars"] * 2
    assert cell(disparity, "female", "answer_chars").adjusted.value == pytest.approx(0.67, rel=0.1)  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(4))
def test_fair_traffic_is_not_told_of(seed: int):
    """However often one looks."""
    disparity = Disparity()
    for at, each in enumerate(traffic(seed, 3000, {"female": 0.05, "male": 0.05})):
        disparity.update(each)
        if at % 100 == 99:
            assert all(found.state is not State.DISPARITY for found in disparity.cells())


def test_applications_of_different_rates():
    """Groups that use different applications are not compared across these: the crude ratio is clear, and explained."""
    chance = random.Random(3)
    outcomes = []
    for at in range(8000):
        group = chance.choice(("female", "male"))
        app = "strict" if chance.random() < (0.8 if group == "female" else 0.2) else "lax"
        outcomes.append(outcome(at * 60.0, group, chance.random() < (0.06 if app == "strict" else 0.01), app=app))
    found = cell(watched(outcomes), "female")
    assert (found.state, found.strata) == (State.FAIR_SO_FAR, "explain")


def test_a_group_of_three():
    """Is never shown, whatever happens to it."""
    outcomes = [*traffic(4, 2000, {"male": 0.02, "other": 0.02}), *(outcome(200_000.0 + at, "female", True) for at in range(3))]
    found = cell(watched(outcomes), "female")
    assert (found.state, found.size, found.here) == (State.NOT_ENOUGH_DATA, 3, None)


def test_a_burst_of_one_client():
    """One client that has a thousand requests blocked within minutes is not a disparity of its group; what is not counted is said."""
    others = list(traffic(12, 4000, {"female": 0.05, "male": 0.05}, gap=1))
    one = [replace(outcome(each.ts + 0.5, "female", True), source="a client") for each in others[:1000]]
    outcomes = sorted([*others, *one], key=lambda each: each.ts)
    disparity = watched(outcomes)
    assert cell(disparity, "female").state is not State.DISPARITY
    assert disparity.lost["bursts"] > 950
    assert cell(watched(replace(each, source=None) for each in outcomes), "female").state is State.DISPARITY


def test_constant_and_missing():
    """Outcomes that never vary, are unknown or no numbers tell nothing."""
    outcomes = [outcome(at * 60.0, "ab"[at % 2], None if at % 3 else False, float("nan") if at % 5 else None) for at in range(500)]
    outcomes += [Outcome(float("nan"), "", "", "", {"gender": "a"}, {}, {}), Outcome(1.0, "", "", "", {}, {}, {})]
    disparity = watched(outcomes)
    assert {each.state for each in disparity.cells()} == {State.LEARNING}
    assert disparity.lost == {"outcomes": 1}


def test_a_period_ends():
    """After it, and when the clock jumps so far either way, all begins anew: nothing is said of what is long past, or never was."""
    bad = list(traffic(5, 3000, {"female": 0.2, "male": 0.05}))
    for jump in (91 * DAY, -91 * DAY):
        disparity = watched([*bad, outcome(jump, "female"), outcome(jump + 1, "male")])
        assert {each.state for each in disparity.cells()} == {State.NOT_ENOUGH_DATA}
        assert disparity.outcomes == 2
    back = watched([*bad, outcome(-60.0, "female")])
    assert back.cells()[0].state is State.DISPARITY


def test_what_ends_is_no_longer_told():
    """Within the period too."""
    disparity = watched(traffic(6, 2500, {"female": 0.2, "male": 0.05}))
    assert cell(disparity, "female").state is State.DISPARITY
    for each in traffic(7, 6000, {"female": 0.1, "male": 0.1}):
        disparity.update(each)
    assert cell(disparity, "female").state is State.FAIR_SO_FAR


def test_memory_is_bounded():
    """Labels without end, long ones too, neither grow what is kept nor push out a group that has enough outcomes."""
    limits = Limits(attributes=2, groups=3, strata=4, outcomes=3)
    disparity = watched(traffic(8, 200, {"female": 0.1, "male": 0.1}), Method(limits=limits))
    sizes = []
    for at in range(3000):
        name = f"{at}" * (1 + at % 60)
        many = Outcome(12_000.0 + at, name, name, name, {"gender": name, name: "x"}, {name: True}, {f"n{name}": 1.0})
        disparity.update(many)
        sizes.append(len(disparity.snapshot()))
    assert max(sizes[1000:]) <= max(sizes[:1000]) + 100
    assert {"female", "male"} <= {each.group for each in disparity.cells() if each.attribute == "gender"}
    assert min(disparity.lost[reason] for reason in ("ignored", "names", "strata", "groups")) > 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 300), st.integers(0, 9))
def test_restoring_is_going_on(cut: int, seed: int):
    """A restart at any outcome changes nothing."""
    outcomes = list(traffic(seed, 300, {"female": 0.3, "male": 0.05}))
    after = Disparity()
    after.restore(watched(outcomes[:cut]).snapshot())
    for each in outcomes[cut:]:
        after.update(each)
    assert after.snapshot() == watched(outcomes).snapshot()
    assert after.cells() == watched(outcomes).cells()


@pytest.mark.parametrize(
    "saved",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"{}",
        b'{"form": "oddgate disparity 0", "start": 0, "outcomes": 1, "lost": {}, "names": [], "attributes": {}}',
    ],
)
def test_no_state_of_ours(saved: bytes):
    """Is refused, and changes nothing."""
    disparity = watched(traffic(9, 100, {"female": 0.1, "male": 0.1}))
    before = disparity.snapshot()
    with pytest.raises(ValueError, match="state"):
        disparity.restore(saved)
    assert disparity.snapshot() == before


def test_the_snapshot_has_no_text():
    """What is kept is sums, names and ids, as JSON."""
    saved = json.loads(watched(traffic(10, 100, {"female": 0.1, "male": 0.1})).snapshot())
    assert sorted(saved) == ["attributes", "bursts", "form", "lost", "names", "outcomes", "start"]


def test_a_lower_bar():
    """What it takes is an argument."""
    outcomes = list(traffic(11, 60, {"female": 0.5, "male": 0.1}))
    assert cell(watched(outcomes, Method(bar=Bar(shown=10))), "female").here is not None
