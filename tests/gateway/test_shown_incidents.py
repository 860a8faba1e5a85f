"""The document of incidents, and its numbers."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import shown_incidents
from gateway.config import Config
from gateway.incidents.incident import MAX_MEMBERS, Acknowledged, Incident, advance
from gateway.incidents.outbox import NOT_FOR, Delivery, Past
from gateway.incidents.rootcause import Change
from gateway.incidents.stages import Silence
from gateway.shown_incidents import IncidentFigures, parse, reader, render
from gateway.storage.incident_log import FileLog
from tests.gateway.incidents.notices import NASTY, notice
from tests.gateway.incidents.symptoms import T0, burn, incident, log_symptom


def shown(*incidents: Incident, **parts: object) -> dict:
    """As it is read again."""
    said: dict = {
        "hints": {}, "similar": {}, "deliveries": [], "dead": [], "silences": [], "actions": [], "changes": [],
        "figures": {"opened": 1, "waiting": 2}, **parts,
    }  # fmt: skip
    return parse(render(T0, incidents, **said))


def past(became: str, at: float = T0, channel: str = "oncall") -> Past:
    return Past("msg-1", channel, "inc-1", "trigger", at, 1, became)


def test_all_that_is_known():
    """Of an incident: what it is, since when, what it is made of, why it may be, who looks after it; and what was done."""
    made = incident(burn(value=0.3, evidence=("req_1",), traces=("t-1",)))
    made, _ = advance(made, log_symptom(), T0 + 1)
    made, _ = advance(made, Acknowledged("anna"), T0 + 2)
    said = shown(
        made,
        hints={made.id: [("policy", "p@2, 3 min before")]},
        similar={made.id: [("inc-0", 0.5)]},
        deliveries=[past("delivered")],
        dead=[Delivery("msg-2", "team", notice(), T0)],
        silences=[Silence("sil-1", (("app", "shop"),), "moving", "ben", T0, T0 + 60)],
        actions=[{"id": "act-1", "state": "active"}],
        changes=[Change(T0, "policy", "p", "2", (("app", "shop"),))],
    )
    (told,) = said["incidents"]
    assert (told["id"], told["state"], told["urgency"], told["app"], told["acked_by"]) == (made.id, "open", "page", "shop", "anna")
    assert [each["modality"] for each in told["members"]] == ["burn", "log"]
    assert (told["hints"], told["similar"]) == ([{"label": "policy", "value": "p@2, 3 min before"}], [{"id": "inc-0", "likeness": 0.5}])
    assert (told["evidence"], told["traces"]) == (["req_1"], ["t-1"])
    assert said["open"] == {"error": 1}
    assert said["silences"][0]["dimensions"] == {"app": "shop"}
    assert (said["dead"][0]["channel"], said["deliveries"][0]["became"]) == ("team", "delivered")
    assert (said["actions"][0]["id"], said["changes"][0]["name"], said["left_out"]) == ("act-1", "p", 0)


def test_order_and_bounds(monkeypatch: pytest.MonkeyPatch):
    """What goes on stays when there is no room, then what is new; the document says how much is left out, and is never too large."""
    old = replace(incident(now=T0 - 9000), id="inc-open")
    over = [replace(incident(), id=f"inc-{number}", state="resolved", since=T0 + number) for number in range(20)]
    monkeypatch.setattr(shown_incidents, "MAX_SHOWN", 5)
    said = shown(*over, old)
    assert [each["id"] for each in said["incidents"]] == ["inc-open", "inc-19", "inc-18", "inc-17", "inc-16"]
    assert said["left_out"] == 16
    monkeypatch.setattr(shown_incidents, "MAX_BYTES", 3000)
    said = shown(*over, old)
    assert said["incidents"][0]["id"] == "inc-open"
    assert 1 <= len(said["incidents"]) < 5
    assert len(json.dumps(said, separators=(",", ":"))) <= 3000


def test_many_members_and_bad_names():
    """As many members as people read are shown, and how many more there are; names that are an attack are one line."""
    made = incident(burn(series=NASTY[:60].encode("ascii", "ignore").decode()))
    for number in range(MAX_MEMBERS):
        made, _ = advance(made, log_symptom(series=f"t-{number}"), T0)
    made, _ = advance(made, log_symptom(series="t-more"), T0)
    said = shown(made, changes=[Change(T0, "policy", NASTY, "\x00")])["incidents"][0]
    assert len(said["members"]) == shown_incidents.MAX_MEMBERS
    assert said["members_left_out"] == made.left_out + MAX_MEMBERS - shown_incidents.MAX_MEMBERS


def test_nothing_said():
    """What cannot be read is nothing."""
    assert [parse(each) for each in (None, b"", b"{", b"[1]")] == 4 * [{}]


def test_where_it_lies(tmp_path: Path):
    """Who reads finds what the watch's log shows."""
    read = reader(Config.model_validate({"watch": {"dir": tmp_path}}))
    assert read() is None
    FileLog(tmp_path).show(b"{}")
    assert read() == b"{}"


def figures(said: dict, now: float = T0) -> dict:
    collector = IncidentFigures(lambda: said, {"oncall": "pagerduty", "team": "slack"}, lambda: now)
    return {(each.name, *each.labels.values()): each.value for metric in collector.collect() for each in metric.samples}


def test_numbers():
    """Open incidents by severity, notices of the last hour by kinds of channels; no name of an application, a model or a channel."""
    deliveries = [
        past("delivered"), past("status 400"), past("gone", channel="team"), past(NOT_FOR), past("status 500", at=T0 - 3601),
        past("delivered", channel="of yesterday"),
    ]  # fmt: skip
    found = figures(shown(incident(burn(app="secret-app")), deliveries=deliveries), T0 + 7)
    assert found["oddgate_incidents_open", "error"] == 1
    assert found["oddgate_incidents_open", "critical"] == 0
    assert (found["oddgate_incidents_opened_total",], found["oddgate_notices_waiting",], found["oddgate_incidents_age_seconds",]) == (
        1,
        2,
        7,
    )
    assert {name[1:]: value for name, value in found.items() if name[0] == "oddgate_notices_last_hour"} == {
        ("pagerduty", "delivered"): 1, ("pagerduty", "failed"): 1, ("slack", "delivered"): 0, ("slack", "failed"): 1,
    }  # fmt: skip
    assert "secret-app" not in str(found)


def test_numbers_of_a_silent_watch():
    """Zeros, and an age that nobody knows."""
    found = figures({})
    assert math.isnan(found.pop(("oddgate_incidents_age_seconds",)))
    assert set(found.values()) == {0}
