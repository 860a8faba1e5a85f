"""Further answers to one request, compared with the one that the app gets."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import pytest

from gateway.errors import UpstreamError
from gateway.proxy import resampling
from gateway.proxy.http import UpstreamAnswer
from gateway.proxy.resampling import Samples
from gateway.telemetry.record import Consistency
from gateway.wire.model import Usage
from gateway.wire.openai.chat import ChatCompletions


def completion(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}).encode()


class Endpoint:
    """Gives the answers in turn: a body, a status without one, or an error. ``closed`` counts the answers that were closed."""

    def __init__(self, answers: Sequence[bytes | int | Exception]) -> None:
        self._answers = list(answers)
        self.closed = 0

    async def ask(self) -> UpstreamAnswer:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = (answer, b"") if isinstance(answer, int) else (200, answer)
        return UpstreamAnswer(status, (), "application/json", self._chunks(body), self._close)

    async def _chunks(self, body: bytes) -> AsyncIterator[bytes]:
        yield body[:5]
        yield body[5:]

    def _close(self) -> None:
        self.closed += 1


def spawn(work, name):
    return asyncio.get_running_loop().create_task(work, name=name)


def samples(endpoint: Endpoint, count: int) -> Samples:
    return Samples(ChatCompletions(), endpoint.ask, count, spawn)


async def test_agreement():
    """The answers are compared, and their cost is summed."""
    endpoint = Endpoint([completion("Paris"), completion("Rome")])
    assert await samples(endpoint, 2).settle("Paris") == Consistency(0.5, 2, 2, Usage(6, 2))
    assert endpoint.closed == 2


@pytest.mark.parametrize("failing", [500, 302, b"no JSON", UpstreamError("upstream_unreachable", "gone"), ValueError("a fault of ours")])
async def test_answers_that_fail(failing):
    """One that does not come, or is none, takes no part; the exchange goes on."""
    endpoint = Endpoint([failing, completion("Paris")])
    found = await samples(endpoint, 2).settle("Paris")
    assert (found.agreement, found.asked, found.answered) == (1.0, 2, 1)
    assert (await samples(Endpoint([failing]), 1).settle("Paris")).agreement is None


async def test_too_large_an_answer(monkeypatch):
    """One beyond the bound is not read on."""
    monkeypatch.setattr(resampling, "_MAX_BYTES", 10)
    endpoint = Endpoint([completion("Paris")])
    assert (await samples(endpoint, 1).settle("Paris")).answered == 0
    assert endpoint.closed == 1


async def test_late_answers(monkeypatch):
    """The app's answer waits for the others only so long."""
    monkeypatch.setattr(resampling, "PATIENCE_S", 0.01)

    async def never() -> UpstreamAnswer:
        await asyncio.Event().wait()
        raise AssertionError

    waiting = Samples(ChatCompletions(), never, 1, spawn)
    assert (await waiting.settle("Paris")).answered == 0
    waiting.drop()
