"""What a client says in a realtime session, as requests."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.wire.model import Kind, Request, at
from gateway.wire.openai.realtime_requests import read_client_event
from gateway.wire.pictures import picture_of
from gateway.wire.walk import is_name, is_structural
from policies.vocabulary import Scope

SAID = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "I am Ann"}]}


def _read(event: Any) -> Request:
    return read_client_event(json.dumps(event).encode(), "m")


@pytest.mark.parametrize(
    ("event", "texts"),
    [
        ({"type": "session.update", "session": {"instructions": "Be brief"}}, [("Be brief", Scope.SYSTEM)]),
        ({"type": "transcription_session.update", "session": {"instructions": "Be brief"}}, [("Be brief", Scope.SYSTEM)]),
        (
            {"type": "conversation.item.create", "event_id": "e12345678", "previous_item_id": "root", "item": SAID},
            [("I am Ann", Scope.USER)],
        ),
        (
            {"type": "response.create", "response": {"instructions": "Be kind", "input": [SAID], "metadata": {"for": "Ann K."}}},
            [("Be kind", Scope.SYSTEM), ("I am Ann", Scope.USER), ("Ann K.", Scope.USER)],
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call", "name": "f", "call_id": "c", "arguments": '{"a":"Ann K."}'},
            },
            [("f", Scope.TOOL_ARGUMENTS), ("a", Scope.TOOL_ARGUMENTS), ("Ann K.", Scope.TOOL_ARGUMENTS)],
        ),
        ({"type": "response.create"}, []),
        ({"type": "response.cancel", "response_id": "resp_123456789"}, []),
        ({"type": "input_audio_buffer.commit"}, []),
        ({"type": "input_audio_buffer.clear"}, []),
        ({"type": "output_audio_buffer.clear"}, []),
        ({"type": "conversation.item.delete", "item_id": "item_123456789"}, []),
        ({"type": "conversation.item.retrieve", "item_id": "item_123456789"}, []),
        ({"type": "conversation.item.truncate", "item_id": "item_123456789", "content_index": 0, "audio_end_ms": 1500}, []),
        ({"type": "response.cancel", "event_id": "I am Ann"}, [("I am Ann", Scope.USER)]),
        ({"type": "response.cancel", "because": "I am Ann"}, [("I am Ann", Scope.USER)]),
    ],
)
def test_the_texts_of_an_event(event: dict, texts: list):
    """Every event that the API has is known, with whose words it brings; an edit can be written where each text stands."""
    request = _read(event)
    assert [(segment.text, segment.scope) for segment in request.segments] == texts
    assert request.uninspectable == ()
    assert (request.surface, request.model, request.raw) == ("realtime", "m", json.dumps(event).encode())
    for segment in request.segments:
        value = at(request.body, segment.place)
        assert value == segment.text or segment.leaf


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        ({"type": "input_audio_buffer.append", "audio": "QUJD"}, [Kind.AUDIO]),
        ({"type": "input_audio_buffer.append", "audio": {"a": "QUJD"}}, []),
        ({"type": "input_audio_buffer.append", "audio": "I am Ann", "text": ""}, [Kind.AUDIO]),
        ({"type": "session.surprise", "text": "I am Ann"}, [Kind.UNKNOWN]),
        ({"type": ""}, [Kind.UNKNOWN]),
    ],
)
def test_what_cannot_be_read(event: dict, kinds: list):
    """Sound is listed; so is an event that the API does not have, whose texts are read all the same."""
    request = _read(event)
    assert [part.kind for part in request.uninspectable] == kinds
    assert len(request.segments) == ("text" in event or isinstance(event.get("audio"), dict))


def test_the_picture_of_an_item():
    """It stands where it is listed, with whose it is, so that it can be read there."""
    content = [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]
    request = _read({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}})
    assert [(part.kind, part.scope) for part in request.uninspectable] == [(Kind.IMAGE, Scope.USER)]
    assert picture_of(at(request.body, request.uninspectable[0].place)) == "AAAA"


@pytest.mark.parametrize("key", ["event_id", "item_id", "audio_end_ms", "content_index"])
def test_numbers(key: str):
    """A number that could be somebody's is a text, also where the API has an id or a number of its own."""
    event = {"type": "conversation.item.truncate", key: 4111111111111111}
    assert [segment.text for segment in _read(event).segments] == ["4111111111111111"]
    assert _read({**event, key: 1500}).segments == ()


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"type":4}', b'{"type":"a","type":"b"}', b'{"type"', b'"hi"', b"\xff"])
def test_what_is_no_event(raw: bytes):
    """It is refused, and nothing of it is repeated."""
    with pytest.raises(BadRequest):
        read_client_event(raw, "m")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["I am Ann", "4111 1111 1111 1111", "input_audio"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "item", "content", "role", "session", "instructions", "arguments", "a b", "id", "audio", "output"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    kind=st.sampled_from(
        ["session.update", "conversation.item.create", "response.create", "response.cancel", "input_audio_buffer.append", "x"]
    ),
    key=st.sampled_from(["item", "session", "response", "other"]),
    value=_JSON,
)
def test_no_string_is_forgotten(kind: str, key: str, value: Any):
    """Whatever an event holds: each string is a text, a name, or within what is listed as unread."""
    request = _read({"type": kind, key: value})
    read = {segment.place for segment in request.segments}
    unread = [part.place for part in request.uninspectable if part.kind is not Kind.UNKNOWN]

    def check(found: Any, place: tuple) -> None:
        if isinstance(found, dict):
            for name, item in found.items():
                assert is_name(name) or (*place, name) in read
                check(item, (*place, name))
        elif isinstance(found, list):
            for index, item in enumerate(found):
                check(item, (*place, index))
        elif isinstance(found, str) and found and not is_name(found) and place not in read:
            assert any(place[: len(part)] == part for part in unread) or (place[-1] in ("id", "item_id") and is_structural(found))

    check(request.body, ())
