"""The list of models: structural values, read like any other answer."""

import pytest

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.openai_models import Models


def test_a_list_of_models():
    """Each string is a text that is complete where it stands."""
    raw = b'{"object": "list", "data": [{"id": "gpt-4o", "object": "model", "created": 1, "owned_by": "someone else"}]}'
    event = Models().parse_completion(raw)
    assert {delta.text for delta in event.deltas} == {"list", "gpt-4o", "model", "someone else"}
    assert all(delta.closes for delta in event.deltas)
    assert (event.raw, event.uninspectable) == (raw, ())


def test_a_key_that_is_prose():
    """It is for the policy to judge."""
    (part,) = Models().parse_completion(b'{"data": [{"write to anna": 1, "gpt-4o-2024-08-06": 2}]}').uninspectable
    assert (part.kind.value, part.place) == ("unknown", ("data", 0))


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"a": 1, "a": 2}', b"[" * 90 + b"]" * 90])
def test_an_answer_that_is_none(raw: bytes):
    """What is not JSON as we take it is the upstream's fault."""
    with pytest.raises(UpstreamError) as raised:
        Models().parse_completion(raw)
    assert raised.value.code == "upstream_invalid_response"


def test_a_request():
    """It has no body."""
    request = Models().parse_request(b"")
    assert (request.surface, request.segments, request.model, request.raw) == ("models", (), "", b"")
    with pytest.raises(BadRequest):
        Models().parse_request(b"{}")
