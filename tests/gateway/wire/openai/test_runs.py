"""Runs of assistants as they are streamed: whose text continues whose, what is said twice, and how a run is stopped."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.beta.assistant_stream_event import ThreadMessageDelta, ThreadMessageIncomplete, ThreadRunIncomplete, ThreadRunStepDelta

from gateway.wire.model import Json, Origin
from gateway.wire.openai.runs import Runs
from gateway.wire.sse import SseDecoder, encode_event
from gateway.wire.walk import dotted, is_structural
from tests.support.bodies import unaccounted

PROSE = "write to anna.kovacs@example.org, please"
RUNS = Runs("assistants")
ORIGIN = Origin("req_1", "m", 7)
RUN = {
    "id": "run_1", "object": "thread.run", "created_at": 1, "thread_id": "thread_1", "assistant_id": "asst_1", "status": "in_progress",
    "model": "m", "instructions": "be kind", "tools": [], "metadata": {}, "parallel_tool_calls": True,
}  # fmt: skip
MESSAGE = {
    "id": "msg_1", "object": "thread.message", "created_at": 1, "thread_id": "thread_1", "run_id": "run_1", "status": "in_progress",
    "role": "assistant", "content": [], "metadata": {},
}  # fmt: skip


def stream(*events: tuple[str, Json]):
    answer = RUNS.open_stream("text/event-stream", ORIGIN)
    sent = [encode_event(json.dumps(body).encode(), f"event: {name}\n".encode()) for name, body in events]
    return answer, [event for each in sent for event in answer.feed(each)]


def message_piece(**part: Json) -> tuple[str, Json]:
    return "thread.message.delta", {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [{"index": 2, **part}]}}


def step_piece(**call: Json) -> tuple[str, Json]:
    details = {"type": "tool_calls", "tool_calls": [{"index": 2, **call}]}
    return "thread.run.step.delta", {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": details}}


TEXT, STEP = "delta.content.0", "delta.step_details.tool_calls.0"


@pytest.mark.parametrize(
    ("event", "expected", "unread"),
    [
        (message_piece(type="text", text={"value": "a", "annotations": [{"type": "file_citation", "text": "b"}]}),
         [("thread.message.msg_1.2.text", "output", False, f"{TEXT}.text.value"),
          (f"body.{TEXT}.text.annotations.0.text", "output", True, f"{TEXT}.text.annotations.0.text")], []),
        (message_piece(type="refusal", refusal="a"), [("thread.message.msg_1.2.refusal", "output", False, f"{TEXT}.refusal")], []),
        (message_piece(type="image_file", image_file={"file_id": "file-1"}), [], [("image", TEXT)]),
        (message_piece(type="novelty", note="a"), [(f"body.{TEXT}.note", "output", True, f"{TEXT}.note")], []),
        (step_piece(type="function", id="call_1", function={"name": "f", "arguments": "{", "output": "a"}),
         [("thread.run.step.step_1.2.arguments", "tool_arguments", False, f"{STEP}.function.arguments"),
          ("thread.run.step.step_1.2.output", "tool_results", False, f"{STEP}.function.output"),
          (f"body.{STEP}.function.name", "output", True, f"{STEP}.function.name")], []),
        (step_piece(type="code_interpreter", code_interpreter={"input": "a", "outputs": [{"index": 0, "type": "logs", "logs": "b"}]}),
         [("thread.run.step.step_1.2.input", "tool_arguments", False, f"{STEP}.code_interpreter.input"),
          (f"body.{STEP}.code_interpreter.outputs.0.logs", "output", True, f"{STEP}.code_interpreter.outputs.0.logs")], []),
        (message_piece(index="x", text={"value": "a"}), [], [("unknown", TEXT)]),
        (("thread.message.delta", {"id": "msg_1", "delta": {"content": ["a"]}, "note": "b"}),
         [("body.note", "output", True, "note")], [("unknown", TEXT)]),
        (("thread.message.delta", {"id": "msg_1", "delta": {"content": "a"}}),
         [("body.delta.content", "output", True, "delta.content")], []),
        (("thread.run.step.delta", {"id": "step_1", "delta": {"step_details": "a"}}),
         [("body.delta.step_details", "output", True, "delta.step_details")], []),
        (("thread.run.step.delta", {"id": "step_1", "delta": {"step_details": {"tool_calls": "a"}, "note": "b"}}),
         [("body.delta.step_details.tool_calls", "output", True, "delta.step_details.tool_calls"),
          ("body.delta.note", "output", True, "delta.note")], []),
        (("thread.message.delta", {"id": PROSE, "delta": {}}), [("thread.message.id", "output", True, "id")], [("unknown", "event")]),
        (("thread.message.delta", {"delta": "a"}), [("thread.message.delta", "output", True, "delta")], [("unknown", "event")]),
        (("thread.novelty", {"note": "a"}), [("thread.note", "output", True, "note")], []),
        (("novelty", {"note": "a"}), [("event.note", "output", True, "note")], [("unknown", "event")]),
        (("error", {"message": "a", "code": "server_error"}), [("event.message", "output", True, "message")], []),
    ],
)  # fmt: skip
def test_texts_of_an_event(event: tuple[str, Json], expected: list, unread: list):
    """A piece of a message or a call goes on in its own channel; all else is whole, and an event that is not known is listed."""
    _, (read,) = stream(event)
    assert [(dotted(d.channel), d.scope.value, d.closes, dotted(d.place)) for d in read.deltas] == expected
    assert [(part.kind.value, dotted(part.place)) for part in read.uninspectable] == unread


def test_what_is_said_again():
    """The whole message repeats its pieces, after they have ended; so does a step's, and a run ends all."""
    whole = {**MESSAGE, "status": "completed", "content": [{"type": "text", "text": {"value": "ab", "annotations": []}}]}
    _, (said, over, ended) = stream(
        message_piece(type="text", text={"value": "ab"}), ("thread.message.completed", whole), ("thread.run.completed", RUN)
    )
    assert (said.deltas[0].echoes, said.ends) == (False, ())
    assert [(delta.text, delta.echoes, delta.closes) for delta in over.deltas] == [("ab", True, True)]
    assert (over.ends, ended.ends) == ((("thread.message", "msg_1"),), (("thread.message",), ("thread.run.step",)))
    assert over.names == ("msg_1", "thread_1")


