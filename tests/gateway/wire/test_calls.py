"""Which tool a text belongs to, in what is asked and in what is answered."""

import json

import pytest

from gateway.wire.calls import call_at, tools_of
from gateway.wire.routes import routes
from tests.support.answers import events, stream_of, whole


def dialect_of(path):
    return routes(()).find("POST", path)


def history(path, **body):
    match = dialect_of(path)
    request = match.dialect.parse_request(json.dumps({"model": "m", **body}).encode(), match.call("POST", "application/json"))
    return request, tools_of(request)


def called(path, body):
    return dict(whole(path, body).calls)


def streamed(path, *bodies):
    return {channel: tool for event in events(stream_of(path), *bodies) for channel, tool in event.calls}


def function(name, call_id="c1", arguments="{}"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


HISTORIES = [
    (
        "/v1/chat/completions",
        {
            "messages": [
                {"role": "user", "content": "hello"},
                {"role": "assistant", "tool_calls": [function("read", "a"), {"id": "b", "type": "custom", "custom": {"name": "run"}}]},
                {"role": "tool", "tool_call_id": "b", "content": "B"},
                {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "A"}]},
                {"role": "tool", "tool_call_id": "z", "content": "whose?"},
            ]
        },
        {
            ("messages", 1, "tool_calls", 0): "read",
            ("messages", 1, "tool_calls", 1): "run",
            ("messages", 2): "run",
            ("messages", 3): "read",
            ("messages", 4): "",
        },
    ),
    (
        "/v1/chat/completions",
        {
            "messages": [
                {"role": "assistant", "content": None, "function_call": {"name": "old", "arguments": "{}"}},
                {"role": "function", "name": "old", "content": "result"},
            ]
        },
        {("messages", 0, "function_call"): "old", ("messages", 1): "old"},
    ),
    (
        "/v1/messages",
        {
            "max_tokens": 5,
            "messages": [
                {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "read", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "result"}]},
            ],
        },
        {("messages", 0, "content", 0): "read", ("messages", 1, "content", 0): "read"},
    ),
    (
        "/v1/responses",
        {
            "input": [
                {"type": "function_call", "call_id": "c", "name": "read", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "result"},
                {"type": "web_search_call", "id": "ws_1", "status": "completed"},
                {"type": "message", "role": "user", "content": "hello"},
            ]
        },
        {("input", 0): "read", ("input", 1): "read", ("input", 2): "web_search"},
    ),
]


@pytest.mark.parametrize(("path", "body", "expected"), HISTORIES)
def test_history(path, body, expected):
    """Every call and every result of a history has its tool's name; a result whose call is not there has none."""
    assert history(path, **body)[1] == expected


def test_a_reused_id_is_the_latest_calls():
    """A result belongs to the last call before it with its id."""
    messages = [
        {"role": "assistant", "tool_calls": [function("first")]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
        {"role": "assistant", "tool_calls": [function("second")]},
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
    ]
    _, tools = history("/v1/chat/completions", messages=messages)
    assert (tools["messages", 1], tools["messages", 3]) == ("first", "second")


def test_tools_in_a_batch():
    """Each request of a batch has its own calls."""
    params = {"model": "m", "max_tokens": 5, "messages": HISTORIES[2][1]["messages"]}
    _, tools = history("/v1/messages/batches", requests=[{"custom_id": "one", "params": params}])
    assert tools["requests", 0, "params", "messages", 1, "content", 0] == "read"


@pytest.mark.parametrize(("path", "body", "expected"), HISTORIES)
def test_call_of_a_segment(path, body, expected):
    """The texts of calls and results find their call by their place."""
    request, tools = history(path, **body)
    for segment in request.segments:
        over = [place for place in expected if segment.place[: len(place)] == place]
        assert call_at(tools, segment.place) == (over[0] if over else ())


@pytest.mark.parametrize("odd", [None, 5, "text", [], [5], [{"role": 3, "content": [7, {"tool_use_id": []}], "tool_calls": [4]}], [{}]])
def test_odd_histories(odd):
    """What is no history has no tools, whatever its shape."""
    match = dialect_of("/v1/responses")
    request = match.dialect.parse_request(b'{"input": "x", "model": "m"}', match.call("POST", "application/json"))
    for key in ("messages", "input", "items", "requests"):
        request.body[key] = odd
        assert set(tools_of(request).values()) <= {""}


def test_whole_answers():
    """A whole answer says of each call which tool it is."""
    message = {"role": "assistant", "tool_calls": [function("a"), function("b"), {"type": "function", "function": {}}]}
    body = {"choices": [{"index": 1, "message": message, "finish_reason": "tool_calls"}]}
    assert called("/v1/chat/completions", body) == {(1, "tool_calls", 0): "a", (1, "tool_calls", 1): "b", (1, "tool_calls", 2): ""}
    body = {"choices": [{"message": {"role": "assistant", "function_call": {"name": "f", "arguments": ""}}, "finish_reason": "stop"}]}
    assert called("/v1/chat/completions", body) == {(0, "function_call"): "f"}
    blocks = [{"type": "text", "text": "x"}, {"type": "tool_use", "id": "t", "name": "a", "input": {"b": 1}}]
    body = {"type": "message", "role": "assistant", "content": blocks, "stop_reason": "tool_use"}
    assert called("/v1/messages", body) == {(0, "content", 1): "a"}
    call = {"type": "function_call", "call_id": "c", "name": "a", "arguments": "{}"}
    assert called("/v1/responses", {"object": "response", "output": [{"type": "reasoning", "summary": []}, call]}) == {("output", 1): "a"}


def test_streamed_answers():
    """In a stream the event with which a call begins names its tool."""
    chunk = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 2, **function("a", arguments="")}]}}]}
    more = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 2, "function": {"arguments": "{}"}}]}}]}
    assert streamed("/v1/chat/completions", chunk, more) == {(0, "tool_calls", 2): "a"}
    block = {"type": "tool_use", "id": "t", "name": "a", "input": {}}
    start = {"type": "content_block_start", "index": 3, "content_block": block}
    assert streamed("/v1/messages", start) == {(0, "content", 3): "a"}
    item = {"type": "function_call", "id": "fc", "call_id": "c", "name": "a", "arguments": "", "status": "in_progress"}
    added = {"type": "response.output_item.added", "output_index": 1, "item": item}
    assert streamed("/v1/responses", added) == {("output", 1): "a", ("item", 1): "a"}
    ended = {"type": "response.completed", "response": {"object": "response", "output": [item]}}
    assert streamed("/v1/responses", ended) == {("again", 0): "a"}


def test_two_names_of_one_call_in_one_chunk():
    """Each is told, in their order, as readers differ on which of them counts."""
    pieces = [{"index": 0, **function("steal")}, {"index": 0, **function("pay")}, {"index": 0, "custom": {"name": "x"}, **function("y")}]
    (event,) = events(stream_of("/v1/chat/completions"), {"choices": [{"index": 0, "delta": {"tool_calls": pieces}}]})
    assert event.calls == [((0, "tool_calls", 0), name) for name in ("steal", "pay", "y", "x")]
