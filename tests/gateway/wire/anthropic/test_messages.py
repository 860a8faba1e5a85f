"""Messages through the guard of answers, judged by Anthropic's own client: what goes out is a stream that it accepts."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest, PolicyViolation, UpstreamError
from gateway.guard.render import StreamRenderer, render_completion
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.anthropic.messages import CountTokens, Messages, MessagesStream
from gateway.wire.model import Call, Event, Json, Kind, Origin, Usage
from policies.policy import Rule
from tests.support.guards import DIGITS, KEY, cut, plan, policy, rule

ORIGIN = Origin("r1", "claude-x", 5)
MESSAGES = Messages()
START = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 12, "cache_read_input_tokens": 3, "output_tokens": 1},
    },
}  # fmt: skip
END = [
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
]


def client(body: bytes, content_type: str = "text/event-stream", status: int = 200) -> anthropic.Anthropic:
    """Anthropic's own, to which an endpoint says this."""
    answer = httpx2.MockTransport(lambda _: httpx2.Response(status, headers={"content-type": content_type}, content=body))
    return anthropic.Anthropic(api_key="k", base_url="http://x/anthropic", http_client=httpx2.Client(transport=answer), max_retries=0)


def as_the_sdk_reads(stream: bytes) -> Message:
    """What its accumulator makes of a stream, of which it must have read all."""
    with client(stream).messages.stream(model="m", max_tokens=5, messages=[]) as events:
        kinds = [event.type for event in events]
        assert kinds[0] == "message_start"
        assert kinds[-1] == "message_stop"
        return events.get_final_message()


def encoded(event: Json) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def block(index: int, start: Json, *deltas: Json) -> list[Json]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int, pieces: Iterable[str]) -> list[Json]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))


def thinking_block(index: int, pieces: Iterable[str]) -> list[Json]:
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    return block(
        index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas, {"type": "signature_delta", "signature": "EqQB" * 20}
    )


def tool_block(index: int, pieces: Iterable[str], kind: str = "tool_use") -> list[Json]:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block(index, {"type": kind, "id": "toolu_01", "name": "send", "input": {}}, *deltas)


class Exchange:
    """Takes a stream's events as the handler does; ``out`` is what went to the client."""

    def __init__(self, *rules: Rule, tokens: Tokens | None = None, **keys: Any) -> None:
        self.guard = ResponseGuard(plan(policy(*rules, **keys), (DIGITS,)), tokens or Tokens(KEY, "app"), str.encode)
        self.stream = MessagesStream(ORIGIN)
        self.renderer = StreamRenderer(self.stream, self.guard)
        self.out = b""
        self.events: list[Event] = []

    def __call__(self, data: bytes) -> bytes:
        for event in self.stream.feed(data):
            self.events.append(event)
            self.guard.feed(event)
            if event.is_end:
                self.guard.close()
            release = self.guard.release()
            if isinstance(release, Refuse):
                self.out += self.stream.render_stop(self.guard.open_choices())
                break
            self.out += self.renderer.render(release)
        return self.out


def through(events: Sequence[Json], *rules: Rule, tokens: Tokens | None = None, **keys: Any) -> bytes:
    return Exchange(*rules, tokens=tokens, **keys)(b"".join(map(encoded, events)))


def test_untouched_streams_go_on_as_they_came() -> None:
    """Without a rule or a placeholder every event goes out byte for byte, its spacing and unknown fields and all."""
    raw = b"".join(map(encoded, [START, {"type": "ping"}, *text_block(0, ["a"]), *tool_block(1, ['{"a": ', "1}"]), *END]))
    raw = raw.replace(b'"output_tokens": 9', b'"output_tokens":9, "new": {"a": [1.0]}')
    assert Exchange()(raw) == raw


def test_usage_and_the_end_are_read() -> None:
    """Input tokens come with the first event, output tokens with the last but one, and after the end mark nothing is waited for."""
    exchange = Exchange()
    exchange(b"".join(map(encoded, [START, *text_block(0, ["a"]), *END])))
    assert [event.usage for event in exchange.events if event.usage] == [Usage(15, 1, 3), Usage(15, 9, 3)]
    assert [event.is_end for event in exchange.events] == [False] * 5 + [True]
    assert exchange.stream.is_complete(exchange.guard.open_choices())
    assert not MessagesStream(ORIGIN).is_complete((0,))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=12), st.sampled_from(["text", "thinking", "tool_use", "server_tool_use", "mcp_tool_use"]))
