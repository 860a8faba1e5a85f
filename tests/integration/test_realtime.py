"""Realtime sessions through the real gateway: the official SDK sees real values, the endpoint sees none, and neither is left waiting."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from aiohttp import web

from bench.processes import free_port
from gateway.demo import DemoSettings, running_demo
from policies.load import library
from tests.support.gateway import Gateway, running_gateway
from tests.support.personal import TEXT, VALUES, leaked
from tests.support.sessions import answer
from tests.support.waiting import AT_MOST_S, eventually

EMAIL = VALUES["EMAIL_ADDRESS"]
STRICT = """
name: strict
applies_to: {models: ["strict*"]}
rules:
  - {id: said, detect: pii, scope: [user], entities: [EMAIL_ADDRESS], action: block}
  - {id: told, detect: pii, scope: [output], entities: [CREDIT_CARD], action: block}
"""
PLAIN = "name: plain\nrules:\n  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: tokenize}\n"
SEND = {
    "type": "function",
    "name": "send_email",
    "description": "Sends an e-mail.",
    "parameters": {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
}


class Endpoint:
    """An endpoint of our own: ``told`` are the events that reach it, ``serve`` is what it does with a connection."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.closed = asyncio.Event()
        self.serve: Callable[[web.WebSocketResponse], Awaitable[None]] = self.listen
        self.status = 101

    async def listen(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            self.told.append(json.loads(message.data))

    @asynccontextmanager
    async def running(self, port: int) -> AsyncIterator["Endpoint"]:
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if self.status != 101:
            return web.json_response({"error": {"message": EMAIL}}, status=self.status)
        socket = web.WebSocketResponse(protocols=("realtime",), timeout=0.1)
        await socket.prepare(request)
        try:
            await self.serve(socket)
        finally:
            self.closed.set()
        return socket


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, ports: tuple[int, int]) -> Iterator[Gateway]:
    demo, endpoint = (f"http://127.0.0.1:{port}" for port in ports)
    upstreams = {"own*": {"base_url": endpoint, "idle_timeout_s": 20}, "keyed*": {"base_url": endpoint, "api_key": "ours"}, "*": demo}
    policies = {"default": (library() / "default.yaml").read_text(), "strict": STRICT}
    with running_gateway(tmp_path_factory.mktemp("realtime"), upstreams, policies=policies, listen={"max_body_mb": 1}) as running:
        yield running


@pytest.fixture
async def demo(ports: tuple[int, int]) -> AsyncIterator[str]:
    async with running_demo(DemoSettings(delay_s=0.001), port=ports[0]) as url:
        yield url


@pytest.fixture
async def endpoint(ports: tuple[int, int]) -> AsyncIterator[Endpoint]:
    async with Endpoint().running(ports[1]) as running:
        yield running


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="theirs", max_retries=0) as client:
        yield client


async def _received(demo: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{demo}/demo/received") as response:
        return json.dumps(await response.json(), ensure_ascii=False)


async def _say(connection: Any, text: str) -> None:
    await connection.conversation.item.create(item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})


async def _until(connection: Any, kind: str) -> list[Any]:
    """The events up to one of this type."""
    events = []
    async with asyncio.timeout(AT_MOST_S):
        while not events or events[-1].type != kind:
            events.append(await connection.recv())
    return events


async def _ask(connection: Any, text: str) -> list[Any]:
    await _say(connection, text)
    await connection.response.create()
    return await _until(connection, "response.done")


def _said(events: list[Any], kind: str = "response.output_text.delta") -> str:
    return "".join(event.delta for event in events if event.type == kind)


async def test_a_conversation(client: openai.AsyncOpenAI, demo: str, gateway: Gateway):
    """Every kind of value comes back in each form in which it is said; the endpoint has seen none, and each turn has its record."""
    before = set(gateway.records())
    async with client.realtime.connect(model="demo") as connection:
        await connection.session.update(session={"type": "realtime", "instructions": f"I am {EMAIL}", "output_modalities": ["text"]})
        (created, updated) = await _until(connection, "session.updated")
        assert (created.session.model, updated.session.instructions) == ("demo", f"I am {EMAIL}")
        events = await _ask(connection, f"Repeat after me: {TEXT}")
        whole = events[-1].response
        assert _said(events) == whole.output[0].content[0].text == TEXT
        assert TEXT in next(event for event in events if event.type == "conversation.item.added").item.content[0].text
        assert EMAIL in _said(await _ask(connection, "What did I say?"))
    assert leaked(await _received(demo)) == []
    await eventually(lambda: len(set(gateway.records()) - before) == 2)
    for request_id in set(gateway.records()) - before:
        record = gateway.records()[request_id]
        assert (record["surface"], record["model"], record["status"], record["outcome"]) == ("realtime", "demo", 101, "completed")
        assert record["tokens"]["output"] > 0
    assert leaked(gateway.journal_text() + gateway.output) == []


