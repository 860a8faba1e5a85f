"""Which day a time is of, and how long a day is kept. What stores make of it is in tests/contracts."""

import pytest

from gateway.storage.days import DAY_S, day_of, first_kept, kept_from
from tests.gateway.watch.records import NOW

TODAY = NOW // DAY_S * DAY_S


@pytest.mark.parametrize(
    ("ts", "day"),
    [
        (-1e9, "00000000"), (0.0, "00000000"), (1577836799.9, "00000000"), (1577836800.0, "20200101"), (NOW, "20261118"),
        (TODAY, "20261118"), (TODAY - 0.001, "20261117"), (4102444799.0, "20991231"), (4102444800.0, "99999999"), (1e300, "99999999"),
    ],
)  # fmt: skip
def test_the_day_of_a_time(ts: float, day: str):
    """By UTC; what no clock means is before or after all days."""
    assert day_of(ts) == day


@pytest.mark.parametrize(
    ("day", "begin"),
    [
        ("20261118", TODAY),
        ("20261101", TODAY - 17 * DAY_S),
        ("20261119", TODAY + DAY_S),
        ("20271118", NOW - 5),
        ("00000000", NOW - DAY_S - 5),
    ],
)
def test_from_when_on(day: str, begin: float):
    """From its own begin on; one that is none, or still to come, as long as what came when it did, or the day after."""
    assert kept_from(day, NOW - DAY_S - 5, NOW) == begin


def test_the_first_that_is_kept():
    """Today counts."""
    assert [first_kept(NOW, days) for days in (1, 3)] == [TODAY, TODAY - 2 * DAY_S]
