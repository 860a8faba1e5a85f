"""Where the texts of a request to the Responses and Conversations APIs stand: every place of the API, and every place it does not have."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.guard.seams import runs
from gateway.wire.model import Form, Json, Request, at
from gateway.wire.openai.responses_request import read_request
from gateway.wire.request_texts import MAX_SEGMENTS
from gateway.wire.walk import dotted, is_name, is_structural, number_text
from tests.gateway.wire.openai.test_chat_request import ANYTHING, NAMES, WORDS

PROSE = "write to anna.kovacs@example.org, please"
LIKE_TEXT = "resp_e996c698cf83712df4a2a7e7"


def read(**body: Json) -> Request:
    return read_request("responses", body, b"")


def found(request: Request) -> set[tuple[str, str, str, str]]:
    return {(dotted(segment.place), segment.role, segment.scope.value, segment.form.value) for segment in request.segments}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"input": PROSE}, {("input", "user", "user", "text")}),
        ({"input": ""}, set()),
        ({"input": None}, set()),
        ({"input": [{"role": "user", "content": PROSE}]}, {("input.0.content", "user", "user", "text")}),
        ({"items": [{"role": "system", "content": PROSE}]}, {("items.0.content", "system", "system", "text")}),
        ({"input": [{"type": "function_call", "arguments": '{"to": "anna", "n": 4111}'}]},
         {("input.0.arguments", "assistant", "tool_arguments", "json")}),
        ({"input": [{"type": "function_call", "arguments": PROSE}]}, {("input.0.arguments", "assistant", "tool_arguments", "text")}),
        ({"instructions": PROSE}, {("instructions", "system", "system", "text")}),
        ({"prompt": {"id": "pmpt_12345678", "version": "2", "variables": {"who": PROSE, "what": {"type": "input_text", "text": PROSE}}}},
         {("prompt.version", "user", "user", "text"), ("prompt.variables.who", "user", "user", "text"),
          ("prompt.variables.what.text", "user", "user", "text")}),
        ({"max_output_tokens": 2_000_000, "max_tool_calls": 2}, set()),
        ({"max_output_tokens": 4111111111111111, "conversation": {"id": 4111111111111111}},
         {("max_output_tokens", "user", "user", "text"), ("conversation.id", "user", "user", "text")}),
        ({"prompt": {"id": PROSE, "variables": {PROSE: 4111111111111111}}},
         {("prompt.id", "user", "user", "text"), ("prompt.variables.*", "user", "user", "key"),
          ("prompt.variables.*", "user", "user", "text")}),
        ({"prompt": {"variables": [PROSE]}}, {("prompt.variables.0", "user", "user", "text")}),
        ({"prompt": PROSE}, {("prompt", "user", "user", "text")}),
        ({"tools": [{"type": "function", "name": "f", "description": PROSE, "parameters": {"type": "object"}}]},
         {("tools.0.name", "tool", "tool_definitions", "text"), ("tools.0.description", "tool", "tool_definitions", "text")}),
        ({"tools": [{"type": "mcp", "headers": {"Authorization": PROSE}}]},
         {("tools.0.headers.Authorization", "tool", "tool_definitions", "text")}),
        ({"text": {"format": {"type": "json_schema", "schema": {"title": PROSE}}}},
         {("text.format.schema.title", "tool", "tool_definitions", "text")}),
        ({"tool_choice": {"type": "function", "name": "f"}}, {("tool_choice.name", "tool", "tool_definitions", "text")}),
        ({"tool_choice": "auto"}, set()),
        ({"metadata": {"note": PROSE}}, {("metadata.note", "user", "user", "text")}),
        ({"metadata": {PROSE: "x"}}, {("metadata.*", "user", "user", "key"), ("metadata.*", "user", "user", "text")}),
        ({"user": "anna", "safety_identifier": "a", "prompt_cache_key": "a"},
         {(key, "user", "user", "identifier") for key in ("user", "safety_identifier", "prompt_cache_key")}),
        ({"previous_response_id": "resp_12345678", "conversation": "conv_12345678"}, set()),
        ({"previous_response_id": PROSE}, {("previous_response_id", "user", "user", "text")}),
        ({"conversation": {"id": "conv_12345678"}}, set()),
        ({"conversation": {"id": PROSE, "more": PROSE}},
         {("conversation.id", "user", "user", "text"), ("conversation.more", "user", "user", "text")}),
        ({"conversation": PROSE}, {("conversation", "user", "user", "text")}),
        ({"include": ["reasoning.encrypted_content", PROSE]}, {("include.1", "user", "user", "text")}),
        ({"truncation": "auto", "service_tier": "flex", "prompt_cache_retention": "24h", "model": "gpt-5-2026-01-01"}, set()),
        ({"truncation": PROSE}, {("truncation", "user", "user", "text")}),
        ({"max_output_tokens": 10000000, "max_tool_calls": 3, "temperature": 0.5, "store": True, "background": None}, set()),
        ({"user": 4155550123}, {("user", "user", "user", "text")}),
        ({"novelty": {"deep": [PROSE]}}, {("novelty.deep.0", "user", "user", "text")}),
        ({PROSE: 1}, {("*", "user", "user", "key")}),
        ({"model": "with a blank"}, {("model", "user", "user", "text")}),
    ],
)  # fmt: skip
def test_texts_of_a_request(body: Json, expected: set):
    """Each text of a body has its place, role, scope and form, and nothing else of it is a text."""
    request = read(**body)
    assert found(request) == expected
    assert request.uninspectable == ()


@pytest.mark.parametrize(
    ("body", "refers"),
    [
        ({}, ()),
        ({"previous_response_id": "resp_1"}, ("resp_1",)),
        ({"conversation": "conv_1"}, ("conv_1",)),
        ({"conversation": {"id": "conv_1"}}, ("conv_1",)),
        ({"conversation": {"id": 5}, "previous_response_id": LIKE_TEXT}, (LIKE_TEXT,)),
        ({"conversation": None, "previous_response_id": ""}, ()),
    ],
)
def test_what_a_request_goes_on_from(body: Json, refers: tuple[str, ...]):
    """The ids of what the endpoint keeps, whatever they look like."""
    assert read(**body).refers == refers
    assert read_request("responses", body, b"", ("kept",)).refers == ("kept", *refers)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": 5}, "input"), ({"input": {"role": "user"}}, "input"), ({"input": True, "items": {}}, "items"),
        ({"input": [PROSE]}, "input.0"), ({"items": [{}, None]}, "items.1"),
        ({"model": 5}, "model"), ({"model": ""}, "model"), ({"stream": "true"}, "stream"),
    ],
)  # fmt: skip
def test_wrong_types(body: Json, param: str):
    """A body that cannot be read is refused with the place that is wrong, and without what stands there."""
    with pytest.raises(BadRequest) as raised:
        read(**body)
    assert (raised.value.code, raised.value.param) == ("invalid_body", param)
    assert "anna" not in str(raised.value)


def test_a_model_is_needed_where_one_answers():
    """Only a template, or a count of tokens, has a model of its own."""
    assert read(input="x").model == ""
    with pytest.raises(BadRequest):
        read_request("responses", {"input": "x"}, b"", needs_model=True)


def test_bounds():
    """Texts and depth are bounded; ten thousand parts are within them."""
    parts = [{"type": "input_text", "text": "a"}] * 10_000
    assert len(read(input=[{"role": "user", "content": parts}]).segments) == 10_000
    with pytest.raises(BadRequest, match="more than"):
        read(input=[{"role": "user", "content": parts[:1] * (MAX_SEGMENTS + 1)}])
    deep: Json = PROSE
    for _ in range(70):
        deep = {"a": deep}
    with pytest.raises(BadRequest) as raised:
        read(input=[{"type": "function_call", "memo": deep}])
    assert raised.value.code == "too_deep"


KINDS = st.sampled_from(["message", "function_call", "function_call_output", "reasoning", "mcp_call", "image_generation_call", "novelty"])
PARTS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["input_text", "output_text", "novelty"]), "text": WORDS}, optional={"logprobs": ANYTHING}
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["input_image", "input_file"])}, optional={"image_url": WORDS, "file_data": WORDS}),
    st.dictionaries(NAMES, ANYTHING, max_size=3),
    WORDS,
)
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.one_of(KINDS, ANYTHING),
        "role": st.sampled_from(["system", "user", "assistant", PROSE]),
        "content": st.one_of(WORDS, st.lists(PARTS, max_size=3)),
        "output": st.one_of(ANYTHING, st.lists(PARTS, max_size=2)),
        "arguments": st.one_of(WORDS, ANYTHING),
        "summary": st.lists(PARTS, max_size=2),
        "encrypted_content": ANYTHING,
        "result": ANYTHING,
        "id": ANYTHING,
        "odd key": ANYTHING,
    },
)
BODIES = st.fixed_dictionaries(
    {"model": st.sampled_from(["m", PROSE])},
    optional={
        "input": st.one_of(WORDS, st.lists(ITEMS, max_size=3)),
        "instructions": ANYTHING,
        "prompt": ANYTHING,
        "conversation": ANYTHING,
        "include": ANYTHING,
        "tools": ANYTHING,
        "tool_choice": ANYTHING,
        "metadata": ANYTHING,
        "previous_response_id": ANYTHING,
        "novelty": ANYTHING,
        "odd key": ANYTHING,
    },
)
STRUCTURAL_KEYS = {
    "model", "service_tier", "reasoning_effort", "verbosity", "tool_choice", "function_call", "role", "type", "id", "tool_call_id",
}  # fmt: skip
STRUCTURAL_IDS = [
    lambda place: place in {("model",), ("previous_response_id",), ("conversation",), ("conversation", "id"), ("prompt", "id")},
    lambda place: len(place) == 3 and place[0] == "input" and place[2] == "id",
]


def _is_structural(text: str, place: tuple) -> bool:
    """The whole of what may go upstream unread: short names at the API's own keys, and longer identifiers where it has an id."""
    if is_name(text) and (place[-1] in STRUCTURAL_KEYS or place[:-1] == ("include",)):
        return True
    return is_structural(text) and any(rule(place) for rule in STRUCTURAL_IDS)


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


