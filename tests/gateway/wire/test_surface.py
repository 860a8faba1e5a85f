"""What most surfaces have in common: every string of a body in either direction, ids, and whose fault a bad one is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.model import Call, Json, Origin, Place
from gateway.wire.surface import Surface, read_path, stop_by_error
from gateway.wire.walk import MAX_DEPTH, dotted, is_structural
from policies.vocabulary import Scope
from tests.support.bodies import unaccounted

PROSE = "write to anna.kovacs@example.org, please"
SURFACE = Surface("assistants", {"instructions": Scope.SYSTEM, "tools": Scope.TOOL_DEFINITIONS, "tool_outputs": Scope.TOOL_RESULTS})
JSON_TYPE = "application/json"


def request(body: Json, method: str = "POST", **names: str):
    return SURFACE.parse_request(json.dumps(body).encode(), Call(method, "/v1/x", names))


def found(request) -> list[tuple[str, str, str]]:
    return [(dotted(segment.place), segment.role, segment.scope.value) for segment in request.segments]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"novelty": PROSE}, [("novelty", "user", "user")]),
        ({"instructions": PROSE}, [("instructions", "system", "system")]),
        ({"tools": [{"type": "function", "function": {"name": "f", "description": PROSE, "parameters": {"instructions": PROSE}}}]},
         [("tools.0.function.name", "tool", "tool_definitions"), ("tools.0.function.description", "tool", "tool_definitions"),
          ("tools.0.function.parameters.instructions", "tool", "tool_definitions")]),
        ({"tool_outputs": [{"tool_call_id": "call_1", "output": PROSE}]}, [("tool_outputs.0.output", "tool", "tool_results")]),
        ({"messages": [{"role": "user", "content": PROSE}, {"role": "assistant", "content": [{"type": "text", "text": PROSE}]}]},
         [("messages.0.content", "user", "user"), ("messages.1.content.0.text", "assistant", "assistant")]),
        ({"metadata": {"id": "4111111111111111", "k": "v"}}, [("metadata.id", "user", "user"), ("metadata.k", "user", "user")]),
        ({"id": "4111111111111111"}, [("id", "user", "user")]),
        ({"id": "a4111111111111112", "file_ids": ["file-1", "file-22222"]}, []),
        ({"file_ids": ["file-1", PROSE]}, [("file_ids.0", "user", "user"), ("file_ids.1", "user", "user")]),
        ({"number": 4111111111111111, "bytes": 8_000_000_000}, [("number", "user", "user")]),
        ({"bytes": 4111111111111111}, [("bytes", "user", "user")]),
        ({"two words": 1}, [("*", "user", "user")]),
    ],
)  # fmt: skip
def test_texts_of_a_request(body: Json, expected: list):
    """Each string has the scope that its key or its message's role says; ids at the API's own keys have none."""
    assert found(request(body)) == expected


def test_a_medium():
    """A part that is a picture is not inspectable; its data is not read, its address is."""
    parts = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/anna"}},
    ]
    read = request({"messages": [{"role": "user", "content": parts}]})
    assert [(part.kind.value, dotted(part.place)) for part in read.uninspectable] == [
        ("image", "messages.0.content.0"), ("image", "messages.0.content.1"),
    ]  # fmt: skip
    assert [segment.text for segment in read.segments] == ["https://example.org/anna"]


def test_what_a_request_says_beside_its_body():
    """The model is the body's or the path's; the ids that it refers to are those of the path and of the body."""
    read = request({"model": "gpt-4o", "input_file_id": "file-1", "vector_store_ids": ["vs_1"], "stream": True}, thread_id="thread_1")
    assert (read.model, read.stream, read.refers) == ("gpt-4o", True, ("thread_1", "file-1", "vs_1"))
    read = SURFACE.parse_request(b"", Call("GET", "/v1/models/m", {"model": "ft:gpt-4o:x"}))
    assert (read.model, read.body, read.raw, read.segments, read.refers) == ("ft:gpt-4o:x", None, b"", (), ())


def test_what_is_deleted():
    """A thing is referred to when it is deleted; when a part is, its whole is not."""
    assert SURFACE.parse_request(b"", Call("DELETE", "/", {"thread_id": "t"})).refers == ("t",)
    assert SURFACE.parse_request(b"", Call("DELETE", "/", {"thread_id": "t", "message_id": "m"})).refers == ()


def test_a_path_that_holds_more_than_an_id():
    """A part of the path that could be an address is a text that is not rewritten."""
    (segment,) = read_path(Call("GET", "/", {"file_id": "anna@example.org", "item_id": "item_1"}))
    assert (segment.text, segment.form.value, segment.scope) == ("anna@example.org", "key", Scope.USER)


@pytest.mark.parametrize("raw", [b"[]", b"null", b"5", b"{", b'{"a": 1, "a": 2}', b'{"stream": 1}', b"\xff"])
def test_a_request_that_is_none(raw: bytes):
    """A body is a JSON object; what readers may read in two ways is refused."""
    with pytest.raises(BadRequest):
        SURFACE.parse_request(raw, Call())


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_body_where_there_is_none(method: str):
    """What asks for something or deletes it has no body, so none is forwarded unread."""
    with pytest.raises(BadRequest):
        request({}, method)


def test_texts_of_an_answer():
    """Each string is a delta that is complete where it stands; ids, at the API's own keys, go as they are."""
    body = {
        "id": "msg_12345678", "object": "thread.message", "thread_id": "thread_1", "metadata": {"id": "4111111111111111"},
        "content": [{"type": "text", "text": {"value": PROSE, "annotations": []}}], "note": "id", "created_at": 4111111111111111,
        "tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": '{"a": "b"}'}}],
    }  # fmt: skip
    raw = json.dumps(body).encode()
    event = SURFACE.parse_completion(raw, JSON_TYPE)
    assert (event.raw, event.uninspectable, event.names) == (raw, (), ("msg_12345678", "thread_1"))
    assert all(delta.closes for delta in event.deltas)
    assert [(dotted(delta.place), delta.scope.value, delta.form.value) for delta in event.deltas] == [
        ("metadata.id", "output", "text"),
        ("content.0.text.value", "output", "text"),
        ("note", "output", "text"),
        ("tool_calls.0.function.name", "output", "text"),
        ("tool_calls.0.function.arguments", "tool_arguments", "json"),
    ]


