"""The parts of a week in which traffic is compared with its own kind: eight of three hours, on weekdays and at weekends."""

import math

PARTS = 17
ANY = 16
"""Of an exchange whose time is not known."""

_DAY_S = 86_400
_PART_S = 10_800
_SUNDAY_S = 3 * _DAY_S
"""1970 began on a Thursday: so many seconds before its first Sunday."""


def daypart(ts: float | None, offset_s: float = 0) -> int:
    """Which part, at a place so many seconds ahead of UTC."""
    if ts is None or not math.isfinite(ts):
        return ANY
    local = ts + offset_s
    is_weekend = (local - _SUNDAY_S + _DAY_S) % (7 * _DAY_S) < 2 * _DAY_S
    return int(local % _DAY_S // _PART_S) % 8 + (8 if is_weekend else 0)


def is_later_day(before: float | None, ts: float | None) -> bool:
    """Whether a part of the day must have passed between two exchanges, of whatever parts they are."""
    return before is not None and ts is not None and ts - before > _PART_S
