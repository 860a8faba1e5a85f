"""OpenAI's Conversations API: what goes into a conversation, and what comes out of it."""

import json

import pytest

from gateway.errors import BadRequest
from gateway.wire.model import Call
from gateway.wire.openai.conversations import Conversations

CONVERSATIONS = Conversations()
ITEMS = [{"type": "message", "role": "user", "content": "from Anna"}, {"type": "function_call_output", "call_id": "c", "output": "of Anna"}]


@pytest.mark.parametrize(
    ("call", "body", "refers", "scopes"),
    [
        (Call("POST"), {"items": ITEMS, "metadata": {"who": "Anna"}}, (), ["user", "tool_results", "user"]),
        (Call("POST"), {}, (), []),
        (Call("POST"), None, (), []),
        (Call("GET", names={"conversation_id": "conv_1"}), None, ("conv_1",), []),
        (Call("POST", names={"conversation_id": "conv_1"}), {"metadata": {"who": "Anna"}}, ("conv_1",), ["user"]),
        (Call("DELETE", names={"conversation_id": "conv_1"}), None, ("conv_1",), []),
        (Call("POST", names={"conversation_id": "conv_1"}), {"items": ITEMS}, ("conv_1",), ["user", "tool_results"]),
        (Call("GET", names={"conversation_id": "conv_1", "item_id": "msg_1"}), None, ("conv_1",), []),
        (Call("DELETE", names={"conversation_id": "conv_1", "item_id": "msg_1"}), None, (), []),
    ],
)
def test_requests(call: Call, body: object, refers: tuple[str, ...], scopes: list[str]) -> None:
    """Items and metadata are read; the path says which conversation it is about, unless only an item of it goes."""
    request = CONVERSATIONS.parse_request(b"" if body is None else json.dumps(body).encode(), call)
    assert (request.surface, request.model, request.stream, request.refers) == ("conversations", "", False, refers)
    assert [segment.scope.value for segment in request.segments] == scopes
    assert request.uninspectable == ()


@pytest.mark.parametrize("raw", [b"[]", b'{"items": "x", "items": 1}', b'{"items": 5}', b'{"items": ["x"]}', b"x"])
def test_bodies_that_are_none(raw: bytes) -> None:
    """They are refused in the API's words."""
    with pytest.raises(BadRequest):
        CONVERSATIONS.parse_request(raw, Call("POST"))


@pytest.mark.parametrize(
    ("body", "texts", "names"),
    [
        ({"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {"who": "from Anna"}}, ["from Anna"], ("conv_1",)),
        ({"id": "conv_1", "object": "conversation.deleted", "deleted": True}, [], ()),
        ({"object": "list", "data": ITEMS, "first_id": "a", "last_id": "b", "has_more": False}, ["from Anna", "of Anna"], ()),
        (ITEMS[1], ["of Anna"], ()),
    ],
)
def test_answers(body: object, texts: list[str], names: tuple[str, ...]) -> None:
    """Conversations, lists of items, and items; a conversation is kept under its id."""
    event = CONVERSATIONS.parse_completion(json.dumps(body).encode(), "application/json")
    assert ([delta.text for delta in event.deltas], event.names, event.uninspectable) == (texts, names, ())
