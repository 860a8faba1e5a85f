"""What the client has of a response: more text for it, and an end in the API's own form."""

import json
from itertools import count

import pytest
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from gateway.wire.openai.realtime_answer import RealtimeAnswer
from gateway.wire.openai.realtime_events import read_server_event

AT = {"event_id": "e", "response_id": "r", "output_index": 0, "content_index": 0, "item_id": "i"}
ITEM = {"id": "i", "object": "realtime.item", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
CALL = {"id": "i", "type": "function_call", "name": "send", "call_id": "c", "status": "in_progress", "arguments": ""}
CREATED = {"type": "response.created", "event_id": "e", "response": {"id": "r", "object": "realtime.response", "status": "in_progress"}}


def _answer(*events: dict) -> RealtimeAnswer:
    numbers = count()
    answer = RealtimeAnswer("r", lambda: f"ours_{next(numbers)}")
    for event in events:
        answer.note(read_server_event(json.dumps({**AT, **event} if event["type"] != "response.created" else event).encode()))
    return answer


def _parsed(messages: list[bytes]) -> list:
    """As the SDK reads them, strictly."""
    return [TypeAdapter(RealtimeServerEvent).validate_json(message, strict=True) for message in messages]


TEXT = [
    CREATED,
    {"type": "response.output_item.added", "item": ITEM},
    {"type": "response.content_part.added", "part": {"type": "text", "text": ""}},
    {"type": "response.output_text.delta", "delta": "I am "},
    {"type": "response.output_text.delta", "delta": "fine"},
]


def test_more_of_a_text():
    """It has the form of the text's own events, with an id of its own."""
    tail = json.loads(_answer(*TEXT).tail(("output", 0, "text", 0), ", Ann"))
    assert tail == {**AT, "type": "response.output_text.delta", "delta": ", Ann", "event_id": "ours_0"}
    assert _answer(*TEXT).tail(("output", 1, "text", 0), "x") is None


def test_the_end_of_a_text():
    """What is open ends with what has gone out, in order; the response is incomplete for its content."""
    answer = _answer(*TEXT)
    answer.tail(("output", 0, "text", 0), ", Ann")
    text, part, item, done = _parsed(answer.stop())
    assert (text.type, text.text) == ("response.output_text.done", "I am fine, Ann")
    assert (part.type, part.part.text) == ("response.content_part.done", "I am fine, Ann")
    assert (item.item.status, item.item.content[0].text) == ("incomplete", "I am fine, Ann")
    assert (done.response.id, done.response.status, done.response.status_details.reason) == ("r", "incomplete", "content_filter")
    assert done.response.output == [item.item]
    assert len({text.event_id, part.event_id, item.event_id, done.event_id, "e"}) == 5


@pytest.mark.parametrize(
    ("name", "field"), [("response.output_audio_transcript", "transcript"), ("response.audio_transcript", "transcript")]
)
def test_the_end_of_speech(name: str, field: str):
    """The transcript ends under the name that its events have."""
    kind = {"type": "response.content_part.added", "part": {"type": "audio"}}
    events = [json.loads(message) for message in _answer(*TEXT[:2], kind, {"type": f"{name}.delta", "delta": "Hi"}).stop()]
    assert [event["type"] for event in events] == [
        f"{name}.done", "response.content_part.done", "response.output_item.done", "response.done",
    ]  # fmt: skip
    assert (events[0][field], events[1]["part"]["transcript"]) == ("Hi", "Hi")


def test_the_end_of_a_call():
    """A call that is half said ends with its half."""
    added = {"type": "response.output_item.added", "item": CALL}
    piece = {"type": "response.function_call_arguments.delta", "call_id": "c", "delta": '{"to":"A'}
    arguments, item, done = _parsed(_answer(CREATED, added, piece).stop())
    assert (arguments.type, arguments.arguments, arguments.name) == ("response.function_call_arguments.done", '{"to":"A', "send")
    assert (item.item.arguments, item.item.status, done.response.output[0].arguments) == ('{"to":"A', "incomplete", '{"to":"A')


def test_what_has_ended_does_not_end_again():
    """An item that is done stands in the output as it was."""
    ended = [
        *TEXT,
        {"type": "response.output_text.done", "text": "I am fine"},
        {"type": "response.content_part.done", "part": {"type": "text", "text": "I am fine"}},
        {"type": "response.output_item.done", "item": {**ITEM, "status": "completed"}},
    ]
    (done,) = _parsed(_answer(*ended).stop())
    assert done.response.output[0].status == "completed"


def test_the_end_of_nothing():
    """A response of which nothing has come has an end all the same."""
    (done,) = _parsed(_answer().stop())
    assert (done.response.id, done.response.output) == ("r", [])


@pytest.mark.parametrize("index", [-1, [], {}, "0", 10**9])
def test_events_that_say_nothing_sensible(index: object):
    """They are not kept."""
    assert len(_answer({**TEXT[1], "output_index": index}, {**TEXT[3], "content_index": index}, {"type": "error"}).stop()) == 1
