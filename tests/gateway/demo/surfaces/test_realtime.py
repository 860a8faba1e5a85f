import base64
import json
from collections.abc import Callable

import openai
import pytest

from gateway.demo.surfaces.realtime import RealtimeSession

TOOL = {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {"email": {"type": "string"}}}}


def _said(text: str) -> dict:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


@pytest.fixture
def session() -> RealtimeSession:
    return RealtimeSession("demo", 1000)


def _feed(talk: RealtimeSession, type_: str, **fields: object) -> list[dict]:
    return list(talk.feed(json.dumps({"type": type_, **fields})))


def _types(events: list[dict]) -> list[str]:
    return list(dict.fromkeys(event["type"] for event in events))


def test_events_are_numbered(session: RealtimeSession):
    """Each has an id of its own."""
    events = [*session.open(), *_feed(session, "conversation.item.create", item=_said("hi")), *_feed(session, "response.create")]
    assert len({event["event_id"] for event in events}) == len(events)


def test_a_conversation_is_remembered(session: RealtimeSession):
    """What the user said before can be quoted, and what was answered; but not what was said aside."""
    text = {"output_modalities": ["text"]}
    for said in ("My mail is ann@example.org", "What did I say?"):
        _feed(session, "conversation.item.create", item=_said(said))
        done = _feed(session, "response.create", response=text)[-2]
    assert done["response"]["output"][0]["content"][0]["text"] == "You said before: My mail is ann@example.org"
    aside = _feed(session, "response.create", response=text | {"conversation": "none", "input": [_said("What did I say?")]})
    assert "conversation.item.added" not in _types(aside)
    assert aside[-2]["response"]["output"][0]["content"][0]["text"] == "You have not said anything before."


def test_a_function_call(session: RealtimeSession):
    """Goes out in fragments, and its output is quoted."""
    _feed(session, "session.update", session={"tools": [TOOL], "output_modalities": ["text"]})
    _feed(session, "conversation.item.create", item=_said("look up ann@example.org"))
    events = _feed(session, "response.create")
    fragments = [event["delta"] for event in events if event["type"] == "response.function_call_arguments.delta"]
    assert json.loads("".join(fragments)) == {"email": "ann@example.org"}
    (call,) = events[-2]["response"]["output"]
    _feed(session, "conversation.item.create", item={"type": "function_call_output", "call_id": call["call_id"], "output": "Room 4"})
    assert _feed(session, "response.create")[-2]["response"]["output"][0]["content"][0]["text"] == "The tool says: Room 4"


def test_audio_in(session: RealtimeSession):
    """A buffer that is committed becomes an item of the user's, with its transcript."""
    _feed(session, "input_audio_buffer.append", audio=base64.b64encode(b"say exactly: hi").decode())
    events = _feed(session, "input_audio_buffer.commit")
    assert events[0]["item_id"] == events[1]["item"]["id"] == events[-1]["item_id"]
    assert events[-1]["transcript"] == "say exactly: hi"
    assert _feed(session, "response.create")[-2]["response"]["output"][0]["content"][0]["transcript"] == "hi"
    _feed(session, "input_audio_buffer.append", audio="aGk=")
    assert _types(_feed(session, "input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]


def test_items_are_read_and_deleted(session: RealtimeSession):
    """By their ids."""
    item_id = _feed(session, "conversation.item.create", item=_said("hi"))[0]["item"]["id"]
    assert _feed(session, "conversation.item.retrieve", item_id=item_id)[0]["item"]["content"][0]["text"] == "hi"
    assert _types(_feed(session, "conversation.item.truncate", item_id=item_id)) == ["conversation.item.truncated"]
    assert _types(_feed(session, "conversation.item.delete", item_id=item_id)) == ["conversation.item.deleted"]
    assert _types(_feed(session, "conversation.item.retrieve", item_id=item_id)) == ["error"]


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "{}", "[" * 100_000, '{"type": "other"}', '{"type": "response.cancel"}', '{"type": "input_audio_buffer.commit"}',
        '{"type": "session.update"}', '{"type": "conversation.item.create", "item": {"type": "other"}}',
        '{"type": "input_audio_buffer.append", "audio": "?"}',
    ],
)  # fmt: skip
def test_what_is_wrong(session: RealtimeSession, text: str):
    """Is answered by an error event, and the conversation goes on."""
    assert _types(list(session.feed(text))) == ["error"]
    assert _types(_feed(session, "conversation.item.create", item=_said("hi"))) == ["conversation.item.added", "conversation.item.done"]


def test_a_conversation_has_an_end(session: RealtimeSession):
    """It holds so many items and no more, and none too long."""
    assert _types(_feed(session, "conversation.item.create", item=_said("x" * 300_000))) == ["error"]
    for _ in range(200):
        _feed(session, "conversation.item.create", item=_said("hi"))
    assert _types(_feed(session, "conversation.item.create", item=_said("hi"))) == ["error"]


@pytest.mark.parametrize(
    ("modality", "deltas"),
    [("text", {"response.output_text.delta"}), ("audio", {"response.output_audio_transcript.delta", "response.output_audio.delta"})],
)
async def test_the_sdk_converses(client: openai.AsyncOpenAI, received: Callable, modality: str, deltas: set[str]):
    """Over a WebSocket, in text or with sound, and every event of the client's is shown."""
    async with client.realtime.connect(model="demo") as connection:
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(session={"type": "realtime", "output_modalities": [modality]})
        await connection.conversation.item.create(item=_said("mail ann@example.org"))
        await connection.response.create()
        events = []
        async for event in connection:
            events.append(event)
            if event.type == "response.done":
                break
    types = {event.type for event in events}
    assert {"session.updated", "conversation.item.added", "response.created", "response.output_item.added"} <= types
    assert {type_ for type_ in types if type_.endswith(".delta")} == deltas
    part = events[-1].response.output[0].content[0]
    assert (part.text or part.transcript) == "I have sent a note to ann@example.org."
    shown = await received()
    assert [each["method"] for each in shown] == ["GET", "WEBSOCKET", "WEBSOCKET", "WEBSOCKET"]
    assert shown[2]["body"]["item"]["content"][0]["text"] == "mail ann@example.org"
