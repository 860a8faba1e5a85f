"""Lines of JSON, in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamError
from gateway.wire.lines import LineDecoder, LineEvents, encode_line

BYTES = b'{"a": 1}\n\n{"b": 2}\r\n{"c": 3}'


@given(st.lists(st.integers(0, len(BYTES)), max_size=6))
def test_any_pieces(cuts: list[int]) -> None:
    """The lines are the same however they arrive, and nothing of them is lost."""
    decoder, lines, start = LineDecoder(100), list[bytes](), 0
    for cut in [*sorted(cuts), len(BYTES)]:
        lines += decoder.feed(BYTES[start:cut])
        start = cut
    assert lines == [b'{"a": 1}\n', b"\n", b'{"b": 2}\r\n']
    assert list(decoder.flush()) == [b'{"c": 3}']
    assert list(decoder.flush()) == []


@pytest.mark.parametrize("data", [b"x" * 11, b"x" * 11 + b"\n", b"a\n" + b"x" * 11])
def test_a_line_that_is_too_long(data: bytes) -> None:
    """It ends the answer, whole or not."""
    with pytest.raises(UpstreamError) as raised:
        list(LineDecoder(10).feed(data))
    assert raised.value.code == "upstream_too_large"


def test_events() -> None:
    """A line is an event with nothing but data; an empty one has none; the last one is given its end."""
    events = LineEvents(100)
    assert [(event.raw, event.data, event.fields) for event in events.feed(BYTES)] == [
        (b'{"a": 1}\n', b'{"a": 1}', b""), (b"\n", None, b""), (b'{"b": 2}\r\n', b'{"b": 2}', b""),
    ]  # fmt: skip
    assert [event.raw for event in events.flush()] == [b'{"c": 3}\n']
    assert encode_line(b"{}", b"event: x\n") == b"{}\n"