async def test_speech(client: openai.AsyncOpenAI, demo: str):
    """What is said aloud has its real values in its transcript; its sound goes on as it comes."""
    async with client.realtime.connect(model="demo") as connection:
        events = await _ask(connection, f"Repeat after me: {TEXT}")
        assert _said(events, "response.output_audio_transcript.delta") == events[-1].response.output[0].content[0].transcript == TEXT
        assert any(event.type == "response.output_audio.delta" for event in events)
        await connection.input_audio_buffer.append(audio="aGk=")
        await connection.input_audio_buffer.commit()
        heard = await _until(connection, "conversation.item.input_audio_transcription.completed")
        assert heard[-1].transcript
    assert leaked(await _received(demo)) == []


async def test_a_function_call(client: openai.AsyncOpenAI, demo: str):
    """Its arguments are JSON with the real value, and its result goes back without it."""
    async with client.realtime.connect(model="demo") as connection:
        await connection.session.update(session={"type": "realtime", "tools": [SEND], "output_modalities": ["text"]})
        events = await _ask(connection, f"Send an email to {EMAIL}, please")
        (call,) = events[-1].response.output
        assert json.loads(call.arguments) == json.loads(_said(events, "response.function_call_arguments.delta"))
        assert json.loads(call.arguments)["to"] == EMAIL
        result = {"type": "function_call_output", "call_id": call.call_id, "output": json.dumps({"sent": EMAIL})}
        await connection.conversation.item.create(item=result)
        await connection.response.create()
        assert EMAIL in _said(await _until(connection, "response.done"))
    assert leaked(await _received(demo)) == []


async def test_a_blocked_event(client: openai.AsyncOpenAI, demo: str, gateway: Gateway):
    """Does not reach the endpoint; the client hears why, under a record that is there already, and goes on."""
    async with client.realtime.connect(model="strict-demo") as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await _say(connection, f"Write to {EMAIL}")
        error = (await _until(connection, "error"))[-1].error
        assert (error.type, error.code) == ("policy_violation", "content_filter")
        record = gateway.records()[error.model_extra["oddgate"]["request_id"]]
        assert (record["decision"], record["rules"]) == ("block", ["said"])
        assert _said(await _ask(connection, "Say exactly: fine")) == "fine"
    assert leaked(await _received(demo)) == []


async def test_a_verdict_in_mid_response(client: openai.AsyncOpenAI, demo: str):
    """The SDK sees a response that ended for its content, with what had gone out; the next one is complete."""
    async with client.realtime.connect(model="strict-demo") as connection:
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        events = await _ask(connection, f"Repeat after me: The card is, I believe, {VALUES['CREDIT_CARD']}, is it not?")
        response = events[-1].response
        assert (response.status, response.status_details.reason) == ("incomplete", "content_filter")
        assert response.output[0].content[0].text == _said(events)
        assert _said(events).startswith("The card")
        assert leaked(_said(events)) == []
        assert _said(await _ask(connection, "Say exactly: fine")) == "fine"


async def test_keys(gateway: Gateway, endpoint: Endpoint):
    """Where the endpoint's key is ours, the client's goes nowhere; else it is forwarded, a browser's as the header that it stands for."""
    url = gateway.url.replace("http", "ws") + "/v1/realtime"
    browser = ("realtime", "openai-insecure-api-key.theirs")
    async with aiohttp.ClientSession() as session:
        for model in ("own", "keyed"):
            async with session.ws_connect(f"{url}?model={model}", protocols=browser, headers={"Origin": "https://shop.example"}) as socket:
                assert socket.protocol == "realtime"
    own, keyed = endpoint.headers
    assert (own["Authorization"], keyed["Authorization"]) == ("Bearer theirs", "Bearer ours")
    assert "theirs" not in json.dumps(keyed)
    assert own["Sec-WebSocket-Protocol"] == "realtime"
    assert "Origin" not in own
    assert "theirs" not in gateway.output + gateway.journal_text()


