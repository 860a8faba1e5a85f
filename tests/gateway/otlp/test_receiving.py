"""One export through the receiver, with a writer that keeps what it is given. What is said over real HTTP is in tests/integration."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from gateway.config.serving import App
from gateway.otlp import forwarding
from gateway.otlp.forwarding import Forwarder
from gateway.otlp.receiving import Receiving, receive
from gateway.proxy.apps import Apps
from gateway.telemetry.observed import Seen
from gateway.wire.otlp.exports import SIGNALS
from tests.gateway.proxy.test_handler import World as Exchange
from tests.support.guards import rule

REDACT = rule("r", "redact", scope=["telemetry"])
BLOCK = rule("b", "block", scope=["telemetry"])


class World(Exchange):
    """A receiver with a collector that is never asked: what waits for it is in ``waiting``."""

    def __init__(self, *rules: Any, token: str | None = None, apps: tuple[App, ...] = (), **keys: Any) -> None:
        super().__init__(*rules, **keys)
        self.counts: list[tuple[str, str, int]] = []
        self.forwarder = Forwarder(self, (), lambda *told: None, lambda: 0.5)
        self.receiving = Receiving(replace(self.parts, apps=Apps(apps)), self, token, self.forwarder)

    def telemetry_received(self, signal: str, result: str, records: int) -> None:
        self.counts.append((signal, result, records))

    def telemetry_left_out(self, signal: str, what: str, number: int) -> None:
        self.counts.append((signal, what, number))

    async def take(self, *bodies: str, method: str = "POST", raw: bytes | None = None, **said: str) -> "World":
        world = self
        records = [{"body": {"stringValue": body}} for body in bodies]
        sent = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode() if raw is None else raw

        class Request:
            path, query = "/v1/logs", ""
            headers = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in said.items()}

            def header_items(self) -> tuple[tuple[str, str], ...]:
                return tuple(self.headers.items())

            async def body(self) -> bytes:
                return sent

        request = Request()
        request.method = method
        await receive(world.receiving, request, world)
        return self

    def waiting(self) -> list[str]:
        batches = [self.forwarder._queue.get_nowait() for _ in range(self.forwarder._queue.qsize())]
        messages = [SIGNALS["/v1/logs"].request.FromString(batch.body) for batch in batches]
        return [record.body.string_value for message in messages for record in message.resource_logs[0].scope_logs[0].log_records]

    @property
    def code(self) -> str:
        return json.loads(self.written)["message"].partition(":")[0]


async def test_an_export():
    """It is redacted, recorded before it is answered, counted, and waits for the collector."""
    world = await World(REDACT).take("a", "no 12345678 here")
    assert (world.status, world.written) == (200, b"{}")
    assert world.waiting() == ["a", "no [NUMBER] here"]
    ((record, before),) = world.records
    assert (record["surface"], record["status"], record["decision"], before) == ("otlp", 200, "redact", b"")
    assert world.counts == [("logs", "accepted", 2), ("logs", "blocked", 0), ("logs", "attributes", 0), ("logs", "unknown_bytes", 0)]


async def test_large_ones():
    """What is read beside the loop is read like any other."""
    world = await World(REDACT).take("12345678", "x" * 100_000)
    assert world.waiting() == ["[NUMBER]", "x" * 100_000]


async def test_a_collector_that_does_not_keep_up(monkeypatch: pytest.MonkeyPatch):
    """The sender is told to try again later, and the export is not kept."""
    monkeypatch.setattr(forwarding, "MAX_WAITING", 1)
    world = World(REDACT)
    await world.take("first")
    await world.take("second")
    assert (world.status, world.code, world.headers["Retry-After"]) == (503, "collector_unavailable", "5")
    assert [record["outcome"] for record, _ in world.records] == ["completed", "collector_unavailable"]
    assert world.waiting() == ["first"]


async def test_a_record_that_cannot_be_written():
    """Then nothing goes on: the sender tries again."""
    world = await World(REDACT, journal_fails=True).take("a")
    assert (world.status, world.code, world.waiting()) == (503, "journal_unavailable", [])


async def test_no_collector():
    """What is received goes no further, and is recorded all the same."""
    world = World(BLOCK)
    world.receiving = replace(world.receiving, forwarder=None)
    await world.take("12345678", "a")
    assert json.loads(world.written)["partialSuccess"]["rejectedLogRecords"] == "1"
    assert world.records[0][0]["rows"]["blocked"] == 1


async def test_a_policy_that_says_nothing_of_telemetry():
    """Nothing of an export goes on that no rule looks at."""
    world = await World(rule("r", "block")).take("a")
    assert (world.status, world.code, world.waiting()) == (403, "telemetry_unguarded", [])


@pytest.mark.parametrize(("given", "status"), [("Bearer hush", 200), ("Bearer hus", 401), ("Bearer hush2", 401), ("", 401)])
async def test_the_token(given: str, status: int):
    """Where there is one, nobody is served without it."""
    world = await World(REDACT, token="hush").take("a", authorization=given)
    assert (world.status, len(world.waiting())) == (status, 1 if status == 200 else 0)
    assert b"hush" not in world.written


@pytest.mark.parametrize(("key", "status", "app"), [("shop-key", 200, "shop"), ("other", 401, "")])
async def test_applications(key: str, status: int, app: str):
    """Where they are configured, an export comes with the key of one of them, and is recorded as its."""
    apps = (App.model_validate({"name": "shop", "key": "shop-key"}, context={"env": {}}),)
    world = await World(REDACT, apps=apps).take("a", x_api_key=key)
    assert (world.status, world.records[0][0]["app"]) == (status, app)


async def test_a_fault_of_ours():
    """Is answered and told by its type, and nothing goes on."""
    world = World(REDACT)

    def fails(*_: Any) -> Any:
        raise KeyError("12345678")

    world.receiving = replace(world.receiving, parts=replace(world.receiving.parts, choose_plan=fails))
    await world.take("12345678")
    assert (world.status, world.code, world.waiting()) == (500, "internal_error", [])
    assert [type(fault) for fault in world.faults] == [KeyError]
    assert b"12345678" not in world.written


async def test_another_method():
    """An export is posted."""
    world = await World(REDACT).take("a", method="GET")
    assert (world.status, world.code, world.headers["Allow"]) == (405, "method_not_allowed", "POST")


async def test_an_answer_in_protobuf():
    """What comes in protobuf is answered in it, errors too."""
    world = await World(REDACT).take(raw=b"", content_type="application/x-protobuf")
    assert (world.status, world.headers["Content-Type"], world.written) == (200, "application/x-protobuf", b"")
    await world.take(raw=b"\xff", content_type="application/x-protobuf")
    assert (world.status, world.headers["Content-Type"]) == (400, "application/x-protobuf")
    assert world.waiting() == []


class Spooled:
    """What was put by for the watch."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []

    def put(self, seen: Iterable[Seen], size: int) -> None:
        assert size > 0
        self.seen.extend(seen)


@pytest.mark.parametrize(
    ("rules", "bodies"),
    [
        ((REDACT,), ["a", "no [NUMBER] here"]),
        ((BLOCK,), ["a"]),
        ((rule("f", "flag", scope=["telemetry"]),), ["", ""]),
        ((rule("s", "redact", scope=["telemetry"], mode="shadow"), REDACT), ["", ""]),
    ],
)
async def test_what_is_put_by(rules: tuple[Any, ...], bodies: list[str]):
    """What went on is put by for the watch as well; its texts only where a policy took out all that it found."""
    world, spooled = World(*rules), Spooled()
    world.receiving = replace(world.receiving, spool=spooled)
    await world.take("a", "no 12345678 here")
    assert [(each.source, each.body) for each in spooled.seen] == [("otlp", body) for body in bodies]


async def test_what_is_not_put_by():
    """Nothing is that could not be recorded, or of which nothing is left."""
    for world, body in ((World(REDACT, journal_fails=True), "a"), (World(BLOCK), "12345678")):
        spooled = Spooled()
        world.receiving = replace(world.receiving, spool=spooled)
        await world.take(body)
        assert [each for each in spooled.seen if each.body] == []
