"""What an endpoint says in a realtime session, event by event."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.model import Form, Kind, Usage, at
from gateway.wire.openai.realtime_events import ServerEvent, read_server_event
from policies.vocabulary import Scope

AT = {"event_id": "event_12345678", "response_id": "resp_12345678", "item_id": "item_12345678", "output_index": 0, "content_index": 0}
SAID = {"id": "item_12345678", "object": "realtime.item", "type": "message", "role": "assistant", "status": "completed"}
HEARD = "conversation.item.input_audio_transcription"


def _read(event: Any) -> ServerEvent:
    return read_server_event(json.dumps(event).encode())


@pytest.mark.parametrize(
    ("name", "field", "slot", "scope", "form"),
    [
        ("response.output_text", "text", "text", Scope.OUTPUT, Form.TEXT),
        ("response.text", "text", "text", Scope.OUTPUT, Form.TEXT),
        ("response.output_audio_transcript", "transcript", "transcript", Scope.OUTPUT, Form.TEXT),
        ("response.audio_transcript", "transcript", "transcript", Scope.OUTPUT, Form.TEXT),
        ("response.function_call_arguments", "arguments", "arguments", Scope.TOOL_ARGUMENTS, Form.JSON),
        ("response.mcp_call_arguments", "arguments", "arguments", Scope.TOOL_ARGUMENTS, Form.JSON),
    ],
)
def test_texts_that_come_in_pieces(name: str, field: str, slot: str, scope: Scope, form: Form):
    """The pieces go on from each other; the whole at their end ends them and says them again. The older names are the same."""
    delta, done = _read({**AT, "type": f"{name}.delta", "delta": "Hi"}), _read({**AT, "type": f"{name}.done", field: "Hi"})
    (piece,), (whole,) = delta.deltas, done.deltas
    assert (piece.channel, piece.scope, piece.form, piece.closes, piece.echoes) == (("output", 0, slot, 0), scope, form, False, False)
    assert (done.ends, whole.text, whole.form, whole.closes, whole.echoes) == ((piece.channel,), "Hi", form, True, True)
    assert whole.channel != piece.channel
    assert {delta.response, done.response} == {"resp_12345678"}
    assert delta.items == ("item_12345678",)
    assert delta.uninspectable == done.uninspectable == ()


@pytest.mark.parametrize(
    ("event", "texts"),
    [
        ({"type": "response.output_item.added", "item": {**SAID, "content": []}}, []),
        ({"type": "response.output_item.done", "item": {**SAID, "content": [{"type": "output_text", "text": "Hi"}]}}, ["Hi"]),
        ({"type": "response.output_item.done", "item": {**SAID, "content": [{"type": "output_audio", "transcript": "Hi"}]}}, ["Hi"]),
        ({"type": "response.content_part.added", "part": {"type": "text", "text": ""}}, []),
        ({"type": "response.content_part.done", "part": {"type": "audio", "transcript": "Hi"}}, ["Hi"]),
        ({"type": "response.created", "response": {"id": "resp_12345678", "object": "realtime.response", "output": []}}, []),
        ({"type": "response.output_audio.done"}, []),
        ({"type": "response.mcp_call.in_progress"}, []),
        ({"type": "response.mcp_call.completed"}, []),
    ],
)
def test_events_of_a_response(event: dict, texts: list):
    """What they say of a response's texts is read where it stands, and they name the response."""
    read = _read({**AT, **event})
    assert [delta.text for delta in read.deltas] == texts
    assert (read.response, read.uninspectable) == ("resp_12345678", ())
    for delta in read.deltas:
        assert at(read.body, delta.place) == delta.text


@pytest.mark.parametrize(
    ("event", "texts"),
    [
        ({"type": "session.created", "session": {"id": "sess_1", "object": "realtime.session", "instructions": "Be brief"}}, ["Be brief"]),
        ({"type": "session.updated", "session": {"instructions": "Be brief", "output_modalities": ["text"]}}, ["Be brief"]),
        ({"type": "conversation.item.added", "previous_item_id": None, "item": {**SAID, "role": "user", "content": [
            {"type": "input_text", "text": "Hi"}]}}, ["Hi"]),
        ({"type": "conversation.item.created", "item": {**SAID, "content": []}}, []),
        ({"type": "conversation.item.deleted", "item_id": "item_1"}, []),
        ({"type": "conversation.item.truncated", "item_id": "item_1", "content_index": 0, "audio_end_ms": 1234567}, []),
        ({"type": "input_audio_buffer.committed", "item_id": "item_1", "previous_item_id": "item_0"}, []),
        ({"type": "input_audio_buffer.speech_started", "item_id": "item_1", "audio_start_ms": 1}, []),
        ({"type": "rate_limits.updated", "rate_limits": [{"name": "requests", "limit": 1000, "remaining": 999}]}, []),
        ({"type": "rate_limits.updated", "rate_limits": [{"name": "of Ann K.", "limit": 1000}]}, ["of Ann K."]),
        ({"type": "error", "error": {"type": "invalid_request_error", "code": None, "message": "No Ann here.", "event_id": "e"}},
         ["No Ann here."]),
        ({"type": f"{HEARD}.failed", "item_id": "i", "content_index": 0, "error": {"message": "Not heard."}}, ["Not heard."]),
    ],
)  # fmt: skip
def test_events_of_no_response(event: dict, texts: list):
    """They are read as they stand."""
    read = _read({"event_id": "event_1", **event})
    assert [delta.text for delta in read.deltas if delta.text not in ("invalid_request_error", "e")] == texts
    assert (read.response, read.uninspectable) == (None, ())
    assert all(delta.closes for delta in read.deltas)


