"""How much comes: surges and silences."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detecting.flows import Flow

LEAST = 8.0


def steps(flow: Flow, amounts: list[float], since: int = 0, whole: Flow | None = None) -> list[tuple[bool, bool]]:
    """What each step tells, in which so much came: of a surge, and of silence."""
    told = []
    for at, amount in enumerate(amounts, since):
        if amount:
            flow.heard(at * 10.0 + 9, amount)
        flow.close(at * 10.0 + 10, LEAST, whole)
        told.append((flow.is_told, flow.is_silent))
    return told


def learned(amount: float = 40.0, count: int = 200) -> Flow:
    flow = Flow()
    assert steps(flow, [amount] * count) == [(False, False)] * count
    return flow


@pytest.mark.parametrize(
    ("usual", "amounts", "told"),
    [
        (40.0, [40.0 * 3] * 30, False),
        (40.0, [40.0 * 20] * 4, True),
        (40.0, [40.0 * 4.5] * 30, False),
        (40.0, [40.0 * 12] * 6, True),
        (1.0, [7.0] * 30, False),
        (1.0, [30.0] * 6, True),
    ],
)
def test_when_a_surge_is_told(usual: float, amounts: list[float], told: bool):
    """Many times what is usual, and enough to matter."""
    assert any(each for each, _ in steps(learned(usual), amounts, 200)) is told


def test_what_all_others_do_too_is_no_surge():
    """A part that grows as the whole does."""
    whole, part = learned(400.0), learned(40.0)
    told = []
    for at in range(200, 212):
        whole.heard(at * 10.0, 8000.0)
        whole.close(at * 10.0 + 10, LEAST, None)
        told += steps(part, [800.0], at, whole)
    assert not any(each for each, _ in told)
    calm = learned(400.0)
    assert any(each for each, _ in steps(learned(40.0), [800.0] * 6, 200, calm))


def test_what_comes_in_bursts_is_told_once():
    """As much as came before is not much more than usual."""
    flow = learned(2.0)
    told = [any(each for each, _ in steps(flow, [100.0] * 3 + [2.0] * 60, 200 + at * 63)) for at in range(4)]
    assert told == [True, False, False, False]


def test_a_surge_that_lasts_is_usual():
    """After an hour."""
    told = [each for each, _ in steps(learned(), [900.0] * 1500, 200)]
    assert any(told[:20])
    assert not any(told[1000:])


@pytest.mark.parametrize(
    ("usual", "silent", "told"),
    [(40.0, 2, False), (40.0, 4, True), (0.5, 6, False), (0.5, 80, True)],
)
def test_when_silence_is_told(usual: float, silent: int, told: bool):
    """Where much was to be expected."""
    flow = Flow()
    steps(flow, [usual] * 200)
    assert any(each for _, each in steps(flow, [0.0] * silent, 200)) is told


def test_gaps_that_were_there_before_are_not_told():
    """Much longer than ever before, it has to be."""
    flow = Flow()
    steps(flow, ([400.0] * 5 + [0.0] * 20) * 20)
    assert not any(each for _, each in steps(flow, [0.0] * 40, 500))
    assert any(each for _, each in steps(flow, [0.0] * 40, 540))


def test_silence_ends_with_what_comes_or_by_lasting():
    """It is told for an hour at most."""
    flow = learned()
    steps(flow, [0.0] * 20, 200)
    assert flow.is_silent
    assert steps(flow, [40.0], 220) == [(False, False)]
    assert steps(learned(), [0.0] * 500, 200)[-1] == (False, False)


@given(st.lists(st.floats(0, 1e12), max_size=60))
@settings(deadline=None, max_examples=60)
def test_state_goes_on_where_it_was_saved(amounts: list[float]):
    """Whatever came."""
    one, other = learned(count=30), Flow()
    steps(one, amounts, 30)
    other.read_json(one.as_json())
    assert steps(one, [9.0, 0.0, 9.0], 99) == steps(other, [9.0, 0.0, 9.0], 99)
    assert one.as_json() == other.as_json()
    assert 0 <= one.level <= 100


def test_a_surge_is_told_in_its_second_step():
    """Where each of two steps has it: one alone may be chance, or a batch."""
    assert [each for each, _ in steps(learned(), [40.0 * 8] * 2, 200)] == [False, True]
    assert not any(each for each, _ in steps(learned(), [40.0 * 8, 40.0] * 4, 200))
