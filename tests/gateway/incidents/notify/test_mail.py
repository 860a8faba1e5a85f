"""E-mails, as a mail program reads them."""

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given

from gateway.incidents.notify.mail import Mail
from tests.gateway.incidents.notices import NASTY, hostile_notices, notice
from tests.gateway.incidents.symptoms import burn

CHANNEL = Mail("oddgate@ops.example", ("a@ops.example", "b@ops.example"))


def read(told, id_: str = "msg-1"):
    return message_from_bytes(CHANNEL.message(told, id_).as_bytes(), policy=default)


def test_mail():
    """What, how bad and where in the subject; the facts and links in plain text; nobody's answering machine answers it."""
    mail = read(notice())
    assert mail["Subject"] == "[oddgate open] error: the error budget burns fast (app=shop)"
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == ("oddgate@ops.example", "a@ops.example, b@ops.example", "auto-generated")
    assert mail["Date"].datetime.timestamp() == notice().at
    assert mail.get_content_type() == "text/plain"
    assert "likely cause: policy p@2\n" in mail.get_content().replace("\r\n", "\n")
    assert "incident: https://oddgate.example/incidents/1?a=1&b=2" in mail.get_content()


def test_a_thread():
    """All of an incident are one thread; the same mail sent again has the same id, another has another."""
    mails = [read(notice(), "msg-1"), read(notice("resolved"), "msg-2"), read(notice(), "msg-1")]
    assert len({each["References"] for each in mails}) == 1
    assert [each["Message-ID"] for each in mails] == ["<msg-1@ops.example>", "<msg-2@ops.example>", "<msg-1@ops.example>"]


def test_no_header_by_a_name():
    """An app's name adds no header."""
    mail = read(notice("opened", burn(app=NASTY, where={"app": NASTY})))
    assert mail["Bcc"] is None
    assert sorted(mail.keys()) == sorted(read(notice()).keys())


@given(hostile_notices())
def test_whatever_names_are_made_of(told):
    """It is a mail of lines that every server takes."""
    data = CHANNEL.message(told, "msg-1").as_bytes()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert set(message_from_bytes(data, policy=default).keys()) == set(read(notice()).keys())


@pytest.mark.parametrize(
    ("sender", "to"),
    [("x", ("a@b.example",)), ("x@y.example", ()), ("x@y.example", ("a@b.example\r\nBcc: c@d.example",)), ("x@y@z", ("a@b",))],
)
def test_no_address(sender, to):
    """What is no address is refused where it is set."""
    with pytest.raises(ValueError, match="address"):
        Mail(sender, to)
