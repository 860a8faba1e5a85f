"""What an upstream may get wrong: a clear error or a valid ending, nothing unguarded, nothing hangs, and the next request is served."""

import json

import psutil
import pytest

from tests.integration.test_bad_requests import assert_ours, assert_serves
from tests.support.faulty_upstream import TEXT, Exchange, FaultyUpstream, events
from tests.support.gateway import Gateway
from tests.support.http11 import LAST_CHUNK, Message
from tests.support.raw_client import ask, chat, error_of, post


async def _ask(gateway: Gateway, model: str, *, stream: bool = False) -> Message:
    return await ask(gateway.port, post(chat(model, stream=stream)))


def _events(message: Message) -> list:
    events = message.body.decode().replace("\r\n", "\n").split("\n\n")
    data = [event.removeprefix("data: ") for event in events if event.startswith("data: ")]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


def _said(message: Message) -> str:
    chunks = [event for event in _events(message) if event != "[DONE]"]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ()))


def _ending(events: list) -> str:
    """The code of the error event, or the finish reason before [DONE]."""
    if events[-1] == "[DONE]":
        return events[-2]["choices"][0]["finish_reason"]
    return events[-1]["error"]["code"]


def _text(message: Message) -> str:
    is_stream = message.headers["content-type"].startswith("text/event-stream")
    return _said(message) if is_stream else json.loads(message.body)["choices"][0]["message"]["content"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["well", "gzip", "br", "deflate"])