def test_a_placeholder_is_restored_wherever_it_is_cut(places: list[int], kind: str) -> None:
    """In text, in thinking and in a tool's input, in any pieces; in JSON with the escapes that it needs."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", 'An"na\n', restore=True)
    said = json.dumps({"to": f"for {mine}!", "n": [1, None]}) if kind.endswith("use") else f"for {mine}!"
    pieces = cut(said, places)
    made = {"text": text_block, "thinking": thinking_block}.get(kind, lambda index, pieces: tool_block(index, pieces, kind))(0, pieces)
    stream = through([START, *made, *text_block(1, ["ok"]), *END], tokens=tokens)
    if kind == "mcp_tool_use":  # the SDK keeps this block for its beta client
        deltas = [line for line in stream.splitlines() if b"input_json_delta" in line]
        said = "".join(json.loads(line[6:])["delta"]["partial_json"] for line in deltas)
        assert json.loads(said) == {"to": 'for An"na\n!', "n": [1, None]}
        return
    first, second = as_the_sdk_reads(stream).content
    assert second.text == "ok"
    if kind.endswith("use"):
        assert first.input == {"to": 'for An"na\n!', "n": [1, None]}
    else:
        assert getattr(first, kind) == 'for An"na\n!'
        assert kind == "text" or first.signature == "EqQB" * 20


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=12), st.sampled_from([text_block, thinking_block, tool_block]))
def test_a_value_is_redacted_however_it_is_cut(places: list[int], made: Any) -> None:
    """What a rule takes out of the whole text it takes out of every cutting of it; what is held goes out before its block ends."""
    said = '{"a": "call 12345678 now", "b": "9999"}' if made is tool_block else "call 12345678 now or 9999"
    message = as_the_sdk_reads(through([START, *made(0, cut(said, places)), *END], rule("numbers", "redact")))
    found = message.content[0]
    if made is tool_block:
        assert found.input == {"a": "call [NUMBER] now", "b": "[NUMBER]"}
    else:
        assert (found.text if made is text_block else found.thinking) == "call [NUMBER] now or [NUMBER]"
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == 9


def test_what_a_block_holds_goes_out_before_it_ends() -> None:
    """The rest of a block's text is an event of its own, before the one that stops the block; blocks that are open side by side
    keep their texts apart.
    """
    first, second = text_block(0, ["is 12", "34"]), text_block(1, ["no ", "5678"])
    mixed = [first[0], second[0], first[1], second[1], first[2], second[2], second[3], first[3]]
    out = through([START, *mixed, *END], rule("numbers", "redact"))
    kinds = [(line[7:].decode()) for line in out.splitlines() if line.startswith(b"event: ")]
    assert kinds[-6:] == ["content_block_delta", "content_block_stop"] * 2 + ["message_delta", "message_stop"]
    assert [each.text for each in as_the_sdk_reads(out).content] == ["is [NUMBER]", "no [NUMBER]"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=12), st.sampled_from([text_block, thinking_block, tool_block, "server"]))
def test_a_verdict_in_the_middle_ends_the_stream_validly(places: list[int], made: Any) -> None:
    """In mid-text, in mid-thinking and within a half-open tool call: the client reads a refusal, and none of what was blocked."""
    said = '{"a": "fine \\u00e9", "b": "call 12345678 now", "c": 1}' if made in (tool_block, "server") else "fine, call 12345678 now"
    pieces = cut(said, places)
    blocks = tool_block(1, pieces, "server_tool_use") if made == "server" else made(1, pieces)
    out = through([START, *text_block(0, ["before"]), *blocks, *text_block(2, ["after"]), *END], rule("numbers", "block"))
    message = as_the_sdk_reads(out)
    assert message.stop_reason == "refusal"
    assert message.content[0].text == "before"
    assert len(message.content) == 2
    assert b"12345678" not in out
    assert b"after" not in out
    assert out.count(b"content_block_start\n") == out.count(b"content_block_stop\n") == 2


@pytest.mark.parametrize(
    "last",
    [
        START,
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "1234 "}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "novelty", "x": "y"}},
        {"type": "novelty"},
        b"event: message_start\ndata: {\n\n",
        {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "1234"}},
    ],
)
def test_the_ending_fits_what_has_gone_out(last: Json) -> None:
    """The event that is blocked has not gone out: what it would have begun is not ended."""
    begun = [] if last is START else [START]
    if last is START:
        last = {**START, "message": {**START["message"], "note": "1234"}}
    data = b"".join(map(encoded, [{"type": "ping"}, *begun])) + (last if isinstance(last, bytes) else encoded(last))
    message = as_the_sdk_reads(Exchange(rule("numbers", "block"))(data))
    assert (message.stop_reason, message.content) == ("refusal", [])


def test_the_ending_after_an_event_that_cannot_be_read() -> None:
    """A block that had begun before it is ended all the same."""
    data = b"".join(map(encoded, [START, *text_block(0, ["a"])[:2]])) + b"data: {\n\n"
    out = Exchange()(data)
    assert as_the_sdk_reads(out).content[0].text == "a"
    assert out.count(b"event: content_block_stop\n") == 1


@pytest.mark.parametrize(
    ("event", "kinds"),
    [
        (b'event: ping\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}\n\n', {Kind.UNKNOWN}),
        (b'event: ping\nevent: message_stop\ndata: {"type":"ping"}\n\n', {Kind.UNKNOWN}),
        (b'data: {"type":"ping"}\n\n', set()),
        (b'event: ping\nid: 7\ndata: {"type":"ping"}\n\n', set()),
        (b'event: novelty\ndata: {"type":"novelty","text":"a b"}\n\n', {Kind.UNKNOWN}),
        (b'data: {"no":"type"}\n\n', {Kind.UNKNOWN}),
        (b'event: ping\ndata: {"type":["ping"]}\n\n', {Kind.UNKNOWN}),
        (b'event: content_block_stop\ndata: {"type":"content_block_stop","index":-1}\n\n', {Kind.UNKNOWN}),
        (b'event: content_block_stop\ndata: {"type":"content_block_stop","index":true}\n\n', {Kind.UNKNOWN}),
        (b'event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n', {Kind.UNKNOWN}),
        (b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"new","a":"b c"}}\n\n',
         {Kind.UNKNOWN}),
        (b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":"a b"}\n\n', set()),
        (b'event: message_start\ndata: {"type":"message_start","message":{"content":["a b"]}}\n\n', {Kind.UNKNOWN}),
        (b'event: message_start\ndata: {"type":"message_start","message":"a b"}\n\n', set()),
        (b"event: two words\ndata: {}\n\n", {Kind.UNKNOWN}),
        (b'event: ping\ndata: {"type":"ping","a b":1}\n\n', {Kind.UNKNOWN}),
    ],
)  # fmt: skip
def test_events_that_the_api_does_not_have(event: bytes, kinds: set[Kind]) -> None:
    """An event that readers may take for different things, or that nobody knows, is for the policy to judge; its texts are read."""
    (read,) = MessagesStream(ORIGIN).feed(event)
    assert {part.kind for part in read.uninspectable} == kinds
    assert read.raw == event
    assert ("a b" in {delta.text for delta in read.deltas}) == (b':"a b"' in event or b'["a b"' in event)


def test_text_after_its_block_has_ended_does_not_pass() -> None:
    """A block that has ended says no more, also if it begins again; the client hears a refusal."""
    once, again = text_block(0, ["first"]), text_block(0, ["again"])
    out = through([START, *once, *again, *END])
    assert as_the_sdk_reads(out).stop_reason == "refusal"
    assert b"again" not in out


def test_an_error_in_mid_stream_ends_it() -> None:
    """What was held goes out first, the error's text is guarded, and nothing is waited for after it."""
    failed = {"type": "error", "error": {"type": "overloaded_error", "message": "busy 1234"}, "request_id": "req_1"}
    exchange = Exchange(rule("numbers", "redact"))
    out = exchange(b"".join(map(encoded, [START, *text_block(0, ["is 12", "34"])[:3], failed])))
    assert exchange.events[-1].is_end
    with pytest.raises(anthropic.APIStatusError) as raised:
        list(client(out).messages.create(model="m", max_tokens=5, messages=[], stream=True))
    assert raised.value.body == {**failed, "error": {"type": "overloaded_error", "message": "busy [NUMBER]"}}
    assert b"is [NUMBER]" in out.replace(b'"}}\n\nevent: content_block_delta\ndata: {"type":"content_block_delta","index":0,', b"") or (
        b'"text":"[NUMBER]"' in out
    )


