"""Where the texts of a messages request stand: every place of the API, and every place it does not have."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.guard.seams import runs
from gateway.wire.anthropic.messages_request import read_request
from gateway.wire.model import Form, Json, Request, at
from gateway.wire.walk import dotted, is_name, is_structural, number_text

PROSE = "write to anna.kovacs@example.org, please"
SEALED = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds=="


def read(body: Json) -> Request:
    return read_request("messages", body, b"")


def body(**fields: Json) -> Json:
    return {"model": "m", "messages": [], **fields}


def message(content: Json, role: str = "user") -> Json:
    return body(messages=[{"role": role, "content": content}])


def found(request: Request) -> set[tuple[str, str, str, str]]:
    return {(dotted(segment.place), segment.role, segment.scope.value, segment.form.value) for segment in request.segments}


def kinds(request: Request) -> set[tuple[str, str]]:
    return {(part.kind.value, dotted(part.place)) for part in request.uninspectable}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"system": PROSE}, {("system", "system", "system", "text")}),
        ({"system": [{"type": "text", "text": PROSE, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
         {("system.0.text", "system", "system", "text")}),
        ({"messages": [{"role": "user", "content": PROSE}]}, {("messages.0.content", "user", "user", "text")}),
        ({"messages": [{"role": "assistant", "content": PROSE}]}, {("messages.0.content", "assistant", "assistant", "text")}),
        ({"messages": [{"role": "system", "content": [{"type": "text", "text": PROSE}]}]},
         {("messages.0.content.0.text", "system", "system", "text")}),
        ({"messages": [{"role": "user", "content": [PROSE]}]}, {("messages.0.content.0", "user", "user", "text")}),
        ({"messages": [{"role": "user", "content": "", "memo": {"deep": [PROSE]}}]}, {("messages.0.memo.deep.0", "user", "user", "text")}),
        ({"messages": [{"role": "user", PROSE: 1}]}, {("messages.0.*", "user", "user", "key")}),
        ({"tools": [{"name": "send", "description": PROSE, "input_schema": {"type": "object", "properties": {"a b": {"title": PROSE}}}}]},
         {("tools.0.name", "tool", "tool_definitions", "text"), ("tools.0.description", "tool", "tool_definitions", "text"),
          ("tools.0.input_schema.properties.*", "tool", "tool_definitions", "key"),
          ("tools.0.input_schema.properties.*.title", "tool", "tool_definitions", "text")}),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search", "allowed_domains": ["a.example"]}]},
         {("tools.0.name", "tool", "tool_definitions", "text"), ("tools.0.allowed_domains.0", "tool", "tool_definitions", "text")}),
        ({"mcp_servers": [{"type": "url", "url": "https://a.example", "name": "n", "authorization_token": PROSE}]},
         {(f"mcp_servers.0.{key}", "tool", "tool_definitions", "text") for key in ("url", "name", "authorization_token")}),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"description": PROSE}}}},
         {("output_config.format.schema.description", "tool", "tool_definitions", "text")}),
        ({"metadata": {"user_id": "anna", "more": PROSE, "odd key": 1}},
         {("metadata.user_id", "user", "user", "identifier"), ("metadata.more", "user", "user", "text"),
          ("metadata.*", "user", "user", "key")}),
        ({"stop_sequences": [PROSE]}, {("stop_sequences.0", "user", "user", "text")}),
        ({"tool_choice": {"type": "tool", "name": "send"}}, {("tool_choice.name", "user", "user", "text")}),
        ({"max_tokens": 10_000_000, "temperature": 0.5, "stream": True, "service_tier": "auto", "speed": "fast", "inference_geo": "us"},
         set()),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}, "container": "container_01234567", "user_profile_id": "up_01234567"},
         set()),
        ({"container": {"id": "container_01234567", "skills": [{"type": "custom", "skill_id": "pptx", "version": PROSE}]}},
         {("container.skills.0.skill_id", "user", "user", "text"), ("container.skills.0.version", "user", "user", "text")}),
        ({"thread": {"type": "continue", "previous_message_id": "msg_01234567"}, "diagnostics": {"previous_message_id": PROSE}},
         {("diagnostics.previous_message_id", "user", "user", "text")}),
        ({"max_tokens": 4111111111111111, "container": {"id": 4111111111111111}, "thread": {"previous_message_id": 4155550123}},
         {(place, "user", "user", "text") for place in ("max_tokens", "container.id", "thread.previous_message_id")}),
        ({"container": "YW5uYS5rb3ZhY3NAZXhhbXBsZS5vcmc"}, {("container", "user", "user", "text")}),
        ({"container": PROSE, "inference_geo": PROSE},
         {("container", "user", "user", "text"), ("inference_geo", "user", "user", "text")}),
        ({"metadata": PROSE, "novelty": {"card": 4111111111111111}, PROSE: 1},
         {("metadata", "user", "user", "text"), ("novelty.card", "user", "user", "text"), ("*", "user", "user", "key")}),
    ],
)  # fmt: skip
def test_texts_of_a_request(fields: Json, expected: set) -> None:
    """Each text has its place, role, scope and form, and nothing else is a text."""
    request = read(body(**fields))
    assert found(request) == expected
    assert request.uninspectable == ()


def test_unknown_roles() -> None:
    """A message of a role that the API does not have is for the policy to judge, and its texts are read as a user's."""
    request = read(message(PROSE, role="tool"))
    assert kinds(request) == {("unknown", "messages.0.role")}
    assert found(request) == {("messages.0.content", "unknown", "user", "text")}


