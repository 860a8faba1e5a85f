"""Slack's incoming webhooks, against a receiver as strict as its documents."""

import json

from hypothesis import given

from gateway.incidents.notify.slack import Slack, escaped
from tests.gateway.incidents.notices import NASTY, hostile_notices, notice
from tests.gateway.incidents.symptoms import T0, burn
from tests.support.alert_channels import check_slack

PATH = "/services/T0/B0/hush"
CHANNEL = Slack(f"https://hooks.example{PATH}")


def sent(told) -> dict:
    call = CHANNEL.call(told, "id", T0)
    assert check_slack(PATH, {name.lower(): value for name, value in call.headers}, call.body) is None
    return json.loads(call.body)


def test_message():
    """The headline as what a notification shows, then a block for each part."""
    said = sent(notice())
    assert said["text"] == "OPEN error: the error budget burns fast (app=shop)"
    assert [each["type"] for each in said["blocks"]] == ["header", "section", "section", "section", "context"]
    assert "hush" not in repr(CHANNEL)


def test_links():
    """They are the only text that is marked up."""
    marked = [each["text"] for each in sent(notice())["blocks"] if each.get("text", {}).get("type") == "mrkdwn"]
    assert [each["text"] for each in marked] == [
        "<https://oddgate.example/incidents/1?a=1&amp;b=2|incident> · <https://runbook.example/|&lt;run|book&gt;>"
    ]


def test_nobody_is_called_by_a_name():
    """An app that is called as Slack calls everyone, calls no one."""
    told = notice("opened", burn(app=NASTY))
    said = sent(told)
    assert "<!channel>" not in said["text"]
    assert all(part["type"] == "plain_text" for each in said["blocks"] for part in each.get("fields", []))


@given(hostile_notices())
def test_whatever_names_are_made_of(told):
    """It is a message as it should be."""
    sent(told)


def test_escaped():
    """The three characters that Slack asks for."""
    assert escaped("a & <b>") == "a &amp; &lt;b&gt;"