def test_a_stream_may_say_what_the_api_repeats() -> None:
    """A stop sequence that was a placeholder on its way to the API comes back as what the app had sent."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", "Anna", restore=True)
    stop = {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": mine}, "usage": {"output_tokens": 1}}
    assert as_the_sdk_reads(through([START, *text_block(0, ["a"]), stop, END[1]], tokens=tokens)).stop_sequence == "Anna"


def whole(content: Json, **fields: Json) -> bytes:
    return json.dumps({**START["message"], "content": content, "stop_reason": "end_turn", **fields}).encode()


def complete(raw: bytes, *rules: Rule, tokens: Tokens | None = None) -> bytes | None:
    guard = ResponseGuard(plan(policy(*rules), (DIGITS,)), tokens or Tokens(KEY, "app"), str.encode)
    guard.feed(MESSAGES.parse_completion(raw, "application/json"))
    release = guard.release()
    return None if isinstance(release, Refuse) else render_completion(release, guard)


def test_a_whole_message() -> None:
    """Every text of it is guarded and restored where it stands, tool input in its own leaves; the SDK reads what comes out."""
    tokens = Tokens(KEY, "app")
    mine = tokens.issue("PERSON", 'An"na', restore=True)
    content = [
        {"type": "thinking", "thinking": f"{mine} 1234", "signature": "EqQB" * 20},
        {"type": "text", "text": f"{mine} 1234", "citations": None},
        {"type": "tool_use", "id": "toolu_01", "name": "send", "input": {"to": [mine, "1234", 12345678], f"is {mine}?": {"deep": True}}},
    ]
    out = complete(whole(content), rule("numbers", "redact"), tokens=tokens)
    assert out is not None
    message = client(out, "application/json").messages.create(model="m", max_tokens=5, messages=[])
    thinking, text, tool = message.content
    assert thinking.thinking == text.text == 'An"na [NUMBER]'
    assert tool.input == {"to": ['An"na', "[NUMBER]", "[NUMBER]"], 'is An"na?': {"deep": True}}


def test_a_whole_message_that_nothing_touches() -> None:
    """It goes on byte for byte, and says its usage and the container that the API keeps."""
    raw = whole([{"type": "text", "text": "a"}], container={"id": "container_01", "expires_at": "2026-01-01T00:00:00Z"})
    assert complete(raw) == raw
    event = MESSAGES.parse_completion(raw, "application/json")
    assert (event.usage, event.finished, event.names) == (Usage(15, 1, 3), {0: "end_turn"}, ("container_01",))
    assert complete(whole([{"type": "text", "text": "1234"}]), rule("numbers", "block")) is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'"text"', b'{"a":1,"a":2}', b"\xff"])
def test_an_answer_that_is_not_one(raw: bytes) -> None:
    """What is not a JSON object is the upstream's fault."""
    with pytest.raises(UpstreamError):
        MESSAGES.parse_completion(raw, "application/json")