def test_what_the_api_goes_on_with() -> None:
    """The container and the thread of an earlier answer are named, for its placeholders may come back."""
    assert read(body()).refers == ()
    assert read(body(container="c1")).refers == ("c1",)
    assert read(body(container={"id": "c1"}, thread={"type": "continue", "previous_message_id": "m1"})).refers == ("c1", "m1")
    assert read(body(container={"id": 5}, thread={"type": "create"})).refers == ()


def test_texts_that_are_read_as_one() -> None:
    """Blocks of text, turns of one role and the blocks of one tool's result go on with what comes before them; nothing else does."""
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "c"}, {"type": "text", "text": "d"}]}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, result]},
        {"role": "user", "content": "e"},
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "f"}, {"type": "tool_use", "id": "t", "name": "g", "input": {"x": "h"}}],
        },
    ]
    assert [run.text for run in runs(read(body(messages=messages)).segments)] == ["abe", "cd"]


def _text(text: str, **fields: Json) -> Json:
    return {"type": "text", "text": text, **fields}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([_text("a"), {"type": "image", "source": {"type": "url", "url": "https://x.com/y.png"}}, _text("b")], ["ab"]),
        ([_text("a"), {"type": "document", "title": "t", "source": {"type": "text", "media_type": "text/plain", "data": "d"}}, _text("b")],
         ["ab"]),
        ([_text("a"), {"type": "document", "source": {"type": "content", "content": [_text("c"), _text("d")]}}, _text("b")], ["ab", "cd"]),
        ([_text("a", citations=[{"type": "char_location", "cited_text": "n", "text": "n"}]), _text("b")], ["ab"]),
        ([{"type": "tool_result", "tool_use_id": "t", "content": "a"},
          {"type": "tool_result", "tool_use_id": "u", "content": [_text("b")]}], ["ab"]),
        ([{"type": "thinking", "thinking": "a", "signature": ""}, {"type": "thinking", "thinking": "b", "signature": ""}], ["ab"]),
        ([{"type": "tool_use", "id": "t", "name": "f", "input": {"text": "a"}},
          {"type": "tool_use", "id": "u", "name": "f", "input": {"text": "b"}}], []),
    ],
)  # fmt: skip
def test_blocks_that_are_read_as_one(content: Json, expected: list[str]) -> None:
    """What blocks say, whatever stands between; a document is a text of its own, and addresses, notes and arguments are none."""
    assert [run.text for run in runs(read(body(messages=[{"role": "user", "content": content}])).segments)] == expected


def test_the_system_goes_on_in_messages() -> None:
    """A message of the system's that comes first goes on from the system's text; an empty one parts nothing."""
    messages = [{"role": role, "content": text} for role, text in (("system", "b"), ("user", "c"), ("assistant", ""), ("user", "d"))]
    assert [run.text for run in runs(read(body(system="a", messages=messages)).segments)] == ["ab", "cd"]


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ({}, "model"), ({"model": ""}, "model"), ({"model": 5, "messages": []}, "model"),
        ({"model": "m"}, "messages"), ({"model": "m", "messages": {}}, "messages"),
        (body(stream="yes"), "stream"), (body(messages=[PROSE]), "messages.0"), (body(messages=[{"content": PROSE}]), "messages.0.role"),
        (message(5), "messages.0.content"), (message({"type": "text", "text": PROSE}), "messages.0.content"),
        (message([5]), "messages.0.content.0"), (message([[PROSE]]), "messages.0.content.0"), (message([None]), "messages.0.content.0"),
        (body(system=5), "system"), (body(system=[5]), "system.0"),
    ],
)  # fmt: skip
def test_what_is_refused(value: Json, param: str) -> None:
    """What the API does not allow and nothing could read is refused by its place."""
    with pytest.raises(BadRequest) as raised:
        read(value)
    assert (raised.value.code, raised.value.param) == ("invalid_body", param)


