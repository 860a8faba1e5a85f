"""Opsgenie's alerts, against a receiver as strict as its documents."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from gateway.incidents.notify.opsgenie import Opsgenie
from tests.gateway.incidents.notices import hostile_notices, notice
from tests.gateway.incidents.symptoms import T0
from tests.support.alert_channels import check_opsgenie

CHANNEL = Opsgenie("hush")


def sent(told) -> tuple[str, dict]:
    call = CHANNEL.call(told, "id", T0)
    path = call.url.removeprefix("https://api.opsgenie.com")
    assert check_opsgenie(path, {name.lower(): value for name, value in call.headers}, call.body) is None
    return path, json.loads(call.body)


def test_alert():
    """Its alias is the incident's key, its priority what it is worth."""
    path, alert = sent(notice())
    assert (path, alert["alias"], alert["priority"], alert["tags"]) == ("/v2/alerts", notice().dedup_key, "P2", ["oddgate", "page"])
    assert "hush" not in repr(CHANNEL)


@pytest.mark.parametrize(("event", "verb"), [("resolve", "close"), ("acknowledge", "acknowledge")])
def test_end(event, verb):
    """It is closed and acknowledged by its alias."""
    path, _ = sent(notice(event=event))
    assert path == f"/v2/alerts/{notice().dedup_key}/{verb}?identifierType=alias"


@given(hostile_notices())
def test_whatever_names_are_made_of(told):
    """It is an alert as it should be."""
    sent(told)


def test_long_details():
    """No more of them than Opsgenie takes."""
    _, alert = sent(replace(notice(), facts=tuple((f"f{each}", "x" * 1500) for each in range(16))))
    assert list(alert["details"]) == [f"f{each}" for each in range(5)]
