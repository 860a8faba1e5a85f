"""Where the texts of a chat request stand: every place of the API, and every place it does not have."""

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.guard.seams import runs
from gateway.wire.model import Form, Json, Request, at
from gateway.wire.openai.chat_request import read_request
from gateway.wire.request_texts import MAX_SEGMENTS
from gateway.wire.walk import dotted, is_name, is_structural, number_text

PROSE = "write to anna.kovacs@example.org, please"


def read(body: Json) -> Request:
    return read_request("chat", body, b"")


def message(**fields: Json) -> Json:
    return {"model": "m", "messages": [fields]}


def body(**fields: Json) -> Json:
    return {"model": "m", "messages": [], **fields}


def found(request: Request) -> set[tuple[str, str, str, str]]:
    return {(dotted(segment.place), segment.role, segment.scope.value, segment.form.value) for segment in request.segments}


TEXT_PLACES = [
    # the messages of every role, with content as a string and as parts
    ({"role": "system", "content": PROSE}, {("messages.0.content", "system", "system", "text")}),
    ({"role": "developer", "content": PROSE}, {("messages.0.content", "developer", "system", "text")}),
    ({"role": "user", "content": PROSE}, {("messages.0.content", "user", "user", "text")}),
    ({"role": "assistant", "content": PROSE}, {("messages.0.content", "assistant", "assistant", "text")}),
    ({"role": "tool", "tool_call_id": "call_1234567", "content": PROSE}, {("messages.0.content", "tool", "tool_results", "text")}),
    ({"role": "function", "name": "f", "content": PROSE},
     {("messages.0.content", "function", "tool_results", "text"), ("messages.0.name", "function", "tool_results", "identifier")}),
    ({"role": "user", "content": [{"type": "text", "text": PROSE}]}, {("messages.0.content.0.text", "user", "user", "text")}),
    ({"role": "tool", "content": [{"type": "text", "text": PROSE}]}, {("messages.0.content.0.text", "tool", "tool_results", "text")}),
    ({"role": "assistant", "content": [{"type": "refusal", "refusal": PROSE}]},
     {("messages.0.content.0.refusal", "assistant", "assistant", "text")}),
    ({"role": "user", "content": [PROSE]}, {("messages.0.content.0", "user", "user", "text")}),
    ({"role": "user", "content": [{"type": "text", "text": PROSE, "note": PROSE}]},
     {("messages.0.content.0.text", "user", "user", "text"), ("messages.0.content.0.note", "user", "user", "text")}),
    # what has no text
    ({"role": "user", "content": ""}, set()),
    ({"role": "assistant", "content": None}, set()),
    ({"role": "assistant", "content": []}, set()),
    ({"role": "assistant", "content": None, "tool_calls": None, "function_call": None, "audio": None, "refusal": None}, set()),
    # the assistant's other fields
    ({"role": "assistant", "refusal": PROSE}, {("messages.0.refusal", "assistant", "assistant", "text")}),
    ({"role": "assistant", "reasoning": PROSE}, {("messages.0.reasoning", "assistant", "reasoning", "text")}),
    ({"role": "assistant", "reasoning_content": PROSE}, {("messages.0.reasoning_content", "assistant", "reasoning", "text")}),
    ({"role": "assistant", "thinking": PROSE}, {("messages.0.thinking", "assistant", "reasoning", "text")}),
    ({"role": "assistant", "reasoning_details": [{"type": "reasoning.text", "text": PROSE, "id": "r1", "index": 0}]},
     {("messages.0.reasoning_details.0.text", "assistant", "reasoning", "text")}),
    ({"role": "user", "name": "anna", "content": ""}, {("messages.0.name", "user", "user", "identifier")}),
    ({"role": "user", "name": PROSE}, {("messages.0.name", "user", "user", "identifier")}),
    # tool calls: their arguments are JSON, leaf by leaf, or not
    ({"role": "assistant", "tool_calls": [{"id": "call_12345678", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
     {("messages.0.tool_calls.0.function.name", "assistant", "tool_arguments", "identifier")}),
    ({"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"arguments": '{"to": "anna", "n": 4111}'}}]},
     {("messages.0.tool_calls.0.function.arguments", "assistant", "tool_arguments", "json")}),
    ({"role": "assistant", "tool_calls": [{"function": {"arguments": PROSE}}]},
     {("messages.0.tool_calls.0.function.arguments", "assistant", "tool_arguments", "text")}),
    ({"role": "assistant", "tool_calls": [{"function": {"arguments": " "}}]},
     {("messages.0.tool_calls.0.function.arguments", "assistant", "tool_arguments", "text")}),
    ({"role": "assistant", "tool_calls": [{"function": {"arguments": {"to": PROSE}}}]},
     {("messages.0.tool_calls.0.function.arguments.to", "assistant", "tool_arguments", "text")}),
    ({"role": "assistant", "tool_calls": [{"type": "custom", "custom": {"name": "f", "input": PROSE}}]},
     {("messages.0.tool_calls.0.custom.name", "assistant", "tool_arguments", "text"),
      ("messages.0.tool_calls.0.custom.input", "assistant", "tool_arguments", "text")}),
    ({"role": "assistant", "tool_calls": [{"novelty": {"deep": [PROSE]}}]},
     {("messages.0.tool_calls.0.novelty.deep.0", "assistant", "tool_arguments", "text")}),
    ({"role": "assistant", "function_call": {"name": "f", "arguments": '{"a": "b"}'}},
     {("messages.0.function_call.name", "assistant", "tool_arguments", "identifier"),
      ("messages.0.function_call.arguments", "assistant", "tool_arguments", "json")}),
    # identifiers that are none
    ({"role": "tool", "tool_call_id": PROSE}, {("messages.0.tool_call_id", "tool", "tool_results", "text")}),
    ({"role": "assistant", "tool_calls": [{"id": PROSE}]}, {("messages.0.tool_calls.0.id", "assistant", "tool_arguments", "text")}),
    # fields that the API does not have, and keys that are prose
    ({"role": "user", "memo": {"deep": [{"deeper": PROSE}]}}, {("messages.0.memo.deep.0.deeper", "user", "user", "text")}),
    ({"role": "user", "memo": {"id": "4111111111111111", "type": "call"}}, {("messages.0.memo.id", "user", "user", "text")}),
    ({"role": "user", PROSE: 1}, {("messages.0.*", "user", "user", "key")}),
    ({"role": "user", "memo": {PROSE: 1}}, {("messages.0.memo.*", "user", "user", "key")}),
    ({"role": "user", "memo": {"4111111111111111": 1}}, {("messages.0.memo.*", "user", "user", "key")}),
    ({"role": "assistant", "tool_calls": [{PROSE: 1}]}, {("messages.0.tool_calls.0.*", "assistant", "tool_arguments", "key")}),
    ({"role": "assistant", "tool_calls": [{"function": {PROSE: 1}}]},
     {("messages.0.tool_calls.0.function.*", "assistant", "tool_arguments", "key")}),
    ({"role": "assistant", "tool_calls": [{"custom": {PROSE: 1}}]},
     {("messages.0.tool_calls.0.custom.*", "assistant", "tool_arguments", "key")}),
    ({"role": "assistant", "function_call": {PROSE: 1}}, {("messages.0.function_call.*", "assistant", "tool_arguments", "key")}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), TEXT_PLACES)
def test_texts_of_a_message(fields: Json, expected: set):
    """Each text of a message has its place, role, scope and form, and nothing else of it is a text."""
    request = read(message(**fields))
    assert found(request) == expected
    assert request.uninspectable == ()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user": "anna"}, {("user", "user", "user", "identifier")}),
        ({"safety_identifier": "a"}, {("safety_identifier", "user", "user", "identifier")}),
        ({"prompt_cache_key": "a"}, {("prompt_cache_key", "user", "user", "identifier")}),
        ({"metadata": {"note": PROSE}}, {("metadata.note", "user", "user", "text")}),
        ({"metadata": {"id": "DE89370400440532013000"}}, {("metadata.id", "user", "user", "text")}),
        ({"metadata": {"type": "203.0.113.77"}}, {("metadata.type", "user", "user", "text")}),
        ({"metadata": {"+12127365000": "x"}}, {("metadata.*", "user", "user", "key"), ("metadata.*", "user", "user", "text")}),
        ({"stop": PROSE}, {("stop", "user", "user", "text")}),
        ({"stop": ["a", "b"]}, {("stop.0", "user", "user", "text"), ("stop.1", "user", "user", "text")}),
        ({"prediction": {"type": "content", "content": PROSE}}, {("prediction.content", "assistant", "assistant", "text")}),
        ({"prediction": {"type": "content", "content": [{"type": "text", "text": PROSE}]}},
         {("prediction.content.0.text", "assistant", "assistant", "text")}),
        ({"prediction": {"type": "content", "more": PROSE}}, {("prediction.more", "assistant", "assistant", "text")}),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "description": PROSE, "schema": {"title": PROSE}}}},
         {(f"response_format.json_schema.{place}", "tool", "tool_definitions", "text")
          for place in ("name", "description", "schema.title")}),
        ({"tools": [{"type": "function", "function": {"name": "f", "description": PROSE, "parameters": {"type": "object"}}}]},
         {(f"tools.0.function.{place}", "tool", "tool_definitions", "text") for place in ("name", "description")}),
        ({"functions": [{"name": "f", "parameters": {"properties": {"a b": {"type": "string", "enum": [PROSE]}}}}]},
         {("functions.0.name", "tool", "tool_definitions", "text"),
          ("functions.0.parameters.properties.*", "tool", "tool_definitions", "key"),
          ("functions.0.parameters.properties.*.enum.0", "tool", "tool_definitions", "text")}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {("tool_choice.function.name", "user", "user", "text")}),
        ({"web_search_options": {"user_location": {"approximate": {"city": PROSE}}}},
         {("web_search_options.user_location.approximate.city", "user", "user", "text")}),
        ({"novelty": PROSE}, {("novelty", "user", "user", "text")}),
        ({PROSE: 1}, {("*", "user", "user", "key")}),
        ({"model": "with a blank"}, {("model", "user", "user", "text")}),
        ({"service_tier": "auto", "reasoning_effort": "low", "verbosity": "high", "tool_choice": "auto", "function_call": "none"}, set()),
        ({"n": 2, "temperature": 0.5, "logprobs": True, "logit_bias": {"50": -100}, "seed": 2**32 - 1, "stream_options": None}, set()),
        ({"seed": 4111111111111111, "max_tokens": -(10**10), "max_completion_tokens": 4111111111111111.0},
         {(key, "user", "user", "text") for key in ("seed", "max_tokens", "max_completion_tokens")}),
        ({"user": 4155550123}, {("user", "user", "user", "text")}),
        ({"metadata": {"card": 4111111111111111, "count": 12, "is_new": True, "score": 0.5}}, {("metadata.card", "user", "user", "text")}),
        ({"modalities": ["text"]}, {("modalities.0", "user", "user", "text")}),
    ],
)  # fmt: skip
def test_texts_beside_the_messages(fields: Json, expected: set):
    """So has each text elsewhere in the body."""
    request = read(body(**fields))
    assert found(request) == expected
    assert request.uninspectable == ()