def test_long_and_deep_requests() -> None:
    """10,000 blocks are read; what is nested without end is refused."""
    request = read(message([{"type": "text", "text": "a"}] * 10_000))
    assert len(request.segments) == 10_000
    result: Json = "a b"
    for _ in range(60):
        result = [{"type": "tool_result", "tool_use_id": "t", "content": result}]
    assert [segment.text for segment in read(message(result)).segments] == ["a b"]
    deep: Json = PROSE
    for _ in range(80):
        deep = {"a": deep}
    for value in (body(novelty=deep), message([{"type": "tool_use", "id": "a", "name": "b", "input": deep}])):
        with pytest.raises(BadRequest) as raised:
            read(value)
        assert raised.value.code == "too_deep"


WORDS = st.sampled_from(
    ["text", "toolu_01234567", "auto", "", PROSE, "4111111111111111", SEALED, "base64", "content", "web_search_20250305", "user"]
)
NAMES = st.sampled_from(
    ["id", "type", "model", "name", "a", "text", "content", "data", "source", "signature", "title", "url", "two words", "input",
     "tool_use_id", "file_id", "citations", "encrypted_content", "cache_control", "caller", "tools", "4111111111"]
)  # fmt: skip
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
BLOCK_TYPES = st.sampled_from(
    ["text", "image", "document", "search_result", "thinking", "redacted_thinking", "tool_use", "tool_result", "server_tool_use",
     "web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result", "mcp_tool_use", "mcp_tool_result",
     "container_upload", "compaction", "tool_addition", "novelty", PROSE]
)  # fmt: skip
NESTED = ("content", "input", "source", "citations", "cache_control", "caller", "context", "tool_changes")
PLAIN = ("id", "name", "text", "thinking", "signature", "data", "title", "tool_use_id", "file_id", "encrypted_content")
FIELDS = {**dict.fromkeys(NESTED, ANYTHING), **dict.fromkeys(PLAIN, WORDS)}
BLOCKS = st.recursive(
    st.fixed_dictionaries({"type": BLOCK_TYPES}, optional={**FIELDS, "two words": ANYTHING}),
    lambda inner: st.fixed_dictionaries(
        {"type": BLOCK_TYPES, "content": st.one_of(inner, st.lists(inner, max_size=3)), "text": WORDS},
        optional={"source": st.fixed_dictionaries({"type": WORDS, "content": st.lists(inner, max_size=2), "data": WORDS})},
    ),
    max_leaves=4,
)
CONTENTS = st.one_of(st.none(), WORDS, st.lists(st.one_of(BLOCKS, WORDS), max_size=3))
BESIDE = ("tools", "metadata", "stop_sequences", "tool_choice", "mcp_servers", "container", "thread", "thinking", "novelty")
BODIES = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["m", "claude-sonnet-4-5-20250929", PROSE]),
        "messages": st.lists(
            st.fixed_dictionaries(
                {"role": st.sampled_from(["user", "assistant", "system", "novelty", PROSE]), "content": CONTENTS},
                optional={"id": ANYTHING, "memo": ANYTHING, "odd key": ANYTHING},
            ),
            max_size=3,
        ),
    },
    optional={
        **dict.fromkeys(BESIDE, ANYTHING),
        "system": CONTENTS,
        "odd key": ANYTHING,
    },
)
STRUCTURAL_KEYS = {"id", "tool_use_id", "file_id", "tool_id", "type", "media_type", "ttl", "error_code", "model", "role", "tool_choice"} | {
    "container", "thread", "diagnostics", "previous_message_id", "user_profile_id", "service_tier",
}  # fmt: skip


def texts(value: Json, place: tuple = ()):
    if isinstance(value, str):
        yield value, place, False
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*place, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key, (*place, key), True
            yield from texts(item, (*place, key))
    elif written := number_text(value):
        yield written, place, False


def is_read(text: str, place: tuple, *, is_key: bool, request: Request, seen: set) -> bool:
    """A segment, a short name at a key that has names, an id, a block's type, or the bytes of something that is declared."""
    if (text, place, is_key) in seen or not text:
        return True
    if is_key:
        return is_name(text)
    if place[-1] in STRUCTURAL_KEYS and is_structural(text):
        return True
    if any(part.place == place for part in request.uninspectable):
        return True
    is_bytes = place[-2:] == ("source", "data") and at(request.body, (*place[:-1], "type")) == "base64"
    return is_bytes and any(part.place == place[:-2] for part in request.uninspectable)


@settings(max_examples=200, deadline=None)
@given(BODIES)
def test_every_text_is_read_or_declared(value: Json) -> None:
    """Whatever a body holds: no string, number or key of it goes on that is neither a segment, nor declared, nor a name at its place."""
    request = read(value)
    seen = {(segment.text, segment.place, segment.form is Form.KEY) for segment in request.segments}
    for text, place, is_key in texts(value):
        if place != ("model",) and place[-1] != "max_tokens":
            assert is_read(text, place, is_key=is_key, request=request, seen=seen), (json.dumps(value), place)
    for segment in request.segments:
        assert segment.form is Form.KEY or str(at(value, segment.place)).removesuffix(".0") == segment.text
    assert len(seen) == len(request.segments)
