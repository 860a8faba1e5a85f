"""The generic webhook, by the Standard Webhooks specification, and by its own example of a signature."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given

from gateway.incidents.notify.webhook import Webhook, signatures
from tests.gateway.incidents.notices import hostile_notices, notice
from tests.gateway.incidents.symptoms import T0
from tests.support.alert_channels import check_webhook

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
CHANNEL = Webhook("https://hooks.example/x", (SECRET,))


def fault(channel: Webhook, told, *secrets: str, at: float = T0) -> str | None:
    call = channel.call(told, "msg-1", at)
    return check_webhook(secrets, lambda: T0)("/x", {name.lower(): value for name, value in call.headers}, call.body)


def test_signature_of_the_specification():
    """The signature of the libraries' own example."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert signatures([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signed():
    """Its receiver takes it with the secret, and with no other; nor where a word was changed."""
    assert fault(CHANNEL, notice(), SECRET) is None
    assert fault(CHANNEL, notice(), OTHER) == "webhook-signature"
    call = CHANNEL.call(notice(), "msg-1", T0)
    headers = {name.lower(): value for name, value in call.headers}
    assert check_webhook((SECRET,), lambda: T0)("/x", headers, call.body.replace(b"page", b"none")) == "webhook-signature"
    assert SECRET not in repr(CHANNEL)
    assert "\\x01" not in repr(CHANNEL)


def test_rotation():
    """While a secret is replaced both sign, and a receiver with either takes it."""
    both = Webhook("https://hooks.example/x", (SECRET, OTHER))
    assert fault(both, notice(), SECRET) is None
    assert fault(both, notice(), OTHER) is None


def test_signed_when_it_is_sent():
    """A delivery of an hour ago is signed as of now: no receiver takes it for a replay; its id stays."""
    first, later = CHANNEL.call(notice(), "msg-1", T0), CHANNEL.call(notice(), "msg-1", T0 + 3600)
    assert first.body == later.body
    assert dict(first.headers)["webhook-id"] == dict(later.headers)["webhook-id"]
    assert fault(CHANNEL, notice(), SECRET, at=T0 - 301) == "webhook-timestamp"


@pytest.mark.parametrize("event", ["trigger", "update", "acknowledge", "resolve"])
def test_events(event):
    """Each has its type, and the whole notice."""
    call = CHANNEL.call(replace(notice(), event=event), "msg-1", T0)
    said = json.loads(call.body)
    assert said["type"].startswith("incident.")
    assert said["data"]["incident"] == notice().incident
    assert said["data"]["facts"]["likely cause"] == "policy p@2"


@given(hostile_notices())
def test_whatever_names_are_made_of(told):
    """It is an event as it should be."""
    assert fault(CHANNEL, told, SECRET) is None


@pytest.mark.parametrize("secret", ["", "whsec_", "plain", "whsec_" + 40 * "!", "whsec_c2hvcnQ=", "é", SECRET.removeprefix("whsec_")])
def test_no_secret(secret):
    """A secret that is none, or too short, is refused where it is set; and there is one."""
    with pytest.raises(ValueError, match="secret"):
        Webhook("https://hooks.example/x", (secret,))
    with pytest.raises(ValueError, match="secret"):
        Webhook("https://hooks.example/x", ())