@settings(max_examples=200)
@given(BODIES)
def test_every_text_is_read_or_listed_or_structural(value: Json):
    """Nothing goes upstream unseen: each string of a body and each key that is more than a name is in a segment, in a part that is listed
    as uninspectable, or one of the few structural values that this test names.
    """
    request = read(**value)
    segments = {(segment.place, segment.form is Form.KEY) for segment in request.segments if segment.form is not Form.JSON}
    leaves = {segment.place for segment in request.segments if segment.form is Form.JSON}
    media = [part.place for part in request.uninspectable if part.kind.value != "unknown"]
    for text, place, is_key in _texts(value):
        seen = (place, is_key) in segments or (not is_key and place in leaves)
        listed = any(place[: len(above)] == above for above in media)
        structural = (is_key and is_name(text)) or not text or (not is_key and _is_structural(text, place))
        assert seen or listed or structural, (text, place, is_key)


@given(BODIES)
def test_segments_say_what_stands_at_their_place(value: Json):
    """A segment's text is the text at its place, the leaf of the JSON there, or the key there; each place is given once."""
    before = json.dumps(value)
    request = read(**value)
    assert json.dumps(value) == before
    for segment in request.segments:
        if segment.form is Form.KEY:
            assert segment.text in at(value, segment.place[:-1])
        elif segment.leaf is None:
            there = at(value, segment.place)
            assert segment.text == (number_text(there) or there)
    names = [(segment.place, segment.form is Form.KEY, segment.leaf) for segment in request.segments]
    assert len(names) == len(set(names))


