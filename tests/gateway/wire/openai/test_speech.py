"""Speech: what to say, and how, in; sound out."""

import json

import pytest

from gateway.wire.model import Call, Json, Origin
from gateway.wire.openai.speech import Speech
from gateway.wire.sse import encode_event
from gateway.wire.walk import dotted

PROSE = "write to anna.kovacs@example.org, please"
SPEECH = Speech()
ORIGIN = Origin("req_1", "tts-1", 7)


def stream(*bodies: Json):
    answer = SPEECH.open_stream("text/event-stream", ORIGIN)
    return answer, [event for body in bodies for event in answer.feed(encode_event(json.dumps(body).encode()))]


def test_a_request():
    """What is to be said is the user's; how, the system's."""
    body = {"model": "tts-1", "input": PROSE, "instructions": PROSE, "voice": "alloy", "response_format": "mp3"}
    read = SPEECH.parse_request(json.dumps(body).encode(), Call())
    assert [(dotted(segment.place), segment.role, segment.scope.value) for segment in read.segments] == [
        ("input", "user", "user"), ("instructions", "system", "system"), ("voice", "user", "user"),
    ]  # fmt: skip
    assert (read.surface, read.model) == ("speech", "tts-1")


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("audio/mpeg", "audio"),
        ("application/octet-stream", "audio"),
        ("", "audio"),
        ("application/json", None),
        ("text/event-stream", None),
    ],
)
def test_sound_is_not_read(content_type: str, kind: str | None):
    """Whatever is not text of a form that is read is sound."""
    assert SPEECH.unread(content_type) == kind


def test_a_stream():
    """That there is sound is said once; the end is an event of its own, with its usage."""
    answer, events = stream(
        {"type": "speech.audio.delta", "audio": "AAAA"},
        {"type": "speech.audio.delta", "audio": "AAAA"},
        {"type": "speech.audio.done", "usage": {"input_tokens": 3, "output_tokens": 4}},
    )
    assert [[(part.kind.value, part.place) for part in event.uninspectable] for event in events] == [[("audio", ("audio",))], [], []]
    assert [event.finished for event in events] == [{}, {}, {0: "stop"}]
    assert (events[2].usage.input_tokens, answer.is_complete(())) == (3, True)


@pytest.mark.parametrize(
    ("body", "texts", "unread"),
    [
        ({"type": "speech.audio.delta", "audio": "AAAA", "note": "a"}, ["a"], ["audio"]),
        ({"type": "novelty", "audio": "a"}, ["a"], ["unknown"]),
        ({"type": "speech.audio.delta", "audio": {"note": "a"}}, ["a"], ["unknown"]),
        ({"type": "speech.audio.done", "note": "a"}, ["a"], []),
    ],
)
def test_texts_of_an_event(body: Json, texts: list[str], unread: list[str]):
    """Texts beside the sound are read; an event that is not known is for the policy to judge."""
    _, (event,) = stream(body)
    assert ([delta.text for delta in event.deltas], [part.kind.value for part in event.uninspectable]) == (texts, unread)


def test_a_stop():
    """A stream that is cut ends with an error that says why; no text is ever continued."""
    answer, _ = stream()
    assert b'"code":"content_filter"' in answer.render_stop((0,))
    assert answer.render_tail(("body",), "a", None) == b""
