"""Events that bring an object of a streamed response: a part, an item, the response."""

from typing import Any

import pytest

from gateway.wire.model import Json
from gateway.wire.openai.responses_event import ResponsesEvent
from gateway.wire.openai.responses_events import read_event
from tests.support.responses import call, message, reasoning, response, text

PROSE = "write to anna.kovacs@example.org, please"
SPELLED = text("hi", logprobs=[{"token": "hi"}])


def read(kind: str, **fields: Json) -> ResponsesEvent:
    return read_event(b"raw", {"type": f"response.{kind}", "sequence_number": 5, **fields}, b"")


def seen(event: ResponsesEvent) -> list[tuple[Any, ...]]:
    assert event.uninspectable == ()
    return [(delta.channel, delta.text, delta.closes, delta.echoes) for delta in event.deltas]


@pytest.mark.parametrize(
    ("kind", "index", "part", "channel", "again"),
    [
        ("content_part", "content_index", text("a"), ("output_text", 2), ("content", 2, "text")),
        ("content_part", "content_index", {"type": "refusal", "refusal": "a"}, ("refusal", 2), ("content", 2, "refusal")),
        ("content_part", "content_index", {"type": "reasoning_text", "text": "a"}, ("reasoning_text", 2), ("content", 2, "text")),
        (
            "reasoning_summary_part",
            "summary_index",
            {"type": "summary_text", "text": "a"},
            ("reasoning_summary_text", 2),
            ("summary", 2, "text"),
        ),
    ],
)
def test_a_part(kind: str, index: str, part: Json, channel: Any, again: Any):
    """As it opens, its text is what its pieces go on from; as it closes, it is an echo, and ends its channels."""
    opened = read(f"{kind}.added", output_index=1, part=part, **{index: 2})
    assert seen(opened) == [(("output", 1, *channel), "a", False, False)]
    closed = read(f"{kind}.done", output_index=1, part=part, **{index: 2})
    assert seen(closed) == [(("again", 1, *again), "a", True, True)]
    assert ("output", 1, *channel) in closed.ends


def test_an_item():
    """As it opens, each text that comes in pieces goes on from there, and the others are whole; as it closes, the former are echoes."""
    item = call('{"a"') | {"novelty": PROSE}
    assert seen(read("output_item.added", output_index=1, item=item)) == [
        (("output", 1, "function_call_arguments"), '{"a"', False, False), (("item", 1, "novelty"), PROSE, True, False),
    ]  # fmt: skip
    closed = read("output_item.done", output_index=1, item=item)
    assert seen(closed) == [(("again", 1, "arguments"), '{"a"', True, True), (("again", 1, "novelty"), PROSE, True, False)]
    assert closed.ends == (("output", 1),)
    assert [delta.form.value for delta in closed.deltas] == ["json", "text"]
    said = message(text("a"), {"type": "refusal", "refusal": "b"})
    assert [channel for channel, *_ in seen(read("output_item.added", output_index=0, item=said))] == [
        ("output", 0, "output_text", 0), ("output", 0, "refusal", 1),
    ]  # fmt: skip
    assert [channel for channel, *_ in seen(read("output_item.added", output_index=0, item=reasoning("a", "b")))] == [
        ("output", 0, "reasoning_summary_text", 0), ("output", 0, "reasoning_summary_text", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "is_end"),
    [("created", False), ("queued", False), ("in_progress", False), ("completed", True), ("incomplete", True), ("failed", True)],
)
def test_a_response(kind: str, is_end: bool):
    """Its texts are all echoes; it says under which names it is kept, and the last one ends the stream."""
    event = read(kind, response=response(message(text("a")), instructions=PROSE, conversation={"id": "conv_1"}))
    assert set(seen(event)) == {(("again", 0, "content", 0, "text"), "a", True, True), (("response", "instructions"), PROSE, True, True)}
    assert (event.is_end, event.names) == (is_end, ("resp_1", "conv_1"))
    assert event.usage is not None
    assert event.usage.output_tokens == 4


def test_log_probabilities():
    """Those of what is whole are remembered with the text that they spell; as a part or an item opens there are none to be expected."""
    assert read("content_part.done", part=SPELLED).spelled == ((("part",), "hi"),)
    assert read("output_item.done", item=message(text("x"), SPELLED)).spelled == ((("item", "content", 1), "hi"),)
    place = ("response", "output", 1, "content", 0)
    assert read("completed", response=response(call("{}"), message(SPELLED))).spelled == ((place, "hi"),)
    for event in (read("content_part.added", part=SPELLED), read("output_item.added", item=message(SPELLED))):
        assert [part.kind.value for part in event.uninspectable] == ["tokens"]


@pytest.mark.parametrize(
    "kind", ["content_part.added", "content_part.done", "reasoning_summary_part.done", "output_item.added", "completed"]
)
@pytest.mark.parametrize("wrong", [{}, {"part": PROSE, "item": [PROSE], "response": None}, {"output_index": "x", "part": {}, "item": {}}])
def test_an_object_that_is_none(kind: str, wrong: Json):
    """It is listed, and what texts it has are read."""
    event = read(kind, **wrong)
    assert "unknown" in {part.kind.value for part in event.uninspectable}
    assert event.ends == ()
