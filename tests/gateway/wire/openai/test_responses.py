"""OpenAI's Responses API through the guard, as the real SDK reads it: placeholders, edits, verdicts, numbers, errors."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseErrorEvent
from pydantic import BaseModel

from gateway.errors import BadRequest, PolicyViolation, UpstreamError
from gateway.guard.render import render_completion
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Call, Json
from gateway.wire.openai.responses import Items, Responses, ResponsesStream
from tests.support.guards import DIGITS, KEY, Names, plan, policy, rule
from tests.support.responses import (
    ORIGIN,
    Playbook,
    as_the_sdk_reads,
    call,
    decoded,
    encoded,
    message,
    reasoning,
    response,
    text,
    transcript,
)

RESPONSES = Responses()
WHO = 'An"na\n'
REFUSAL = {"type": "refusal"}


def tokens() -> tuple[Tokens, str]:
    made = Tokens(KEY, "app")
    return made, made.issue("PERSON", WHO, restore=True)


def full(who: str, **fields: Json) -> Json:
    """A response in which a value stands everywhere."""
    return response(
        reasoning(f"think of {who} x"),
        message(text(f"Hi {who}, ok {who}"), REFUSAL | {"refusal": f"no {who}"}),
        call(json.dumps({"to": who, "n": [1, who]})),
        {"id": "ctc_1", "type": "custom_tool_call", "call_id": "c", "name": "f", "input": f"mail {who}"},
        instructions=f"about {who}",
        metadata={"note": who},
        tools=[{"type": "function", "name": "f", "description": who, "parameters": {"type": "object"}, "strict": True}],
        **fields,
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.lists(st.integers(0, 20_000), max_size=30))
def test_placeholders_come_back_wherever_they_stand(size: int, cuts: list[int]) -> None:
    """Cut at any character, and the stream cut anywhere into chunks: every piece, whole text, item and response has the value itself,
    the SDK's accumulator takes it all, and arguments are valid JSON.
    """
    made, mine = tokens()
    raw = b"".join(map(encoded, transcript(full(mine), size)))
    marks = sorted({0, len(raw), *(cut % len(raw) for cut in cuts)})
    play = Playbook(tokens=made)
    for start, end in pairwise(marks):
        play.feed(raw[start:end])
    events = decoded(play.out)
    expected = full(WHO)
    assert events[-1]["response"]["output"] == [
        item | ({"arguments": events[-1]["response"]["output"][2]["arguments"]} if item["type"] == "function_call" else {})
        for item in expected["output"]
    ]
    assert (events[-1]["response"]["instructions"], events[0]["response"]["metadata"]) == (expected["instructions"], expected["metadata"])
    for name, key, said in (
        ("output_text", "text", f"Hi {WHO}, ok {WHO}"),
        ("refusal", "refusal", f"no {WHO}"),
        ("reasoning_summary_text", "text", f"think of {WHO} x"),
        ("custom_tool_call_input", "input", f"mail {WHO}"),
    ):
        assert "".join(event["delta"] for event in events if event["type"] == f"response.{name}.delta") == said
        assert [event[key] for event in events if event["type"] == f"response.{name}.done"] == [said]
    arguments = "".join(event["delta"] for event in events if event["type"] == "response.function_call_arguments.delta")
    assert json.loads(arguments) == {"to": WHO, "n": [1, WHO]}
    read = list(as_the_sdk_reads(play.out))
    assert read[-1].type == "response.completed"
    assert read[-1].response.output_text == f"Hi {WHO}, ok {WHO}"
    (done,) = (event for event in read if event.type == "response.function_call_arguments.done")
    assert json.loads(done.arguments) == json.loads(read[-1].response.output[2].arguments) == {"to": WHO, "n": [1, WHO]}


class Answer(BaseModel):
    name: str


def test_structured_output_is_parsed() -> None:
    """What the SDK parses by a schema is the text with the value in it."""
    made = Tokens(KEY, "app")
    mine = made.issue("PERSON", "Anna", restore=True)
    play = Playbook(tokens=made)
    play(*transcript(response(message(text(json.dumps({"name": mine})))), 2))
    assert list(as_the_sdk_reads(play.out, text_format=Answer))[-1].response.output_parsed == Answer(name="Anna")


def test_untouched_streams_go_on_as_they_came() -> None:
    """Byte for byte, spacing, unknown fields, odd numbers and all, so long as nothing is edited."""
    events = transcript(full("nobody"), 5)
    odd = {"obfuscation": "x9K", "sequence_number": 7.0}
    raw = b"".join(f"event: {event['type']}\nid: 7\ndata: {json.dumps(event | odd)}\n\n".encode() for event in events)
    play = Playbook(rule("numbers", "flag"))
    assert play.feed(raw) == raw


def test_numbers_grow_once_one_of_ours_stands_among_them() -> None:
    """An event that is put in takes the next number; the others go on from there, and take up the upstream's where that has a gap."""
    whole = response(message(text("to 1234"), text("x")))
    events = transcript(whole, 2)
    for event in events:
        event["sequence_number"] += 100 * (event["type"] == "response.completed")
    out = Playbook(rule("numbers", "redact"))(*events)
    tail = next(event for event in out if event.get("delta") == "[NUMBER]")
    assert out[out.index(tail) + 1]["type"] == "response.output_text.done"
    assert tail | {"sequence_number": 0} == {
        "type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "[NUMBER]",
        "logprobs": [], "sequence_number": 0,
    }  # fmt: skip
    assert out[-1]["sequence_number"] == events[-1]["sequence_number"]
    before, after = out[: out.index(tail)], out[out.index(tail) :]
    assert [event["sequence_number"] for event in before] == list(range(len(before)))
    assert [event["sequence_number"] for event in after[:-1]] == list(range(len(before), len(out) - 1))


