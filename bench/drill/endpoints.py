"""A simulated endpoint of the Chat Completions and Responses APIs, whose behaviour is switched while it serves."""

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from bench.drill.corpus import REFUSED, leaked, said

_WORDS_A_TOKEN = 0.75
_LONGEST_S = 300.0


@dataclass(slots=True)
class Behaviour:
    """What an endpoint does; shares are of its answers. Whoever holds it may change it at any time."""

    first_s: float = 0.5
    """Until it answers, in the median."""
    chunk_s: float = 0.02
    spread: float = 0.25
    is_gone: bool = False
    """It drops whoever asks."""
    hung: float = 0.0
    failing: float = 0.0
    limited: float = 0.0
    """429."""
    cut: float = 0.0
    """Streams that break off, and whole answers of which half comes."""
    stalled: float = 0.0
    stall_s: float = 2.5
    model: str = ""
    """What it says has answered, where that is not what was asked for."""
    short: float = 0.0
    """Answers that end at their limit of tokens."""
    sentences: tuple[int, int] = (2, 5)
    refusing: float = 0.0
    leaking: float = 0.0


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    finish: str
    model: str
    asked_tokens: int

    @property
    def tokens(self) -> int:
        return _tokens(self.text)


class Endpoint:
    """Serves while it is entered. A request with an unfilled template is a bad request here, as it is with some providers."""

    def __init__(self, port: int, chance: random.Random) -> None:
        self.port = port
        self.behaviour = Behaviour()
        self._chance = chance
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/responses", self._responses)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        self._door = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._door.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def leave(self) -> None:
        """Nobody listens any more, and who is connected is dropped."""
        self.behaviour.is_gone = True
        await self._door.stop()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        refused = await self._fault(request, body.get("messages", ()))
        if refused is not None:
            return refused
        answer = self._answer(body)
        if body.get("stream"):
            return await self._streamed(request, answer)
        message = {"role": "assistant", "content": answer.text}
        whole = _head("chat.completion", answer) | {
            "choices": [{"index": 0, "message": message, "finish_reason": answer.finish}], "usage": _usage(answer),
        }  # fmt: skip
        await asyncio.sleep(self.behaviour.chunk_s * answer.tokens / 4)
        return await self._whole(request, whole)

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        refused = await self._fault(request, [{"content": str(body.get("instructions", ""))}, {"content": str(body.get("input", ""))}])
        if refused is not None:
            return refused
        answer = self._answer(body)
        part = {"type": "output_text", "text": answer.text, "annotations": []}
        item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
        usage = {"input_tokens": answer.asked_tokens, "output_tokens": answer.tokens, "total_tokens": answer.asked_tokens + answer.tokens}
        whole = {
            "id": f"resp_{self._chance.getrandbits(64):016x}", "object": "response", "created_at": 1, "model": answer.model,
            "status": "completed", "output": [item], "usage": usage,
        }  # fmt: skip
        return await self._whole(request, whole)

    async def _fault(self, request: web.Request, messages: Any) -> web.StreamResponse | None:
        """What is answered instead; None after as long as an answer takes."""
        behaviour, chance = self.behaviour, self._chance
        if behaviour.is_gone:
            _drop(request)
            return web.Response()
        if chance.random() < behaviour.hung:
            await asyncio.sleep(_LONGEST_S)
        if any("{{" in str(message.get("content")) for message in messages):
            return _error(400, "invalid_request_error", "invalid_prompt")
        if chance.random() < behaviour.limited:
            return _error(429, "rate_limit_error", "rate_limit_exceeded", {"retry-after": "20", "x-ratelimit-remaining-requests": "0"})
        await asyncio.sleep(behaviour.first_s * chance.lognormvariate(0.0, behaviour.spread))
        if chance.random() < behaviour.failing:
            return _error(500, "server_error", "internal_error")
        return None

    def _answer(self, body: Any) -> _Answer:
        behaviour, chance = self.behaviour, self._chance
        wanted = 8 if "at full length" in json.dumps(body) else 1
        text = said(chance.randint(*behaviour.sentences) * wanted, chance)
        finish = "stop"
        if chance.random() < behaviour.refusing:
            text = REFUSED
        elif chance.random() < behaviour.leaking:
            text = f"{text} {leaked(chance)}"
        elif chance.random() < behaviour.short:
            text, finish = " ".join(text.split()[:12]), "length"
        return _Answer(text, finish, behaviour.model or str(body.get("model", "")), _tokens(json.dumps(body)))

    async def _whole(self, request: web.Request, body: Any) -> web.StreamResponse:
        if self._chance.random() >= self.behaviour.cut:
            return web.json_response(body)
        raw = json.dumps(body).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(raw))})
        await response.prepare(request)
        await response.write(raw[: len(raw) // 2])
        _drop(request)
        return response

    async def _streamed(self, request: web.Request, answer: _Answer) -> web.StreamResponse:
        behaviour, chance = self.behaviour, self._chance
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        words = answer.text.split()
        chunks = [" ".join(words[at : at + 6]) + " " for at in range(0, len(words), 6)]
        cut = len(chunks) // 2 if chance.random() < behaviour.cut else None
        stall = len(chunks) // 2 if chance.random() < behaviour.stalled else None
        for at, chunk in enumerate(chunks):
            if at == cut:
                _drop(request)
                return response
            if at == stall:
                await asyncio.sleep(behaviour.stall_s)
            delta = {"content": chunk} if at else {"role": "assistant", "content": chunk}
            await response.write(_event(answer, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
            await asyncio.sleep(behaviour.chunk_s)
        await response.write(_event(answer, {"choices": [{"index": 0, "delta": {}, "finish_reason": answer.finish}]}))
        await response.write(_event(answer, {"choices": [], "usage": _usage(answer)}) + b"data: [DONE]\n\n")
        return response


def _head(kind: str, answer: _Answer) -> dict[str, Any]:
    return {"id": "chatcmpl-drill", "object": kind, "created": 1, "model": answer.model}


def _event(answer: _Answer, said_: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(_head("chat.completion.chunk", answer) | said_).encode() + b"\n\n"


def _usage(answer: _Answer) -> dict[str, int]:
    return {
        "prompt_tokens": answer.asked_tokens,
        "completion_tokens": answer.tokens,
        "total_tokens": answer.asked_tokens + answer.tokens,
    }


def _tokens(text: str) -> int:
    return round(len(text.split()) / _WORDS_A_TOKEN) + 1


def _error(status: int, kind: str, code: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": {"message": "simulated", "type": kind, "code": code}}, status=status, headers=headers)


def _drop(request: web.Request) -> None:
    if request.transport:
        request.transport.abort()
