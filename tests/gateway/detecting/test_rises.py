"""Shares of exchanges that rise or fall."""

from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detecting.rises import Care, Rise, divergence

SURPRISE = log(100 / 1e-5)
CARE = Care()


def steps(rise: Rise, counts: list[tuple[int, int]], care: Care = CARE, since: int = 0) -> list[bool]:
    """What each step of so many hits and tries tells."""
    told = []
    for at, (hits, tries) in enumerate(counts, since):
        rise.hits, rise.tries = hits, tries
        told.append(rise.close(at * 10.0, at * 10.0 + 10, SURPRISE, care))
    return told


def learned(hits: int = 1, tries: int = 100, care: Care = CARE) -> Rise:
    rise = Rise()
    assert not any(steps(rise, [(hits, tries)] * 60, care))
    return rise


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([(30, 100)], True),
        ([(10, 100)] * 2, True),
        ([(3, 100)], False),
        ([(2, 2)], False),
        ([(3, 10)] * 3, True),
        ([(2, 10), (3, 10), (2, 10)] * 2, True),
        ([(1, 1)] * 3, False),
        ([(1, 1)] * 6, True),
        ([(0, 0)] * 50, False),
        ([(0, 100)] * 50, False),
        ([(4, 300)] * 50, False),
        ([(2, 1000)] * 50, False),
    ],
)
def test_when_a_rise_is_told(counts: list[tuple[int, int]], told: bool):
    """By how unlikely it is, and by how much it matters: of one in a hundred that is usual."""
    assert any(steps(learned(), counts, since=60)) is told


def test_nothing_is_told_before_enough_is_known():
    """Neither of few steps, nor of few exchanges."""
    assert not any(steps(Rise(), [(0, 100)] * 15 + [(90, 100)] * 5))
    assert not any(steps(Rise(), [(0, 1)] * 25 + [(1, 1)] * 4))


def test_a_fall_is_told_where_it_is_asked_for():
    """Of what is usual in enough exchanges, and gone."""
    care = Care(0.08, falls=True)
    rise = learned(30, 100, care)
    assert any(steps(rise, [(0, 100)] * 6, care, 60))
    assert rise.direction == -1
    assert not any(steps(learned(30, 100), [(0, 100)] * 6, since=60))
    assert not any(steps(learned(2, 100, care), [(0, 100)] * 30, care, 60))


def test_it_goes_on_until_it_is_over():
    """In every step, for as long as it is; then no longer, within two or three minutes."""
    rise = learned()
    assert all(steps(rise, [(30, 100)] * 100, since=60))
    assert rise.began == 600.0
    after = steps(rise, [(1, 100)] * 60, since=160)
    assert not any(after[16:])
    assert rise.since == 0.0


def test_what_lasts_is_not_learned():
    """So that it does not become usual by lasting."""
    rise = learned()
    usual = rise.usual
    steps(rise, [(30, 100)] * 100, since=60)
    assert rise.usual == usual


def test_what_lasts_very_long_is_usual():
    """As somebody has wanted it so; from then on less of it is what is told."""
    care = Care(accept_s=600.0)
    rise = learned()
    told = steps(rise, [(30, 100)] * 200, care, 60)
    assert any(told[:60])
    assert not any(told[70:])
    assert rise.usual == pytest.approx(0.3, abs=0.02)


def test_a_step_without_exchanges_tells_nothing():
    """What is missing is not zero; and it ends nothing."""
    rise = learned()
    steps(rise, [(30, 100)] * 5, since=60)
    assert not any(steps(rise, [(0, 0)] * 10, since=65))
    assert rise.is_told


def test_what_varies_anyway_is_not_told():
    """A share that is now one and now the other is as usual in both."""
    rise = Rise()
    assert not any(steps(rise, [(2, 100), (9, 100), (1, 100), (12, 100), (3, 100), (0, 100)] * 60)[30:])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 1000)).map(lambda each: (min(each), each[1])), max_size=80))
@settings(deadline=None, max_examples=100)
def test_state_goes_on_where_it_was_saved(counts: list[tuple[int, int]]):
    """Whatever was counted, levels are finite, and what is restored tells the same."""
    one, other = learned(), Rise()
    steps(one, counts)
    other.read_json(one.as_json())
    assert 0 <= one.level <= 100
    assert steps(one, [(9, 100)] * 5, since=99) == steps(other, [(9, 100)] * 5, since=99)
    assert one.as_json() == other.as_json()


@given(st.floats(0, 1), st.floats(0.0001, 0.9999))
def test_divergence_is_never_negative(share: float, usual: float):
    """And nothing where both are the same."""
    assert divergence(share, usual) >= 0
    assert divergence(usual, usual) == pytest.approx(0, abs=1e-12)
