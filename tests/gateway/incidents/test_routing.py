"""Which channels hear of an incident."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.incidents.routing import MAX_INCIDENTS, Hours, Route, Router
from tests.gateway.incidents.notices import notice
from tests.gateway.incidents.symptoms import T0

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(BERLIN, 9 * 60, 17 * 60, frozenset(range(5)))
NIGHT = Hours(BERLIN, 22 * 60, 6 * 60, frozenset({4}))


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("hours", "when", "is_in"),
    [
        (OFFICE, "2026-11-20T09:00", True),
        (OFFICE, "2026-11-20T08:59", False),
        (OFFICE, "2026-11-20T17:00", False),
        (OFFICE, "2026-11-21T12:00", False),
        (OFFICE, "2026-07-20T09:00", True),
        (NIGHT, "2026-11-20T22:00", True),
        (NIGHT, "2026-11-21T05:59", True),
        (NIGHT, "2026-11-21T06:00", False),
        (NIGHT, "2026-11-20T05:00", False),
        (NIGHT, "2026-11-21T22:00", False),
        (Hours(BERLIN), "2026-11-22T23:59", True),
    ],
)
def test_hours(hours, when, is_in):
    """By the clock of their place, in winter and summer; a night belongs to the day on which it began."""
    assert hours.has(at(when)) is is_in


@pytest.mark.parametrize(
    "fields",
    [{"start": 60, "end": 60}, {"start": -1}, {"start": 1440}, {"end": 1441}, {"end": 0}, {"days": frozenset()}, {"days": frozenset({7})}],
)
def test_no_hours(fields):
    """What is no time of a day or week is refused."""
    with pytest.raises(ValueError):
        Hours(BERLIN, **fields)


@pytest.mark.parametrize(
    ("route", "fields", "fits"),
    [
        ({}, {}, True),
        ({}, {"urgency": "record"}, False),
        ({"urgency": "page"}, {"urgency": "ticket"}, False),
        ({"severity": "error"}, {"severity": "warning"}, False),
        ({"severity": "error"}, {"severity": "critical"}, True),
        ({"apps": ("shop*", "x")}, {"app": "Shop-eu"}, True),
        ({"apps": ("shop*", "x")}, {"app": "my-shop"}, False),
        ({"apps": ("shop",)}, {"app": ""}, False),
        ({"hours": OFFICE}, {}, True),
        ({"hours": NIGHT}, {}, False),
    ],
)
def test_routes(route, fields, fits):
    """By application, urgency, severity and time: all that it says."""
    assert Route(("a",), **route).fits(notice(**fields), T0) is fits


def test_who_heard_of_it_hears_of_its_end():
    """Also where the route fits no more, and once; who has not heard of it, does not."""
    router = Router([Route(("office",), hours=OFFICE), Route(("on-call",), urgency="page", severity="critical")], ["mail"])
    assert router.channels(notice(), T0) == ("office",)
    evening = T0 + 10 * 3600
    assert router.channels(notice("updated", severity="critical"), evening) == ("office", "on-call")
    assert router.channels(notice("resolved"), evening) == ("office", "on-call")
    assert router.channels(notice("resolved"), evening) == ()


def test_no_page_is_lost():
    """A page that no route fits goes where the last resort is; a ticket goes nowhere; and there is such a place."""
    router = Router([Route(("a",), apps=("other",))], ["mail"])
    assert router.channels(notice(urgency="ticket"), T0) == ()
    assert router.channels(notice(), T0) == ("mail",)
    with pytest.raises(ValueError, match="last resort"):
        Router([], [])


def test_after_a_restart():
    """What was told before is known."""
    router = Router([], ["mail"])
    router.channels(notice(), T0)
    assert Router([], ["x"], router.told).channels(notice("resolved"), T0) == ("mail",)


def test_bounded():
    """However many there are."""
    router = Router([], ["mail"])
    for each in range(2 * MAX_INCIDENTS):
        router.channels(notice(incident=f"inc-{each}"), T0)
    assert len(router.told) == MAX_INCIDENTS
