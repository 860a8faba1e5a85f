"""How each event of a streamed response is read, by the SDK's own types and whatever else may come."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent

from gateway.wire.model import Form, Json, Kind, at
from gateway.wire.openai.responses_event import ResponsesEvent
from gateway.wire.openai.responses_events import READERS, read_event
from gateway.wire.walk import MAX_DEPTH
from tests.gateway.wire.openai.test_chat_request import ANYTHING
from tests.gateway.wire.openai.test_responses_request import ITEMS
from tests.support.sdk_examples import examples, prose, variants

PROSE = "write to anna.kovacs@example.org, please"


def listed(event: ResponsesEvent) -> list[tuple[str, tuple]]:
    return [(part.kind.value, part.place) for part in event.uninspectable]


@pytest.mark.parametrize("model", variants(ResponseStreamEvent), ids=lambda model: model.__name__)
def test_every_event_of_the_sdk_is_mapped(model: Any):
    """Each event type is in the table, and each text that the SDK has a field for is found, spells one, or is listed for what it is.

    The examples' log probabilities spell another text than theirs, and are listed as unknown for that.
    """
    for body in examples(model):
        kind = body["type"]
        assert kind in READERS
        event = read_event(b"", body, f"event: {kind}\n".encode())
        assert len({delta.channel for delta in event.deltas}) == len(event.deltas)
        seen = {delta.text for delta in event.deltas} | {said for part in event.uninspectable for said in prose(at(body, part.place))}
        spelled = {said for place, _ in event.spelled for said in prose(at(body, place)["logprobs"])}
        spelled |= {said for companion in event.companions for said in prose(at(body, companion.place))}
        assert seen | spelled >= set(prose(body))
        assert "unknown" not in {name for name, place in listed(event) if "logprobs" not in place}


@pytest.mark.parametrize(
    ("fields", "agrees"),
    [
        (b"", True), (b"event: response.queued\n", True), (b"event:response.queued\n", True), (b"id: 7\nevent: response.queued\n", True),
        (b"event: response.created\n", False), (b"event: response.queued\nevent: error\n", False), (b"event\n", False),
            (b"event: \n", False),
    ],
)  # fmt: skip
def test_an_events_name_and_its_data_agree(fields: bytes, agrees: bool):
    """Where readers could take an event for two things, it is for the policy to judge."""
    event = read_event(b"", {"type": "response.queued", "response": {"id": "resp_1", "object": "response"}}, fields)
    assert listed(event) == ([] if agrees else [("unknown", ("type",))])
    assert event.names == (("resp_1",) if agrees else ())


@pytest.mark.parametrize("kind", ["response.novelty", "chat.completion.chunk", PROSE, "", None, 5, ["error"], {"a": 1}])
def test_an_event_that_nobody_knows(kind: Json):
    """It is for the policy to judge, and its texts are read all the same."""
    event = read_event(b"", {"type": kind, "delta": {"text": PROSE}}, b"")
    assert ("unknown", ("type",)) in listed(event)
    assert PROSE in {delta.text for delta in event.deltas}


@pytest.mark.parametrize("kind", ["keepalive", "response.web_search_call.searching", "response.audio.done", "ping"])
def test_an_event_that_keeps_books(kind: str):
    """It has no text, and if it has, that is read."""
    event = read_event(b"", {"type": kind, "item_id": "ws_1", "output_index": 0, "sequence_number": 3}, f"event: {kind}\n".encode())
    assert (event.deltas, event.uninspectable, event.is_end) == ((), (), False)
    assert [delta.text for delta in read_event(b"", {"type": kind, "note": PROSE}, b"").deltas] == [PROSE]


def test_errors():
    """An error's message is a text, in this API's shape or in the one without a type; the stream's end may still come."""
    for body, fields in (({"type": "error", "message": PROSE}, b"event: error\n"), ({"error": {"message": PROSE}}, b"")):
        event = read_event(b"", body, fields)
        assert ([delta.text for delta in event.deltas], event.uninspectable, event.is_end) == ([PROSE], (), False)


KINDS = st.sampled_from(sorted(READERS))
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "delta": ANYTHING, "text": ANYTHING, "arguments": ANYTHING, "refusal": ANYTHING, "command": ANYTHING, "logprobs": ANYTHING,
        "output_index": st.one_of(st.just(0), ANYTHING), "content_index": st.one_of(st.just(0), ANYTHING), "item_id": ANYTHING,
        "part": st.one_of(ANYTHING, ITEMS), "item": st.one_of(ANYTHING, ITEMS), "obfuscation": ANYTHING,
        "response": st.one_of(ANYTHING, st.fixed_dictionaries({"output": st.lists(ITEMS, max_size=2)}, optional={"tools": ANYTHING})),
        "annotation": ANYTHING, "odd key": ANYTHING,
    },
)  # fmt: skip


@settings(max_examples=300)
@given(KINDS, FIELDS)
def test_every_string_of_an_event_is_found(kind: str, fields: Json):
    """Whatever an event holds, each text or key of two words is a delta, in a part that is listed, or spells one of these; no two share a
    channel, and a delta's text is what stands at its place, or the key there.
    """
    body = {"type": kind, **fields}
    event = read_event(b"", body, b"")
    assert len({delta.channel for delta in event.deltas}) == len(event.deltas)
    assert all((delta.place[-1] if delta.form is Form.KEY else at(body, delta.place)) == delta.text for delta in event.deltas)
    seen = {delta.place for delta in event.deltas if delta.form is not Form.KEY}
    seen |= {part.place for part in event.uninspectable if part.kind is not Kind.UNKNOWN}
    seen |= {companion.place for companion in event.companions} | {(*place, "logprobs") for place, _ in event.spelled}
    for place, said in _strings(body):
        assert " " not in said or any(place[: len(above)] == above for above in seen), (place, said)
    keys = {delta.place for delta in event.deltas if delta.form is Form.KEY}
    objects = {part.place for part in event.uninspectable if part.kind is Kind.UNKNOWN}
    for place in _keys(body):
        is_listed = place[:-1] in objects or any(place[: len(above)] == above for above in seen - {place})
        assert " " not in str(place[-1]) or place in keys or is_listed, place


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


def test_depth_is_bounded():
    """What is nested too deeply is refused by the reader, which makes the event one for the policy to judge."""
    from gateway.wire.openai.responses import ResponsesStream
    from tests.support.responses import ORIGIN, encoded

    deep: Json = PROSE
    for _ in range(MAX_DEPTH + 2):
        deep = [deep]
    (event,) = ResponsesStream(ORIGIN).feed(encoded({"type": "keepalive", "a": deep}))
    assert [part.kind.value for part in event.uninspectable] == ["unknown"]
