"""The gateway as a process: what outlives its death, how it stops, how it takes a new policy, and what slow readers cost."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import aiohttp
import psutil
import pytest

from tests.support.faulty_upstream import TEXT, Exchange, FaultyUpstream, event, events
from tests.support.gateway import Gateway, running_gateway
from tests.support.http11 import LAST_CHUNK, Message, chunked, read_chunks, read_head, read_message
from tests.support.raw_client import ask, chat, connected, post
from tests.support.waiting import AT_MOST_S, eventually

EMAILS = "{id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: %s}"
POLICY = "name: plain\nrules:\n  - " + EMAILS + "\n"

pytestmark = pytest.mark.slow


@pytest.fixture
async def upstream(faulty_port: int):
    async with FaultyUpstream({"ten-words": _ten_words}, port=faulty_port).running() as running:
        yield running


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory, faulty_port: int) -> Iterator[Gateway]:
    """A gateway that no test ends or changes."""
    upstreams = {"*": f"http://127.0.0.1:{faulty_port}"}
    with running_gateway(tmp_path_factory.mktemp("lasting"), upstreams, policies={"plain": POLICY % "tokenize"}) as gateway:
        yield gateway


@pytest.fixture
def own(tmp_path: Path, upstream: FaultyUpstream) -> Iterator[Gateway]:
    """A gateway for one test, which may end it; without names, so that it starts quickly."""
    with running_gateway(tmp_path, {"*": upstream.url}, policies={"plain": POLICY % "tokenize"}, listen={"drain_timeout_s": 5}) as gateway:
        yield gateway


async def _ten_words(exchange: Exchange) -> None:
    """A stream of a second."""
    await exchange.start_stream()
    await exchange.stream(events(f"word{number} " for number in range(10)), pause_s=0.1)
    await exchange.send(LAST_CHUNK)


async def test_no_answered_exchange_is_missing_after_a_kill(own: Gateway, upstream: FaultyUpstream):
    """Killed without warning and under load, the gateway has a record of every exchange whose answer a client has in full."""
    answered: list[str] = []
    loads = [asyncio.create_task(_keep_asking(own, number % 2 == 0, answered)) for number in range(8)]
    await eventually(lambda: len(answered) > 200)
    own.kill()
    await asyncio.gather(*loads)
    recorded = own.records()
    assert [request_id for request_id in answered if request_id not in recorded] == []
    assert all(recorded[request_id]["outcome"] == "completed" for request_id in answered)


async def _keep_asking(gateway: Gateway, stream: bool, answered: list[str]) -> None:
    """Until the connection breaks. An exchange counts as answered once its last byte is here."""
    with suppress(OSError, asyncio.IncompleteReadError):
        async with connected(gateway.port) as (reader, writer):
            while True:
                writer.write(post(chat("well", "write to somebody@example.org", stream=stream)))
                message = await read_message(reader)
                assert message.status == 200
                answered.append(message.headers["x-oddgate-request-id"])


async def test_the_journal_goes_on_after_a_kill(own: Gateway, upstream: FaultyUpstream, tmp_path: Path):
    """The next process appends where the killed one left off, and reads like one journal."""
    first = await ask(own.port, post(chat("well")))
    own.kill()
    second_folder = tmp_path / "second"
    second_folder.mkdir()
    journal = {"dir": str(own.folder / "journal")}
    with running_gateway(second_folder, {"*": upstream.url}, policies={"plain": POLICY % "tokenize"}, journal=journal) as again:
        second = await ask(again.port, post(chat("well")))
    assert [message.headers["x-oddgate-request-id"] for message in (first, second)] == list(own.records())


async def test_stopping_drains_streams(own: Gateway, upstream: FaultyUpstream):
    """Asked to stop, the gateway takes no more connections, ends what it has begun, and is gone."""
    async with connected(own.port) as (reader, writer):
        writer.write(post(chat("ten-words", stream=True)))
        await read_head(reader)
        own.terminate()
        body = b"".join([chunk async for chunk in read_chunks(reader)])
    assert body.endswith(b"data: [DONE]\n\n")
    assert all(f"word{number} ".encode() in body for number in range(10))
    await asyncio.to_thread(own.process.wait, AT_MOST_S)
    assert own.process.returncode == 0
    with pytest.raises(OSError):
        await ask(own.port, post(chat("well")))
    assert [record["outcome"] for record in own.records().values()] == ["completed"]


async def test_stopping_does_not_wait_for_ever(own: Gateway, upstream: FaultyUpstream):
    """What outlasts the time to drain is cut, closed upstream, and recorded."""
    async with connected(own.port) as (reader, writer):
        writer.write(post(chat("lasting-stream", stream=True)))
        await read_head(reader)
        start = monotonic()
        own.terminate()
        await asyncio.to_thread(own.process.wait, AT_MOST_S)
    assert monotonic() - start > 4
    await upstream.is_left(upstream.last)
    assert len(own.records()) == 1


async def test_an_edited_policy_is_enforced(own: Gateway, upstream: FaultyUpstream):
    """A saved change is in force soon and named by its digest; a mistake leaves the last good one in force, and is told."""
    request = post(chat("well", "write to somebody@example.org"))
    before = await ask(own.port, request)
    assert before.status == 200
    policy = own.policies / "plain.yaml"

    policy.write_text(POLICY % "block")
    blocked = await _soon(own, request, 400)
    assert json.loads(blocked.body)["error"]["code"] == "content_filter"
    assert blocked.headers["x-oddgate-policy"] != before.headers["x-oddgate-policy"]

    policy.write_text(POLICY % "blokc")
    await eventually(lambda: "policies not reloaded" in own.output)
    still = await ask(own.port, request)
    assert (still.status, still.headers["x-oddgate-policy"]) == (400, blocked.headers["x-oddgate-policy"])
    assert "plain.yaml" in (await asyncio.to_thread(own.admin, "/api/v1/policy/status"))[1]

    policy.write_text(POLICY % "tokenize")
    after = await _soon(own, request, 200)
    assert after.headers["x-oddgate-policy"] == before.headers["x-oddgate-policy"]
    digests = [record["policy"] for record in own.records().values()]
    assert {digests[0], digests[-1]} == {before.headers["x-oddgate-policy"]}


async def _soon(gateway: Gateway, request: bytes, status: int) -> Message:
    async with asyncio.timeout(AT_MOST_S):
        while (message := await ask(gateway.port, request)).status != status:  # noqa: ASYNC110 (the gateway has no event for it)
            await asyncio.sleep(0.02)
    return message


async def test_exchanges_keep_the_policy_they_began_with(own: Gateway, upstream: FaultyUpstream):
    """A policy that changes in the middle of a stream is the next exchange's."""
    async with connected(own.port) as (reader, writer):
        writer.write(post(chat("ten-words", "write to somebody@example.org", stream=True)))
        _, headers = await read_head(reader)
        (own.policies / "plain.yaml").write_text(POLICY % "block")
        body = b"".join([chunk async for chunk in read_chunks(reader)])
    assert body.endswith(b"data: [DONE]\n\n")
    assert next(iter(own.records().values()))["policy"] == headers["x-oddgate-policy"]


