"""What all streams of server-sent events have in common: framing, the end mark, and what is no event of any API."""

import pytest

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.model import Channel, Delta, Event, Json, Kind, Origin
from gateway.wire.sse import KEEP_ALIVE
from gateway.wire.sse_answer import MAX_EVENT_BYTES, SseAnswer
from policies.vocabulary import Scope


class Said(SseAnswer):
    """Reads ``say``, and cannot read ``fail``."""

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        if "fail" in body:
            raise BadRequest("too_deep", "no")
        return Event(raw, body, (Delta((0, "say"), Scope.OUTPUT, body["say"], ("say",)),), prefix=fields)

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        return b""


def stream() -> Said:
    return Said(Origin("req_1", "m", 7))


def read(*pieces: bytes) -> list[Event]:
    answer = stream()
    return [event for piece in pieces for event in answer.feed(piece)] + list(answer.flush())


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_any_pieces(size: int):
    """Events are whole, however they arrive, and keep their bytes and their own lines."""
    sent = b'event: e\ndata: {"say": "a"}\n\n: hello anna\n\ndata: {"say": "b"}\n\ndata: [DONE]\n\n'
    events = read(*(sent[start : start + size] for start in range(0, len(sent), size)))
    assert [event.raw for event in events if event.raw] == [
        b'event: e\ndata: {"say": "a"}\n\n', KEEP_ALIVE, b'data: {"say": "b"}\n\n', b"data: [DONE]\n\n",
    ]  # fmt: skip
    assert [event.prefix for event in events if event.deltas] == [b"event: e\n", b""]
    assert [event.is_end for event in events if event.raw] == [False, False, False, True]


@pytest.mark.parametrize("data", [b"", b"[]", b"text", b'{"a": 1', b'{"a": 1, "a": 2}', b"\xff", b'{"fail": 1}', b"null", b"DONE"])
def test_what_is_no_event(data: bytes):
    """Data that no reading takes is for the policy to judge."""
    (event,) = stream().feed(b"data: " + data + b"\n\n")
    assert [(part.kind.value, part.place) for part in event.uninspectable] == [("unknown", ())]
    assert (event.deltas, event.is_end) == ((), False)


@pytest.mark.parametrize("fields", [b"event: anna kovacs\n", b"id: anna@example.org\n"])
def test_prose_in_an_events_own_lines(fields: bytes):
    """A name or an id that is prose is for the policy to judge, whatever the data is."""
    (event,) = stream().feed(fields + b'data: {"say": "a"}\n\n')
    assert [part.kind.value for part in event.uninspectable] == ["unknown"]


@pytest.mark.parametrize("line", [b"id: 4111111111111111", b"event: card-4111-1111-1111-1111", b"id: ssn-536-90-4399"])
def test_a_number_in_an_events_own_lines(line: bytes):
    """A name or an id of an event that has somebody's number in it is not read as one."""
    (event,) = stream().feed(line + b'\ndata: {"say": "a"}\n\n')
    assert event.body is None
    assert [part.kind for part in event.uninspectable] == [Kind.UNKNOWN]


def test_an_edited_event():
    """It is written anew, with its own lines."""
    answer = stream()
    (event,) = answer.feed(b'event: e\ndata: {"say": "a"}\n\n')
    event.body["say"] = "b"
    assert answer.render(event) == b'event: e\ndata: {"say":"b"}\n\n'


def test_an_end_that_is_missing():
    """An event that lacks its blank line is whole; half of one says that the upstream was cut off."""
    assert [delta.text for event in read(b'data: {"say": "a"}') for delta in event.deltas] == ["a"]
    with pytest.raises(UpstreamError) as raised:
        read(b'data: {"say": "a')
    assert raised.value.code == "upstream_reset"


def test_completeness():
    """Without an end mark an answer is complete if something was said and every choice has ended."""
    answer = stream()
    assert not answer.is_complete(())
    list(answer.feed(b'data: {"say": "a"}\n\n'))
    assert answer.is_complete(())
    assert not answer.is_complete((0,))


def test_an_event_without_end():
    """An event is bounded."""
    with pytest.raises(UpstreamError) as raised:
        list(stream().feed(b"data: " + b"x" * MAX_EVENT_BYTES))
    assert raised.value.code == "upstream_too_large"