def test_events_without_numbers() -> None:
    """An endpoint that does not number its events gets numbers on ours alone."""
    events = [
        {key: value for key, value in event.items() if key != "sequence_number"} for event in transcript(response(message(text("1234"))))
    ]
    play = Playbook(rule("numbers", "redact"))
    for event in events:
        play.feed(encoded(event))
    assert play.out.count(b"sequence_number") == 1


EDITS = [
    (message(text("is 1234 ok")), lambda item: item["content"][0]["text"], "is [NUMBER] ok"),
    (message(REFUSAL | {"refusal": "not 1234 so"}), lambda item: item["content"][0]["refusal"], "not [NUMBER] so"),
    (reasoning("1234 then"), lambda item: item["summary"][0]["text"], "[NUMBER] then"),
    (call('{"n": 12345}'), lambda item: json.loads(item["arguments"]), {"n": "[NUMBER]"}),
]


@pytest.mark.parametrize(("item", "get", "expected"), EDITS)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_edits(item: Json, get: Any, expected: Json, size: int) -> None:
    """A rule's edit is in the pieces, the whole text, the item and the response alike, and is recorded once."""
    play = Playbook(rule("numbers", "redact"))
    events = play(*transcript(response(item), size))
    assert "1234" not in play.out.decode()
    assert get(events[-1]["response"]["output"][0]) == expected
    assert list(as_the_sdk_reads(play.out))[-1].type == "response.completed"
    assert sum(play.guard.findings.counts.values()) == 1


def test_items_one_among_the_other() -> None:
    """Events of two items that come by turns are guarded each on its own."""
    one, two = (transcript(response(call(f'{{"n": "{n}234 x"}}', n)), 1) for n in (1, 2))
    for event in two:
        event["output_index"] = 1
    play = Playbook(rule("numbers", "redact"))
    mixed = [event for pair in zip(one[2:-1], two[2:-1], strict=True) for event in pair]
    events = play(one[0], *({**event, "sequence_number": number} for number, event in enumerate(mixed, 1)))
    for index in (0, 1):
        said = "".join(event["delta"] for event in events if "delta" in event and event["output_index"] == index)
        assert json.loads(said) == {"n": "[NUMBER] x"}


