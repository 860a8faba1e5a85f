"""The demo's I/O: an aiohttp application that speaks the OpenAI chat dialect and shows what it received."""

import asyncio
import hashlib
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.demo.errors import RefusedRequestError
from gateway.demo.openai_answer import Choice, Envelope, choices, chunks, completion
from gateway.demo.openai_request import ChatRequest, read_request
from gateway.demo.script import answer

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RATE_LIMIT = 10_000
_KEPT_BYTES = 256 * 1024
"""Of a longer body only its length is kept: what people look at is small, and memory stays bounded."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """``delay_s`` is the mean time between two pieces of a streamed answer; 0 sends them at once. ``key``: require this API key."""

    delay_s: float = 0.03
    key: str | None = None
    models: tuple[str, ...] = ("demo", "demo-reasoning", "gpt-4o-mini")
    keep: int = 50
    max_body_bytes: int = 64 * 1024 * 1024


def build_demo(settings: DemoSettings | None = None, *, clock: Callable[[], float] = time.time) -> web.Application:  # noqa: TID251 (the shell's clock)
    settings = settings or DemoSettings()
    demo = _Demo(settings, clock)
    app = web.Application(middlewares=[_errors_in_dialect, demo.require_key], client_max_size=settings.max_body_bytes)
    app.router.add_get("/v1/models", demo.list_models)
    app.router.add_get("/v1/models/{model}", demo.show_model)
    app.router.add_post("/v1/chat/completions", demo.chat)
    app.router.add_get("/demo/received", demo.show_received)
    return app


@asynccontextmanager
async def running_demo(settings: DemoSettings | None = None, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serves the demo while the block runs; yields its base URL (port 0: a free one)."""
    runner = web.AppRunner(build_demo(settings), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class _Demo:
    def __init__(self, settings: DemoSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._received: deque[Json] = deque(maxlen=settings.keep)
        self._count = 0

    @web.middleware
    async def require_key(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        key = self._settings.key
        if key is not None and request.path.startswith("/v1/") and request.headers.get("Authorization") != f"Bearer {key}":
            raise RefusedRequestError("Incorrect API key provided.", status=401, code="invalid_api_key")
        return await handler(request)

    async def list_models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [_model(name) for name in self._settings.models]})

    async def show_model(self, request: web.Request) -> web.Response:
        return web.json_response(_model(request.match_info["model"]))

    async def show_received(self, _: web.Request) -> web.Response:
        return web.json_response({"count": self._count, "received": list(self._received)}, dumps=_dumps_readably)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = self._keep(request.path, raw)
        asked, answered = _respond(body)
        envelope = Envelope(f"chatcmpl-{hashlib.sha256(raw).hexdigest()[:24]}", int(self._clock()), asked.model)
        headers = self._headers()
        if asked.stream:
            return await self._stream(request, headers, chunks(asked, envelope, answered))
        return web.json_response(completion(asked, envelope, answered), headers=headers)

    def _keep(self, path: str, raw: bytes) -> object:
        self._count += 1
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError) as error:
            self._received.append({"number": self._count, "path": path, "bytes": len(raw), "body": "(not JSON)"})
            raise RefusedRequestError("We could not parse the JSON body of your request.") from error
        shown = body if len(raw) <= _KEPT_BYTES else "(too long to keep)"
        self._received.append({"number": self._count, "path": path, "bytes": len(raw), "body": shown})
        return body

    def _headers(self) -> dict[str, str]:
        return {
            "x-request-id": f"req_demo_{self._count}",
            "x-ratelimit-limit-requests": str(_RATE_LIMIT),
            "x-ratelimit-remaining-requests": str(_RATE_LIMIT - self._count % _RATE_LIMIT),
            "x-ratelimit-reset-requests": "6ms",
        }

    async def _stream(self, request: web.Request, headers: dict[str, str], streamed: Iterable[Json]) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers | {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"})
        await response.prepare(request)
        for number, chunk in enumerate(streamed):
            await asyncio.sleep(_pause(self._settings.delay_s, number))
            await response.write(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode(errors="replace"))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response


def _respond(body: object) -> tuple[ChatRequest, list[Choice]]:
    asked = read_request(body)
    if asked.model.endswith("-busy"):
        raise RefusedRequestError("Rate limit reached for requests.", status=429, kind="requests", code="rate_limit_exceeded")
    try:
        return asked, choices(asked, answer(asked.prompt))
    except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
        # Tools and schemas are of the caller's making; the sampler trusts their form instead of validating all of JSON Schema.
        raise RefusedRequestError("A tool or schema of this request is not well formed.", code="invalid_schema") from error


def _pause(delay_s: float, number: int) -> float:
    """Between two thirds and four thirds of the mean, by turns that look irregular."""
    return delay_s * (2 / 3 + (number * 37 % 64) / 96)


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "oddgate-demo"}


def _dumps_readably(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


@web.middleware
async def _errors_in_dialect(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedRequestError as error:
        return _error(error)
    except web.HTTPRequestEntityTooLarge:
        return _error(RefusedRequestError("The body is too large.", status=413))
    except web.HTTPNotFound:
        return _error(RefusedRequestError(f"Invalid URL ({request.method} {request.path})", status=404))
    except web.HTTPMethodNotAllowed:
        return _error(RefusedRequestError(f"Not allowed to {request.method} on {request.path}.", status=405, code="method_not_supported"))


def _error(error: RefusedRequestError) -> web.Response:
    body = {"error": {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}}
    headers = {"retry-after": "1", "x-ratelimit-remaining-requests": "0"} if error.status == 429 else {}
    return web.json_response(body, status=error.status, headers=headers)