def test_what_a_user_said():
    """Its transcript comes in pieces; log probabilities, which would spell it, go with it."""
    delta = _read({"type": f"{HEARD}.delta", "item_id": "item_1", "content_index": 0, "delta": "I am", "logprobs": [{"token": "I am"}]})
    done = _read({"type": f"{HEARD}.completed", "item_id": "item_1", "content_index": 0, "transcript": "I am Ann", "usage": {"seconds": 2}})
    assert [(d.channel, d.text, d.closes) for d in delta.deltas] == [(("heard", "item_1", 0), "I am", False)]
    assert (delta.heard, done.heard, done.ends) == (("item_1", 0), ("item_1", 0), (("heard", "item_1", 0),))
    assert [companion.place for companion in delta.companions] == [("logprobs",)]
    assert [(d.text, d.closes, d.echoes) for d in done.deltas] == [("I am Ann", True, True)]


def test_the_end_of_a_response():
    """All its channels end, and it says what it took; what is in it was said before."""
    output = [{**SAID, "content": [{"type": "output_text", "text": "Hi"}]}]
    usage = {"total_tokens": 12, "input_tokens": 10, "output_tokens": 2}
    read = _read({"type": "response.done", "response": {"id": "resp_9", "status": "completed", "output": output, "usage": usage}})
    assert (read.response, read.ends, read.usage) == ("resp_9", (("output",),), Usage(10, 2))
    assert [(delta.text, delta.echoes) for delta in read.deltas] == [("Hi", True)]


@pytest.mark.parametrize("kind", ["response.output_audio.delta", "response.audio.delta"])
def test_sound(kind: str):
    """It is listed, and not read as text."""
    read = _read({**AT, "type": kind, "delta": "QUJD"})
    assert ([part.kind for part in read.uninspectable], read.deltas) == ([Kind.AUDIO], ())


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.surprise", "response_id": "resp_1", "text": "Hi"},
        {"type": "surprise"},
        {"type": None},
        {},
        {**AT, "type": "response.output_text.delta", "delta": {"a": "Hi"}},
        {**AT, "type": "response.output_text.delta", "output_index": -1, "delta": "Hi"},
        {**AT, "type": "response.output_text.delta", "output_index": [], "delta": "Hi"},
        {**AT, "type": "response.output_text.done", "text": 4},
        {**AT, "type": "response.output_item.added", "output_index": "x", "item": {}},
        {**AT, "type": "response.content_part.done", "content_index": 10**9, "part": {"type": "text", "text": "Hi"}},
        {"type": f"{HEARD}.delta", "item_id": {}, "delta": "Hi"},
        {**AT, "type": "response.output_text.delta", "delta": "Hi", "a key of prose": 1},
    ],
)
def test_what_has_no_meaning_here(event: dict):
    """An event that the API does not have, or not so, is listed as unknown; its strings are texts all the same."""
    read = _read(event)
    assert Kind.UNKNOWN in [part.kind for part in read.uninspectable]
    assert ("Hi" in json.dumps(event)) == any(delta.text == "Hi" for delta in read.deltas)


def test_an_unknown_event_stops_no_response():
    """It is judged by itself."""
    assert _read({"type": "response.surprise", "response_id": "resp_1"}).response is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"hi", b'{"type":"a","type":"b"}', b'{"a":NaN}', b"\xff"])
def test_what_is_no_event(raw: bytes):
    """It is listed as unknown."""
    read = read_server_event(raw)
    assert (read.body, [part.kind for part in read.uninspectable]) == (None, [Kind.UNKNOWN])


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "id", "content", "item", "text", "delta", "output"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(
    kind=st.sampled_from([
        "response.created", "response.done", "response.output_text.delta", "response.output_text.done", "response.output_item.done",
        "response.content_part.added", "session.created", "conversation.item.added", f"{HEARD}.delta", f"{HEARD}.completed", "error", "x",
    ]),
    fields=st.dictionaries(
        st.sampled_from(["response", "item", "part", "delta", "text", "output_index", "content_index", "session", "item_id"]), _JSON
    ),
)  # fmt: skip
def test_nothing_breaks_the_reading(kind: str, fields: dict):
    """Whatever an endpoint sends, it is read; what it says of its texts is so."""
    read = _read({"type": kind, **fields})
    for delta in read.deltas:
        assert at(read.body, delta.place) == delta.text
