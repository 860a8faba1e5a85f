"""An upstream's own error, JSON or plain text: all of its text is read, since the client would see it."""

import pytest

from gateway.errors import UpstreamError
from gateway.wire.model import Delta, Form
from gateway.wire.plain import read_error
from policies.vocabulary import Scope


def test_json():
    """Every string of it is a text at its place."""
    raw = b'{"error": {"message": "No quota, Anna.", "code": null, "param": ["a"], "type": ""}}'
    event = read_error(raw, 429)
    assert [(delta.text, delta.place) for delta in event.deltas] == [
        ("No quota, Anna.", ("error", "message")),
        ("a", ("error", "param", 0)),
    ]
    assert (event.raw, event.uninspectable, all(delta.closes for delta in event.deltas)) == (raw, (), True)


def test_a_key_that_is_prose():
    """It is a text at its place, which no rule rewrites."""
    event = read_error(b'[{"write to anna": 1}]', 500)
    place = (0, "write to anna")
    assert event.deltas == (Delta(("key", *place), Scope.OUTPUT, "write to anna", place, Form.KEY, closes=True),)
    assert event.uninspectable == ()


@pytest.mark.parametrize("raw", [b"<html>No, Anna.</html>", "Zu groß, Anna.\n".encode(), b"42", b'"Anna"', b"null", b'{"torn": '])
def test_text(raw: bytes):
    """Anything else that is text is one text."""
    event = read_error(raw, 502)
    assert [(delta.text, delta.place, delta.closes) for delta in event.deltas] == [(raw.decode(), (), True)]
    assert event.body == raw.decode()


def test_nothing():
    """An error without a body has no text."""
    assert read_error(b"", 500).deltas == ()


@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"\xff\xfe", 500), (b"{}", 302), (b"", 304), (b'{"a": 1, "a": 2}', 500), (b"[" * 90 + b"]" * 90, 500), (b"[" * 900, 500)],
)
def test_what_is_not_passed_on(raw: bytes, status: int):
    """Bytes that are no text, JSON that its readers may read otherwise, and redirects are the upstream's fault."""
    with pytest.raises(UpstreamError) as raised:
        read_error(raw, status)
    assert raised.value.code == "upstream_invalid_response"
