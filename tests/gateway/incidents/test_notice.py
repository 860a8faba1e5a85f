"""What channels are told."""

from dataclasses import replace

import pytest
from hypothesis import given

from gateway.incidents.incident import Event, advance
from gateway.incidents.notice import MAX_FACT, MAX_FACTS, MAX_TITLE, Link, line, notice_of, timestamp
from tests.gateway.incidents.notices import hostile_notices, notice
from tests.gateway.incidents.symptoms import T0, incident, log_symptom, symptom


def test_a_notice():
    """It says what, where, since when, how much of it and how much is usual, and what may be the cause."""
    told = notice()
    assert told.title == "the error budget burns fast (app=shop)"
    assert dict(told.facts) == {
        "since": "2026-11-18T11:06:40Z",
        "seen": "0.3, usually 0.01 (n=100)",
        "that is": "21 times",
        "how many times": "1",
        "kinds of evidence": "burn",
        "examples": "t-1, t-2",
        "likely cause": "policy p@2",
    }
    assert told.dedup_key == f"oddgate-{told.incident}"


@pytest.mark.parametrize(
    ("name", "event"),
    [("opened", "trigger"), ("reopened", "trigger"), ("escalated", "update"), ("updated", "update"), ("resolved", "resolve")],
)
def test_events(name, event):
    """Every event that people hear of has its word."""
    assert notice(name).event == event


def test_what_nobody_hears():
    """What was never told has no end that is told, and what is only written down is told to nobody."""
    made = incident()
    assert notice_of(Event("withdrawn", replace(made, urgency="page"), ""), T0) is None
    assert notice_of(Event("opened", replace(made, urgency="record"), ""), T0) is None


def test_the_same_key_all_along():
    """Whatever becomes of an incident, its notices are of one thing."""
    made = incident()
    after, _ = advance(made, log_symptom(), T0 + 60)
    first = notice_of(Event("opened", replace(made, urgency="ticket"), ""), T0)
    last = notice_of(Event("resolved", after, ""), T0 + 9999)
    assert first is not None
    assert last is not None
    assert first.dedup_key == last.dedup_key


def test_others():
    """Of other things that are part of it, a few, and how many more."""
    made = incident()
    for each in range(9):
        made, _ = advance(made, symptom(series=f"s-{each}"), T0)
    told = notice_of(Event("opened", replace(made, urgency="ticket", withheld=3, opens=(T0, T0 + 1, T0 + 2)), ""), T0)
    assert told is not None
    assert dict(told.facts)["also"].endswith("; and 4 more")
    assert dict(told.facts)["pages withheld"] == "3"
    assert dict(told.facts)["flapping"] == "opened 3 times"


@given(hostile_notices())
def test_bounded(told):
    """Whatever names are made of, a notice is a few short lines of printable characters."""
    assert len(told.title) <= MAX_TITLE
    assert len(told.facts) <= MAX_FACTS
    texts = [told.title, told.reason, told.app, told.kind, *(part for fact in told.facts for part in fact)]
    texts += [part for pair in told.dimensions for part in pair] + [each.text for each in told.links]
    assert all(each.isprintable() and len(each) <= MAX_FACT for each in texts)


def test_links():
    """No link but to the web."""
    made = Event("opened", replace(incident(), urgency="page"), "")
    told = notice_of(made, T0, (), [Link("javascript:alert(1)", "x"), Link("https://a.example", "y")])
    assert told is not None
    assert [each.text for each in told.links] == ["y"]


def test_lines_and_times():
    """A line is cut where it is too long; a time is in UTC."""
    assert line("a\nb" + 9 * "c", 5) == "a bc…"
    assert timestamp(0) == "1970-01-01T00:00:00Z"
    assert timestamp(1e14) == "9999-12-31T23:59:59Z"