CODED = base64.b64encode(PROSE.encode()).decode()
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}


@pytest.mark.parametrize(
    ("fields", "kinds", "texts"),
    [
        ({"content": [IMAGE]}, {("image", "messages.0.content.0")}, ["low"]),
        ({"content": [{"type": "image_url", "image_url": {"url": "https://example.org/a b.png"}}]},
         {("image", "messages.0.content.0")}, ["https://example.org/a b.png"]),
        ({"content": [{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}]},
         {("audio", "messages.0.content.0")}, ["wav"]),
        ({"content": [{"type": "file", "file": {"filename": "anna kovacs.pdf", "file_data": "data:application/pdf;base64,AA"}}]},
         {("file", "messages.0.content.0")}, ["anna kovacs.pdf"]),
        ({"content": [{"type": "file", "file": {"file_id": "file-12345678"}}]}, {("file", "messages.0.content.0")}, ["file-12345678"]),
        # data that is text after all
        ({"content": [{"type": "image_url", "image_url": {"url": f"data:text/plain,{PROSE}"}}]},
         {("image", "messages.0.content.0")}, [f"data:text/plain,{PROSE}"]),
        ({"content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{CODED}"}}]},
         {("image", "messages.0.content.0")}, [PROSE]),
        ({"content": [{"type": "input_audio", "input_audio": {"data": PROSE}}]}, {("audio", "messages.0.content.0")}, [PROSE]),
        ({"content": [{"type": "file", "file": {"file_data": CODED}}]}, {("file", "messages.0.content.0")}, [PROSE]),
        ({"content": [{"type": "file", "file": {"file_data": 4111111111111111}}]},
         {("file", "messages.0.content.0")}, ["4111111111111111"]),
        ({"content": [{"type": "novelty", "data": PROSE}]}, {("unknown", "messages.0.content.0")}, [PROSE]),
        ({"content": [{"text": PROSE}]}, {("unknown", "messages.0.content.0")}, [PROSE]),
        ({"content": [{"type": None, "text": PROSE}]}, {("unknown", "messages.0.content.0")}, [PROSE]),
        ({"content": [{"type": ["text"], "text": PROSE}]}, {("unknown", "messages.0.content.0")}, ["text", PROSE]),
        ({"content": [{"type": {"a": 1}}]}, {("unknown", "messages.0.content.0")}, []),
        ({"content": [{"type": PROSE}]}, {("unknown", "messages.0.content.0")}, [PROSE]),
        ({"content": [{"type": "text", "text": "a"}, IMAGE, {"type": "text", "text": "b"}]},
         {("image", "messages.0.content.1")}, ["a", "low", "b"]),
        ({"audio": {"id": "audio_1"}}, {("audio", "messages.0.audio")}, []),
    ],
)  # fmt: skip
def test_what_no_text_detector_can_read(fields: Json, kinds: set, texts: list[str]):
    """Media and unknown parts are listed for the policy, and the texts beside them are read all the same."""
    request = read(message(role="user", **fields))
    assert {(part.kind.value, dotted(part.place)) for part in request.uninspectable} == kinds
    assert sorted(segment.text for segment in request.segments) == sorted(texts)


