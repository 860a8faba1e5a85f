"""Alertmanager's API v2, against a receiver as strict as its specification."""

import json

from hypothesis import given

from gateway.incidents.notify.alertmanager import FIRING_S, Alertmanager
from gateway.incidents.resending import RESEND_S
from tests.gateway.incidents.notices import hostile_notices, notice
from tests.gateway.incidents.symptoms import T0
from tests.support.alert_channels import check_alertmanager

CHANNEL = Alertmanager("http://am.example:9093", (("Authorization", "Bearer hush"),))


def sent(told, now: float = T0 + 60) -> dict:
    call = CHANNEL.call(told, "id", now)
    path = call.url.removeprefix("http://am.example:9093")
    assert check_alertmanager(path, {name.lower(): value for name, value in call.headers}, call.body) is None
    return json.loads(call.body)[0]


def test_firing():
    """It fires for a few minutes from when it was sent last: for longer than until it is sent again."""
    alert = sent(notice(), T0 + 600)
    assert alert["labels"] == {
        "alertname": "OddgateIncident", "incident_id": notice().incident, "app": "shop", "severity": "error", "urgency": "page",
    }  # fmt: skip
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-11-18T11:06:40Z", "2026-11-18T11:21:40Z")
    assert FIRING_S >= 3 * RESEND_S
    assert "hush" not in repr(CHANNEL)


def test_the_same_labels_all_along():
    """Sent again, or resolved, it is the same alert: an alert is its labels."""
    alerts = [sent(notice()), sent(notice(), T0 + 999), sent(notice("resolved"))]
    assert len({json.dumps(each["labels"]) for each in alerts}) == 1
    assert alerts[-1]["endsAt"] == "2026-11-18T11:07:40Z"


def test_somebody_looks_after_it():
    """It fires all the same: were it not told again, it would be taken for resolved."""
    before, after = sent(notice()), sent(notice("acknowledged"))
    assert after["labels"] == before["labels"]
    assert after["endsAt"] == before["endsAt"]


@given(hostile_notices())
def test_whatever_names_are_made_of(told):
    """It is an alert as it should be."""
    sent(told)
