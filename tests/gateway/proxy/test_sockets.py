"""WebSockets over real connections: ours to an upstream, and a client's to us."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from gateway.errors import BadRequest, GatewayError, TooLarge, UpstreamError
from gateway.proxy import sockets
from gateway.proxy.connection import Bounds
from gateway.proxy.http import ClientGone, Handshake, Inbound, Socket, Writer
from gateway.proxy.server import Server
from gateway.proxy.shutdown import Shutdown
from gateway.wire.routes import Routes

BOUNDS = Bounds(2000, 50, 5, 5, 5)
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _upstream(answer: Answer) -> AsyncIterator[str]:
    """An endpoint that answers every request so."""
    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1/realtime?model=m"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _connected(url: str, protocols: tuple[str, ...] = ()) -> AsyncIterator[Handshake]:
    async with aiohttp.TCPConnector() as connector, sockets.open_session(connector, 2) as session:
        handshake = await sockets.connect(session, URL(url), [("x-a", "1")], protocols, 2)
        try:
            yield handshake
        finally:
            if handshake.socket:
                await handshake.socket.close()


async def _echo(request: web.BaseRequest) -> web.StreamResponse:
    socket = web.WebSocketResponse(protocols=("realtime",), timeout=0.1)
    await socket.prepare(request)
    async for message in socket:
        match message.data:
            case "binary":
                await socket.send_bytes(b"x")
            case "large":
                await socket.send_str("x" * (sockets.MAX_MESSAGE_BYTES + 1))
            case "close":
                await socket.close(code=3007)
            case "vanish":
                assert request.transport
                request.transport.abort()
                break
            case text:
                await socket.send_str(text)
    return socket


async def test_an_upstream():
    """Text goes both ways, the subprotocol is what it chose, and its close is told with its code."""
    async with _upstream(_echo) as url, _connected(url, ("other", "realtime")) as handshake:
        assert (handshake.status, handshake.protocol) == (101, "realtime")
        assert handshake.socket
        await handshake.socket.send("Grüße")
        assert await handshake.socket.receive() == "Grüße"
        await handshake.socket.send("close")
        assert await handshake.socket.receive() is None
        assert handshake.socket.close_code == 3007


@pytest.mark.parametrize(
    ("event", "code"), [("binary", "upstream_invalid_response"), ("large", "upstream_too_large"), ("vanish", "upstream_reset")]
)
async def test_an_upstream_that_misbehaves(event: str, code: str):
    """It is said in what way."""
    async with _upstream(_echo) as url, _connected(url) as handshake:
        assert handshake.socket
        await handshake.socket.send(event)
        with pytest.raises(UpstreamError) as caught:
            await handshake.socket.receive()
        assert caught.value.code == code
        if code == "upstream_reset":
            with pytest.raises(UpstreamError):
                await handshake.socket.send("more")


async def test_a_refusal():
    """Comes with its status and headers."""

    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=401, headers={"x-request-id": "7"}, text="no")

    async with _upstream(refuse) as url, _connected(url) as handshake:
        assert (handshake.status, handshake.socket, CIMultiDict(handshake.headers)["x-request-id"]) == (401, None, "7")


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 308])
async def test_what_is_no_socket(status: int):
    """Is an error; where it leads elsewhere, nobody goes."""
    paths = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        paths.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with _upstream(answer) as url:
        with pytest.raises(UpstreamError) as caught:
            async with _connected(url):
                pass
    assert (caught.value.code, paths) == ("upstream_invalid_response", ["/v1/realtime"])


@asynccontextmanager
async def _server(serve: Callable[[Socket], Awaitable[None]]) -> AsyncIterator[tuple[Server, str]]:
    async def handle(inbound: Inbound, writer: Writer) -> None:
        try:
            assert inbound.is_upgrade
            socket = await writer.accept("realtime", [("x-oddgate-request-id", "req_1")])
        except (BadRequest, AssertionError):
            await writer.send(400, [], b"no")
            return
        await serve(socket)

    server = Server(handle, BOUNDS, Routes.error_shape, lambda: "req_0", Shutdown())
    port = await server.listen("127.0.0.1", 0)
    try:
        yield server, f"http://127.0.0.1:{port}/v1/realtime"
    finally:
        await server.drain(1)


class _Receives:
    """What one client's socket gave, to its end."""

    def __init__(self) -> None:
        self.given: list[object] = []
        self.done = asyncio.Event()

    async def __call__(self, socket: Socket) -> None:
        try:
            while (text := await socket.receive()) is not None:
                self.given.append(text)
                await socket.send(text)
        except (GatewayError, ClientGone) as error:
            self.given.append(type(error))
        except asyncio.CancelledError:
            self.given.append("cancelled")
            raise
        finally:
            self.done.set()