def spelled(*pieces: str) -> list[Json]:
    """The events of a text whose pieces have log probabilities."""
    said = [{"token": piece, "logprob": -0.5, "bytes": [], "top_logprobs": []} for piece in pieces]
    part = text("".join(pieces), logprobs=said)
    events = [event for event in transcript(response(message(part))) if event["type"] != "response.output_text.delta"]
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    deltas = [
        {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": [one]} for piece, one in zip(pieces, said, strict=True)
    ]
    done = {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": said}
    at = next(index for index, event in enumerate(events) if event["type"] == "response.output_text.done")
    events = [*events[:at], *deltas, done, *events[at + 1 :]]
    events[3]["part"] = text("")
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def test_log_probabilities_ride_with_their_text() -> None:
    """They are held with the text that they spell and let out with it, always as a list; the whole ones stay."""
    play = Playbook(rule("numbers", "redact"))
    events = play(*spelled("hold", " on", " now"))
    deltas = [event for event in events if event["type"] == "response.output_text.delta"]
    assert "".join(event["delta"] for event in deltas) == "hold on now"
    assert [one["token"] for event in deltas for one in event["logprobs"]] == ["hold", " on", " now"]
    assert [one["token"] for one in events[-1]["response"]["output"][0]["content"][0]["logprobs"]] == ["hold", " on", " now"]
    assert list(as_the_sdk_reads(play.out))[-1].type == "response.completed"


def test_log_probabilities_of_a_rewritten_text_are_taken_out() -> None:
    """What a rule took out of the text is not spelled out beside it: not with a piece, a whole text, an item or the response."""
    play = Playbook(rule("numbers", "redact"))
    events = play(*spelled("my ", "12", "34", " is"))
    assert "12" not in json.dumps([event for event in events if event.pop("sequence_number") is not None])
    assert events[-1]["response"]["output"][0]["content"][0] == text("my [NUMBER] is")
    assert list(as_the_sdk_reads(play.out))[-1].type == "response.completed"


@pytest.mark.parametrize(
    ("item", "released", "said"),
    [
        (message(text("all is well 1234 now")), message(text("all is well ")), "all is well "),
        (
            message(text("ok"), REFUSAL | {"refusal": "not 1234 then"}),
            message(text("ok"), REFUSAL | {"refusal": "not "}),
            "oknot ",
        ),
        (reasoning("so", "well 1234 then"), reasoning("so", "well "), "sowell "),
        (call('{"a": "b", "n": "1234 x"}'), call('{"a": "b", "n": "'), '{"a": "b", "n": "'),
    ],
)
@pytest.mark.parametrize("size", [1, 4])
def test_a_verdict_in_the_middle(item: Json, released: Json, said: str, size: int) -> None:
    """The stream is cut where a rule blocks: what had gone out is closed, the SDK reads a content filter's stop, nothing of the rest
    is said, and the last event holds what the pieces did.
    """
    play = Playbook(rule("numbers", "block"))
    events = play(*transcript(response(message(text("first")) | {"id": "msg_0"}, item), size))
    assert play.refused
    assert "1234" not in json.dumps([event for event in events if event.pop("sequence_number") is not None])
    *_, read = as_the_sdk_reads(play.out)
    assert (read.type, read.response.incomplete_details.reason) == ("response.incomplete", "content_filter")
    first, last = events[-1]["response"]["output"]
    assert first["content"] == [text("first")]
    assert last == released | ({"status": "incomplete"} if "status" in released else {})
    assert events[-2] == {"type": "response.output_item.done", "output_index": 1, "item": last}
    pieces = [event["delta"] for event in events if event["type"].endswith(".delta") and event["output_index"] == 1]
    assert "".join(pieces) == said


def test_a_verdict_in_what_is_only_said_whole() -> None:
    """Also where the response itself says what a rule blocks, and no piece of it did."""
    play = Playbook(rule("numbers", "block"))
    events = transcript(response(message(text("fine"))))
    events[-1]["response"] = response(message(text("fine")), error={"code": "x", "message": "is 1234 ok"})
    out = play(*events)
    assert play.refused
    assert out[-1]["type"] == "response.incomplete"
    assert out[-1]["response"]["output"] == [message(text("fine"))]


def test_an_unknown_event_stops_the_stream() -> None:
    """By default; a policy may let it pass, as it came, with its texts guarded."""
    events = transcript(response(message(text("fine"))))[:4]
    novelty = {"type": "response.novelty", "text": "so 1234 x", "sequence_number": 4}
    play = Playbook(rule("numbers", "redact"))
    assert play(*events, novelty)[-1]["type"] == "response.incomplete"
    play = Playbook(rule("numbers", "redact"), on_uninspectable={"unknown": "flag"})
    assert play(*events, novelty)[-1] == novelty | {"text": "so [NUMBER] x"}


@pytest.mark.parametrize("raw", [b"data: 7\n\n", b"data: {\n\n", b'data: {"type": "a", "type": "b"}\n\n', b"event: a b\ndata: {}\n\n"])
def test_an_event_that_cannot_be_read(raw: bytes) -> None:
    """It is for the policy to judge, and the stream ends well before it."""
    play = Playbook()
    play.feed(b"".join(map(encoded, transcript(response(message(text("fine"))))[:5])) + raw)
    assert play.refused
    events = decoded(play.out)
    assert events[-1]["response"]["output"][0]["content"] == [text("f")]


def test_text_for_an_item_that_has_ended() -> None:
    """A text that goes on after its end could carry half of a value past the guard."""
    events = transcript(response(message(text("12"))))
    late = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "34"}
    play = Playbook(rule("numbers", "redact"))
    play(*events[:-1], late | {"sequence_number": 99})
    assert play.refused


def test_when_a_stream_is_complete() -> None:
    """It ends with an event that says so; after an error nothing more need come; bytes that stop in between are half of an answer."""
    events = transcript(response(message(text("fine"))))
    stream = ResponsesStream(ORIGIN)
    assert [event.is_end for event in stream.feed(b"".join(map(encoded, events)))] == [False] * (len(events) - 1) + [True]
    assert not stream.is_complete(())
    list(stream.feed(encoded({"type": "error", "message": "no"})))
    assert stream.is_complete((0,))


def whole(body: Json, *rules: Any, made: Tokens | None = None) -> Json | None:
    guard = ResponseGuard(plan(policy(*rules), (DIGITS,)), made or Tokens(KEY, "app"), str.encode)
    guard.feed(RESPONSES.parse_completion(json.dumps(body).encode(), "application/json"))
    guard.close()
    for job, _ in guard.needs():
        guard.settle({job: tuple(Names.scan(unit) for unit in job.units)})
    release = guard.release()
    return None if isinstance(release, Refuse) else json.loads(render_completion(release, guard))


def test_a_whole_answer() -> None:
    """It is guarded like a stream of one event: values come back, edits are written, a block refuses."""
    made, mine = tokens()
    out = whole(full(mine), made=made)
    assert out is not None
    assert json.loads(out["output"][2]["arguments"]) == {"to": WHO, "n": [1, WHO]}
    assert out | {"output": []} == full(WHO) | {"output": []}
    part = text("is 1234", logprobs=[{"token": "1234"}])
    out = whole(response(message(part, text("x", logprobs=[{"token": "x"}]))), rule("numbers", "redact"))
    assert out["output"][0]["content"] == [text("is [NUMBER]", logprobs=None), text("x", logprobs=[{"token": "x"}])]
    assert whole(response(message(part)), rule("numbers", "block")) is None


@pytest.mark.parametrize("raw", [b"[]", b"7", b"<html>", b'{"a": 1, "a": 2}', b'{"a":' * 80 + b"1" + b"}" * 80])
def test_an_answer_that_is_none(raw: bytes) -> None:
    """It is the upstream's fault, and is not repeated."""
    with pytest.raises(UpstreamError) as raised:
        RESPONSES.parse_completion(raw, "application/json")
    assert raised.value.code == "upstream_invalid_response"
    assert RESPONSES.parse_completion(b"", "").deltas == ()


def test_requests() -> None:
    """What is made needs a model, unless a template has one; what is fetched, counted or compacted names what it is about."""
    request = RESPONSES.parse_request(b'{"model": "m", "stream": true, "input": "hi"}', Call())
    assert (request.surface, request.model, request.stream, request.refers, len(request.segments)) == ("responses", "m", True, (), 1)
    assert RESPONSES.parse_request(b'{"prompt": {"id": "pmpt_1"}}', Call()).model == ""
    for raw in (b'{"input": "hi"}', b"", b"[]", b"{"):
        with pytest.raises(BadRequest):
            RESPONSES.parse_request(raw, Call())
    names = {"response_id": "resp_1"}
    for method, body in (("GET", b""), ("DELETE", b""), ("POST", b""), ("POST", b"{}")):
        assert RESPONSES.parse_request(body, Call(method, names=names)).refers == ("resp_1",)
    with pytest.raises(BadRequest):
        RESPONSES.parse_request(b"{}", Call("GET", names=names))
    count = Items("responses", "response_id").parse_request(b'{"input": "hi", "conversation": "conv_1"}', Call())
    assert (count.model, count.refers, len(count.segments)) == ("", ("conv_1",), 1)


def test_a_refusal() -> None:
    """It is a response in which the assistant refuses, cut by a content filter."""
    read = Response.model_validate_json(RESPONSES.render_refusal("No, sorry.", ORIGIN), strict=True)
    assert (read.status, read.incomplete_details.reason, read.model, read.output_text) == ("incomplete", "content_filter", "gpt-5", "")
    assert read.output[0].content[0].refusal == "No, sorry."
    assert read.usage.total_tokens == 0


def test_a_refusal_in_a_stream() -> None:
    """The same in events, to the last."""
    out = RESPONSES.render_refusal_stream("No, sorry.", ORIGIN)
    assert len(decoded(out)) == 9
    *_, said, _, _, _, last = as_the_sdk_reads(out)
    assert (said.type, said.delta, last.type) == ("response.refusal.delta", "No, sorry.", "response.incomplete")
    assert last.response.output[0].content[0].refusal == "No, sorry."


def test_errors() -> None:
    """A whole one has OpenAI's shape; one in a stream is an event of this API, numbered after all others."""
    violation = PolicyViolation("no", ("pii",), ("pii: CREDIT_CARD in user",))
    assert json.loads(RESPONSES.render_error(violation, "req_1", "p@1"))["error"]["code"] == "content_filter"
    out = RESPONSES.render_error_event(violation, "req_1", "p@1")
    (event,) = decoded(out)
    read = ResponseErrorEvent.model_validate(event, strict=True)
    assert (read.type, read.code, read.message, read.param) == ("error", "content_filter", "no", None)
    assert event["oddgate"]["rules"] == ["pii"]
    begun = b"".join(map(encoded, transcript(response(message(text("fine"))))[:6]))
    assert list(as_the_sdk_reads(begun + out))[-1].message == "no"


def test_what_is_streamed() -> None:
    """Answers come as events or whole, as their type says; nothing here is unreadable as a whole."""
    assert isinstance(RESPONSES.open_stream("text/event-stream", ORIGIN), ResponsesStream)
    assert RESPONSES.open_stream("application/json", ORIGIN) is None
    assert Items("responses").open_stream("text/event-stream", ORIGIN) is None
    assert RESPONSES.unread("application/json") is None
