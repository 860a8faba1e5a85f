"""How well a rate is held, and where the border goes from there."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.alarms import Sample, auroc, report

RATE = 0.05


def traffic(shape: float, count: int = 4000, label: str | None = None, seed: int = 7) -> list[Sample]:
    """Ordinary exchanges. With shape 1 their scores are what they promise; below, they look stranger than they are."""
    chance = random.Random(seed)
    scores = [chance.random() ** shape for _ in range(count)]
    return [Sample(score, score >= 1 - RATE, score < 1 - RATE, label if score >= 1 - RATE else None) for score in scores]


def flood(count: int) -> list[Sample]:
    return [Sample(0.999, is_stopped=True, passed=False)] * count


@pytest.mark.parametrize("more", [[], flood(50), flood(10_000)], ids=["traffic", "attack", "flood"])
def test_without_labels_the_border_stays(more: list[Sample]):
    """Neither do stops that nobody has looked at tighten it, round after round, nor does a flood of them loosen it."""
    found = report(RATE, RATE, [*traffic(1), *more])
    assert found
    assert found.new_border == pytest.approx(RATE, abs=0.005)
    assert found.is_held is None


def test_labels_move_it():
    """Of traffic that looks strange twice as often as promised, the new border stops the promised share."""
    before = traffic(0.5, label="inside")
    found = report(RATE, RATE, before)
    assert found
    assert found.is_held is False
    assert found.rate.value == pytest.approx(1 - 0.95**2, abs=0.02)
    after = [1 - each.score <= found.new_border for each in traffic(0.5, seed=8)]
    assert sum(after) / len(after) == pytest.approx(RATE, abs=0.01)


def test_what_never_comes_near_the_border_tightens_it():
    """A promise of one in twenty is kept where none is stopped; then the border lies where one in twenty would be."""
    found = report(RATE, RATE, [Sample(each.score * 0.5, is_stopped=False) for each in traffic(1)])
    assert found
    assert found.is_held is True
    assert found.new_border == 0.5
    found = report(RATE, RATE, [Sample(each.score * 0.9, is_stopped=False) for each in traffic(1)])
    assert found
    assert RATE < found.new_border < 0.2


def test_doubts():
    """A rate that is not held, scores that tell nothing, and a border that would be looser by more than a factor of two want a person."""
    found = report(RATE, RATE, [*traffic(1), *([Sample(0.9999, is_stopped=True, label=None, is_set_aside=True)] * 60)])
    assert found
    assert (found.set_aside, found.doubts) == (60, [])
    found = report(RATE, RATE, [*traffic(1, 500), *([Sample(0.9999, is_stopped=True, label="inside")] * 60)])
    assert found
    assert [doubt.partition(" ")[0] for doubt in found.doubts] == ["the", "the"]
    assert "NOT HELD" in found.doubts[0]
    assert "looser by more than 2 times" in found.doubts[1]
    found = report(RATE, RATE, [*traffic(1), *([Sample(0.5, is_stopped=False, label="outside")] * 9)])
    assert found
    assert [doubt.partition(":")[0] for doubt in found.doubts] == [f"AUROC {found.auroc:.4f} is below 0.6"]


@pytest.mark.parametrize(("at", "is_doubted"), [(1.9, False), (2.1, True), (0.5, False)])
def test_how_far_a_border_moves(at: float, is_doubted: bool):
    """Up to a factor of two it may be loosened, and tightened as far as it goes."""
    base = report(RATE, RATE, traffic(1))
    assert base
    found = report(RATE, base.new_border * at, traffic(1))
    assert found
    assert bool(found.doubts) == is_doubted


def test_what_counts():
    """Inside is what passed, and what a person says is; what others blocked says nothing."""
    samples = [
        Sample(0.1, is_stopped=False),
        Sample(0.2, is_stopped=False, passed=False),
        Sample(0.3, is_stopped=False, passed=False, label="inside"),
        Sample(0.99, is_stopped=True, passed=False, label="inside"),
        Sample(0.98, is_stopped=True, passed=False),
        Sample(0.6, is_stopped=False, label="outside"),
        Sample(0.995, is_stopped=True, passed=False, label="outside"),
    ]
    found = report(RATE, 0.04, samples)
    assert found
    assert (found.inside, found.outside, found.unknown, found.false_alarms) == (3, 2, 1, 1)
    assert (found.promised, found.border) == (RATE, 0.04)
    assert found.rate.value == pytest.approx(1 / 3)
    assert found.at_most.value == pytest.approx(2 / 4)
    assert found.auroc == pytest.approx(5 / 6)
    assert report(RATE, RATE, samples[1:2] + samples[4:]) is None


@pytest.mark.parametrize(
    ("inside", "outside", "area"),
    [([0.1, 0.2], [0.3], 1.0), ([0.3], [0.1, 0.2], 0.0), ([0.5], [0.5], 0.5), ([0.1, 0.3], [0.2], 0.5)],
)
def test_auroc(inside: list[float], outside: list[float], area: float):
    """1: all that is outside scores more; ties count half."""
    assert auroc(inside, outside) == area


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.booleans(), st.sampled_from([None, "inside", "outside"])), max_size=50))
def test_any_samples(given: list[tuple[float, bool, bool, str | None]]):
    """A border is a chance, and the table keeps the order of scores."""
    found = report(RATE, RATE, [Sample(*each) for each in given])
    if found:
        assert 0 < found.new_border <= 0.5
        tails = [found.table.tail(at / 20) for at in range(21)]
        assert tails == sorted(tails, reverse=True)
