"""The support must be right, or what stands on it proves nothing."""

import asyncio
import json

import aiohttp
import pytest

from tests.support.faulty_upstream import PIECES, TEXT, FaultyUpstream


@pytest.fixture
async def upstream():
    async with FaultyUpstream().running() as running:
        yield running


async def _ask(upstream: FaultyUpstream, model: str, *, stream: bool = False, timeout_s: float = 1.0) -> tuple[int, bytes]:
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello there"}]}
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(f"{upstream.url}/v1/chat/completions", json=body) as response,
    ):
        return response.status, await response.read()


def _said(body: bytes) -> str:
    data = [json.loads(line[6:]) for line in body.splitlines() if line.startswith(b"data: {")]
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in data)


@pytest.mark.parametrize("model", ["well", "gzip", "br", "deflate", "without-length", "closing-after"])
async def test_answers_a_client_can_read(upstream: FaultyUpstream, model: str):
    """The well-behaved ones are well-formed, whatever their framing and encoding."""
    status, body = await _ask(upstream, model)
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, TEXT)


@pytest.mark.parametrize("model", ["well", "gzip", "br", "deflate", "comments", "unknown-events"])
async def test_streams_a_client_can_read(upstream: FaultyUpstream, model: str):
    """The same for streams."""
    status, body = await _ask(upstream, model, stream=True)
    assert (status, len(PIECES) > 5) == (200, True)
    assert body.replace(b"\r\n", b"\n").rstrip().endswith((b"data: [DONE]", b": bye"))


@pytest.mark.parametrize("model", ["reset-at-once", "reset-mid-body", "short-body", "header-flood", "not-http", "broken-gzip"])
async def test_answers_no_client_can_read(upstream: FaultyUpstream, model: str):
    """The broken ones are broken for any client."""
    with pytest.raises((aiohttp.ClientError, ValueError)):
        await _ask(upstream, model)


@pytest.mark.parametrize(
    "model", ["stall-mid-stream", "stall-mid-body", "never-answer", "slow-head", "huge-body", "endless-line", "endless-stream"]
)
async def test_answers_that_do_not_end(upstream: FaultyUpstream, model: str):
    """The endless ones go on until the client leaves, and the upstream notices that."""
    with pytest.raises(TimeoutError):
        await _ask(upstream, model, stream=True, timeout_s=0.3)
    await upstream.is_left(upstream.last)


async def test_a_stream_cut_short(upstream: FaultyUpstream):
    """What was sent before the reset arrives, so that a test can ask what became of it."""
    body = {"model": "reset-mid-stream", "stream": True, "messages": []}
    async with aiohttp.ClientSession() as session, session.post(f"{upstream.url}/v1/chat/completions", json=body) as response:
        start = await response.content.readuntil(b"\n\n")
        assert b"assistant" in start
        with pytest.raises(aiohttp.ClientError):
            await response.content.read()


async def test_it_records_what_it_received(upstream: FaultyUpstream):
    """Path, headers and body are kept as they came."""
    await _ask(upstream, "echo")
    assert (upstream.last.path, upstream.last.json["messages"][0]["content"]) == ("/v1/chat/completions", "hello there")
    assert _said((await _ask(upstream, "echo", stream=True))[1]) == "hello there"
    await asyncio.sleep(0)
    assert len(upstream.received) == 2
