"""Rows of an uploaded file: each is read as the request or the example that it is, and every string of it is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.wire.dialect import Dialect
from gateway.wire.file_rows import read_row
from gateway.wire.model import Call, Json, Kind, Request, at
from gateway.wire.pictures import picture_of
from gateway.wire.routes import routes
from gateway.wire.walk import dotted, is_name, is_structural
from policies.vocabulary import Scope

ROUTES = routes()
PROSE = "write to anna.kovacs@example.org, please"
PICTURE = "data:image/png;base64,AAAA"


def reader(method: str, path: str) -> tuple[Dialect, Call]:
    match = ROUTES.find(method, path)
    return match.dialect, match.call(method, "application/json")


def read(row: Json, number: int = 7) -> Request:
    return read_row(row if isinstance(row, bytes) else json.dumps(row).encode(), number, reader)


def batch(url: str, **body: Json) -> Json:
    return {"custom_id": "r-1", "method": "POST", "url": url, "body": {"model": "gpt-x", **body}}


def found(request: Request) -> set[tuple[str, str]]:
    return {(dotted(segment.place), segment.scope.value) for segment in request.segments}


ID = ("custom_id", "user")
MESSAGES = [{"role": "system", "content": PROSE}, {"role": "user", "content": PROSE}]
ROWS = [
    (batch("/v1/chat/completions", messages=MESSAGES), "chat", "gpt-x",
     {ID, ("body.messages.0.content", "system"), ("body.messages.1.content", "user")}),
    (batch("/chat/completions", messages=MESSAGES), "chat", "gpt-x",
     {ID, ("body.messages.0.content", "system"), ("body.messages.1.content", "user")}),
    (batch("/v1/responses", input=PROSE, instructions=PROSE), "responses", "gpt-x",
     {ID, ("body.input", "user"), ("body.instructions", "system")}),
    (batch("/v1/embeddings", input=[PROSE]), "embeddings", "gpt-x", {ID, ("body.input.0", "user")}),
    (batch("/v1/chat/completions", messages=[]) | {"note": PROSE}, "chat", "gpt-x", {ID, ("note", "user")}),
    ({"messages": [*MESSAGES, {"role": "assistant", "content": PROSE, "weight": 1}]}, "files", "",
     {("messages.0.content", "system"), ("messages.1.content", "user"), ("messages.2.content", "assistant")}),
    ({"messages": [], "tools": [{"type": "function", "function": {"description": PROSE}}]}, "files", "",
     {("tools.0.function.description", "tool_definitions")}),
    ({"prompt": PROSE, "completion": PROSE}, "files", "", {("prompt", "user"), ("completion", "assistant")}),
    ({"input": {"messages": MESSAGES}, "preferred_output": [{"role": "assistant", "content": PROSE}],
      "non_preferred_output": [{"role": "assistant", "content": PROSE}]}, "files", "",
     {("input.messages.0.content", "system"), ("input.messages.1.content", "user"), ("preferred_output.0.content", "assistant"),
      ("non_preferred_output.0.content", "assistant")}),
    ({"item": {"question": PROSE}}, "files", "", {("item.question", "user")}),
    ({"custom_id": PROSE, "body": PROSE}, "files", "", {("custom_id", "user"), ("body", "user")}),
]  # fmt: skip


@pytest.mark.parametrize(("row", "surface", "model", "texts"), ROWS)
def test_rows(row: Json, surface: str, model: str, texts: set[tuple[str, str]]):
    """A batch's row has surface, model and scopes of the request that it is; an example's messages have those of their roles."""
    request = read(row)
    assert (request.surface, request.model, found(request)) == (surface, model, texts)
    assert request.raw == json.dumps(row).encode()
    assert request.body == row


def test_an_edit_is_written_in_the_row():
    """A text's place leads to it in the whole row."""
    request = read(batch("/v1/chat/completions", messages=MESSAGES))
    for segment in request.segments:
        value = request.body
        for step in segment.place:
            value = value[step]
        assert value == segment.text


BAD = [
    (b"{", "invalid_json"),
    (b"[]", "invalid_body"),
    (b'"text"', "invalid_body"),
    (b'{"a": 1}{"b": 2}', "invalid_json"),
    (b'{"a": 1, "a": 2}', "duplicate_key"),
    (b'{"a": "\xff"}', "invalid_json"),
    (b"[" * 300, "too_deep"),
    (batch("/v1/nowhere"), "unsupported_path"),
    (batch("/v1/files"), "invalid_multipart"),
    (batch("/v1/models"), "method_not_allowed"),
    (batch("/v1/chat/completions"), "invalid_body"),
    (batch("/v1/chat/completions", messages=[{"content": "anna"}]), "invalid_body"),
    (batch("/v1/chat/completions", messages=[]) | {"method": "GET", "url": "/v1/models"}, "invalid_body"),
    (batch("/v1/chat/completions", messages=[]) | {"url": ["anna"]}, "invalid_body"),
    ({"messages": ["anna"]}, "invalid_body"),
]


@pytest.mark.parametrize(("row", "code"), BAD)
def test_rows_that_are_refused(row: Json, code: str):
    """With their line, and none of their text."""
    with pytest.raises(BadRequest) as caught:
        read(row)
    assert caught.value.code == code
    assert "Line 7 " in caught.value.message
    assert str(caught.value.param).startswith("file.rows.7")
    assert "anna" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["messages", "body", "url", "text", "role", "a b"]), inner),
    max_leaves=12,
)


def strings(value: Json) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set(value).union(*map(strings, value.values()))
    return set().union(*map(strings, value)) if isinstance(value, list) else set()


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["messages", "custom_id", "method", "url", "body", "prompt", "item"]), JSON))
def test_every_string_is_read(row: dict[str, Json]):
    """Of a row of any shape, whatever is more than a name is a segment; or the row is refused."""
    try:
        request = read(row)
    except BadRequest:
        return
    texts = {segment.text for segment in request.segments}
    assert {text for text in strings(row) if not (is_name(text) or is_structural(text))} <= texts


@pytest.mark.parametrize(
    "row",
    [
        batch("/v1/chat/completions", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]),
        batch("/v1/responses", input=[{"role": "user", "content": [{"type": "input_image", "image_url": PICTURE}]}]),
        batch("/v1/moderations", input=[{"type": "image_url", "image_url": {"url": PICTURE}}]),
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]},
        {"input": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]}},
    ],
)
def test_pictures(row: Json):
    """A picture stands where it is listed, with whose it is, so that it can be read there; its data is no text."""
    request = read(row)
    assert [(part.kind, part.scope) for part in request.uninspectable] == [(Kind.IMAGE, Scope.USER)]
    assert picture_of(at(request.body, request.uninspectable[0].place)) == "AAAA"
    assert PICTURE not in [segment.text for segment in request.segments]
