"""PagerDuty's Events API v2, against a receiver as strict as its documents."""

import json

import pytest
from hypothesis import given

from gateway.incidents.notice import Change
from gateway.incidents.notify.pagerduty import PagerDuty
from tests.gateway.incidents.notices import hostile_notices, notice
from tests.gateway.incidents.symptoms import T0
from tests.support.alert_channels import check_pagerduty

KEY = "0123456789abcdef0123456789ABCDEF"
CHANNEL = PagerDuty(KEY, source="gw-1")


def sent(call) -> dict:
    path = call.url.removeprefix("https://events.pagerduty.com")
    assert check_pagerduty(path, {name.lower(): value for name, value in call.headers}, call.body) is None
    return json.loads(call.body)


def test_trigger():
    """An alert: what, where, how bad, since when, with its facts."""
    event = sent(CHANNEL.call(notice(), "id", T0))
    assert (event["event_action"], event["routing_key"], event["dedup_key"]) == ("trigger", KEY, notice().dedup_key)
    payload = event["payload"]
    assert (payload["severity"], payload["source"], payload["group"], payload["class"]) == ("error", "gw-1", "shop", "fast burn")
    assert payload["custom_details"]["likely cause"] == "policy p@2"
    assert payload["timestamp"] == "2026-11-18T11:06:40Z"


def test_one_key():
    """What opens, updates, acknowledges and resolves has the same key of deduplication, and of routing."""
    events = [sent(CHANNEL.call(notice(each), "id", T0)) for each in ("opened", "updated", "resolved")]
    events.append(sent(CHANNEL.call(notice(event="acknowledge"), "id", T0)))
    assert [each["event_action"] for each in events] == ["trigger", "trigger", "resolve", "acknowledge"]
    assert len({(each["dedup_key"], each["routing_key"]) for each in events}) == 1


def test_change():
    """A policy that was put in force is a change event."""
    event = sent(CHANNEL.change(Change("c", "policy default: a → b" + 2000 * "x", T0, (("by", "ops"),))))
    assert event["payload"]["summary"].startswith("policy default")
    assert event["payload"]["custom_details"] == {"by": "ops"}


@given(hostile_notices())
def test_whatever_names_are_made_of(told):
    """It is an event as it should be."""
    sent(CHANNEL.call(told, "id", T0))


@pytest.mark.parametrize("key", ["", "short", 33 * "a", 31 * "a" + "\n", 31 * "a" + "é"])
def test_no_key(key):
    """What is no routing key is refused where it is set, and a key is never shown."""
    with pytest.raises(ValueError, match="routing_key"):
        PagerDuty(key)
    assert KEY not in repr(CHANNEL)