def test_an_unknown_role():
    """A message of a role that the API does not have is for the policy to judge, and its texts are read as a user's."""
    request = read(message(role="novelty", content=PROSE))
    assert [(part.kind.value, part.place) for part in request.uninspectable] == [("unknown", ("messages", 0, "role"))]
    assert found(request) == {("messages.0.content", "unknown", "user", "text")}
    assert any(segment.text == PROSE for segment in read(message(role=PROSE)).segments)


@pytest.mark.parametrize(
    ("value", "param"),
    [
        (None, None), ([], None), ("text", None), (5, None),
        ({}, "model"), ({"model": 5}, "model"), ({"model": ""}, "model"), ({"model": None}, "model"),
        ({"model": "m"}, "messages"), ({"model": "m", "messages": {}}, "messages"), ({"model": "m", "messages": PROSE}, "messages"),
        ({"model": "m", "messages": [], "stream": "true"}, "stream"), ({"model": "m", "messages": [], "stream": 1}, "stream"),
        ({"model": "m", "messages": [PROSE]}, "messages.0"), ({"model": "m", "messages": [{}, None]}, "messages.0.role"),
        (message(role=5), "messages.0.role"), (message(role=[PROSE]), "messages.0.role"), (message(content=PROSE), "messages.0.role"),
        (message(role="user", content=5), "messages.0.content"), (message(role="user", content={"text": PROSE}), "messages.0.content"),
        (message(role="user", content=True), "messages.0.content"),
        (message(role="user", content=[5]), "messages.0.content.0"), (message(role="user", content=[[PROSE]]), "messages.0.content.0"),
        (message(role="user", content=[None]), "messages.0.content.0"),
        (message(role="assistant", tool_calls=PROSE), "messages.0.tool_calls"),
        (message(role="assistant", tool_calls={"0": PROSE}), "messages.0.tool_calls"),
        (message(role="assistant", tool_calls=[PROSE]), "messages.0.tool_calls.0"),
        (message(role="assistant", tool_calls=[{"function": PROSE}]), "messages.0.tool_calls.0.function"),
        (message(role="assistant", function_call=[PROSE]), "messages.0.function_call"),
        (body(prediction={"content": 5}), "prediction.content"),
    ],
)  # fmt: skip
def test_wrong_types(value: Json, param: str | None):
    """A body that cannot be read is refused with the place that is wrong, and without what stands there."""
    with pytest.raises(BadRequest) as raised:
        read(value)
    assert (raised.value.code, raised.value.param) == ("invalid_body", param)
    assert "anna" not in str(raised.value)