def test_a_list_keeps_no_names():
    """The things of a list have nothing to do with each other."""
    assert SURFACE.parse_completion(b'{"object": "list", "id": "x", "data": [{"id": "y"}]}', JSON_TYPE).names == ()


def test_log_probabilities():
    """They spell the texts beside them, so they go no earlier, and not if one is rewritten."""
    body = {"choices": [{"message": {"content": "hi"}, "logprobs": {"content": [{"token": "hi"}], "refusal": None}}]}
    event = SURFACE.parse_completion(json.dumps(body).encode(), JSON_TYPE)
    (companion,) = event.companions
    assert companion.place == ("choices", 0, "logprobs")
    assert companion.channels == tuple(delta.channel for delta in event.deltas)
    assert [delta.text for delta in event.deltas] == ["hi"]


@pytest.mark.parametrize("logprobs", ["anna", {"content": "anna"}, ["anna"]])
def test_log_probabilities_of_another_form(logprobs: Json):
    """What has not their form is text."""
    event = SURFACE.parse_completion(json.dumps({"logprobs": logprobs}).encode(), JSON_TYPE)
    assert ([delta.text for delta in event.deltas], event.companions) == (["anna"], ())


def test_a_key_that_is_prose():
    """It is for the policy to judge."""
    (part,) = SURFACE.parse_completion(b'{"data": [{"write to anna": 1, "gpt-4o-2024-08-06": 2}]}', JSON_TYPE).uninspectable
    assert (part.kind.value, part.place) == ("unknown", ("data", 0))


@pytest.mark.parametrize("raw", [b"<html>", b'{"a": 1, "a": 2}', b"[" * 90 + b"]" * 90, b'{"a":' * 80 + b"1" + b"}" * 80, b"\xff"])
def test_an_answer_that_is_none(raw: bytes):
    """What is not JSON as we take it is the upstream's fault."""
    with pytest.raises(UpstreamError) as raised:
        SURFACE.parse_completion(raw, JSON_TYPE)
    assert raised.value.code == "upstream_invalid_response"


def test_an_empty_answer():
    """Nothing is said in it."""
    assert SURFACE.parse_completion(b"", JSON_TYPE).deltas == ()


def test_nobody_speaks():
    """Such a surface has no stream, no sound and no refusal of its own: an error must do."""
    origin = Origin("req_1", "m", 7)
    assert SURFACE.open_stream("text/event-stream", origin) is SURFACE.unread("audio/mpeg") is None
    assert SURFACE.render_refusal("no", origin) is SURFACE.render_refusal_stream("no", origin) is None


def test_a_stop_by_an_error():
    """A stream that knows no other stop ends with an error that says why."""
    sent = stop_by_error(Origin("req_1", "m", 7))
    assert sent.startswith(b"event: error\ndata: ")
    error = json.loads(sent.removeprefix(b"event: error\ndata: "))["error"]
    assert (error["code"], error["oddgate"]["request_id"]) == ("content_filter", "req_1")


NAMES = st.sampled_from([
    "id", "type", "role", "content", "metadata", "file_ids", "tools", "instructions", "arguments", "image_url", "two words", "status",
    "logprobs", "data", "url", "parameters", "messages", "text", "object",
])  # fmt: skip
WORDS = st.sampled_from(["", "text", "user", "assistant", "call_12345678", PROSE, '{"a": "b"}', "data:x", "image_url"])
BODIES = st.dictionaries(
    NAMES,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-2, 10**10), WORDS),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
        max_leaves=12,
    ),
    max_size=4,
)


def check(body: Json, places: set[Place], parts: list[Place]) -> None:
    for text, place in unaccounted(body, places, parts):
        assert is_structural(text), (text, place)
        assert not {"metadata", "parameters"} & set(place) or place[-1] in ("id", "type", "role"), (text, place)


@settings(max_examples=150)
@given(BODIES)
def test_every_text_is_accounted_for(body: Json):
    """In both directions each string is a text, or within a part that is listed, or an identifier at a key that has these."""
    try:
        asked = request({**body, "stream": False})
    except BadRequest:
        pytest.fail("an object of any shape is read")
    check(body, {segment.place for segment in asked.segments}, [part.place for part in asked.uninspectable])
    event = SURFACE.parse_completion(json.dumps(body).encode(), JSON_TYPE)
    listed = [part.place for part in event.uninspectable] + [companion.place for companion in event.companions]
    check(body, {delta.place for delta in event.deltas if delta.form != "key"}, listed)


def test_depth():
    """A body deeper than the walk is refused, not cut."""
    body: Json = PROSE
    for _ in range(MAX_DEPTH + 2):
        body = [body]
    with pytest.raises(BadRequest) as raised:
        request({"a": body})
    assert raised.value.code == "too_deep"
