"""A realtime session from its handshake to its last record, between two sockets that tests hold in their hands."""

import asyncio
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from detectors.contract import Disguise
from detectors.finding import Finding
from gateway.config.serving import App
from gateway.errors import (
    BadRequest,
    GatewayError,
    MethodNotAllowed,
    NotAllowed,
    PolicyViolation,
    TooLarge,
    Unauthorized,
    Unavailable,
    UpstreamError,
)
from gateway.proxy.apps import Apps
from gateway.proxy.http import ClientGone, Handshake, Headers
from gateway.proxy.measures import MeasuresInForce, seal_measures
from gateway.proxy.parts import Calls
from gateway.proxy.realtime import Conversation
from gateway.proxy.reply import Reply
from gateway.telemetry.record import Exchange
from gateway.wire.openai.realtime import Realtime
from gateway.wire.routes import Match
from policies.decide import NotChecked
from policies.subject import Subject
from tests.policies.test_measures import measure
from tests.support.guards import KEY, Names, rule
from tests.support.sessions import SessionParts, answer, say
from tests.support.waiting import eventually

END = object()


class Line:
    """One side's socket: what is put into ``incoming`` is received; an exception is raised, END closes with ``close_code``."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[Any] = asyncio.Queue()
        self.sent: list[Any] = []
        self.close_code: int | None = None
        self.closed_with: int | None = None

    def put(self, *events: Any) -> None:
        for event in events:
            self.incoming.put_nowait(json.dumps(event) if isinstance(event, dict) else event)

    async def receive(self) -> str | None:
        event = await self.incoming.get()
        if isinstance(event, Exception):
            raise event
        return None if event is END else event

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if self.closed_with is None:
            self.closed_with = code


class World(SessionParts):
    """One handshake; ``client`` and ``upstream`` are the sockets of the session that follows."""

    def __init__(self, *rules: Any, apps: tuple[App, ...] = (), refusal: Handshake | None = None, **keys: Any) -> None:
        super().__init__(*rules, **keys)
        self.apps = Apps(apps)
        self.router = self
        self.client, self.upstream = Line(), Line()
        self.has_started = False
        self.connected: list[dict[str, Any]] = []
        self.accepted: list[tuple[str, dict[str, str]]] = []
        self.sent: list[tuple[int, dict[str, str], Any]] = []
        self._refusal = refusal

    async def talk(self, query: str = "model=m", *, is_upgrade: bool = True, **headers: str) -> Exchange:
        exchange = Exchange("req_0", 0.0, 0.0)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        inbound = SimpleNamespace(
            method="GET", path="/v1/realtime", query=query, headers=given, is_upgrade=is_upgrade, header_items=lambda: tuple(given.items())
        )
        reply = Reply(exchange, self, self.record, self.clock)  # type: ignore[arg-type]
        await Conversation(self, exchange, inbound, reply).run(Match(Realtime(), "openai", "/v1/realtime"))  # type: ignore[arg-type]
        return exchange

    async def connect(self, target: Any, client: Headers, protocols: Any, calls: Calls, *, drop_credentials: bool) -> Any:
        calls.begin("mock")
        self.connected.append({"path": target.path, "model": target.model, "headers": dict(client), "protocols": protocols})
        self.connected[-1]["drop"] = drop_credentials
        settings = SimpleNamespace(max_response_mb=1)
        return SimpleNamespace(name="mock", settings=settings), self._refusal or Handshake(101, (), self.upstream, "realtime")

    async def accept(self, protocol: str, headers: Headers) -> Any:
        self.accepted.append((protocol, dict(headers)))
        return self.client

    async def send(self, status: int, headers: Headers, body: bytes) -> None:
        self.sent.append((status, dict(headers), json.loads(body)))


@pytest.mark.parametrize(
    ("headers", "apps", "error"),
    [
        ({}, (App(name="shop", key="k"),), Unauthorized),
        ({"authorization": "Bearer wrong"}, (App(name="shop", key="k"),), Unauthorized),
        ({"sec_websocket_protocol": "realtime, openai-insecure-api-key.wrong"}, (App(name="shop", key="k"),), Unauthorized),
        ({"sec_websocket_protocol": "not a protocol"}, (), BadRequest),
    ],
)
async def test_who_is_not_let_in(headers: Mapping[str, str], apps: tuple[App, ...], error: type[GatewayError]):
    """Nothing is asked of the endpoint."""
    world = World(apps=apps)
    with pytest.raises(error):
        await world.talk(**headers)
    assert (world.connected, world.accepted) == ([], [])


async def test_a_request_that_is_no_handshake():
    """It hears what the path is for."""
    with pytest.raises(MethodNotAllowed):
        await World().talk(is_upgrade=False)


async def test_a_query_that_a_rule_blocks():
    """It is a text like others."""
    world = World(rule("all", "block"), detectors=[_Everything()])
    with pytest.raises(PolicyViolation):
        await world.talk("model=m&call_id=12345678")
    assert world.connected == []


class _Everything:
    """Finds every text."""

    name, digest, lookbehind = "pii", "everything", 0
    disguises = frozenset[Disguise]()

    def scan(self, text: str, start: int = 0) -> list[Any]:
        return [Finding("pii", "pii.TEXT", 0, len(text), 0.9)]

    def settled(self, text: str, start: int = 0) -> int:
        return len(text)


@pytest.mark.parametrize("by", ["header", "subprotocol"])
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_key(by: str, is_known: bool):
    """By a header, or by the subprotocol of a browser: it tells who is calling, and goes on only where credentials do."""
    world = World(apps=(App(name="shop", key="k"),) if is_known else ())
    world.client.put(END)
    headers = {"authorization": "Bearer k"} if by == "header" else {"sec_websocket_protocol": "realtime, openai-insecure-api-key.k"}
    exchange = await world.talk(**headers, sec_websocket_key="x", origin="https://shop.example")
    (asked,) = world.connected
    assert (exchange.app, asked["drop"]) == ("shop" if is_known else "", is_known)
    assert {name.lower(): value for name, value in asked["headers"].items()} == {"authorization": "Bearer k"}
    assert asked["protocols"] == (("realtime",) if by == "subprotocol" else ())


async def test_whose_session_it_is():
    """The labels of the handshake, beside whatever key; each turn is decided for the same user, and on the same side of a rollout."""
    world = World(apps=(App(name="shop", key="k", policy="own"),))
    world.upstream.put(*answer(["hello"], "a"), *answer(["and"], "b"), END)
    await world.talk(sec_websocket_protocol="realtime, openai-insecure-api-key.k", x_oddgate_user="u", x_oddgate_session="s")
    assert len(world.records) == len(world.chosen) > 1
    assert set(world.chosen) == {(Subject("shop", "m", "realtime", "u", "s"), "own", "req_0")}


async def test_the_endpoint_is_asked_first():
    """Its refusal is the answer to the handshake, with its own status; and it has its record."""
    world = World(refusal=Handshake(429, (("Retry-After", "3"), ("Content-Type", "text/plain"), ("Sec-WebSocket-Accept", "x")), None))
    exchange = await world.talk()
    ((status, headers, body),) = world.sent
    assert (status, headers["Retry-After"], headers["Content-Type"]) == (429, "3", "application/json")
    assert body["error"]["oddgate"]["request_id"] == "req_0"
    assert "Sec-WebSocket-Accept" not in headers
    assert (world.accepted, exchange.outcome, world.records[0]["status"]) == ([], "upstream_error", 429)


async def test_a_session():
    """What either side says reaches the other, guarded, and the session ends with the client."""
    world = World(rule("mails", "tokenize"))
    talking = asyncio.ensure_future(world.talk("model=gpt&intent=x"))
    world.client.put(say("ann@example.org"))
    await eventually(lambda: world.upstream.sent)
    placeholder = world.upstream.sent[0]["item"]["content"][0]["text"]
    world.upstream.put(*answer([f"To {placeholder}."]))
    await eventually(lambda: world.client.sent and world.client.sent[-1]["type"] == "response.done")
    assert world.client.sent[-1]["response"]["output"][0]["content"][0]["text"] == "To ann@example.org."
    world.client.put(END)
    await talking
    assert world.connected[0]["path"] == "/v1/realtime?model=gpt&intent=x"
    ((protocol, headers),) = world.accepted
    assert (protocol, headers["x-oddgate-request-id"]) == ("realtime", "req_0")
    assert [(record["outcome"], record["status"]) for record in world.records] == [("completed", 101)]
    assert (world.upstream.closed_with, world.faults) == (1000, [])


@pytest.mark.parametrize(
    ("side", "event", "code", "outcome"),
    [
        ("client", END, 1000, "completed"),
        ("client", ClientGone(), 1000, "completed"),
        ("client", BadRequest("invalid_body", "Binary."), 1003, "invalid_body"),
        ("client", TooLarge("body_too_large", "Large."), 1009, "body_too_large"),
        ("upstream", END, 1001, "completed"),
        ("upstream", UpstreamError("upstream_reset", "Gone."), 1011, "upstream_reset"),
        ("upstream", ValueError("secret"), 1011, "internal_error"),
    ],
)
async def test_how_a_session_ends(side: str, event: Any, code: int, outcome: str):
    """Both sides are closed, the client is told why, and there is a record."""
    world = World()
    world.upstream.close_code = 1001
    getattr(world, side).put(event)
    await world.talk()
    assert (world.client.closed_with, world.upstream.closed_with) == (code, 1000)
    assert [record["outcome"] for record in world.records] == [outcome]
    assert [told["error"]["code"] for told in world.client.sent] == ([] if outcome == "completed" else [outcome])
    assert "secret" not in json.dumps(world.client.sent)


@pytest.mark.parametrize(("side", "outcome"), [("client", "client_disconnected"), ("upstream", "upstream_reset")])
async def test_a_session_that_ends_in_mid_response(side: str, outcome: str):
    """Is no completed one."""
    world = World()
    world.upstream.put(*answer(["Hi"])[:4])
    talking = asyncio.ensure_future(world.talk())
    await eventually(lambda: len(world.client.sent) == 4)
    getattr(world, side).put(END)
    await talking
    assert [record["outcome"] for record in world.records] == [outcome]


async def test_a_client_that_vanishes():
    """The engine cancels the session: the upstream is closed, and there is a record."""
    world = World()
    talking = asyncio.ensure_future(world.talk())
    await eventually(lambda: world.accepted)
    await asyncio.sleep(0)
    talking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talking
    assert (world.upstream.closed_with, len(world.records)) == (1000, 1)


def told(line: Line, *kinds: str) -> list[Any]:
    return [event for event in line.sent if event["type"] in kinds]


async def test_the_gateway_stops_between_two_responses():
    """The session ends at once: the client is told why, both sides are closed, and there is a record."""
    world = World()
    talking = asyncio.ensure_future(world.talk())
    world.upstream.put(*answer(["Hi"]))
    await eventually(lambda: told(world.client, "response.done"))
    world.client.put(say("And"))
    await eventually(lambda: world.upstream.sent)
    world.shutdown.begun.set()
    await asyncio.wait_for(talking, 60)
    assert [event["error"]["code"] for event in told(world.client, "error")] == ["shutting_down"]
    assert (world.client.closed_with, world.upstream.closed_with) == (1001, 1000)
    assert [record["outcome"] for record in world.records] == ["completed", "shutting_down"]


@pytest.mark.parametrize("has_begun", [True, False])
async def test_the_gateway_stops_in_mid_response(has_begun: bool):
    """What is asked for or under way comes to its end first; nothing new is begun, and nothing else is kept from the endpoint."""
    world, events = World(), answer(["Hi", " there"])
    talking = asyncio.ensure_future(world.talk())
    world.client.put({"type": "response.create"})
    await eventually(lambda: world.upstream.sent)
    if has_begun:
        world.upstream.put(*events[:4])
        await eventually(lambda: len(world.client.sent) == 4)
    world.shutdown.begun.set()
    world.client.put({"type": "response.create", "event_id": "mine"}, {"type": "response.cancel", "response_id": "r"})
    await eventually(lambda: len(world.upstream.sent) == 2)
    assert [event["type"] for event in world.upstream.sent] == ["response.create", "response.cancel"]
    (refused,) = told(world.client, "error")
    assert (refused["error"]["code"], refused["error"]["event_id"]) == ("shutting_down", "mine")
    world.upstream.put(*events[4 if has_begun else 0 :])
    await asyncio.wait_for(talking, 60)
    assert (len(told(world.client, "response.done")), world.client.sent[-1]["error"]["code"]) == (1, "shutting_down")
    assert (world.client.closed_with, world.records[0]["outcome"]) == (1001, "completed")


async def test_the_gateway_has_waited_long_enough():
    """A response that does not end is cut, and is no completed one."""
    world = World()
    talking = asyncio.ensure_future(world.talk())
    world.upstream.put(*answer(["Hi"])[:4])
    await eventually(lambda: len(world.client.sent) == 4)
    world.shutdown.begun.set()
    await asyncio.sleep(0.01)
    assert not talking.done()
    world.shutdown.over.set()
    await asyncio.wait_for(talking, 60)
    assert (world.client.sent[-1]["error"]["code"], world.client.closed_with, world.upstream.closed_with) == ("shutting_down", 1001, 1000)
    assert [record["outcome"] for record in world.records] == ["shutting_down"]


async def test_a_request_for_a_response_that_the_endpoint_refuses():
    """Is waited for no longer."""
    world = World()
    talking = asyncio.ensure_future(world.talk())
    world.client.put({"type": "response.create"})
    await eventually(lambda: world.upstream.sent)
    world.shutdown.begun.set()
    world.upstream.put({"type": "error", "event_id": "e", "error": {"type": "invalid_request_error", "message": "no"}})
    await asyncio.wait_for(talking, 60)
    assert world.client.closed_with == 1001


@pytest.mark.parametrize("while_asking", [True, False])
async def test_no_session_begins_while_the_gateway_stops(while_asking: bool):
    """A handshake is refused as one that may be tried again, and the endpoint's side of it is closed."""
    world = World()
    connect = world.connect

    async def connect_late(*args: Any, **keys: Any) -> Any:
        world.shutdown.begun.set()
        return await connect(*args, **keys)

    if while_asking:
        world.connect = connect_late  # type: ignore[method-assign]
    else:
        world.shutdown.begun.set()
    with pytest.raises(Unavailable) as caught:
        await world.talk()
    assert (caught.value.code, caught.value.status, world.accepted) == ("shutting_down", 503, [])
    assert (len(world.connected), world.upstream.closed_with) == ((1, 1000) if while_asking else (0, None))


