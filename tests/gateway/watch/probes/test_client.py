"""A probe's calls, to a real server on this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bench.processes import free_port
from gateway.watch.probes.calls import Said
from gateway.watch.probes.client import MAX_ANSWER, Asker, Endpoint, FailedError, RejectedError
from tests.gateway.watch.probes.probed import Model

BODY = b'{"messages": [{"content": "He"}]}'


@asynccontextmanager
async def serving(answer: object, timeout_s: float = 5) -> AsyncIterator[Asker]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with Asker({"openai": Endpoint(url, {"chat": {"Authorization": "Bearer of-the-settings"}})}, timeout_s) as asker:
            yield asker
    finally:
        await runner.cleanup()


async def test_an_answer():
    """With the settings' key, and no other credentials."""
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(body=Model(1).answer(await request.read()), content_type="application/json")

    async with serving(answer) as asker:
        said = await asker.ask("openai", "chat", BODY)
    assert isinstance(said, Said)
    assert (said.input_tokens, seen) == (20, ["Bearer of-the-settings"])


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_rejected(status: int):
    """The endpoint does not take the prompt."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with serving(answer) as asker:
        with pytest.raises(RejectedError):
            await asker.ask("openai", "chat", BODY)


@pytest.mark.parametrize(
    ("response", "why", "pause_s", "is_free"),
    [
        ({"status": 429, "headers": {"Retry-After": "77"}}, "busy", 77, True),
        ({"status": 429, "headers": {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}}, "busy", 0, True),
        ({"status": 429, "headers": {"Retry-After": "999999999999999999"}}, "busy", 86400, True),
        ({"status": 529}, "busy", 0, True),
        ({"status": 401}, "refused", 0, True),
        ({"status": 500}, "refused", 0, True),
        ({"status": 302, "headers": {"Location": "/elsewhere"}}, "refused", 0, True),
        ({"body": b"<html>"}, "unusable", 0, False),
        ({"body": b"{" * (MAX_ANSWER + 1)}, "unusable", 0, False),
        ({"body": b"x", "headers": {"Content-Encoding": "gzip"}}, "unusable", 0, False),
    ],
)  # fmt: skip
async def test_failures(response: dict, why: str, pause_s: float, is_free: bool):
    """Each in a word, with how long the endpoint asks to be left alone."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(**response)

    async with serving(answer) as asker:
        with pytest.raises(FailedError) as caught:
            await asker.ask("openai", "chat", BODY)
    assert (caught.value.why, caught.value.pause_s, caught.value.is_free) == (why, pause_s, is_free)


async def test_a_timeout():
    """Who takes too long is given up."""

    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.Response()

    async with serving(answer, timeout_s=0.1) as asker:
        with pytest.raises(FailedError, match="timeout"):
            await asker.ask("openai", "chat", BODY)


async def test_nobody_there():
    """An endpoint that cannot be reached."""
    async with Asker({"openai": Endpoint(f"http://127.0.0.1:{free_port()}", {"chat": {}})}, 5) as asker:
        with pytest.raises(FailedError, match="unreachable"):
            await asker.ask("openai", "chat", BODY)


def test_no_key_is_shown():
    """Neither in a representation nor in an error."""
    assert "of-the-settings" not in repr(Endpoint("http://x", {"chat": {"Authorization": "Bearer of-the-settings"}}))
