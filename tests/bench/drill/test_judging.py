"""What is heard of a fault, judged: transcripts of what a watch showed."""

import pytest

from bench.drill.faults import Fault
from bench.drill.hooks import Heard
from bench.drill.judging import Look, Shown, Sign, judge, right_hint, shown

T0 = 1_000_000.0
FAULT = Fault("upstream fails", lambda _: None, frozenset({"errors"}), (("upstream", "east"),), (("upstream", "east"), ("policy", "")))


def sign(about: str = "errors", upstream: str = "east", onset: float = T0 + 5, at: float = T0 + 20) -> Sign:
    return Sign(about, frozenset({("upstream", upstream)} if upstream else ()), onset, at)


def incident(*signs: Sign, id_: str = "inc-1", state: str = "open", urgency: str = "ticket", hints: tuple[str, ...] = ()) -> Shown:
    return Shown(id_, state, urgency, T0 + 5, f"title of {id_}", signs, hints)


def test_it_is_found_when_an_incident_of_it_is_open():
    """From when it is only seen, it is not told yet; the first time that it is open counts."""
    looks = [
        Look(T0 + 10, (incident(sign(), state="opening", urgency="record"),)),
        Look(T0 + 40, (incident(sign()),)),
        Look(T0 + 50, (incident(sign()),)),
    ]
    judged = judge(FAULT, looks, T0)
    assert (judged.seen_s, judged.found_s, judged.is_found, judged.incidents) == (10, 40, True, 1)


def test_what_is_found_late_is_not_found_in_time():
    """A minute is the aim."""
    judged = judge(FAULT, [Look(T0 + 61, (incident(sign()),))], T0)
    assert (judged.found_s, judged.is_found) == (61, False)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(sign("drift"), id="about something else"),
        pytest.param(sign(upstream="west"), id="of another part of the traffic"),
        pytest.param(sign(onset=T0 - 100), id="began long before"),
        pytest.param(sign(onset=T0 - 10, at=T0 - 1), id="over before"),
    ],
)
def test_an_incident_of_something_else_is_none_of_it(other: Sign):
    """It counts among the others, so that a watch that cries all the time is not praised."""
    judged = judge(FAULT, [Look(T0 + 30, (incident(other),))], T0)
    assert (judged.found_s, judged.seen_s, judged.incidents, judged.others) == (None, None, 0, ("title of inc-1",))


def test_a_sign_of_all_traffic_is_of_it():
    """Whoever says nothing of where does not say it wrong."""
    assert judge(FAULT, [Look(T0 + 30, (incident(sign(upstream="")),))], T0).found_s == 30


def test_what_was_told_before_is_a_false_alarm_and_may_yet_tell_of_it():
    """An incident that was open before is early; the fault is found once it is part of it, and not sooner."""
    before = Look(T0 - 5, (incident(sign("latency", "west", T0 - 20, T0 - 6)),))
    after = [
        Look(T0 + 10, (incident(sign("latency", "west", T0 - 20, T0 + 9)),)),
        Look(T0 + 30, (incident(sign("latency", "west", T0 - 20, T0 + 9), sign()),)),
    ]
    judged = judge(FAULT, [before, *after], T0)
    assert (judged.early, judged.found_s, judged.others) == (("title of inc-1",), 30, ())


def test_records_that_nobody_is_told_of_find_nothing():
    """What is only written down while something is learned is no finding, and no false alarm."""
    judged = judge(FAULT, [Look(T0 - 5, (incident(sign(), urgency="record"),)), Look(T0 + 30, (incident(sign(), urgency="record"),))], T0)
    assert (judged.found_s, judged.early, judged.others) == (None, (), ())


def test_pages_are_counted_by_incident():
    """The same incident may be told of several times; a ticket is no page, and a page before the fault is not of it."""
    heard = [
        Heard(T0 - 9, "incident.opened", "inc-0", "page", "error", ""),
        Heard(T0 + 31, "incident.opened", "inc-1", "ticket", "error", ""),
        Heard(T0 + 45, "incident.updated", "inc-1", "page", "error", ""),
        Heard(T0 + 50, "incident.updated", "inc-1", "page", "error", ""),
        Heard(T0 + 55, "incident.opened", "inc-2", "page", "error", ""),
    ]
    judged = judge(FAULT, [Look(T0 + 30, (incident(sign()), incident(sign("drift"), id_="inc-2")))], T0, heard)
    assert (judged.pages, judged.paged_s) == (2, 45)


def test_the_last_hints_of_the_first_incident_count():
    """Hints may get better while an incident goes on."""
    looks = [
        Look(T0 + 30, (incident(sign(), hints=("likely cause: all traffic",)),)),
        Look(T0 + 50, (incident(sign(), hints=("slow step: call", "likely cause: app=shop, upstream=east: 9 of 9")),)),
    ]
    judged = judge(FAULT, looks, T0)
    assert (judged.cause, judged.hints[0]) == (2, "slow step: call")


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (("upstream=east: 9 of 9",), 1),
        (("upstream=eastern: 9 of 9", "upstream=east-2", "upstream=east.eu"), None),
        (("changed just before: policy main aaaa → bbbb",), 1),
        (("app=shop", "model=x", "tenant=y", "upstream=east"), None),
        ((), None),
    ],
)
def test_a_hint_is_right_by_name_and_value(hints: tuple[str, ...], expected: int | None):
    """The whole value has to be there, unless any will do; the first three hints count."""
    assert right_hint(hints, FAULT.causes) == expected


def test_what_the_watch_shows_is_read():
    """What is only learned is no sign."""
    member = {"about": "errors", "dimensions": {"upstream": "east"}, "onset": T0, "at": T0 + 9, "learning": False, "level": 1.5}
    raw = {
        "id": "inc-1", "state": "open", "urgency": "page", "onset": T0, "title": "errors",
        "members": [member, {**member, "learning": True}], "hints": [{"label": "likely cause", "value": "upstream=east"}],
    }  # fmt: skip
    read = shown(raw)
    assert read.signs == (Sign("errors", frozenset({("upstream", "east")}), T0, T0 + 9),)
    assert (read.hints, read.is_told) == (("likely cause: upstream=east",), True)