@pytest.mark.parametrize(("stream", "expected"), [(True, True), (False, False), (None, False)])
def test_stream(stream: bool | None, expected: bool):
    """``null`` is what leaving the key out is."""
    assert read(body(stream=stream)).stream is expected
    assert read(body()).stream is False


def test_too_many_texts():
    """The number of texts is bounded."""
    assert len(read(body(stop=["a"] * MAX_SEGMENTS)).segments) == MAX_SEGMENTS
    with pytest.raises(BadRequest, match="more than"):
        read(body(stop=["a"] * (MAX_SEGMENTS + 1)))


def test_too_deep():
    """Nesting is bounded, at every place that is read recursively."""
    deep: Json = PROSE
    for _ in range(70):
        deep = {"a": deep}
    for value in (body(metadata=deep), message(role="user", memo=deep), message(role="user", content=[{"type": "text", "text": deep}])):
        with pytest.raises(BadRequest) as raised:
            read(value)
        assert raised.value.code == "too_deep"


NAMES = st.sampled_from(
    ["id", "type", "model", "role", "name", "a", "text", "content", "data", "file_data", "index", "two words", "4111111111"]
)
WORDS = st.sampled_from(["function", "call_12345678", "auto", "", PROSE, "4111111111111111", "data:x y", '{"a": "b c", "n": 4111}', "user"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
PARTS = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "refusal", "novelty"]), "text": WORDS}, optional={"more": ANYTHING}),
    st.fixed_dictionaries({"type": st.just("image_url"), "image_url": st.one_of(WORDS, st.fixed_dictionaries({"url": WORDS}))}),
    st.fixed_dictionaries({"type": st.just("input_audio"), "input_audio": st.fixed_dictionaries({"data": WORDS, "format": WORDS})}),
    st.fixed_dictionaries({"type": st.just("file"), "file": st.fixed_dictionaries({"filename": WORDS, "file_data": WORDS})}),
    st.dictionaries(NAMES, ANYTHING, max_size=3),
    WORDS,
)
FUNCTIONS = st.fixed_dictionaries({}, optional={"name": WORDS, "arguments": st.one_of(WORDS, ANYTHING), "two words": ANYTHING})
CALLS = st.fixed_dictionaries(
    {}, optional={"id": WORDS, "type": WORDS, "function": FUNCTIONS, "custom": ANYTHING, "index": ANYTHING, "odd key": ANYTHING}
)
ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function", "novelty", PROSE])
MESSAGES = st.fixed_dictionaries(
    {"role": ROLES},
    optional={
        "content": st.one_of(st.none(), WORDS, st.lists(PARTS, max_size=3)),
        "tool_calls": st.one_of(st.none(), st.lists(CALLS, max_size=2)),
        "function_call": st.one_of(st.none(), FUNCTIONS),
        "tool_call_id": WORDS,
        "name": ANYTHING,
        "id": ANYTHING,
        "reasoning_content": ANYTHING,
        "audio": ANYTHING,
        "memo": ANYTHING,
        "odd key": ANYTHING,
    },
)
BODIES = st.fixed_dictionaries(
    {"model": st.sampled_from(["m", "gpt-4o-2024-08-06", PROSE]), "messages": st.lists(MESSAGES, max_size=3)},
    optional={
        "tools": ANYTHING,
        "response_format": ANYTHING,
        "tool_choice": ANYTHING,
        "metadata": ANYTHING,
        "stop": ANYTHING,
        "user": ANYTHING,
        "service_tier": ANYTHING,
        "prediction": st.fixed_dictionaries({"type": WORDS, "content": st.one_of(WORDS, st.lists(PARTS, max_size=2))}),
        "novelty": ANYTHING,
        "odd key": ANYTHING,
    },
)

