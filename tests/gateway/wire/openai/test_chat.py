"""What we write in OpenAI's dialect is read by OpenAI's own client, and what an upstream writes is an event or its fault."""

import json
from dataclasses import replace

import httpx
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from gateway.errors import BadRequest, PolicyViolation, TooLarge, UpstreamError
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Call, Event, Json, Origin
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.sse import SseDecoder, encode_event
from policies.vocabulary import Scope

CHAT = ChatCompletions()
JSON_TYPE = "application/json"
ORIGIN = Origin("req_1", "gpt-4o", 7)
LAST = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 5,
    "model": "m",
    "choices": [],
    "system_fingerprint": "fp",
    "x": 1,
}


def stream_after(last: Json) -> AnswerStream:
    """A stream whose newest event was this one, if there was any."""
    stream = CHAT.open_stream("text/event-stream", ORIGIN)
    if last is not None:
        list(stream.feed(encode_event(json.dumps(last).encode())))
    return stream


def parse_event(data: bytes, fields: bytes = b"") -> Event:
    (event,) = stream_after(None).feed(fields + b"data: " + data + b"\n\n")
    return event


def as_the_sdk_reads(stream: bytes) -> list[ChatCompletionChunk]:
    """Through the SDK's own client, and each chunk by its own models at their strictest."""
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: answer)) as http,
        OpenAI(api_key="k", base_url="http://x", http_client=http) as sdk,
    ):
        chunks = list(sdk.chat.completions.create(model="m", messages=[], stream=True))
    for event in SseDecoder(10_000).feed(stream):
        if event.data != b"[DONE]":
            ChatCompletionChunk.model_validate_json(event.data, strict=True)
    return chunks


@pytest.mark.parametrize(
    ("channel", "read"),
    [
        ((1, "content"), lambda delta: delta.content),
        ((1, "refusal"), lambda delta: delta.refusal),
        ((1, "reasoning_content"), lambda delta: delta.reasoning_content),
        ((1, "tool_calls", 2, "function", "arguments"), lambda delta: delta.tool_calls[0].function.arguments),
        ((1, "function_call", "arguments"), lambda delta: delta.function_call.arguments),
        ((1, "reasoning_details", 0, "text"), lambda delta: delta.reasoning_details[0]["text"]),
        ((1, "tool_calls", 2, "custom", "input"), lambda delta: delta.tool_calls[0].custom["input"]),
    ],
)
def test_a_tail_is_a_chunk(channel: tuple, read):
    """The rest of a channel's text comes as a chunk of the same completion, in the field and at the index where its text was."""
    (chunk,) = as_the_sdk_reads(stream_after(LAST).render_tail(channel, "rest of \u2028 it", None))
    assert (chunk.id, chunk.model, chunk.created, chunk.system_fingerprint) == ("chatcmpl-1", "m", 5, "fp")
    (choice,) = chunk.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (1, None, None)
    assert read(choice.delta) == "rest of \u2028 it"
    if channel[1] == "tool_calls":
        assert choice.delta.tool_calls[0].index == 2


