"""Server-sent events: read the same however the bytes are cut, and nothing in them that nobody reads goes on."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamError
from gateway.wire.sse import SseDecoder, SseEvent, encode_event

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
LINES = st.sampled_from(
    [b"data: one", b"data:two", b"data", b"data: {}", b'data: {"a": 1}', b"event: x", b"id: 7", b"retry: 5", b": note", b"odd: line", b"id"]
)
STREAMS = st.lists(st.tuples(st.one_of(LINES, st.just(b"")), ENDS), max_size=24).map(lambda lines: b"".join(a + b for a, b in lines))


def decode(pieces: list[bytes], most: int = 10_000) -> list[SseEvent]:
    decoder = SseDecoder(most)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return [*events, *decoder.flush()]


def by_the_book(stream: bytes) -> list[tuple[bytes | None, bytes]]:
    """The format's own rule, line by line: (data, other fields) of each block that says anything."""
    found, block = [], []
    for line in [*re.split(rb"\r\n|\n|\r", stream), b""]:
        if line:
            block.append(line)
        elif block:
            named = [(line.partition(b":")[0], line.partition(b":")[2].removeprefix(b" "), line) for line in block]
            data = [value for name, value, _ in named if name == b"data"]
            fields = b"".join(line + b"\n" for name, _, line in named if name in {b"event", b"id", b"retry"})
            found.append((b"\n".join(data) if data else None, fields))
            block = []
    return found


@given(STREAMS, st.lists(st.integers(0, 400)))
def test_any_cutting_gives_the_same_events(stream: bytes, places: list[int]):
    """Events depend on the bytes alone, not on the pieces in which they come, and are those that the format defines."""
    marks = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    pieces = [stream[a:b] for a, b in pairwise(marks)]
    whole = decode([stream])
    assert decode(pieces) == whole
    assert decode([bytes([byte]) for byte in stream]) == whole
    assert [(event.data, event.fields) for event in whole] == by_the_book(stream)


@given(STREAMS)
def test_what_goes_on_reads_the_same(stream: bytes):
    """An event's own bytes, read again, are that event; with the fields written anew too."""
    for event in decode([stream]):
        if event.data is not None:
            assert [(again.data, again.fields) for again in decode([event.raw + b"\n"])] == [(event.data, event.fields)]
            lines = event.data.split(b"\n")
            assert len(lines) > 1 or decode([encode_event(event.data, event.fields)])[0].data == event.data


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [(b"a", b"")]),
        (b"\xef\xbb\xbfdata: a\n\n", [(b"a", b"")]),
        (b"\r\n\r\ndata: a\r\n\r\n\n\n", [(b"a", b"")]),
        (b"data: a\ndata:  b\n\n", [(b"a\n b", b"")]),
        (b"data\n\n", [(b"", b"")]),
        (b": hello\n\n", [(None, b"")]),
        (b"event: ping\n\n", [(None, b"event: ping\n")]),
        (b"event: e\nid: 1\ndata: a\nretry: 3\n\n", [(b"a", b"event: e\nid: 1\nretry: 3\n")]),
        (b"data: a\r\n\rdata: b\n\n", [(b"a", b""), (b"b", b"")]),
        (b"data: a\n\rdata: b\n\n", [(b"a", b""), (b"b", b"")]),
        (b'data: {"a":\rdata: 1}\n\n', [(b'{"a":\n1}', b"")]),
        (b"data: torn", [(b"torn", b"")]),
        (b"data: torn\n", [(b"torn", b"")]),
        (b"", []),
    ],
)
def test_the_format(stream: bytes, expected: list):
    """Line ends of every kind, a byte order mark, comments, many data lines, and an event that the end of the stream tears."""
    assert [(event.data, event.fields) for event in decode([stream])] == expected


def test_an_untouched_event_is_what_came():
    """Its bytes are kept, whatever its line ends."""
    stream = b"event: e\r\ndata:  {}\r\n\r\n"
    assert [event.raw for event in decode([stream])] == [stream]


@pytest.mark.parametrize("line", [b": a secret comment", b"secret: value", b"secret"])
def test_lines_that_no_guard_reads_do_not_go_on(line: bytes):
    """A comment or an unknown line beside data cannot carry text past the guards."""
    (event,) = decode([b"event: e\n" + line + b'\ndata: {"a": 1}\n\n'])
    assert event.raw == b'event: e\ndata: {"a": 1}\n\n'


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_an_event_too_large_is_refused_however_it_comes(size: int):
    """The bound holds in one piece and in many, and for an event without end."""
    fits, too_large = b"data: " + b"x" * 84 + b"\n\n", b"data: " + b"x" * 200 + b"\n\n"
    cut = lambda data: [data[at : at + size] for at in range(0, len(data), size)]  # noqa: E731
    assert len(decode(cut(fits * 20), most=92)) == 20
    for stream in (too_large, fits + too_large, b"x" * 500):
        with pytest.raises(UpstreamError) as raised:
            decode(cut(stream), most=92)
        assert raised.value.code == "upstream_too_large"


def test_events_before_one_too_large_are_given_out():
    """What was whole before the fault is not lost."""
    decoder = SseDecoder(50)
    events = decoder.feed(b"data: a\n\n" + b"data: " + b"x" * 100)
    assert next(events).data == b"a"
    with pytest.raises(UpstreamError):
        next(events)
