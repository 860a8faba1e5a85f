"""Microsoft Teams, against a receiver as strict as the schema of its cards."""

import json
from dataclasses import replace

from hypothesis import given

from gateway.incidents.notify.teams import Teams
from tests.gateway.incidents.notices import hostile_notices, notice
from tests.gateway.incidents.symptoms import T0
from tests.support.alert_channels import check_teams

CHANNEL = Teams("https://teams.example/hush")


def sent(told) -> dict:
    call = CHANNEL.call(told, "id", T0)
    assert check_teams("/hush", {name.lower(): value for name, value in call.headers}, call.body) is None
    return json.loads(call.body)["attachments"][0]["content"]


def test_card():
    """A line in the colour of how bad it is, then why, the facts and the incident; and its links."""
    card = sent(notice())
    head = card["body"][0]["inlines"][0]
    assert (head["text"], head["color"]) == ("Open, error: the error budget burns fast (app=shop)", "Attention")
    assert [each["url"] for each in card["actions"]] == [each.href for each in notice().links]
    assert sent(notice("resolved"))["body"][0]["inlines"][0]["color"] == "Good"
    assert "hush" not in repr(CHANNEL)


@given(hostile_notices())
def test_whatever_names_are_made_of(told):
    """It is a card as it should be, in which nothing is read as markdown."""
    assert {each["type"] for each in sent(told)["body"]} == {"RichTextBlock"}


def test_large():
    """What Teams would refuse is cut, from the end of the facts on."""
    card = sent(replace(notice(), facts=tuple((f"f{each}", "é" * 2000) for each in range(16))))
    shown = [block["inlines"][0]["text"] for block in card["body"]]
    assert shown[:3] == ["Open, error: the error budget burns fast (app=shop)", "why: ", "f0: "]
    assert 4 < len(shown) < 16
