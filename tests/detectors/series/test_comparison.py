"""Ratios, differences and their intervals."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.comparison import (
    Moments,
    Table,
    difference,
    discoveries,
    needed_for_mean,
    needed_for_rate,
    p_value,
    paired_difference,
    ratio,
    spread_within,
    wilson,
)


@pytest.mark.parametrize(
    ("count", "size", "low", "high"), [(5, 100, 0.0215, 0.1118), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (0, 0, 0.0, 1.0)]
)
def test_wilson(count: int, size: int, low: float, high: float):
    """The published interval (Wilson 1927), also for nothing and for all."""
    found = wilson(count, size, 0.95)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize(
    ("tables", "value"),
    [
        ([Table(10, 100, 5, 100)], 2.0),
        ([Table(0, 50, 5, 50)], 0.0),
        ([Table(5, 50, 0, 50)], math.inf),
        ([Table(10, 100, 5, 100), Table(20, 50, 30, 150)], 2.0),
        ([Table(10, 100, 5, 100), Table(9, 9, 0, 0)], 2.0),
    ],
)
def test_ratio(tables: list[Table], value: float):
    """Mantel and Haenszel's, within its interval; what has nothing to compare with counts for nothing."""
    found = ratio(tables, 0.95)
    assert found is not None
    assert found.value == pytest.approx(value)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("tables", [[], [Table(0, 50, 0, 50)], [Table(3, 50, 0, 0)]])
def test_no_ratio(tables: list[Table]):
    """Of nothing to nothing there is no ratio."""
    assert ratio(tables, 0.95) is None


def test_ratio_interval_holds():
    """An interval of 95 % misses the true ratio in about 5 % of small samples."""
    chance = random.Random(2)

    def count(size: int, rate: float) -> int:
        return sum(chance.random() < rate for _ in range(size))

    found = [ratio([Table(count(60, 0.2), 60, count(90, 0.1), 90)], 0.95) for _ in range(600)]
    missed = sum(each is not None and not each.low <= 2 <= each.high for each in found)
    assert 10 <= missed <= 50


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4).map(lambda n: Table(n[0], n[0] + n[1], n[2], n[2] + n[3])), max_size=4))
def test_turned_round(tables: list[Table]):
    """The others against the group is the inverse, with the same p-value."""
    there, back = ratio(tables, 0.99), ratio([Table(b, m, a, n) for a, n, b, m in tables], 0.99)
    assert (there is None) == (back is None)
    if there and back and 0 < there.value < math.inf:
        assert there.value * back.value == pytest.approx(1)
        assert there.low * back.high == pytest.approx(1, rel=1e-3)
    assert p_value(tables) == pytest.approx(p_value([Table(b, m, a, n) for a, n, b, m in tables]))


def test_strata_take_out_what_they_explain():
    """Two strata without a difference, unevenly filled: pooled they differ, within them they do not."""
    tables = [Table(8, 800, 2, 200), Table(10, 200, 40, 800)]
    pooled = Table(*(sum(table[at] for table in tables) for at in range(4)))
    assert p_value([pooled]) < 0.01 < p_value(tables)


@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=20), st.integers(0, 20))
def test_moments(values: list[float], cut: int):
    """Sums of parts are the sums of the whole."""
    whole = sum((Moments(1, value) for value in values), Moments())
    parted = sum(map(Moments().with_value, values[:cut]), Moments()) + sum(map(Moments().with_value, values[cut:]), Moments())
    assert (whole.size, parted.size) == (len(values), len(values))
    assert whole.mean == pytest.approx(math.fsum(values) / len(values), abs=1e-6)
    assert whole.squares == pytest.approx(parted.squares, abs=1e-3)


def test_difference():
    """Of means, within the strata: what differs between strata is left out."""
    strata = [
        (Moments(100, 5.0, 100.0), Moments(10, 4.0, 10.0)),
        (Moments(10, 105.0, 10.0), Moments(100, 104.0, 100.0)),
        (Moments(9, 1, 1), Moments()),
    ]
    found = difference(strata, 0.95)
    assert found is not None
    assert (found.value, found.low > 0) == (pytest.approx(1), True)
    assert spread_within(strata[:2]) == pytest.approx(math.sqrt(220 / 216))
    assert difference([(Moments(9, 1, 1), Moments(1, 1, 0))], 0.95) is None
    assert spread_within([]) == 0
    assert Moments() + Moments() == Moments()


@pytest.mark.parametrize(("gains", "losses", "size", "value"), [(12, 2, 100, 0.1), (0, 0, 50, 0.0), (0, 0, 0, 0.0), (5, 5, 10, 0.0)])
def test_paired_difference(gains: int, losses: int, size: int, value: float):
    """The difference of two rates of the same cases, within its interval, also when nothing differs."""
    found = paired_difference(gains, losses, size, 0.95)
    assert found.value == pytest.approx(value)
    assert -1 <= found.low < found.value < found.high <= 1 or size == 0


@pytest.mark.parametrize(("rate", "times", "size"), [(0.05, 2, 631), (0.02, 2, 1652), (0.2, 1.5, 435), (1.0, 2, None)])
def test_needed_for_rate(rate: float, times: float, size: int | None):
    """As in the usual tables of power, and something for any rate."""
    found = needed_for_rate(rate, times)
    assert found > 0
    assert size is None or found == pytest.approx(size, rel=0.03)


def test_needed_for_mean():
    """As in the usual tables: 584 of each for a fifth of a standard deviation."""
    assert needed_for_mean(0.2) == 584


@pytest.mark.parametrize(
    ("p_values", "told"),
    [([], set()), ([("a", 0.04)], {"a"}), ([("a", 0.04), ("b", 0.9)], set()), ([("a", 0.04), ("b", 0.049)], {"a", "b"})],
)
def test_discoveries(p_values: list[tuple[str, float]], told: set[str]):
    """Benjamini and Hochberg's step-up."""
    assert discoveries(p_values, 0.05) == told
