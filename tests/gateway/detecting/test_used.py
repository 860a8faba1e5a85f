"""What is used up, or grows."""

from math import log

import pytest

from gateway.detecting.used import MONTH_S, POINTS, Pace, Spent

NOW = 1_795_000_000.0


def test_a_budget_is_of_thirty_days_of_such_traffic():
    """A hundredth of as much as has come, stretched to thirty days."""
    spent = Spent()
    for second in range(3600):
        spent.count(NOW + second, is_bad=second % 100 == 0)
    assert spent.limit(NOW + 3600, 0.99) == pytest.approx(0.01 * MONTH_S)
    assert spent.bad == 36
    assert spent.is_steady


def test_a_budget_begins_anew_after_thirty_days():
    """With all of it left."""
    spent = Spent()
    spent.count(NOW, is_bad=True)
    spent.step(NOW + MONTH_S)
    assert spent.bad == 1
    spent.step(NOW + MONTH_S + 1)
    assert (spent.bad, spent.total, spent.since) == (0, 0, NOW + MONTH_S + 1)
    assert list(spent.points) == [(NOW + MONTH_S + 1, 0.0)]


def test_a_latency_is_of_enough_exchanges():
    """Those of a few are kept until there are more."""
    pace = Pace()
    for number in range(9):
        pace.count(log(100.0 + number))
    pace.step(NOW)
    assert not pace.points
    pace.count(log(104.0))
    pace.step(NOW + 120)
    assert pace.points[-1] == (NOW + 120, pytest.approx(104, abs=0.5))
    assert pace.usual_ms == pytest.approx(104, abs=0.5)


def test_a_latency_of_late_moves_sooner_than_the_usual_one():
    """And no more points are kept than a forecast takes."""
    pace = Pace()
    for step in range(2 * POINTS):
        for _ in range(10):
            pace.count(log(100.0 if step < POINTS else 200.0))
        pace.step(NOW + step)
    assert len(pace.points) == POINTS
    assert pace.points[-1][1] == pytest.approx(200, rel=0.01)
    assert 110 < pace.usual_ms < 150


@pytest.mark.parametrize("known", [Spent(), Pace()])
def test_what_is_known_outlasts_a_restart(known: Spent | Pace):
    """As it was."""
    known.at = NOW
    known.step(NOW + 7)
    assert type(known).from_json(known.as_json()).as_json() == known.as_json()
