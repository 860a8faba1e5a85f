"""The way to the collector: what is retried and what is not, and how much may wait."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.errors import UpstreamError
from gateway.otlp import forwarding as module
from gateway.otlp.forwarding import Batch, Forwarder
from gateway.proxy.http import Headers, Target, UpstreamAnswer
from gateway.wire.otlp.exports import SIGNALS, Encoding, render_answer

LOGS = SIGNALS["/v1/logs"]
Answer = tuple[int, bytes, Headers] | UpstreamError


def took(rejected: int = 0) -> Answer:
    return 200, render_answer(LOGS, Encoding.PROTOBUF, rejected, "no"), ()


def status(code: int, **headers: str) -> Answer:
    return code, b"", tuple((name.replace("_", "-"), value) for name, value in headers.items())


class World:
    """A collector that gives these answers, the last one for ever, and a clock that nobody waits for."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[Target, Headers, bytes]] = []
        self.slept: list[float] = []
        self.counts: Counter[str] = Counter()
        self.closed = 0
        self.forwarder = Forwarder(self, [("authorization", "x")], self._told, lambda: 0.5, self._sleep)

    def _told(self, signal: str, result: str, records: int) -> None:
        assert signal == "logs"
        self.counts[result] += records

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def send(self, target: Target, headers: Headers, body: bytes) -> UpstreamAnswer:
        self.sent.append((target, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, UpstreamError):
            raise answer
        code, said, told = answer

        async def chunks() -> AsyncIterator[bytes]:
            yield said

        return UpstreamAnswer(code, told, "application/x-protobuf", chunks(), self._close)

    def _close(self) -> None:
        self.closed += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Forwarder]:
        task = asyncio.get_running_loop().create_task(self.forwarder.run())
        try:
            yield self.forwarder
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def deliver(self, *batches: Batch) -> "World":
        async with self.running() as forwarder:
            for batch in batches:
                forwarder.put(batch)
            await forwarder.drain(5)
        assert (forwarder.waiting, forwarder.waiting_bytes) == (0, 0)
        return self


BATCH = Batch(LOGS, b"abc", 5)
DOWN = UpstreamError("upstream_unreachable", "no")


async def test_what_is_sent():
    """The export as it stands, to the path of its signal, with the headers that the collector asks for."""
    world = await World(took()).deliver(BATCH)
    ((target, headers, body),) = world.sent
    assert (target.method, target.path, body) == ("POST", "/v1/logs", b"abc")
    assert dict(headers) == {"Content-Type": "application/x-protobuf", "User-Agent": "oddgate", "authorization": "x"}
    assert (world.counts, world.closed) == ({"sent": 5}, 1)


@pytest.mark.parametrize(
    ("answers", "asked", "counts"),
    [
        ([took(2)], 1, {"sent": 3, "refused": 2}),
        ([took(5)], 1, {"refused": 5}),
        ([took(99)], 1, {"refused": 5}),
        ([(200, b"<html>", ())], 1, {"sent": 5}),
        ([(200, b"x" * 100_000, ())], 1, {"sent": 5}),
        ([status(400)], 1, {"refused": 5}),
        ([status(301)], 1, {"refused": 5}),
        ([status(500)], 1, {"refused": 5}),
        *(([status(code), took()], 2, {"sent": 5}) for code in (429, 502, 503, 504)),
        ([DOWN, DOWN, took()], 3, {"sent": 5}),
        ([status(503), status(401)], 2, {"refused": 5}),
    ],
)
async def test_answers(answers: list[Answer], asked: int, counts: dict[str, int]):
    """What a collector may take later is sent again; what it refuses, or has answered for, is not. Every record is counted once."""
    world = await World(*answers).deliver(BATCH)
    assert (len(world.sent), world.counts) == (asked, counts)
    assert len(world.slept) == asked - 1


async def test_patience():
    """Each wait is longer than the one before, up to a bound; and some time it is enough."""
    world = await World(DOWN).deliver(BATCH)
    assert world.counts == {"given_up": 5}
    assert world.slept[:6] == [0.75, 1.5, 3.0, 6.0, 12.0, 22.5]
    assert max(world.slept) == 22.5
    assert sum(world.slept) <= 300 < sum(world.slept) + 22.5


@pytest.mark.parametrize(
    ("said", "slept"), [("7", 7.0), ("0", 0.75), ("100000", 30.0), ("-1", 0.75), ("soon", 0.75), ("²", 0.75), ("9" * 30, 0.75)]
)
async def test_retry_after(said: str, slept: float):
    """What the collector asks for is granted, within bounds."""
    assert (await World(status(429, Retry_After=said), took()).deliver(BATCH)).slept == [slept]


async def test_room(monkeypatch: pytest.MonkeyPatch):
    """As many exports may wait, and as many bytes, those under way among them."""
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 10)
    forwarder = World(took()).forwarder
    assert (forwarder.has_room(10), forwarder.has_room(11)) == (True, False)
    forwarder.put(BATCH)
    assert (forwarder.has_room(7), forwarder.has_room(8)) == (True, False)
    forwarder.put(BATCH)
    assert not forwarder.has_room(0)


async def test_what_is_left_at_the_end(monkeypatch: pytest.MonkeyPatch):
    """Is given up, and counted: what waits, and what is under way."""

    async def never(_: float) -> None:
        await asyncio.Event().wait()

    world = World(DOWN)
    monkeypatch.setattr(world.forwarder, "_sleep", never)
    async with world.running() as forwarder:
        forwarder.put(BATCH)
        forwarder.put(BATCH)
        await forwarder.drain(0.01)
    assert world.counts == {"given_up": 10}
