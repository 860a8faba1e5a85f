"""A streamed transcript, event by event: what the official types read is what the rules have let through."""

import json
from itertools import groupby
from typing import Any

import pytest
from openai.types.audio import TranscriptionStreamEvent
from pydantic import TypeAdapter

from gateway.guard.memo import Memo
from gateway.guard.plan import Plan
from gateway.guard.render import StreamRenderer
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.model import Origin
from gateway.wire.openai.transcript_stream import TranscriptStream
from gateway.wire.sse import encode_event
from tests.support.guards import DIGITS, KEY, plan, policy, rule

REDACT = plan(policy(rule("numbers", "redact")), (DIGITS,))
BLOCK = plan(policy(rule("numbers", "block")), (DIGITS,))


def sse(kind: str, **fields: Any) -> bytes:
    return encode_event(json.dumps({"type": kind, **fields}).encode())


def delta(text: str, **fields: Any) -> bytes:
    return sse("transcript.text.delta", delta=text, **fields)


def done(text: str, **fields: Any) -> bytes:
    return sse("transcript.text.done", text=text, **fields)


def segment(text: str, speaker: str, number: int) -> bytes:
    return sse("transcript.text.segment", id=f"seg_{number}", text=text, speaker=speaker, start=number, end=number + 1)


def run(*raw: bytes, plan_: Plan = REDACT) -> bytes:
    guard = ResponseGuard(plan_, Tokens(KEY, "app"), Memo(KEY, 10_000).text_key)
    stream = TranscriptStream(Origin("req_1", "m", 1))
    renderer, out = StreamRenderer(stream, guard), b""
    for event in stream.feed(b"".join(raw)):
        guard.feed(event)
        if event.is_end:
            guard.close()
        release = guard.release()
        if isinstance(release, Refuse):
            return out + stream.render_stop(guard.open_choices())
        out += renderer.render(release)
    assert stream.is_complete(guard.open_choices())
    return out


def events(out: bytes) -> list[dict[str, Any]]:
    bodies = [json.loads(line[6:]) for line in out.decode().splitlines() if line.startswith("data: {")]
    for body in bodies:
        TypeAdapter(TranscriptionStreamEvent).validate_python(body)
    return bodies


def test_deltas():
    """A value that is split over deltas does not leave, and the whole text at the end says the same."""
    out = events(run(delta("mine is 1234"), delta("5678 you"), delta(" see"), done("mine is 12345678 you see")))
    assert "".join(event.get("delta", "") for event in out) == "mine is [NUMBER] you see"
    assert out[-1]["text"] == "mine is [NUMBER] you see"


def test_text_that_is_held_goes_before_the_end():
    """The deltas are complete before the event that ends them."""
    out = events(run(delta("mine is 12345678"), done("mine is 12345678")))
    assert [event["type"].rpartition(".")[2] for event in out] == ["delta", "delta", "done"]
    assert "".join(event.get("delta", "") for event in out) == "mine is [NUMBER]"


def test_log_probabilities():
    """They spell the text, and go only with what is unchanged."""
    spelled = [{"token": "12345678", "logprob": -0.1, "bytes": [49]}]
    assert b"12345678" not in run(delta("12345678 is", logprobs=spelled), done("12345678 is", logprobs=spelled))
    unspelled = events(run(done("hello", logprobs=spelled)))[0]["logprobs"]
    assert unspelled == [{"token": "[NUMBER]", "logprob": -0.1, "bytes": [49]}]
    tokens = [{"token": "hello", "logprob": -0.1, "bytes": [49]}]
    assert events(run(done("hello", logprobs=tokens)))[0]["logprobs"] == tokens


def test_untouched():
    """Events in which nothing is found and held go on byte for byte."""
    raw = [delta("hello "), delta("there "), done("hello there ", usage={"type": "tokens", "input_tokens": 3}), b"data: [DONE]\n\n"]
    assert run(*raw) == b"".join(raw)


def test_segments():
    """What one speaker says is one text; what it holds back goes out before another one speaks."""
    out = events(
        run(segment("mine is 1234", "A", 0), segment("5678 ", "A", 1), segment("and ", "B", 2), segment("yours", "A", 3), done(""))
    )
    said = [(event["speaker"], event["text"]) for event in out if "speaker" in event and event["text"]]
    assert "".join(text for speaker, text in said if speaker == "A") == "mine is [NUMBER] yours"
    assert [speaker for speaker, _ in groupby(said, key=lambda each: each[0])] == ["A", "B", "A"]


def test_blocked():
    """The stream ends with an error of the API's form."""
    out = run(delta("a word "), delta("mine is 12345678 and "), plan_=BLOCK)
    assert out.startswith(delta("a word "))
    assert b"content_filter" in out
    assert b"12345678" not in out


@pytest.mark.parametrize("raw", [
    sse("transcript.text.novelty", text="hello"), delta("x").replace(b'"x"', b"7"), sse("transcript.text.segment"),
    encode_event(b"[]"), encode_event(b"{"),
])  # fmt: skip
def test_unknown_events(raw: bytes):
    """They are not passed on silently."""
    assert b"content_filter" in run(raw)
