"""Where the texts of the Responses and Conversations APIs' whole answers stand."""

from typing import Any

import pytest
from hypothesis import given
from openai.types.conversations import Conversation, ConversationItemList
from openai.types.responses import CompactedResponse, InputTokenCountResponse, Response, ResponseItemList

from gateway.wire.answer_texts import parted
from gateway.wire.model import Delta, Form, Json, Kind, at
from gateway.wire.openai.responses_answer import read_companions, read_names, read_object, read_usage
from gateway.wire.openai.responses_items import is_spelled
from gateway.wire.walk import dotted
from policies.vocabulary import Scope
from tests.gateway.wire.openai.test_chat_request import ANYTHING
from tests.gateway.wire.openai.test_responses_request import ITEMS
from tests.support.responses import call, message, response, text
from tests.support.sdk_examples import examples, prose

LIKE_TEXT = "resp_e996c698cf83712df4a2a7e7"
"""A random id that could be text in base64."""
PROSE = "write to anna.kovacs@example.org, please"


def deltas(body: Json) -> tuple[Delta, ...]:
    found, uninspectable = parted(read_object(body))
    assert uninspectable == ()
    return found


def found(body: Json) -> set[tuple[str, str, bool]]:
    return {(dotted(delta.place), delta.scope.value, delta.echoes) for delta in deltas(body)}


def test_a_response():
    """Output is what is said; what a response repeats of its request is an echo, with the scope of what it repeats."""
    body = response(
        message(text(PROSE, annotations=[{"type": "url_citation", "url": PROSE}])),
        call('{"a": 1}'),
        instructions=PROSE,
        metadata={"note": PROSE},
        tools=[{"type": "function", "name": "f", "description": PROSE}],
        error={"code": "server_error", "message": PROSE},
        conversation={"id": "conv_1"},
        novelty=PROSE,
        user="anna",
    )
    assert found(body) == {
        ("output.0.content.0.text", "output", False),
        ("output.0.content.0.annotations.0.url", "output", False),
        ("output.1.arguments", "tool_arguments", False),
        ("instructions", "system", True),
        ("metadata.note", "user", True),
        ("tools.0.name", "tool_definitions", True),
        ("tools.0.description", "tool_definitions", True),
        ("error.code", "output", False),
        ("error.message", "output", False),
        ("novelty", "output", False),
        ("user", "user", True),
    }
    assert all(delta.closes for delta in deltas(body))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (response(instructions=[{"role": "developer", "content": PROSE}]), {("instructions.0.content", "system", True)}),
        ({"object": "list", "data": [{"type": "message", "role": "user", "content": PROSE}], "first_id": "a", "last_id": "b"},
         {("data.0.content", "user", False)}),
        ({"object": "list", "data": PROSE}, {("data", "output", False)}),
        ({"id": "msg_1", "type": "message", "role": "assistant", "content": PROSE}, {("content", "output", False)}),
        ({"id": "fco_1", "type": "function_call_output", "output": PROSE}, {("output", "tool_results", False)}),
        ({"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {"a": PROSE}}, {("metadata.a", "user", True)}),
        ({"id": "resp_1", "object": "response", "deleted": True}, set()),
        ({"object": "response.input_tokens", "input_tokens": 7}, set()),
        ({"output": PROSE, "output_text": PROSE}, {("output", "output", False), ("output_text", "output", True)}),
    ],
)  # fmt: skip
def test_other_answers(body: Json, expected: set):
    """Lists of items, items, conversations: each text is found where it stands."""
    assert found(body) == expected


@pytest.mark.parametrize(
    "model", [Response, CompactedResponse, Conversation, ResponseItemList, ConversationItemList, InputTokenCountResponse]
)
def test_every_answer_of_the_sdk_is_mapped(model: Any):
    """Each text that the SDK has a field for is found, or is a companion of one; no two share a channel."""
    for body in examples(model):
        each, uninspectable = parted(read_object(body))
        assert len({delta.channel for delta in each}) == len(each)
        listed = {said for part in uninspectable for said in prose(at(body, part.place))}
        spelled = {said for companion in read_companions(body) for said in prose(at(body, companion.place))}
        assert {delta.text for delta in each} | listed | spelled >= set(prose(body))
        assert "unknown" not in {part.kind.value for part in uninspectable if part.place[-1:] != ("logprobs",)}