async def test_applications_and_the_end_of_the_gateway(tmp_path: Path, demo: str):
    """Who is not known is turned away with the handshake, by a header's key as by a subprotocol's. When the gateway is stopped, a session
    in which nothing is under way is told so and closed with the code that says it, and the gateway is gone soon after.
    """
    with running_gateway(tmp_path, {"*": demo}, policies={"plain": PLAIN}, apps=[{"name": "shop", "key": "shop-key"}]) as gateway:
        url = gateway.url.replace("http", "ws") + "/v1/realtime?model=demo"
        async with aiohttp.ClientSession() as session:
            for given in ({"headers": {"Authorization": "Bearer wrong"}}, {"protocols": ("openai-insecure-api-key.wrong",)}, {}):
                with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                    await session.ws_connect(url, **given)
                assert caught.value.status == 401
            async with session.ws_connect(url, protocols=("realtime", "openai-insecure-api-key.shop-key")) as socket:
                assert json.loads(await socket.receive_str())["type"] == "session.created"
                gateway.terminate()
                assert json.loads(await socket.receive_str(timeout=AT_MOST_S))["error"]["code"] == "shutting_down"
                assert (await socket.receive(AT_MOST_S)).data == 1001
        await asyncio.to_thread(gateway.process.wait, AT_MOST_S)
        outcomes = [(record["app"], record["outcome"]) for record in gateway.records().values()]
        assert sorted(outcomes) == [("", "invalid_api_key")] * 3 + [("shop", "shutting_down")]


async def test_the_gateway_stops_in_mid_response(tmp_path: Path, endpoint: Endpoint, ports: tuple[int, int]):
    """The response comes to its end, guarded; a response that does not is cut when the time to drain is over. Each has its record."""
    events = answer(["Hi", " there"])
    may_end = asyncio.Event()

    async def speak(socket: web.WebSocketResponse) -> None:
        name = json.loads((await socket.receive()).data)["event_id"]
        for event in events[:4]:
            await socket.send_json(event)
        await may_end.wait()
        if name == "ends":
            for event in events[4:]:
                await socket.send_json(event)
        await endpoint.listen(socket)

    endpoint.serve = speak
    upstreams = {"*": f"http://127.0.0.1:{ports[1]}"}
    with running_gateway(tmp_path, upstreams, policies={"plain": PLAIN}, listen={"drain_timeout_s": 5}) as gateway:
        url = gateway.url.replace("http", "ws") + "/v1/realtime?model=m"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as ends, session.ws_connect(url) as lasts:
            for socket, name in ((ends, "ends"), (lasts, "lasts")):
                await socket.send_json({"type": "response.create", "event_id": name})
                for _ in range(4):
                    await socket.receive_str(timeout=AT_MOST_S)
            gateway.terminate()
            await _until_refused(gateway.port)
            may_end.set()
            told = [json.loads(await ends.receive_str(timeout=AT_MOST_S)) for _ in events[4:]]
            assert told[-1]["response"]["output"][0]["content"][0]["text"] == "Hi there"
            for socket in (ends, lasts):
                assert json.loads(await socket.receive_str(timeout=AT_MOST_S))["error"]["code"] == "shutting_down"
                assert (await socket.receive(AT_MOST_S)).data == 1001
        await asyncio.to_thread(gateway.process.wait, AT_MOST_S)
        assert gateway.process.returncode == 0
        outcomes = sorted(record["outcome"] for record in gateway.records().values())
        assert outcomes == ["completed", "shutting_down"]


