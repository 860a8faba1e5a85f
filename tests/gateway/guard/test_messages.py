"""What goes out of a realtime session's events."""

import json

from gateway.guard.messages import render_messages
from gateway.guard.response import Release
from gateway.wire.openai.realtime_answer import RealtimeAnswer
from gateway.wire.openai.realtime_events import read_server_event

AT = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
DELTA = {**AT, "type": "response.output_text.delta", "event_id": "e", "delta": "Hi"}
HEARD = {"type": "conversation.item.input_audio_transcription.delta", "item_id": "i", "content_index": 0, "delta": "Hi", "logprobs": [1]}


def _event(body: dict, **layout: int):
    return read_server_event(json.dumps(body, **layout).encode())


def test_an_untouched_event():
    """Goes on byte for byte."""
    event = _event(DELTA, indent=3)
    assert render_messages(Release(event, {}), event, None) == [event.raw]


def test_an_edited_event():
    """Has its text, and otherwise what it had."""
    event = _event(DELTA)
    (message,) = render_messages(Release(event, {0: "Ho"}), event, None)
    assert json.loads(message) == {**DELTA, "delta": "Ho"}


def test_log_probabilities():
    """They go only with the text that they spell."""
    event = _event(HEARD)
    assert render_messages(Release(event, {}), event, None) == [event.raw]
    (message,) = render_messages(Release(event, {0: "Ho"}), event, None)
    assert json.loads(message)["logprobs"] is None


def test_text_that_was_held_back():
    """Comes before the event that ends it, in an event of its own."""
    answer = RealtimeAnswer("r", lambda: "ours")
    delta = _event(DELTA)
    render_messages(Release(delta, {}), delta, answer)
    done = _event({**AT, "type": "response.output_text.done", "text": "Hi you"})
    tail, end = render_messages(Release(done, {}, ((("output", 0, "text", 0), " you"), (("nowhere",), "x"))), done, answer)
    assert json.loads(tail) == {**DELTA, "delta": " you", "event_id": "ours"}
    assert end == done.raw
