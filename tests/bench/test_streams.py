"""What the bench says about streams, held against transcripts whose answer is known."""

import json

from bench.load import Exchange
from bench.stamps import from_letters, to_letters
from bench.streams import _measure

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def _event(created_us: int, content: str) -> bytes:
    chunk = {"created": created_us, "choices": [{"index": 0, "delta": {"content": content}}]}
    data = f"data: {json.dumps(chunk)}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_letters_carry_a_stamp():
    """A stamp survives its way through letters."""
    assert from_letters(to_letters(1_234_567_890)[1:]) == 1_234_567_890


def test_delays_of_events_and_of_their_text():
    """An event counts when its last byte is here, its text when its last letter is: text that was held back is late, its event is not."""
    first, second = to_letters(1_000_000), to_letters(2_000_000)
    held = _event(1_000_000, first[:-1])
    released = _event(2_000_000, first[-1] + " " + second)
    pieces = [(1.25, HEAD + held[:10]), (1.5, held[10:]), (2.5, released), (2.75, b"c\r\ndata: [DONE]\r\n0\r\n\r\n")]
    measured = _measure([Exchange(0.5, pieces)], seconds=3)
    assert measured.event_delays_s == [0.5, 0.5]
    assert measured.text_delays_s == [1.5, 0.5]
    assert measured.first_byte_s == [1.0]