async def test_a_client():
    """Is let in with the subprotocol and our headers; no compression is agreed on, which could hide how much there is to read."""
    received = _Receives()
    async with _server(received) as (_, url), aiohttp.ClientSession() as session:
        async with session.ws_connect(url, protocols=("realtime",), compress=15) as client:
            await client.send_str("Grüße")
            assert await client.receive_str() == "Grüße"
            assert (client.protocol, client.compress) == ("realtime", 0)
            assert client._response.headers["x-oddgate-request-id"] == "req_1"
        await asyncio.wait_for(received.done.wait(), 60)
    assert received.given == ["Grüße"]


@pytest.mark.parametrize(("data", "error", "code"), [(b"x", BadRequest, None), ("x" * 2001, TooLarge, 1009)])
async def test_a_client_that_misbehaves(data: bytes | str, error: type[GatewayError], code: int | None):
    """It is said in what way; a message beyond the bound is not taken in."""
    received = _Receives()
    async with _server(received) as (_, url), aiohttp.ClientSession() as session, session.ws_connect(url) as client:
        await (client.send_bytes(data) if isinstance(data, bytes) else client.send_str(data))
        await asyncio.wait_for(received.done.wait(), 60)
        message = await client.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert code is None or message.data == code
    assert received.given == [error]


async def test_a_client_that_vanishes():
    """Is noticed at once."""
    received = _Receives()
    async with _server(received) as (_, url), aiohttp.ClientSession() as session, session.ws_connect(url) as client:
        await client.send_str("Hi")
        await client.receive_str()
        transport = client.get_extra_info("socket")
        assert transport is not None
        assert client._response.connection
        client._response.connection.transport.abort()
        await asyncio.wait_for(received.done.wait(), 60)
    assert received.given[-1] in ("cancelled", ClientGone)


async def test_the_server_stops():
    """Its sockets go on in both directions until they end by themselves, and then it is done."""
    received = _Receives()
    async with _server(received) as (server, url), aiohttp.ClientSession() as session, session.ws_connect(url) as client:
        draining = asyncio.ensure_future(server.drain(30))
        await asyncio.sleep(0.05)
        for text in ("Hi", "there"):
            await client.send_str(text)
            assert await client.receive_str() == text
        assert not draining.done()
        await client.close()
        await asyncio.wait_for(draining, 60)
    assert received.given == ["Hi", "there"]
    assert received.done.is_set()


async def test_the_server_does_not_wait_for_ever():
    """What does not end by itself is cut."""
    received = _Receives()
    async with _server(received) as (server, url), aiohttp.ClientSession() as session, session.ws_connect(url) as client:
        await client.send_str("Hi")
        await client.receive_str()
        await asyncio.wait_for(server.drain(0.1), 60)
        assert (await client.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    assert received.given[-1] in ("cancelled", ClientGone)


@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "websocket"},
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "short"},
        {"Upgrade": "h2c", "Connection": "Upgrade"},
        {},
    ],
)
async def test_what_is_no_handshake(headers: dict[str, str]):
    """Is answered like any request."""
    async with _server(_Receives()) as (_, url), aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status == 400
