"""One endpoint over pooled connections: what it is sent, what comes back, and what each way of failing is called."""

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bench.processes import free_port
from gateway.config.serving import Upstream as Settings
from gateway.errors import UpstreamError, UpstreamTimeout
from gateway.proxy.http import Headers, Target, UpstreamAnswer
from gateway.proxy.upstream import Unreachable, Upstream
from tests.support.faulty_upstream import Exchange, FaultyUpstream, completion
from tests.support.raw_client import chat

HEADERS = [("Content-Type", "application/json")]
PATH = "/v1/chat/completions"


@asynccontextmanager
async def opened(base_url: str, **settings: object) -> AsyncIterator[Upstream]:
    shape = {"connect_timeout_s": 0.5, "idle_timeout_s": 0.5, "timeout_s": 3}
    upstream = Upstream(Settings.model_validate({"name": "u", "base_url": base_url} | shape | settings), 10)
    await upstream.open()
    try:
        yield upstream
    finally:
        await upstream.close()


@asynccontextmanager
async def sent(
    upstream: Upstream, body: bytes, headers: Headers = HEADERS, path: str = PATH, method: str = "POST", family: str = "openai"
) -> AsyncIterator[UpstreamAnswer]:
    answer = await upstream.send(Target(method, path, family, "m"), headers, body)
    try:
        yield answer
    finally:
        answer.close()


@asynccontextmanager
async def world(extra: dict | None = None, **settings: object) -> AsyncIterator[tuple[FaultyUpstream, Upstream]]:
    async with FaultyUpstream(extra=extra or {}).running() as faulty, opened(faulty.url, **settings) as upstream:
        yield faulty, upstream


async def ask(
    upstream: Upstream, model: str, headers: list[tuple[str, str]] = HEADERS, path: str = PATH
) -> tuple[int, dict[str, str], bytes]:
    async with sent(upstream, chat(model), headers, path) as answer:
        body = b"".join([chunk async for chunk in answer.chunks])
        return answer.status, {name.lower(): value for name, value in answer.headers}, body


async def test_what_is_sent():
    """Method, path and body as they are, the given headers, and of our own only what the connection needs."""
    async with world() as (faulty, upstream):
        status, _, body = await ask(upstream, "well", [*HEADERS, ("X-New", "a")], f"{PATH}?api-version=2024-10-21")
        assert (status, body) == (200, completion())
        got = faulty.last
        assert (got.path, got.body, got.headers["x-new"]) == (f"{PATH}?api-version=2024-10-21", chat("well"), "a")
        assert set(got.headers) == {"host", "content-type", "x-new", "accept-encoding", "content-length"}


async def test_a_request_without_a_body():
    """It has none, not an empty one."""
    async with world({"list": lambda exchange: exchange.answer(b"{}")}) as (faulty, upstream):
        with contextlib.suppress(UpstreamError):
            async with sent(upstream, b"", [], "/v1/models", "GET") as answer:
                assert answer.status
        assert (faulty.last.path, faulty.last.body) == ("/v1/models", b"")
        assert "content-length" not in faulty.last.headers or faulty.last.headers["content-length"] == "0"


async def test_the_settings_own_headers_and_key():
    """They replace the client's of the same name."""
    settings = {"api_key": "own-key", "headers": {"OpenAI-Organization": "org"}}
    async with world(**settings) as (faulty, upstream):
        await ask(upstream, "well", [*HEADERS, ("openai-organization", "theirs"), ("authorization", "Bearer theirs"), ("X-Else", "y")])
        headers = faulty.last.headers
        assert (headers["authorization"], headers["openai-organization"], headers["x-else"]) == ("Bearer own-key", "org", "y")


@pytest.mark.parametrize(
    ("family", "header"),
    [("openai", ("authorization", "Bearer own-key")), ("anthropic", ("x-api-key", "own-key")), ("azure", ("api-key", "own-key"))],
)
async def test_each_api_takes_the_key_in_its_own_header(family: str, header: tuple[str, str]):
    """The settings' key stands where the API that is asked in looks for it, and nowhere else."""
    async with world(api_key="own-key") as (faulty, upstream), sent(upstream, chat("well"), HEADERS, family=family):
        found = {name: value for name, value in faulty.last.headers.items() if name in {"authorization", "x-api-key", "api-key"}}
        assert found == dict([header])


@pytest.mark.parametrize("model", ["gzip", "br", "deflate", "without-length", "closing-after"])
async def test_codings_and_framings_are_undone(model: str):
    """What is read is the body itself."""
    async with world() as (_, upstream):
        assert (await ask(upstream, model))[2] == completion()