STRUCTURAL_KEYS = {
    "model", "service_tier", "reasoning_effort", "verbosity", "tool_choice", "function_call", "role", "type", "id", "tool_call_id",
}  # fmt: skip
STRUCTURAL_IDS = [
    lambda place: place == ("model",),
    lambda place: len(place) == 1 and place[0] in {"id", "tool_call_id"},
    lambda place: len(place) == 3 and place[0] == "messages" and place[2] in {"id", "tool_call_id", "model"},
    lambda place: len(place) == 5 and place[0] == "messages" and place[2] == "tool_calls" and place[4] in {"id", "model"},
    lambda place: len(place) == 4 and place[0] == "messages" and place[2] == "function_call" and place[3] in {"id", "model"},
    lambda place: len(place) == 6 and place[0] == "messages" and place[4] == "function" and place[5] in {"id", "model"},
]


def _is_structural(text: str, place: tuple) -> bool:
    """The whole of what may go upstream unread: short names at the API's own keys, and longer identifiers where it has an id."""
    if place[-1] not in STRUCTURAL_KEYS:
        return False
    return is_name(text) or (is_structural(text) and any(rule(place) for rule in STRUCTURAL_IDS))


def _texts(value: Json, place: tuple = ()):
    if isinstance(value, str):
        yield value, place, False
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key, (*place, key), True
            yield from _texts(item, (*place, key))


