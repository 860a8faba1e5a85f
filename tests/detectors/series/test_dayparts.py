"""Parts of the week."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.dayparts import ANY, PARTS, daypart, is_later_day

HOUR = 3600.0
THURSDAY = 0.0


@pytest.mark.parametrize(
    ("ts", "offset_s", "expected"),
    [
        (THURSDAY, 0, 0),
        (THURSDAY + 3 * HOUR - 1, 0, 0),
        (THURSDAY + 3 * HOUR, 0, 1),
        (THURSDAY + 23.9 * HOUR, 0, 7),
        (THURSDAY + 48 * HOUR, 0, 8),  # Saturday
        (THURSDAY + 95.9 * HOUR, 0, 15),  # the last of Sunday
        (THURSDAY + 96 * HOUR, 0, 0),  # Monday
        (THURSDAY + 95.9 * HOUR, HOUR, 0),  # which has begun an hour ahead of UTC
        (-1.0, 0, 7),  # a Wednesday
        (None, 0, ANY),
        (math.nan, 0, ANY),
        (math.inf, 0, ANY),
    ],
)
def test_daypart(ts: float | None, offset_s: float, expected: int):
    """Eight parts of three hours, the weekends' apart, in the place's own time; no time is a part of its own."""
    assert daypart(ts, offset_s) == expected


@given(st.floats(), st.floats(-86_400, 86_400))
def test_any_time_has_a_part(ts: float, offset_s: float):
    """Whatever a clock says, the part is one of those there are."""
    assert 0 <= daypart(ts, offset_s) < PARTS


@pytest.mark.parametrize(
    ("before", "ts", "expected"),
    [(0.0, 3 * HOUR, False), (0.0, 3 * HOUR + 1, True), (3 * HOUR, 0.0, False), (None, 0.0, False), (0.0, None, False)],
)
def test_is_later_day(before: float | None, ts: float | None, expected: bool):
    """After more than three hours another part has passed, though both times may be of the same."""
    assert is_later_day(before, ts) is expected
