"""What became of predictions."""

import pytest

from detectors.series.forecast import Forecast
from detectors.series.predictions import MAX_DONE, MAX_OPEN, Kept, Predictions

SOON = Forecast(100.0, 50.0, 200.0, 1.0, 30)


def test_precision_and_lead():
    """What comes true counts with its lead, what does not counts against; what was not predicted is missed."""
    predictions = Predictions()
    assert predictions.kept() == Kept(0, None, None)
    predictions.made("a", SOON, 0.0)
    predictions.made("a", SOON, 60.0)
    predictions.made("b", SOON, 10.0)
    predictions.came_true("a", 90.0)
    predictions.came_true("c", 100.0)
    assert predictions.kept() == Kept(1, 1.0, 90.0)
    predictions.tick(211.0)
    assert (predictions.kept(), predictions.missed) == (Kept(2, 0.5, 90.0), 1)


def test_too_late():
    """What comes after its latest time was not predicted."""
    predictions = Predictions()
    predictions.made("a", SOON, 0.0)
    predictions.came_true("a", 201.0)
    assert (predictions.kept(), predictions.missed) == (Kept(1, 0.0, None), 1)


def test_what_is_gone_is_not_predicted():
    """A budget that is used up already makes no prediction."""
    predictions = Predictions()
    predictions.made("a", SOON._replace(is_predicted=False), 0.0)
    predictions.came_true("a", 1.0)
    assert (predictions.kept().decided, predictions.missed) == (0, 1)


@pytest.mark.parametrize("decided", [True, False])
def test_bounds(decided: bool):
    """Neither those that are open nor those that are decided grow without end."""
    predictions = Predictions()
    for number in range(MAX_DONE + MAX_OPEN):
        predictions.made(f"{number}", SOON, 0.0)
        if decided:
            predictions.came_true(f"{number}", 1.0)
    predictions.tick(1e9)
    assert predictions.kept().decided == (MAX_DONE if decided else MAX_OPEN)


def test_saved():
    """A restart forgets nothing."""
    predictions = Predictions()
    predictions.made("a", SOON, 0.0)
    predictions.made("b", SOON, 0.0)
    predictions.came_true("b", 30.0)
    predictions.came_true("c", 30.0)
    again = Predictions.restore(predictions.snapshot())
    assert again.snapshot() == predictions.snapshot()
    again.came_true("a", 50.0)
    assert (again.kept(), again.missed) == (Kept(2, 1.0, 40.0), 1)
