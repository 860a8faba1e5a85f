"""The parts of a week in which traffic is compared with its own kind: eight of three hours, on weekdays and at weekends."""

import math

PARTS = 17
ANY = 16
"""Of an exchange whose time is not known."""

_PART_S = 10_800
_OF_WEEK = tuple(part + (8 if day in ("Saturday", "Sunday") else 0) for day in (
    "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday",
) for part in range(8))  # fmt: skip
"""1970 began on a Thursday."""


def daypart(ts: float | None, offset_s: float = 0) -> int:
    """Which part, at a place so many seconds ahead of UTC."""
    if ts is None or not math.isfinite(ts):
        return ANY
    return _OF_WEEK[int((ts + offset_s) // _PART_S) % len(_OF_WEEK)]


def is_later_day(before: float | None, ts: float | None) -> bool:
    """Whether a part of the day must have passed between two exchanges, of whatever parts they are."""
    return before is not None and ts is not None and ts - before > _PART_S
