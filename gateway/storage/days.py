"""The days (UTC) by which stores keep exchanges: which one a time is of, and how long each is kept."""

from datetime import UTC, datetime, timedelta

DAY_S = 86_400
FIRST, END = datetime(2020, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
BEFORE, AFTER = "00000000", "99999999"
"""Of times that no clock means. Days have the order of the times in them."""


def day_of(ts: float) -> str:
    if ts < FIRST:
        return BEFORE
    return f"{datetime.fromtimestamp(ts, UTC):%Y%m%d}" if ts < END else AFTER


def kept_from(day: str, made: float, now: float) -> float:
    """From when on it is kept; ``made`` is when the store had the first of it.

    Of no day, or of one still to come, it is as long as what came when it did: what a strange clock wrote is not lost at once, and not kept
    for ever.
    """
    if day in (BEFORE, AFTER):
        return made
    begin = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).timestamp()
    return begin if begin <= now + DAY_S else min(begin, made + DAY_S)


def first_kept(now: float, retain_days: int) -> float:
    """When the oldest day that is kept begins; the last one is that of ``now``."""
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - timedelta(days=retain_days - 1)).timestamp()
