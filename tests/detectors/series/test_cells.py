"""What is said of one group and outcome."""

import pytest

from detectors.series.cells import Bar, Cell, State, of_number, of_rate
from detectors.series.comparison import Moments, Table

NAME = ("gender", "female", "blocked")
REVERSED = [Table(300, 1000, 2500, 9000), Table(650, 9000, 30, 1000)]


@pytest.mark.parametrize(
    ("tables", "is_rejected", "state"),
    [
        ([], True, State.NOT_ENOUGH_DATA),
        ([Table(29, 29, 0, 1000)], True, State.NOT_ENOUGH_DATA),
        ([Table(30, 1000, 0, 0), Table(0, 0, 30, 1000)], True, State.NOT_ENOUGH_DATA),  # never side by side
        ([Table(5, 100, 5, 100)], False, State.LEARNING),
        ([Table(100, 2000, 100, 2000)], False, State.FAIR_SO_FAR),
        ([Table(200, 2000, 100, 2000)], True, State.DISPARITY),
        ([Table(100, 2000, 200, 2000)], True, State.DISPARITY),  # either way
        ([Table(200, 2000, 100, 2000)], False, State.FAIR_SO_FAR),  # the evidence decides
        ([Table(1200, 10000, 1000, 10000)], True, State.FAIR_SO_FAR),  # too small to matter
        ([Table(20, 2000, 5, 2000)], True, State.LEARNING),  # too few events
        ([Table(0, 500, 0, 500)], True, State.LEARNING),
    ],
)
def test_states(tables: list[Table], is_rejected: bool, state: State):
    """Evidence, a ratio of at least 1.25 either way, its interval and 30 events make a disparity; the rest says how much is known."""
    assert of_rate(NAME, tables, Bar(), 100.0, is_rejected=is_rejected).state is state


def test_nothing_is_shown_of_a_small_group():
    """Of fewer than 30 there are no figures."""
    cell = of_rate(NAME, [Table(3, 29, 50, 1000)], Bar(), 1.0, is_rejected=False).with_trail(1.0, ("an id",))
    assert (cell.here, cell.others, cell.crude, cell.adjusted, cell.p_value, cell.examples) == (None, None, None, None, None, ())


def test_four_fifths_both_ways():
    """A rare harm that is six times as frequent looks fair on the favourable side, so both are told, and the adverse one decides."""
    cell = of_rate(NAME, [Table(120, 1000, 20, 1000)], Bar(), 100.0, is_rejected=True)
    assert cell.state is State.DISPARITY
    assert cell.adjusted is not None
    assert cell.favourable is not None
    assert (cell.adjusted.value, cell.favourable.value) == (pytest.approx(6), pytest.approx(0.898, abs=0.001))
    assert cell.level == pytest.approx(6)


@pytest.mark.parametrize(
    ("tables", "strata"),
    [
        ([Table(200, 2000, 100, 2000)], "agree"),
        ([Table(8, 800, 2, 200), Table(10, 200, 40, 800)], "explain"),
        (REVERSED, "reverse"),
        ([Table(0, 500, 0, 500)], "unknown"),
        ([Table(60, 200, 100, 800), Table(80, 800, 5, 200)], "hide"),
    ],
)
def test_strata(tables: list[Table], strata: str):
    """Simpson's paradox is told, and what is only there, or no longer there, within the strata."""
    assert of_rate(NAME, tables, Bar(), 1.0, is_rejected=False).strata == strata


@pytest.mark.parametrize(
    ("mean", "squares", "is_log", "state"),
    [
        (6.3, 1000.0, True, State.DISPARITY),
        (6.1, 1000.0, True, State.FAIR_SO_FAR),
        (6.3, 1000.0, False, State.DISPARITY),
        (6.1, 1000.0, False, State.FAIR_SO_FAR),
        (6.0, 0.0, False, State.FAIR_SO_FAR),
    ],
)
def test_numbers(mean: float, squares: float, is_log: bool, state: State):
    """Ratios of at least 1.25, or a fifth of a standard deviation; constant numbers are fair."""
    cell = of_number(NAME, [(Moments(1000, mean, squares), Moments(1000, 6.0, squares))], Bar(), 100.0, is_rejected=True, is_log=is_log)
    assert cell.state is state
    assert cell.level >= 1


def test_a_number_without_others():
    """Too few to show anything of."""
    assert of_number(NAME, [(Moments(900, 1, 1), Moments())], Bar(), 1.0, is_rejected=True, is_log=False).state is State.NOT_ENOUGH_DATA


def test_single_numbers_in_many_strata():
    """Are too thin for a mean's spread: no figure within the strata, and no disparity."""
    cell = of_number(NAME, [(Moments(1, 9.0, 0), Moments(1, 1.0, 0))] * 40, Bar(), 100.0, is_rejected=True, is_log=True)
    assert (cell.state, cell.adjusted, cell.strata) == (State.LEARNING, None, "unknown")


def test_level_of_what_is_fair():
    """Is 1, whatever the ratio was by chance."""
    cell = of_rate(NAME, [Table(9, 100, 3, 100)], Bar(), 1.0, is_rejected=False)
    assert isinstance(cell, Cell)
    assert (cell.effect, cell.level) == (pytest.approx(3), 1.0)