def test_a_tail_brings_its_companion():
    """Log probabilities that were held go with the text that they spell."""
    logprobs = {"content": [{"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}], "refusal": None}
    (chunk,) = as_the_sdk_reads(stream_after(LAST).render_tail((0, "content"), "a", logprobs))
    assert chunk.choices[0].logprobs.content[0].token == "a"


def test_a_tail_outside_the_choices():
    """Text that no choice holds is never continued."""
    assert stream_after(LAST).render_tail(("body", "x"), "a", None) == b""


@pytest.mark.parametrize("last", [LAST, None, {}, {"error": {"message": "x"}}, {"id": "only", "choices": [{"index": 0}]}])
def test_the_stop_of_a_stream(last: Json):
    """A stream that a rule cuts ends as the API's own filter ends it: a content-filter stop for each open choice, and the end mark."""
    stream = stream_after(last).render_stop((0, 2))
    assert stream.endswith(b"data: [DONE]\n\n")
    chunks = as_the_sdk_reads(stream)
    assert [(chunk.choices[0].index, chunk.choices[0].finish_reason) for chunk in chunks] == [(0, "content_filter"), (2, "content_filter")]
    assert {chunk.id for chunk in chunks} == {(last or {}).get("id", "chatcmpl-req_1")}
    assert all(chunk.choices[0].delta.content is None for chunk in chunks)


def test_a_stop_with_no_open_choice():
    """Only the end mark is left to send."""
    assert stream_after(LAST).render_stop(()) == b"data: [DONE]\n\n"


def test_a_refusal():
    """A refusal is a completion in which the assistant refuses."""
    completion = ChatCompletion.model_validate_json(CHAT.render_refusal("No, sorry.", ORIGIN), strict=True)
    (choice,) = completion.choices
    assert (choice.finish_reason, choice.message.role, choice.message.refusal) == ("content_filter", "assistant", "No, sorry.")
    assert (choice.message.content, completion.usage.total_tokens, completion.model, completion.created) == (None, 0, "gpt-4o", 7)


def test_a_refusal_in_a_stream():
    """The same in a stream, to its end mark."""
    stream = CHAT.render_refusal_stream("No, sorry.", ORIGIN)
    said, stop = as_the_sdk_reads(stream)
    assert (said.choices[0].delta.role, said.choices[0].delta.refusal, said.choices[0].finish_reason) == ("assistant", "No, sorry.", None)
    assert (stop.choices[0].finish_reason, stop.id) == ("content_filter", said.id)
    assert stream.endswith(b"data: [DONE]\n\n")


def test_refusals_of_several_choices():
    """Each choice that was asked for refuses, whole and as a stream, and each ends for its content."""
    origin = replace(ORIGIN, choices=3)
    completion = ChatCompletion.model_validate_json(CHAT.render_refusal("No.", origin), strict=True)
    assert [(choice.index, choice.message.refusal) for choice in completion.choices] == [(0, "No."), (1, "No."), (2, "No.")]
    assert {choice.finish_reason for choice in completion.choices} == {"content_filter"}
    stream = CHAT.render_refusal_stream("No.", origin)
    told = [choice for chunk in as_the_sdk_reads(stream) for choice in chunk.choices]
    assert [(choice.index, choice.delta.refusal) for choice in told[:3]] == [(0, "No."), (1, "No."), (2, "No.")]
    assert [(choice.index, choice.finish_reason) for choice in told[3:]] == [(index, "content_filter") for index in range(3)]
    assert stream.count(b"data: [DONE]\n\n") == 1


@pytest.mark.parametrize(
    ("asked", "choices"),
    [({}, 1), ({"n": None}, 1), ({"n": 1}, 1), ({"n": 3}, 3), ({"n": 128}, 128), ({"n": 10**9}, 128), ({"n": 0}, 1), ({"n": -2}, 1),
     ({"n": "3"}, 1), ({"n": True}, 1), ({"n": 2.5}, 1)],
)  # fmt: skip
def test_how_many_choices_are_asked_for(asked: Json, choices: int):
    """As many as ``n`` says, within the bound of the API."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **asked}
    request = CHAT.parse_request(json.dumps(body).encode(), Call())
    assert request.choices == choices


def test_an_error():
    """An error has OpenAI's shape, with what is ours beside it."""
    error = json.loads(CHAT.render_error(TooLarge("body_too_large", "too large", "x"), "req_1", "p@1"))["error"]
    assert error == {
        "message": "too large", "type": "invalid_request_error", "param": "x", "code": "body_too_large",
        "oddgate": {"request_id": "req_1", "policy": "p@1"},
    }  # fmt: skip


def test_a_violation():
    """A block says which rules fired and why."""
    violation = PolicyViolation("no", ("pii",), ("pii: CREDIT_CARD in user",))
    error = json.loads(CHAT.render_error(violation, "req_1", "p@1"))["error"]
    assert (error["code"], error["type"], error["message"]) == ("content_filter", "policy_violation", "no")
    assert error["oddgate"] == {"request_id": "req_1", "policy": "p@1", "rules": ["pii"], "reasons": ["pii: CREDIT_CARD in user"]}


def test_a_completion():
    """A whole answer is an event in which every choice ends, with what arrived kept as it came."""
    raw = b'{"id": "c",  "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 2}}'
    event = CHAT.parse_completion(raw, JSON_TYPE)
    assert (event.raw, event.finished, event.usage.input_tokens, event.is_end) == (raw, {0: "stop"}, 2, False)
    assert [(delta.channel, delta.text, delta.scope) for delta in event.deltas] == [((0, "content"), "hi", Scope.OUTPUT)]


DEEP = b'{"a":' * 80 + b"1" + b"}" * 80


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"null", b'"text"', b'{"a": 1, "a": 2}', b'{"id": NaN}', b"\xff", DEEP])
def test_an_answer_that_is_none(raw: bytes):
    """What is not the API's JSON is the upstream's fault, not the client's, and is not repeated."""
    with pytest.raises(UpstreamError) as raised:
        CHAT.parse_completion(raw, JSON_TYPE)
    assert raised.value.code == "upstream_invalid_response"


def test_an_event_of_a_stream():
    """A chunk keeps its bytes, its own lines, its texts and its ends."""
    data = b'{"choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop", "logprobs": {"content": []}}]}'
    event = parse_event(data, b"event: e\n")
    raw = b"event: e\ndata: " + data + b"\n\n"
    assert (event.raw, event.prefix, event.finished, len(event.companions)) == (raw, b"event: e\n", {0: "stop"}, 1)
    assert [delta.text for delta in event.deltas] == ["hi"]


@pytest.mark.parametrize("data", [b"[DONE]", b" [DONE] ", b"[DONE]\t"])
def test_the_end_mark(data: bytes):
    """It ends the stream, whatever blanks stand around it."""
    event = parse_event(data)
    assert (event.is_end, event.uninspectable) == (True, ())


@pytest.mark.parametrize("data", [b"", b"[]", b"[done]", b"plain text", b'{"a": 1', b'{"a": 1, "a": 2}', b"\xff", b"DONE", DEEP])
def test_an_event_that_is_none(data: bytes):
    """Data that is not the API's JSON is for the policy to judge; it is never passed over."""
    event = parse_event(data)
    assert [(part.kind.value, part.place) for part in event.uninspectable] == [("unknown", ())]
    assert (event.is_end, event.deltas) == (False, ())


@pytest.mark.parametrize("fields", [b"event: anna kovacs\n", b"id: anna@example.org\n", b"id: \xc3\xa9\n", b"id: 1\nevent: a b\n"])
@pytest.mark.parametrize("data", [b"[DONE]", b"{}"])
def test_an_events_own_lines_hold_no_prose(fields: bytes, data: bytes):
    """A name or an id of an event that is more than an identifier is for the policy to judge."""
    assert [part.kind.value for part in parse_event(data, fields).uninspectable] == ["unknown"]


@pytest.mark.parametrize("fields", [b"", b"event: chunk\n", b"id: 1-2\nretry: 10\n", b"id\n", b"id:\n", b"id:5\n"])
def test_an_events_own_lines(fields: bytes):
    """Names, ids and pauses as endpoints send them are kept."""
    event = parse_event(b"{}", fields)
    assert (event.uninspectable, event.prefix) == ((), fields)


def test_a_request():
    """A request keeps its bytes, and says whether it wants a stream."""
    raw = b'{"model": "m", "stream": true, "messages": []}'
    request = CHAT.parse_request(raw, Call())
    assert (request.raw, request.stream, request.model, request.surface) == (raw, True, "m", "chat")
    with pytest.raises(BadRequest):
        CHAT.parse_request(b"{", Call())


def test_an_envelope_that_is_prose():
    """What we write around our own text repeats no field that could hold a text."""
    answer = stream_after({**LAST, "system_fingerprint": "write to anna.kovacs@example.org"})
    assert b"anna" not in answer.render_stop((0,))
