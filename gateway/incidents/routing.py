"""Which channels hear of an incident: by its application, how urgent and how bad it is, and the time. Pure and bounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.incidents.incident import SEVERITIES, URGENCIES, Severity, Urgency
from gateway.incidents.notice import Notice
from policies.globs import matches

MAX_INCIDENTS = 1000
_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Hours:
    """From one minute of a day to another, both of the ``zone``; where the first is later, over midnight. ``days``: 0 is Monday."""

    zone: ZoneInfo
    start: int = 0
    end: int = _MINUTES
    days: frozenset[int] = frozenset(range(7))

    def __post_init__(self) -> None:
        if not (0 <= self.start < _MINUTES and 0 < self.end <= _MINUTES and self.start != self.end):
            raise ValueError("hours: minutes of a day, not none of it")
        if not self.days or not self.days <= frozenset(range(7)):
            raise ValueError("days: of 0, Monday, to 6")

    def has(self, now: float) -> bool:
        """After midnight it is still the day on which they began."""
        there = datetime.fromtimestamp(now, self.zone)
        minute, day = there.hour * 60 + there.minute, there.weekday()
        if self.start < self.end:
            return self.start <= minute < self.end and day in self.days
        return (minute >= self.start and day in self.days) or (minute < self.end and (day - 1) % 7 in self.days)


@dataclass(frozen=True, slots=True)
class Route:
    """All that it says must be so. ``urgency`` and ``severity``: at least."""

    channels: tuple[str, ...]
    apps: tuple[str, ...] = ("*",)
    urgency: Urgency = "ticket"
    severity: Severity = "info"
    hours: Hours | None = None

    def fits(self, notice: Notice, now: float) -> bool:
        return (
            URGENCIES.index(notice.urgency) >= URGENCIES.index(self.urgency)
            and SEVERITIES.index(notice.severity) >= SEVERITIES.index(self.severity)
            and any(matches(notice.app, each) for each in self.apps)
            and (self.hours is None or self.hours.has(now))
        )


class Router:
    """Who has heard of an incident hears of its end, whatever the hour; and a page that no route fits goes to ``last``."""

    def __init__(self, routes: Sequence[Route], last: Iterable[str], told: dict[str, tuple[str, ...]] | None = None) -> None:
        self._routes = routes
        self._last = tuple(last)
        if not self._last:
            raise ValueError("a page needs a channel of last resort")
        self.told = dict(told or {})
        """By incident: the channels that have heard of it and not of its end."""

    def channels(self, notice: Notice, now: float) -> tuple[str, ...]:
        known = self.told.pop(notice.incident, ())
        if notice.event == "resolve":
            return known
        fitting = [channel for route in self._routes if route.fits(notice, now) for channel in route.channels]
        if not fitting and not known and notice.urgency == "page":
            fitting = list(self._last)
        chosen = tuple(dict.fromkeys((*known, *fitting)))
        if chosen:
            if len(self.told) >= MAX_INCIDENTS:
                del self.told[next(iter(self.told))]
            self.told[notice.incident] = chosen
        return chosen
