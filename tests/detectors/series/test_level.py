"""How far the shares lie apart."""

from random import Random

import pytest

from detectors.series.baseline import Expected
from detectors.series.level import NOTHING_KNOWN, level, mixed


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [([700, 300], 0.0, 0.02), ([500, 500], 0.18, 0.2), ([0, 1000], 0.68, 0.7), ([1000, 0], 0.28, 0.3)],
)
def test_level(counts: list[int], low: float, high: float):
    """It is the part of the traffic that is other than usual, less a little that chance adds."""
    assert low <= level(counts, Expected((0.7, 0.3), 10_000)).value <= high


def test_few_exchanges_leave_much_open():
    """The interval holds the level, and widens as the exchanges become fewer."""
    found = [level([count // 2, count // 2], Expected((0.7, 0.3), 10_000)) for count in (10_000, 1000, 100, 10)]
    widths = [each.high - each.low for each in found]
    assert widths == sorted(widths)
    assert all(each.low <= each.value <= each.high for each in found)


def test_nothing_is_known_of_nothing():
    """Without exchanges the level may be anything."""
    assert level([0, 0], Expected((0.5, 0.5), 100)) == NOTHING_KNOWN


def test_chance_alone_makes_no_level():
    """Samples of the usual shares over thirty bins have a level near 0, though each lies some way off."""
    chance = Random(1)
    shares = (1 / 30,) * 30
    drawn = [chance.choices(range(30), k=1000) for _ in range(50)]
    found = [level([each.count(at) for at in range(30)], Expected(shares, 1e6)).value for each in drawn]
    assert sum(found) / len(found) < 0.01


def test_mixed():
    """Of two parts of the week, what is usual is their mean by how much of each there was."""
    found = mixed([(300, Expected((1.0, 0.0), 500)), (100, Expected((0.0, 1.0), 2000))])
    assert (found.shares, found.worth) == ((0.75, 0.25), 500)