async def test_codings_are_undone(gateway: Gateway, faulty: FaultyUpstream, model: str, stream: bool):
    """Whatever coding the upstream answers in, the client reads the text."""
    message = await _ask(gateway, model, stream=stream)
    assert "content-encoding" not in message.headers
    assert (message.status, _text(message)) == (200, TEXT)


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("reset-at-once", 502, "upstream_reset"),
        ("reset-mid-body", 502, "upstream_reset"),
        ("short-body", 502, "upstream_reset"),
        ("stall-mid-body", 504, "upstream_timeout"),
        ("never-answer", 504, "upstream_timeout"),
        ("slow-head", 504, "upstream_timeout"),
        ("malformed-json", 502, "upstream_invalid_response"),
        ("not-utf8", 502, "upstream_invalid_response"),
        ("html-200", 502, "upstream_invalid_response"),
        ("header-flood", 502, "upstream_invalid_response"),
        ("not-http", 502, "upstream_invalid_response"),
        ("broken-gzip", 502, None),
        ("huge-body", 502, "upstream_too_large"),
        ("zip-bomb", 502, "upstream_too_large"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_answers_that_are_none(gateway: Gateway, faulty: FaultyUpstream, model: str, status: int, code: str | None, stream: bool):
    """The client hears what went wrong, in the dialect's shape and with a stable code, whether or not it asked for a stream."""
    message = await _ask(gateway, model, stream=stream)
    assert message.status == status
    assert code in {None, error_of(message)["code"]}
    assert_ours(message)
    assert "someone@example.org" not in message.body.decode()
    await assert_serves(gateway, faulty)


@pytest.mark.parametrize("asked", [False, True], ids=["whole asked for", "stream asked for"])
@pytest.mark.parametrize("comes", [False, True], ids=["whole comes", "stream comes"])
async def test_the_type_says_how_an_answer_is_read(gateway: Gateway, faulty: FaultyUpstream, asked: bool, comes: bool):
    """JSON where a stream was asked for, and a stream where JSON was, are guarded like what was asked for, and arrive as what they are."""

    async def say(exchange: Exchange) -> None:
        if comes:
            await exchange.start_stream()
            await exchange.stream(events(["write to maria", ".lindqvist@exam", "ple.org today"]))
            await exchange.send(LAST_CHUNK)
        else:
            said = {"role": "assistant", "content": "write to maria.lindqvist@example.org today"}
            await exchange.answer(json.dumps({"choices": [{"index": 0, "message": said, "finish_reason": "stop"}]}).encode())

    faulty.extra["form"] = say
    message = await _ask(gateway, "guarded-form", stream=asked)
    assert message.status == 200
    assert message.headers["content-type"].startswith("text/event-stream" if comes else "application/json")
    text = _text(message)
    assert (text.startswith("write to "), text.endswith(" today"), b"maria" in message.body) == (True, True, False)
    assert gateway.records()[message.headers["x-oddgate-request-id"]]["decision"] == "redact"


async def test_an_upstream_that_is_not_there(gateway: Gateway):
    """No upstream, no waiting."""
    message = await _ask(gateway, "well")
    assert (message.status, error_of(message)["code"]) == (502, "upstream_unreachable")


async def test_an_answer_of_the_wrong_shape(gateway: Gateway, faulty: FaultyUpstream):
    """JSON that is no completion is refused, or passed with every text in it guarded; it does not break the gateway."""
    message = await _ask(gateway, "wrong-shape")
    assert message.status in {200, 400, 502}
    await assert_serves(gateway, faulty)


@pytest.mark.parametrize(("model", "status"), [("rate-limited", 429), ("html-502", 502)])
async def test_errors_of_the_upstream_come_back(gateway: Gateway, faulty: FaultyUpstream, model: str, status: int):
    """An upstream's own error keeps its status, its body and its rate-limit headers."""
    message = await _ask(gateway, model)
    assert message.status == status
    assert_ours(message)
    if model == "rate-limited":
        assert json.loads(message.body)["error"] == {
            "message": "Rate limit reached.",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
        assert (message.headers["retry-after"], message.headers["x-ratelimit-remaining-requests"]) == ("6", "0")
    else:
        assert message.body == b"<html><body>Bad gateway</body></html>"


@pytest.mark.parametrize("model", ["without-length", "closing-after", "comments"])
async def test_unusual_but_right(gateway: Gateway, faulty: FaultyUpstream, model: str):
    """What HTTP and event streams allow works, again and again."""
    for _ in range(3):
        message = await _ask(gateway, model, stream=model == "comments")
        assert message.status == 200
        assert _text(message) == TEXT


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("reset-mid-stream", "upstream_reset"),
        ("end-mid-stream", "upstream_reset"),
        ("stall-mid-stream", "upstream_timeout"),
        ("malformed-sse", "content_filter"),
        ("stream-not-utf8", "content_filter"),
        ("endless-line", "upstream_too_large"),
    ],
)
async def test_streams_that_break(gateway: Gateway, faulty: FaultyUpstream, model: str, code: str):
    """What came before is delivered, then the dialect's own ending says why: a client neither hangs nor takes it for complete."""
    message = await _ask(gateway, model, stream=True)
    assert message.status == 200
    assert TEXT.startswith(_said(message))
    assert _ending(_events(message)) == code
    if model not in {"end-mid-stream", "malformed-sse", "stream-not-utf8"}:  # whose answer was complete as HTTP
        await faulty.is_left(faulty.last)
    await assert_serves(gateway, faulty)


async def test_events_that_the_dialect_does_not_know(gateway: Gateway, faulty: FaultyUpstream):
    """The text of an unknown event is guarded like any other answer, or stops the stream; it does not pass unseen."""
    message = await _ask(gateway, "guarded-unknown-events", stream=True)
    assert TEXT.startswith(_said(message))
    assert "hidden.person" not in message.body.decode()
    await assert_serves(gateway, faulty)


@pytest.mark.parametrize("model", ["huge-body", "zip-bomb", "endless-line"])
async def test_memory_stays_bounded(gateway: Gateway, faulty: FaultyUpstream, model: str):
    """However much an upstream sends, the gateway keeps no more than its limits."""
    process = psutil.Process(gateway.pid)
    before = process.memory_info().rss
    for _ in range(3):
        await _ask(gateway, model, stream=model == "endless-line")
    assert process.memory_info().rss - before < 120 * 2**20