def test_refusals_as_the_sdk_reads_them() -> None:
    """Whole or streamed: the message, and that it was refused."""
    made = client(MESSAGES.render_refusal("Not this.", ORIGIN), "application/json").messages.create(model="m", max_tokens=5, messages=[])
    for message in (made, as_the_sdk_reads(MESSAGES.render_refusal_stream("Not this.", ORIGIN))):
        Message.model_validate_json(message.model_dump_json(exclude={"content": {"__all__": {"parsed_output"}}}), strict=True)
        assert (message.stop_reason, message.content[0].text, message.model) == ("refusal", "Not this.", "claude-x")


def test_which_answers_are_streams() -> None:
    """Only server-sent events are; a count of tokens never is one, and nobody speaks there."""
    assert isinstance(MESSAGES.open_stream("text/event-stream", ORIGIN), MessagesStream)
    assert MESSAGES.open_stream("application/json", ORIGIN) is None
    count = CountTokens()
    assert count.open_stream("text/event-stream", ORIGIN) is None
    assert (count.render_refusal("no", ORIGIN), count.render_refusal_stream("no", ORIGIN)) == (None, None)
    assert count.parse_completion(b'{"input_tokens": 7}', "application/json").deltas == ()
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
    assert [(d.surface, d.parse_request(body, Call()).segments[0].text) for d in (count, MESSAGES)] == [
        ("count_tokens", "hi"), ("messages", "hi"),
    ]  # fmt: skip
    with pytest.raises(BadRequest):
        count.parse_request(b"[]", Call())


def test_a_blocked_request_as_the_sdk_reads_it() -> None:
    """An error 400 whose body says which rules fired, and why."""
    body = MESSAGES.render_error(PolicyViolation("Stopped.", ("numbers",), ("why",)), "r1", "test@1")
    with pytest.raises(anthropic.BadRequestError) as raised:
        client(body, "application/json", 400).messages.create(model="m", max_tokens=5, messages=[])
    error = raised.value.body["error"]
    assert (error["type"], error["code"], error["message"]) == ("policy_violation", "content_filter", "Stopped.")
    assert error["oddgate"] == {"request_id": "r1", "policy": "test@1", "rules": ["numbers"], "reasons": ["why"]}