async def test_a_slow_reader_costs_no_memory(lasting: Gateway, upstream: FaultyUpstream):
    """A client that does not read stops its upstream, instead of filling the gateway's memory."""
    process = psutil.Process(lasting.pid)
    before = process.memory_info().rss
    async with connected_slowly(lasting, 8) as heads:
        assert all("200" in first for first in heads)
        await asyncio.sleep(2)
        grown = process.memory_info().rss - before
    assert grown < 60 * 2**20
    await ask(lasting.port, post(chat("well")))


class connected_slowly:  # noqa: N801 (used like the functions it stands beside)
    """Clients that ask for an endless stream, read its head, and then nothing more."""

    def __init__(self, gateway: Gateway, count: int) -> None:
        self._gateway = gateway
        self._count = count
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> list[str]:
        heads = []
        for _ in range(self._count):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._gateway.port, limit=2**12)
            self._writers.append(writer)
            writer.write(post(chat("endless-stream", stream=True)))
            heads.append((await read_head(reader))[0])
        return heads

    async def __aexit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.transport.abort()


async def test_a_reader_that_pauses_gets_everything(lasting: Gateway, upstream: FaultyUpstream):
    """Backpressure delays, and loses nothing."""
    total = 3000

    async def long_stream(exchange: Exchange) -> None:
        await exchange.start_stream()
        for start in range(0, total, 50):
            data = b"".join(event({"content": f"line {number} of a long text\n"}) for number in range(start, start + 50))
            await exchange.send(chunked(data))
        await exchange.send(chunked(event({}, "stop") + b"data: [DONE]\n\n") + LAST_CHUNK)

    upstream.extra["long"] = long_stream
    async with connected(lasting.port) as (reader, writer):
        writer.write(post(chat("long", stream=True)))
        await read_head(reader)
        await asyncio.sleep(1)
        body = b"".join([chunk async for chunk in read_chunks(reader)])
    said = "".join(
        json.loads(line[6:])["choices"][0]["delta"].get("content", "") for line in body.splitlines() if line.startswith(b"data: {")
    )
    assert said.splitlines() == [f"line {number} of a long text" for number in range(total)]


async def test_health(lasting: Gateway, upstream: FaultyUpstream):
    """Health, readiness and metrics are on the admin side alone."""
    await ask(lasting.port, post(chat("well")))
    for path in ("/healthz", "/readyz", "/metrics"):
        status, text = await asyncio.to_thread(lasting.admin, path)
        assert status == 200
        assert "oddgate_" in text or path != "/metrics"
        async with aiohttp.ClientSession() as session, session.get(lasting.url + path) as response:
            assert response.status == 404
    assert TEXT not in text