@pytest.mark.parametrize(
    ("model", "error", "code"),
    [
        ("reset-at-once", UpstreamError, "upstream_reset"),
        ("reset-mid-body", UpstreamError, "upstream_reset"),
        ("short-body", UpstreamError, "upstream_reset"),
        ("never-answer", UpstreamTimeout, "upstream_timeout"),
        ("stall-mid-body", UpstreamTimeout, "upstream_timeout"),
        ("not-http", UpstreamError, "upstream_invalid_response"),
        ("header-flood", UpstreamError, "upstream_invalid_response"),
    ],
)
async def test_faults(model: str, error: type[Exception], code: str):
    """Each has its code; none is taken for an upstream that never received the request; the next request is served."""
    async with world() as (_, upstream):
        with pytest.raises(error) as raised:
            await ask(upstream, model)
        assert raised.value.code == code
        assert not isinstance(raised.value, Unreachable)
        assert raised.value.__suppress_context__
        assert (await ask(upstream, "well"))[0] == 200


async def test_a_coding_that_is_none():
    """It is an answer that cannot be read."""
    async with world() as (_, upstream):
        with pytest.raises(UpstreamError):
            await ask(upstream, "broken-gzip")


async def test_the_whole_time():
    """An answer that never ends, but always moves, is cut at last."""

    async def endless(exchange: Exchange) -> None:
        await exchange.start_stream()
        await exchange.stream([b"x"] * 1000, pause_s=0.05)

    async with world({"endless": endless}, timeout_s=0.5) as (_, upstream):
        with pytest.raises(UpstreamTimeout):
            await ask(upstream, "endless")


async def test_nobody_listens():
    """Nothing was sent, so another upstream may be tried."""
    async with opened(f"http://127.0.0.1:{free_port()}") as upstream:
        with pytest.raises(Unreachable) as raised:
            await ask(upstream, "well")
        assert raised.value.code == "upstream_unreachable"


async def test_a_name_that_is_not_known():
    """The same."""
    async with opened("http://no-such-host.invalid") as upstream:
        with pytest.raises(Unreachable):
            await ask(upstream, "well")


async def test_a_connection_that_does_not_come_about():
    """Waiting for a connection sends nothing either."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with contextlib.ExitStack() as stack:
            for _ in range(8):  # more than the backlog takes, so that the next one is left without an answer
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            async with opened(f"http://127.0.0.1:{full.getsockname()[1]}", connect_timeout_s=0.2) as upstream:
                with pytest.raises(Unreachable):
                    await ask(upstream, "well")


async def test_no_tls_where_tls_should_be():
    """A failed handshake sends nothing."""
    async with FaultyUpstream().running() as faulty, opened(faulty.url.replace("http:", "https:")) as upstream:
        with pytest.raises(Unreachable):
            await ask(upstream, "well")


async def test_leaving_early_closes_the_connection():
    """The upstream's work ends when nobody reads its answer any more."""
    async with world() as (faulty, upstream):
        async with sent(upstream, chat("endless-stream", stream=True)) as answer:
            assert await anext(aiter(answer.chunks))
        await faulty.is_left(faulty.last)


async def test_connections_are_kept():
    """An answer that was read to its end gives its connection back, and cookies do not stick to it."""

    async def cookies(exchange: Exchange) -> None:
        await exchange.answer(b"{}", Set_Cookie="a=b")

    async with world({"cookies": cookies}) as (faulty, upstream):
        for _ in range(5):
            await ask(upstream, "cookies")
        assert len(faulty.received) == 5
        assert all("cookie" not in received.headers for received in faulty.received)
        assert len(upstream._session.connector._conns) == 1


async def test_redirects_are_not_followed():
    """They come back as they are, for others to judge."""

    async def elsewhere(exchange: Exchange) -> None:
        await exchange.answer(b"", status="307 Temporary Redirect", Location="http://127.0.0.1:1/")

    async with world({"elsewhere": elsewhere}) as (faulty, upstream):
        assert (await ask(upstream, "elsewhere"))[0] == 307
        assert len(faulty.received) == 1


async def test_a_slow_reader_stops_the_upstream():
    """What is not read is not taken in: the upstream feels it."""
    poured = 0

    async def firehose(exchange: Exchange) -> None:
        nonlocal poured
        await exchange.start_stream()
        for _ in range(400):
            await exchange.stream([b"x" * 100_000])
            poured += 100_000

    async with world({"firehose": firehose}, idle_timeout_s=5) as (_, upstream), sent(upstream, chat("firehose")) as answer:
        chunks = aiter(answer.chunks)
        await anext(chunks)
        await asyncio.sleep(0.5)
        assert poured < 20_000_000


async def test_a_bomb_comes_in_pieces():
    """A small answer that decodes to a huge one is never in memory whole, so that a bound on its length can hold."""

    async def bomb(exchange: Exchange) -> None:
        await exchange.answer(gzip.compress(b"\0" * 100_000_000, mtime=0), Content_Encoding="gzip")

    async with world({"bomb": bomb}) as (_, upstream), sent(upstream, chat("bomb")) as answer:
        async for chunk in answer.chunks:
            assert len(chunk) < 20_000_000
            break


def test_aiohttp_is_one_that_does_not_poison_its_pool():
    """3.14.0 and 3.14.1 do."""
    assert tuple(map(int, aiohttp.__version__.split(".")[:3])) >= (3, 14, 2)