@pytest.mark.parametrize("key", ["text", "refusal"])
def test_the_tail_of_a_message(key: str):
    """It is a piece of the same message."""
    answer, _ = stream()
    (event,) = SseDecoder(10_000).feed(answer.render_tail(("thread.message", "msg_1", 2, key), "rest", None))
    piece = ThreadMessageDelta.model_validate({"event": "thread.message.delta", "data": json.loads(event.data)})
    (part,) = piece.data.delta.content
    assert (event.fields, piece.data.id, part.index, part.type) == (b"event: thread.message.delta\n", "msg_1", 2, key)
    assert (part.text.value if key == "text" else part.refusal) == "rest"


@pytest.mark.parametrize(("key", "kind"), [("arguments", "function"), ("output", "function"), ("input", "code_interpreter")])
def test_the_tail_of_a_call(key: str, kind: str):
    """It is a piece of the same call."""
    answer, _ = stream()
    (event,) = SseDecoder(10_000).feed(answer.render_tail(("thread.run.step", "step_1", 2, key), "rest", None))
    piece = ThreadRunStepDelta.model_validate({"event": "thread.run.step.delta", "data": json.loads(event.data)})
    (call,) = piece.data.delta.step_details.tool_calls
    assert (piece.data.id, call.index, call.type, getattr(getattr(call, kind), key)) == ("step_1", 2, kind, "rest")
    assert answer.render_tail(("body", "note"), "rest", None) == b""


def test_a_stop():
    """A run that a rule cuts ends as an incomplete message in an incomplete run, and with the end mark."""
    answer, _ = stream(("thread.run.in_progress", RUN), ("thread.message.created", MESSAGE), message_piece(text={"value": "a"}))
    message, run, done = SseDecoder(10_000).feed(answer.render_stop((0,)))
    assert (done.data, done.fields) == (b"[DONE]", b"event: done\n")
    cut = ThreadMessageIncomplete.model_validate({"event": "thread.message.incomplete", "data": json.loads(message.data)})
    assert (cut.data.id, cut.data.status, cut.data.incomplete_details.reason) == ("msg_1", "incomplete", "content_filter")
    body = json.loads(run.data)
    assert (body["id"], body["status"], body["incomplete_details"]) == ("run_1", "incomplete", {"reason": "content_filter"})
    assert run.fields == b"event: thread.run.incomplete\n"
    cut = ThreadRunIncomplete.construct(event="thread.run.incomplete", data=body)  # as the SDK reads it
    assert (cut.data.id, cut.data.status, cut.data.incomplete_details.reason) == ("run_1", "incomplete", "content_filter")


def test_a_stop_with_nothing_open():
    """Only the end mark is left to send."""
    answer, _ = stream(("thread.run.in_progress", RUN), ("thread.run.completed", RUN), ("thread.message.delta", {}))
    assert answer.render_stop((0,)) == b"event: done\ndata: [DONE]\n\n"


def test_the_end_mark():
    """The stream ends with an event of its own."""
    answer, _ = stream()
    (event,) = answer.feed(b"event: done\ndata: [DONE]\n\n")
    assert (event.is_end, RUNS.open_stream("application/json", ORIGIN)) == (True, None)


KEYS = st.sampled_from(
    [
        "id",
        "type",
        "index",
        "text",
        "value",
        "refusal",
        "function",
        "arguments",
        "input",
        "code_interpreter",
        "note",
        "two words",
        "metadata",
    ]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-1, 3), st.sampled_from(["", "msg_1", PROSE])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)
ITEMS = st.one_of(VALUES, st.lists(VALUES, max_size=3))
DELTAS = st.one_of(
    VALUES,
    st.fixed_dictionaries({}, optional={"content": ITEMS, "note": VALUES}),
    st.fixed_dictionaries({"step_details": st.one_of(VALUES, st.fixed_dictionaries({"tool_calls": ITEMS}, optional={"note": VALUES}))}),
)
NAMES = st.sampled_from(["thread.message.delta", "thread.run.step.delta", "thread.run.completed", "thread.message.created", "novelty"])


@settings(max_examples=150)
@given(NAMES, st.fixed_dictionaries({"id": st.one_of(st.just("msg_1"), VALUES)}, optional={"delta": DELTAS, "note": VALUES}))
def test_every_text_is_accounted_for(name: str, body: Json):
    """Each string of an event is a text, once, or listed, or an identifier at a key that has these."""
    _, (event,) = stream((name, body))
    places = [delta.place for delta in event.deltas if delta.form != "key"]
    assert len(set(places)) == len(places)
    for text, place in unaccounted(body, set(places), [part.place for part in event.uninspectable]):
        assert is_structural(text), (text, place)
        assert "id" in place or "type" in place, (text, place)


def test_a_stop_says_nothing_of_the_event_that_was_stopped():
    """What was read last may be what a rule has blocked, so it has no part in the ending."""
    answer, _ = stream(("thread.run.created", RUN | {"instructions": "write to anna.kovacs@example.org"}))
    assert answer.render_stop((0,)) == b"event: done\ndata: [DONE]\n\n"