async def test_without_a_record_no_end():
    """Where the record cannot be written, the session ends with an error instead of the end of its response."""
    world = World(journal_fails=True)
    world.upstream.put(*answer(["Hi"]))
    await world.talk()
    assert "response.done" not in [event["type"] for event in world.client.sent]
    assert (world.client.sent[-1]["error"]["code"], world.client.closed_with) == ("journal_unavailable", 1011)


@pytest.mark.parametrize(("code", "told"), [(1000, 1000), (3000, 3000), (1006, 1011), (1005, 1011), (None, 1011), (99, 1011)])
async def test_close_codes(code: int | None, told: int):
    """The endpoint's, if it may be said."""
    world = World()
    world.upstream.close_code = code
    world.upstream.put(END)
    await world.talk()
    assert world.client.closed_with == told


class _Busy(World):
    """Its pool refuses every job."""

    async def run(self, jobs: Any) -> dict[Any, Any]:
        return {job: NotChecked(job.detector.name, "overload") for job in jobs}


@pytest.mark.parametrize("side", ["client", "upstream"])
async def test_what_cannot_be_checked(side: str):
    """Does not go on, and the client hears that it may be tried again; the session does."""
    world = _Busy(rule("names", "block", scope=["user", "output"], stream="sentence", on_unavailable="block"), detectors=[Names()])
    talking = asyncio.ensure_future(world.talk())
    if side == "client":
        world.client.put(say("I am Ann."))
    else:
        world.upstream.put(answer([])[-1] | {"response": {"id": "r", "status": "completed", "output": [SPOKEN]}})
    await eventually(lambda: told(world.client, "error"))
    assert [event["error"]["code"] for event in world.client.sent] == ["guard_unavailable"]
    assert (world.upstream.sent, world.records[-1]["outcome"], world.records[-1]["decision"]) == ([], "guard_unavailable", "block")
    world.client.put(say("all is fine here"))
    await eventually(lambda: world.upstream.sent)
    world.client.put(END)
    await talking