async def _until_refused(port: int) -> None:
    """No new connections are taken."""
    async with asyncio.timeout(AT_MOST_S):
        with contextlib.suppress(OSError):
            while True:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/realtime/translations?model=own", 404),
        ("/v1/nothing", 404),
        ("/v1/realtime?model=I+am+Ann", 400),
        ("/v1/realtime?model=own&api-key=k", 400),
        ("/openai/realtime?deployment=own&api-version=2025-04-01-preview", 101),
        ("/openai/v1/realtime?model=own", 101),
    ],
)
async def test_paths(gateway: Gateway, endpoint: Endpoint, path: str, status: int):
    """What is not served is refused, and nothing of it forwarded; Azure's forms are."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(gateway.url.replace("http", "ws") + path):
                found = 101
        except aiohttp.WSServerHandshakeError as error:
            found = error.status
        assert (found, len(endpoint.headers)) == (status, status == 101)
        async with session.get(f"{gateway.url}/v1/realtime?model=own") as plain:
            assert plain.status == 405


async def test_the_endpoint_refuses(gateway: Gateway, endpoint: Endpoint, client: openai.AsyncOpenAI):
    """The handshake is answered with its status, in our words."""
    endpoint.status = 403
    async with aiohttp.ClientSession() as session, session.get(f"{gateway.url}/v1/realtime?model=own", headers=_HANDSHAKE) as plain:
        assert (plain.status, (await plain.json())["error"]["type"]) == (403, "upstream_error")
        assert EMAIL not in await plain.text()
    with pytest.raises(Exception, match="403"):
        async with client.realtime.connect(model="own"):
            pass


_HANDSHAKE = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


async def test_the_client_vanishes(gateway: Gateway, endpoint: Endpoint):
    """The endpoint's connection is closed, and there is a record."""
    before = set(gateway.records())
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(gateway.url.replace("http", "ws") + "/v1/realtime?model=own") as socket,
    ):
        await socket.send_str('{"type":"response.create"}')
        await eventually(lambda: endpoint.told)
        assert socket._response.connection
        socket._response.connection.transport.abort()
        await asyncio.wait_for(endpoint.closed.wait(), AT_MOST_S)
    await eventually(lambda: len(set(gateway.records()) - before) == 1)


async def test_the_endpoint_vanishes(client: openai.AsyncOpenAI, gateway: Gateway, endpoint: Endpoint):
    """The client hears of it in mid-response, and is closed."""

    async def vanish(socket: web.WebSocketResponse) -> None:
        for event in answer(["Hi"])[:4]:
            await socket.send_json(event)
        await asyncio.sleep(0.05)
        assert socket._req.transport
        socket._req.transport.abort()

    endpoint.serve = vanish
    async with client.realtime.connect(model="own") as connection:
        events = await _until(connection, "error")
        assert events[-1].error.code == "upstream_reset"
        with pytest.raises(Exception, match="1011"):
            await connection.recv()
    assert any(record["outcome"] == "upstream_reset" for record in gateway.records().values())


async def test_the_endpoint_says_goodbye(client: openai.AsyncOpenAI, endpoint: Endpoint):
    """Its close code is the client's; the reason, which nobody has read, is not."""

    async def leave(socket: web.WebSocketResponse) -> None:
        await socket.close(code=4001, message=EMAIL.encode())

    endpoint.serve = leave
    async with client.realtime.connect(model="own") as connection:
        with pytest.raises(Exception, match="4001") as caught:
            await connection.recv()
    assert leaked(str(caught.value)) == []


@pytest.mark.parametrize(("data", "code"), [("x" * (1 << 20) + "x", 1009), (b"binary", 1003)])
async def test_messages_that_are_not_taken(gateway: Gateway, endpoint: Endpoint, data: str | bytes, code: int):
    """One beyond the bound and one that is no text end the session, on both sides."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(gateway.url.replace("http", "ws") + "/v1/realtime?model=own") as socket,
    ):
        await (socket.send_bytes(data) if isinstance(data, bytes) else socket.send_str(data))
        closed = await _closed(socket)
        assert closed == code
        await asyncio.wait_for(endpoint.closed.wait(), AT_MOST_S)
    assert endpoint.told == []


async def _closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(AT_MOST_S):
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            assert json.loads(message.data)["type"] == "error"
    return socket.close_code


async def test_text_that_is_no_event(gateway: Gateway, endpoint: Endpoint):
    """Is refused, and the session goes on."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(gateway.url.replace("http", "ws") + "/v1/realtime?model=own") as socket,
    ):
        for text in ("no JSON", '{"type":"a","type":"b"}', "[]", '{"type":"surprise"}'):
            await socket.send_str(text)
            assert json.loads(await socket.receive_str())["type"] == "error"
        await socket.send_str('{"type":"response.create"}')
        await eventually(lambda: endpoint.told == [{"type": "response.create"}])


async def test_a_slow_endpoint_slows_the_client(gateway: Gateway, endpoint: Endpoint):
    """What it does not take is not piled up in the gateway."""

    async def sleep(socket: web.WebSocketResponse) -> None:
        await asyncio.sleep(30)

    endpoint.serve = sleep
    event = json.dumps({"type": "input_audio_buffer.append", "audio": "A" * 500_000})
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(gateway.url.replace("http", "ws") + "/v1/realtime?model=own") as socket,
    ):
        sent = 0
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(1.5):
                while sent < 400:
                    await socket.send_str(event)
                    sent += 1
        assert sent < 100
        assert socket._response.connection
        socket._response.connection.transport.abort()  # what it has not sent would keep it