@settings(max_examples=150)
@given(BODIES)
def test_every_text_is_read_or_listed_or_structural(value: Json):
    """Nothing goes upstream unseen: each string of a body and each key that is more than a name is in a segment, in a part that is listed
    as uninspectable, or one of the few structural values that this test names.
    """
    request = read(value)
    segments = {(segment.place, segment.form is Form.KEY) for segment in request.segments if segment.form is not Form.JSON}
    leaves = {segment.place for segment in request.segments if segment.form is Form.JSON}
    media = [part.place for part in request.uninspectable]
    for text, place, is_key in _texts(value):
        seen = (place, is_key) in segments or (not is_key and place in leaves)
        listed = any(place[: len(above)] == above for above in media)
        structural = (is_key and is_name(text)) or not text or (not is_key and _is_structural(text, place))
        assert seen or listed or structural, (text, place, is_key)


@given(BODIES)
def test_segments_say_what_stands_at_their_place(value: Json):
    """A segment's text is the text at its place, the leaf of the JSON there, or the key there; each place is given once."""
    request = read(value)
    for segment in request.segments:
        if segment.form is Form.KEY:
            assert segment.text in at(value, segment.place[:-1])
        elif segment.leaf:
            start, end = segment.leaf.start, segment.leaf.end
            assert at(value, segment.place)[start:end].strip('"') != ""
        else:
            there = at(value, segment.place)
            assert segment.text == (number_text(there) or there)
    names = [(segment.place, segment.form is Form.KEY, segment.leaf) for segment in request.segments]
    assert len(names) == len(set(names))