@settings(max_examples=50)
@given(st.recursive(st.one_of(st.none(), st.integers(), WORDS), lambda inner: st.one_of(st.lists(inner), st.dictionaries(NAMES, inner))))
def test_any_value_at_any_known_key(value: Json):
    """A value of any type, wherever the API has a key, is read or refused as a BadRequest; never another error."""
    items = [{"type": kind, key: value} for kind in ("message", "function_call", "reasoning", "shell_call_output", "mcp_call")
             for key in ("content", "output", "arguments", "summary", "encrypted_content", "name", "role")]  # fmt: skip
    parts = [{"role": "user", "content": [{"type": kind, key: value}]} for kind in ("input_text", "input_file", "input_image")
             for key in ("text", "file_data", "image_url", "logprobs")]  # fmt: skip
    bodies = [{key: value} for key in ("model", "stream", "input", "instructions", "prompt", "conversation", "include", "tools", "text")]
    for body in (*bodies, {"prompt": {"variables": value}}, {"prompt": {"variables": {"a": value}}}, {"input": [value]}):
        with suppress(BadRequest):
            read(**body)
    for item in (*items, *parts, {"type": value}, {"role": value}, {"role": "user", "content": [{"type": value}]}):
        with suppress(BadRequest):
            read(input=[item])


@pytest.mark.parametrize(
    "body",
    [
        {"instructions": "a", "input": [{"role": "system", "content": "b"}]},
        {"input": [{"role": "developer", "content": "b"}], "instructions": "a"},
        {"input": [{"role": "user", "content": [
            {"type": "input_text", "text": "a"},
            {"type": "input_image", "image_url": "https://x.com/y.png"},
            {"type": "input_text", "text": "b"},
        ]}]},
        {"input": [{"role": "assistant", "content": [
            {"type": "output_text", "text": "a", "annotations": [{"title": "n"}]}, {"type": "refusal", "refusal": "b"},
        ]}]},
    ],
)  # fmt: skip
def test_what_is_read_as_one_text(body: Json):
    """Instructions and the system's items, and the parts of a message with a medium or a note between them."""
    assert [run.text for run in runs(read(**body).segments)] == ["ab"]
