"""Numbers of an answer that could be somebody's are read, wherever they stand, and what replaces one is a string."""

import json
from typing import Any

import pytest

from gateway.guard.render import render_completion
from gateway.guard.response import Refuse, ResponseGuard
from gateway.guard.tokens import Tokens
from gateway.wire.answer_numbers import is_bookkeeping, may_have_numbers, with_numbers
from gateway.wire.anthropic.messages import Messages
from gateway.wire.model import Delta, Event, Form, Json, Origin
from gateway.wire.openai.chat import ChatCompletions
from gateway.wire.openai.responses import Responses
from gateway.wire.plain import read_error
from gateway.wire.surface import Surface
from policies.vocabulary import Scope
from tests.support.guards import KEY, Pattern, plan, policy, rule

CARD = 4111111111111111
CARDS = Pattern("card", r"\d{16}", 16)


def numbers(body: Json, raw: bytes | None = None, *deltas: Delta) -> list[str]:
    event = Event(raw if raw is not None else json.dumps(body).encode(), body, deltas)
    with_numbers(event)
    return [delta.text for delta in event.deltas[len(deltas) :]]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":4111111111111111}', b'{"a": -4111111111111111}', b'[4111111111111111]', b'[1,4111111]', b'{"a":\n4111111}',
        b'{"a":4.1e15}', b'{"a":[{"b":41E9}]}', b'{"created":4111111111111111}', b'{"created": 4111111111}',
        b'{"created":1712345678.5e9}', b"4111111111111111",
    ],
)  # fmt: skip
def test_what_is_read(raw: bytes) -> None:
    """Any number that could be somebody's, however it is written, and at a key of times if it is none."""
    assert len(numbers(json.loads(raw), raw)) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"4111111111111111"}', b'{"a":411111}', b'{"a":-0.4111111111111111}', b'{"a":4.1e-15}',
        b'{"created":1712345678}',
        b'{"x":{"created_at": 1712345678.25}}', b'{"usage":{"total_tokens":1234567}}', b'{"bytes":123456789}',
        b'{"a":true,"b":null}', b'""',
    ],
)  # fmt: skip
def test_what_is_not(raw: bytes) -> None:
    """Strings are read elsewhere; small numbers, fractions, times and counts mean nobody."""
    assert numbers(json.loads(raw), raw) == []


def test_the_first_look_is_sure() -> None:
    """An event of a stream that has its time and nothing else is not walked through."""
    assert not may_have_numbers(b'data: {"id":"c-12345678","created":1712345678,"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n')
    assert not may_have_numbers(b'{"created": 1712345678}')


def test_bookkeeping() -> None:
    """A key alone makes no number a count."""
    assert is_bookkeeping("total_tokens", 5_000_000)
    assert not is_bookkeeping("total_tokens", CARD)
    assert not is_bookkeeping("created_at", CARD)
    assert not is_bookkeeping(0, 1712345678)


def test_what_a_dialect_has_read() -> None:
    """It is not read again, nor is what stands below it."""
    delta = Delta((0, "input"), Scope.TOOL_ARGUMENTS, "{}", ("input",), Form.JSON)
    assert numbers({"input": {"a": CARD}, "b": CARD}, None, delta) == [str(CARD)]


def test_too_deep() -> None:
    """What cannot be walked through is for the policy to judge."""
    body: Any = CARD
    for _ in range(80):
        body = [body]
    event = Event(json.dumps(body).encode(), body)
    with_numbers(event)
    assert [part.place for part in event.uninspectable] == [()]


def released(event: Event, action: str = "redact") -> Any:
    guard = ResponseGuard(plan(policy(rule("cards", action)), (CARDS,)), Tokens(KEY, "app"), str.encode)
    guard.feed(event)
    guard.close()
    release = guard.release()
    return None if isinstance(release, Refuse) else json.loads(render_completion(release, guard))


MESSAGE = {"type": "message", "role": "assistant", "stop_reason": "end_turn"}


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (Messages().parse_completion, {**MESSAGE, "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"n": CARD}}]}),
        (Messages().parse_completion, {**MESSAGE, "content": [], "new": [CARD]}),
        (ChatCompletions().parse_completion, {"choices": [{"index": 0, "message": {"content": "x", "parsed": {"n": CARD}}}]}),
        (Responses().parse_completion, {"object": "response", "output": [{"type": "computer_call", "action": {"x": CARD}}]}),
        (Responses().parse_completion, {"object": "response", "output": [], "new": CARD}),
        (Surface("models").parse_completion, {"data": [{"n": CARD, "created": 1712345678}]}),
        (lambda raw, _: read_error(raw, 400), {"error": {"n": CARD}}),
    ],
)
def test_every_surface(read: Any, body: Json) -> None:
    """The number goes, a string stands in its place, and the rest is as it was."""
    out = released(read(json.dumps(body).encode(), "application/json"))
    assert str(CARD) not in json.dumps(out)
    assert json.dumps(out) == json.dumps(body).replace(str(CARD), '"[card]"')


def test_an_answer_that_is_a_number() -> None:
    """There is no place at which it could be rewritten, so it does not go on."""
    assert released(Event(b"4111111111111111", CARD)) is None
    assert released(Event(b"4111111111111111", CARD), "flag") == CARD


def test_a_stream() -> None:
    """A number in an event is complete where it stands."""
    (stream,) = [ChatCompletions().open_stream("text/event-stream", Origin("r", "m", 7))]
    assert stream
    (event,) = stream.feed(b'data: {"choices":[{"index":0,"delta":{"x":4111111111111111}}]}\n\n')
    assert released(event) == {"choices": [{"index": 0, "delta": {"x": "[card]"}}]}