@given(BODIES)
def test_a_body_of_any_shape_is_not_changed_by_reading(value: Json):
    """Reading leaves the body as it was."""
    before = json.dumps(value)
    read(value)
    assert json.dumps(value) == before


@settings(max_examples=50)
@given(st.recursive(st.one_of(st.none(), st.integers(), WORDS), lambda inner: st.one_of(st.lists(inner), st.dictionaries(NAMES, inner))))
def test_any_value_at_any_known_key(value: Json):
    """A value of any type, wherever the API has a key, is read or refused as a BadRequest; never another error."""
    for broken in (
        value,
        {"model": value, "messages": []},
        {"model": "m", "messages": value},
        *({"model": "m", "messages": [], key: value} for key in ("stream", "tools", "prediction", "stop", "metadata", "user", "functions")),
        {"model": "m", "messages": [], "prediction": {"content": value}},
        *(message(**({"role": "user"} | {key: value})) for key in ("role", "content", "tool_calls", "function_call", "name", "audio")),
        message(role="user", content=[value]),
        message(role="user", content=[{"type": value}]),
        *(message(role="user", content=[{"type": kind, kind: value}]) for kind in ("text", "image_url", "input_audio", "file")),
        *(message(role="assistant", tool_calls=[{key: value}]) for key in ("function", "custom", "id", "type")),
        *(message(role="assistant", tool_calls=[{"function": {key: value}}]) for key in ("name", "arguments")),
    ):
        with suppress(BadRequest):
            read(broken)


_PICTURE = {"type": "image_url", "image_url": {"url": "https://x.com/y.png"}}


def _text(text: str, **fields: Json) -> Json:
    return {"type": "text", "text": text, **fields}


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([("user", [_text("a"), _PICTURE, _text("b")])], ["ab"]),
        ([("user", [_text("a"), {"type": "file", "file": {"filename": "x.pdf", "file_id": "f"}}, _text("b")])], ["ab"]),
        ([("user", [_text("a", annotations=[{"text": "n"}]), "b"])], ["ab"]),
        ([("assistant", [_text("a"), {"type": "refusal", "refusal": "b"}])], ["ab"]),
        ([("user", "a"), ("user", [_PICTURE]), ("user", "b")], ["ab"]),
        ([("system", "a"), ("developer", "b")], ["ab"]),
        ([("tool", "a"), ("function", "b")], ["ab"]),
        ([("user", "a"), ("assistant", ""), ("system", []), ("user", "b")], ["ab"]),
        ([("user", "a"), ("assistant", "b"), ("user", "c")], []),
        ([("user", [_PICTURE, _PICTURE])], []),
    ],
)
def test_what_is_read_as_one_text(messages: list, expected: list[str]):
    """Parts of a message, and messages of one scope that follow each other, whatever stands between that says nothing."""
    request = read({"model": "m", "messages": [{"role": role, "content": content} for role, content in messages]})
    assert [run.text for run in runs(request.segments)] == expected


def test_reasoning_is_read_as_one_text():
    """What the assistant thought in messages that follow each other, beside what it said in them."""
    messages = [{"role": "assistant", "reasoning": text, "content": text.upper()} for text in ("a", "b")]
    assert [run.text for run in runs(read({"model": "m", "messages": messages}).segments)] == ["ab", "AB"]


def test_a_call_ends_a_turn():
    """A message with calls says nothing in words, but the user's next message is a turn of its own."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    calling = {"role": "assistant", "content": None, "tool_calls": [call]}
    request = read({"model": "m", "messages": [{"role": "user", "content": "a"}, calling, {"role": "user", "content": "b"}]})
    assert runs(request.segments) == []
