"""The demo's I/O: an aiohttp application that hands what it reads to the surfaces, and shows what it received."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import WSMsgType, web

from gateway.demo.azure import canonical
from gateway.demo.dispatch import perform, refusal, speaks_anthropic
from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import UNREADABLE, Ask, Streamed
from gateway.demo.forms import is_form, read_form
from gateway.demo.received import Received
from gateway.demo.state import State
from gateway.demo.surfaces.realtime import RealtimeSession

Json = dict[str, Any]

_RATE_LIMIT = 10_000
_MAX_EVENT_BYTES = 16 * 1024 * 1024


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
    app = web.Application(client_max_size=settings.max_body_bytes)
    app.router.add_get("/demo/received", demo.show_received)
    app.router.add_route("*", "/{path:.*}", demo.handle)
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
        self._state = State(settings.models, clock, perform)
        self._received = Received(settings.keep)

    async def show_received(self, _: web.Request) -> web.Response:
        return web.json_response(self._received.shown(), dumps=_dumps_readably)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        heard = _heard(request)
        try:
            self._check_key(heard)
            ask = _with_body(heard, await request.read())
            self._received.keep(ask)
            if ask.headers.get("upgrade", "").lower() == "websocket":
                return await self._converse(request, canonical(ask))
            reply = perform(ask, self._state)
        except RefusedRequestError as error:
            reply = refusal(error, heard)
        except web.HTTPRequestEntityTooLarge:
            reply = refusal(RefusedRequestError("The body is too large.", status=413), heard)
        headers = self._headers(heard)
        if isinstance(reply, Streamed):
            return await self._stream(request, headers, reply)
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        return web.Response(body=body, status=reply.status, headers={**headers, **reply.headers, "Content-Type": reply.content_type})

    def _check_key(self, ask: Ask) -> None:
        key = self._settings.key
        given = {ask.headers.get("authorization", "").removeprefix("Bearer "), ask.headers.get("x-api-key"), ask.headers.get("api-key")}
        if key is not None and key not in given and not ask.path.startswith("/demo/"):
            raise RefusedRequestError("Incorrect API key provided.", status=401, code="invalid_api_key")

    def _headers(self, ask: Ask) -> dict[str, str]:
        count = self._received.count
        if speaks_anthropic(ask.path, ask.headers):
            return {"request-id": f"req_demo_{count}", "anthropic-organization-id": "oddgate-demo"}
        return {
            "x-request-id": f"req_demo_{count}",
            "x-ratelimit-limit-requests": str(_RATE_LIMIT),
            "x-ratelimit-remaining-requests": str(_RATE_LIMIT - count % _RATE_LIMIT),
            "x-ratelimit-reset-requests": "6ms",
        }

    async def _stream(self, request: web.Request, headers: dict[str, str], streamed: Streamed) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers | {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"})
        await response.prepare(request)
        for number, frame in enumerate(streamed.frames):
            await asyncio.sleep(_pause(self._settings.delay_s, number))
            await response.write(frame.encode(errors="replace"))
        await response.write_eof()
        return response

    async def _converse(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        if ask.path != "/v1/realtime":
            raise RefusedRequestError(f"Invalid URL ({ask.method} {ask.path})", status=404)
        socket = web.WebSocketResponse(protocols=("realtime",), max_msg_size=_MAX_EVENT_BYTES)
        await socket.prepare(request)
        session = RealtimeSession(ask.query.get("model") or ask.query.get("deployment") or "demo", self._state.now)
        await self._say(socket, session.open())
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._received.keep(_with_body(replace(ask, method="WEBSOCKET"), message.data.encode(errors="replace")))
                await self._say(socket, session.feed(message.data))
        return socket

    async def _say(self, socket: web.WebSocketResponse, events: Iterable[Json]) -> None:
        for number, event in enumerate(events):
            await asyncio.sleep(_pause(self._settings.delay_s, number))
            await socket.send_str(json.dumps(event))


def _heard(request: web.Request) -> Ask:
    return Ask(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers={name.lower(): value for name, value in request.headers.items()},
        origin=str(request.url.origin()),
    )


def _with_body(ask: Ask, raw: bytes) -> Ask:
    content_type = ask.headers.get("content-type", "")
    try:
        if is_form(content_type):
            return replace(ask, raw=raw, form=read_form(content_type, raw))
        return replace(ask, raw=raw, body=json.loads(raw) if raw else None)
    except (ValueError, RecursionError, RefusedRequestError):
        return replace(ask, raw=raw, body=UNREADABLE)


def _pause(delay_s: float, number: int) -> float:
    """Between two thirds and four thirds of the mean, by turns that look irregular."""
    return delay_s * (2 / 3 + (number * 37 % 64) / 96)


def _dumps_readably(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
