"""The way back: our headers on every answer, and the record before its last byte."""

import json

import pytest

from gateway.errors import BadRequest, PolicyViolation, UpstreamError
from gateway.proxy.http import Headers
from gateway.proxy.reply import EVENT_STREAM, Reply
from gateway.telemetry.record import Exchange
from policies.verdict import Action

OURS = ("x-oddgate-request-id", "x-oddgate-decision", "x-oddgate-policy", "x-oddgate-overhead-ms")


class Transcript:
    """A writer, a journal and a clock that keep one list of what happened."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.written = b""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.has_started = False
        self.disk_fails = False
        self.overhead_s = 0.0
        self.now = 10.0

    async def send(self, status: int, headers: Headers, body: bytes) -> None:
        await self.start(status, headers)
        self.written += body

    async def start(self, status: int, headers: Headers) -> None:
        self.happened.append("start")
        self.has_started, self.status, self.headers = True, status, dict(headers)

    async def write(self, data: bytes) -> None:
        self.happened.append("write")
        self.written += data
        self.now += 1.0

    async def finish(self) -> None:
        self.happened.append("finish")

    def record(self, exchange: Exchange) -> None:
        self.happened.append("record")
        self.overhead_s = exchange.overhead_s(exchange.end)
        if self.disk_fails:
            raise OSError

    def clock(self) -> float:
        return self.now


@pytest.fixture
def world() -> Transcript:
    return Transcript()


@pytest.fixture
def exchange() -> Exchange:
    return Exchange("req_1", 1e9, 9.5, policy="p@1", upstream_s=0.25)


@pytest.fixture
def reply(world: Transcript, exchange: Exchange) -> Reply:
    return Reply(exchange, world, world.record, world.clock)


def error(world: Transcript) -> dict:
    return json.loads(world.written.removeprefix(b"data: "))["error"]


async def test_a_whole_answer(reply: Reply, world: Transcript, exchange: Exchange):
    """It is recorded, then sent, with the upstream's headers and ours."""
    exchange.request.raise_to(Action.TOKENIZE)
    await reply.send(201, [("X-RateLimit", "5"), ("Server", "x")], b"body")
    assert world.happened == ["record", "start"]
    assert (world.status, world.written) == (201, b"body")
    assert world.headers == {
        "X-RateLimit": "5", "x-oddgate-request-id": "req_1", "x-oddgate-decision": "redact", "x-oddgate-policy": "p@1",
        "x-oddgate-overhead-ms": "250.000",
    }  # fmt: skip
    assert (exchange.status, exchange.response_bytes, exchange.first_byte, exchange.end, exchange.is_recorded) == (201, 4, 10.0, 10.0, True)


async def test_a_stream(reply: Reply, world: Transcript, exchange: Exchange):
    """Headers come with the first piece that has bytes, the record before the last piece; waiting for the client is no overhead."""
    for piece in (b"", b"a", b"b"):
        await reply.write(200, [EVENT_STREAM], piece)
    await reply.finish(200, [EVENT_STREAM], b"c")
    assert world.happened == ["start", "write", "write", "record", "write", "finish"]
    assert (world.written, exchange.response_bytes, exchange.first_byte) == (b"abc", 3, 10.0)
    assert all(name in world.headers for name in OURS)
    assert world.overhead_s == 0.25


async def test_an_error_before_anything_was_sent(reply: Reply, world: Transcript, exchange: Exchange):
    """It has its status, the dialect's shape and our headers, and it is the exchange's outcome."""
    await reply.fail(BadRequest("invalid_body", "model must be a string.", "model"))
    assert world.happened == ["record", "start"]
    assert (world.status, error(world)["code"], error(world)["param"], exchange.outcome) == (400, "invalid_body", "model", "invalid_body")
    assert all(name in world.headers for name in OURS)


async def test_no_policy_was_chosen(reply: Reply, world: Transcript, exchange: Exchange):
    """The header is there all the same."""
    exchange.policy = ""
    await reply.fail(BadRequest("invalid_json", "no"))
    assert world.headers["x-oddgate-policy"] == "none"


async def test_an_error_in_mid_stream(reply: Reply, world: Transcript, exchange: Exchange):
    """It is an event of the stream, which then ends as HTTP wants it; the record comes before."""
    await reply.write(200, [EVENT_STREAM], b"data: {}\n\n")
    await reply.fail(UpstreamError("upstream_reset", "The upstream closed the connection."))
    assert world.happened == ["start", "write", "record", "write", "finish"]
    assert world.written.startswith(b'data: {}\n\ndata: {"error":')
    assert world.written.endswith(b"}\n\n")
    assert (exchange.outcome, exchange.status) == ("upstream_reset", 0)


async def test_a_record_that_cannot_be_written(reply: Reply, world: Transcript, exchange: Exchange):
    """The answer is not sent; the client hears that the journal is unavailable, once."""
    world.disk_fails = True
    with pytest.raises(Exception, match="journal_unavailable") as raised:
        await reply.send(200, [], b"the answer")
    await reply.fail(raised.value)
    assert (world.status, error(world)["code"], exchange.outcome) == (503, "journal_unavailable", "journal_unavailable")
    assert b"the answer" not in world.written
    assert world.happened.count("start") == 1


async def test_a_stream_whose_record_cannot_be_written(reply: Reply, world: Transcript):
    """Its last piece is not sent; the stream ends with the error."""
    await reply.write(200, [EVENT_STREAM], b"data: a\n\n")
    world.disk_fails = True
    with pytest.raises(Exception, match="journal_unavailable") as raised:
        await reply.finish(200, [EVENT_STREAM], b"data: the rest\n\n")
    await reply.fail(raised.value)
    assert b"the rest" not in world.written
    assert b"journal_unavailable" in world.written
    assert world.happened[-1] == "finish"


async def test_an_error_whose_record_cannot_be_written(reply: Reply, world: Transcript):
    """The client hears of the journal."""
    world.disk_fails = True
    await reply.fail(PolicyViolation("no", ("r",), ("why",)))
    assert (world.status, error(world)["code"]) == (503, "journal_unavailable")


async def test_one_record(reply: Reply, world: Transcript):
    """Each exchange has one record, also when it ended without an answer, and when its last byte failed to go out."""
    await reply.send(200, [], b"")
    reply.record_late()
    assert world.happened.count("record") == 1


def test_an_exchange_without_an_answer(reply: Reply, world: Transcript, exchange: Exchange):
    """It is recorded when it is over; what it still waited for counts as waiting. A disk that fails then is nobody's to hear of."""
    exchange.waits_since = 9.75
    reply.record_late()
    assert (world.happened, exchange.upstream_s, exchange.end) == (["record"], 0.5, 10.0)
    world.disk_fails, exchange.is_recorded = True, False
    reply.record_late()