SPOKEN = {"id": "i", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I am Ann."}]}


async def test_labels_are_on_every_record():
    """What the handshake says of the session is said of each of its turns."""
    world = World()
    world.client.put(say("first"))
    talking = asyncio.ensure_future(world.talk(x_oddgate_user="u1", x_oddgate_session="s1"))
    await eventually(lambda: len(world.upstream.sent) == 1)
    world.upstream.put(*answer(["Hi"]))
    await eventually(lambda: len(world.records) == 1)
    world.client.put(say("second"), END)
    await talking
    assert [(record["user"], record["session"], "group" in record) for record in world.records] == [("u1", "s1", False)] * 2


def quarantined(app: str) -> MeasuresInForce:
    return in_force({"quarantine": {"app": app}})


def in_force(words: dict) -> MeasuresInForce:
    made = [measure(words, expires=200.0)]
    measures = MeasuresInForce(lambda: seal_measures(made, 100.0, KEY), KEY, lambda _: 100.0, lambda: 100.0, lambda: 0.0)
    measures.refresh()
    return measures


async def test_who_is_in_quarantine():
    """Is not let in, and the endpoint is not asked."""
    world = World(apps=(App(name="shop", key="k"),))
    world.measures = quarantined("shop")
    with pytest.raises(NotAllowed):
        await world.talk(authorization="Bearer k")
    assert (world.connected, world.accepted) == ([], [])


async def test_in_quarantine_within_a_turn():
    """A turn that does not end, as no response is asked for, goes on no longer than until the client's next event."""
    world = World(apps=(App(name="shop", key="k"),))
    talking = asyncio.ensure_future(world.talk(authorization="Bearer k"))
    world.client.put(say("first"))
    await eventually(lambda: world.upstream.sent)
    world.measures = quarantined("shop")
    world.client.put(say("second"))
    await talking
    assert len(world.upstream.sent) == 1
    assert [(record["outcome"], record.get("measures")) for record in world.records] == [("quarantined", ["m:inc-1"])]


async def test_responses_that_are_asked_for_at_once():
    """Each counts for what an application is limited to, though none of them has ended yet."""
    world = World(apps=(App(name="shop", key="k"),))
    world.measures = in_force({"rate_limit": {"app": "shop", "per_minute": 12}})
    talking = asyncio.ensure_future(world.talk(authorization="Bearer k"))
    world.client.put(say("first"), *[{"type": "response.create"}] * 5)
    await talking
    assert [each["type"] for each in world.upstream.sent].count("response.create") == 2
    assert world.client.sent[-1]["error"]["code"] == "rate_limited"


async def test_who_comes_to_be_in_quarantine():
    """What is under way is said to its end; with the client's next event the session ends, and the endpoint hears no more of it."""
    world = World(apps=(App(name="shop", key="k"),))
    talking = asyncio.ensure_future(world.talk(authorization="Bearer k"))
    world.client.put(say("first"))
    await eventually(lambda: world.upstream.sent)
    world.measures = quarantined("shop")
    world.upstream.put(*answer(["Hi"]))
    await eventually(lambda: world.client.sent and world.client.sent[-1]["type"] == "response.done")
    world.client.put(say("second"))
    await talking
    assert len(world.upstream.sent) == 1
    assert world.client.sent[-1]["error"]["code"] == "quarantined"
    assert [(record["outcome"], record.get("measures")) for record in world.records] == [
        ("completed", None),
        ("quarantined", ["m:inc-1"]),
    ]
