"""The handshake of a realtime session, and what we say in one ourselves."""

import json

import pytest
from openai.types.realtime import RealtimeClientEvent, RealtimeErrorEvent
from pydantic import TypeAdapter

from gateway.errors import BadRequest, MethodNotAllowed, PolicyViolation
from gateway.wire.model import Call, Form
from gateway.wire.openai.realtime import Offer, Realtime, is_about, read_handshake, read_offer, render_cancel, render_error


@pytest.mark.parametrize(
    ("query", "model", "texts"),
    [
        ("", "", []),
        ("model=gpt-realtime-2025-08-28", "gpt-realtime-2025-08-28", []),
        ("model=ft%3Agpt-realtime%3Aacme", "ft:gpt-realtime:acme", []),
        ("api-version=2025-04-01-preview&deployment=voice", "voice", []),
        ("intent=transcription", "", []),
        ("model=m&call_id=rtc_4155550132", "m", ["call_id=rtc_4155550132"]),
    ],
)
def test_what_the_query_says(query: str, model: str, texts: list):
    """The model, by OpenAI's name or Azure's; what else there is, is a text that is not rewritten."""
    request = read_handshake(query)
    assert (request.surface, request.model) == ("realtime", model)
    assert [(segment.text, segment.form) for segment in request.segments] == [(text, Form.KEY) for text in texts]


@pytest.mark.parametrize(
    "query",
    ["model=I+am+Ann", "model=I%20am%20Ann", "a=1&a=2", "a", "=b", "a=1&", "a=" + "b" * 300, "&".join(f"k{n}=1" for n in range(20)),
     "api-key=secret", "Authorization=secret"],
)  # fmt: skip
def test_a_query_that_is_refused(query: str):
    """Prose, a name twice, and keys have no place there."""
    with pytest.raises(BadRequest) as caught:
        read_handshake(query)
    assert "Ann" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "offer"),
    [
        ("", Offer()),
        ("realtime", Offer(("realtime",))),
        (
            "realtime, openai-insecure-api-key.sk-abc_123, openai-beta.realtime-v1",
            Offer(("realtime", "openai-beta.realtime-v1"), "sk-abc_123"),
        ),
    ],
)
def test_subprotocols(header: str, offer: Offer):
    """A browser's key is told apart from them."""
    assert read_offer(header) == offer


@pytest.mark.parametrize("header", ["two words", "a" * 300, ",".join("a" * 20), "a\x00"])
def test_subprotocols_that_are_none(header: str):
    """They are refused."""
    with pytest.raises(BadRequest):
        read_offer(header)


def test_an_error_event():
    """The SDK reads it; it names the client's event and has what every error of ours has."""
    violation = PolicyViolation("No.", ("pii",), ("pii: PERSON in user",))
    event = json.loads(render_error(violation, "req_1", "p@1", "event_1", "mine"))
    read = TypeAdapter(RealtimeErrorEvent).validate_python(event, strict=True)
    assert (read.error.type, read.error.code, read.error.event_id) == ("policy_violation", "content_filter", "mine")
    assert event["error"]["oddgate"] == {"request_id": "req_1", "policy": "p@1", "rules": ["pii"], "reasons": ["pii: PERSON in user"]}
    assert json.loads(render_error(violation, "r", "p", "e", {"not": "an id"}))["error"]["event_id"] is None


def test_a_cancel_and_its_error():
    """What the endpoint answers to a cancel of ours is known as such."""
    cancel = TypeAdapter(RealtimeClientEvent).validate_json(render_cancel("r", "e"))
    assert (cancel.type, cancel.response_id, cancel.event_id) == ("response.cancel", "r", "e")
    assert "response_id" not in json.loads(render_cancel("", "e"))
    assert is_about({"type": "error", "error": {"event_id": "e"}}, ["e"])
    for other in ({"type": "error", "error": {"event_id": "f"}}, {"type": "x", "error": {"event_id": "e"}}, {"type": "error"}, None, []):
        assert not is_about(other, ["e"])


def test_without_a_socket():
    """An ordinary request for the path is refused."""
    with pytest.raises(MethodNotAllowed):
        Realtime().parse_request(b"", Call("GET", "/v1/realtime"))