def test_log_probabilities_are_companions():
    """They ride with the text that they spell, which is complete in the same answer."""
    spelled = text("hi", logprobs=[{"token": "hi"}])
    for body in (
        response(message(text("x"), spelled)),
        {"object": "list", "data": [message(text("x"), spelled)]},
        message(text("x"), spelled),
    ):
        (companion,) = read_companions(body)
        assert at(body, companion.place) == [{"token": "hi"}]
        assert [delta.text for delta in deltas(body) if delta.channel in companion.channels] == ["hi"]
    assert read_companions(response(message(text("x")))) == ()


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (response(), ("resp_1",)),
        (response(conversation={"id": "conv_1"}), ("resp_1", "conv_1")),
        ({"id": "conv_1", "object": "conversation"}, ("conv_1",)),
        ({"id": "cmp_1", "object": "response.compaction"}, ("cmp_1",)),
        ({"id": "resp_1", "object": "response", "deleted": True}, ()),
        ({"id": LIKE_TEXT, "object": "response", "conversation": "conv_1"}, (LIKE_TEXT,)),
        ({"id": 5, "object": "response", "conversation": {"id": None}}, ()),
        (message(), ()),
    ],
)
def test_names(body: Json, names: tuple[str, ...]):
    """The ids by which later requests may go on from what was said here, whatever they look like."""
    assert read_names(body) == names


def test_usage():
    """As the API counts."""
    usage = read_usage(response())
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (3, 4)
    assert read_usage({"usage": None}) is None
    assert read_usage({"usage": {"input_tokens": "3"}}).input_tokens is None


def test_a_key_that_is_prose():
    """It is listed where the API has keys of its own; anywhere else it is a text, with the scope of what stands there."""
    each, uninspectable = parted(read_object({PROSE: 1}))
    assert ([(part.kind, part.place) for part in uninspectable], each) == ([(Kind.UNKNOWN, ())], ())
    for body, place, scope in (
        (response(metadata={PROSE: "a"}), ("metadata", PROSE), Scope.USER),
        ({"id": "msg_1", "type": "message", "role": "assistant", "content": [], PROSE: "a"}, (PROSE,), Scope.OUTPUT),
    ):
        key, value = deltas(body)
        assert key == Delta(("key", *place), scope, PROSE, place, Form.KEY, closes=True)
        assert (value.text, value.place, value.form) == ("a", place, Form.TEXT)


def test_an_item_or_a_part_of_an_unknown_type():
    """It is listed, and its texts are read all the same."""
    for body in (response({"type": "novelty", "a": PROSE}), response(message({"a": PROSE}))):
        each, uninspectable = parted(read_object(body))
        assert {part.kind for part in uninspectable} == {Kind.UNKNOWN}
        assert {delta.text for delta in each} == {PROSE}


@given(ITEMS, ANYTHING, ANYTHING)
def test_every_string_of_an_answer_is_found(item: Json, instructions: Json, other: Json):
    """Whatever an answer holds, each text of two words is a delta or in a part that is listed, and no two deltas share a channel."""
    for body in (response(item, instructions=instructions, novelty=other), {"object": "list", "data": [item]}, {"type": "x", **item}):
        each, uninspectable = parted(read_object(body))
        assert len({delta.channel for delta in each}) == len(each)
        places = {delta.place for delta in each if delta.form is not Form.KEY}
        places |= {part.place for part in uninspectable if part.kind is not Kind.UNKNOWN}
        for place, said in _strings(body):
            assert " " not in said or any(place[: len(above)] == above for above in places) or _is_data(place, body), (place, said)


@given(ITEMS, ANYTHING, ANYTHING)
def test_every_key_of_an_answer_is_found(item: Json, instructions: Json, other: Json):
    """Each key of two words is a delta of its own, or its object is listed."""
    for body in (response(item, instructions=instructions, novelty=other), {"object": "list", "data": [item]}, {"type": "x", **item}):
        each, uninspectable = parted(read_object(body))
        keys = {delta.place for delta in each if delta.form is Form.KEY}
        objects = {part.place for part in uninspectable if part.kind is Kind.UNKNOWN}
        parts = {part.place for part in uninspectable} - objects
        for place in _keys(body):
            is_listed = place[:-1] in objects or any(place[: len(above)] == above for above in parts)
            assert " " not in str(place[-1]) or place in keys or is_listed or _is_data(place, body), place


def _is_data(place: tuple, body: Json) -> bool:
    """Log probabilities that are a companion."""
    return "logprobs" in place and is_spelled(at(body, place[: place.index("logprobs")]))


def _strings(value: Json, place: tuple = ()):
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, (list, dict)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _strings(item, (*place, key))


def _keys(value: Json, place: tuple = ()):
    if isinstance(value, (list, dict)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*place, key)
            yield from _keys(item, (*place, key))
