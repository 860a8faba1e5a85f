"""The data side's HTTP engine: aiohttp's low-level server behind the seam of ``http``. aiohttp's server stays inside this file."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.compression_utils import HAS_ZSTD
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from gateway.errors import BadRequest, GatewayError, HeadersTooLarge, InternalError, TooLarge, TooSlow, Unavailable
from gateway.proxy import sockets
from gateway.proxy.http import ClientGone, Headers, Inbound, Socket, Writer
from gateway.wire.openai.errors import render_error

Handle = Callable[[Inbound, Writer], Awaitable[None]]

_KEEP_ALIVE_S = 75
_LINGER_S = 2
_SERVER = ("Server", "oddgate")
_CODINGS = frozenset({"", "identity", "gzip", "deflate", "br", *(["zstd"] if HAS_ZSTD else [])})
"""Those that the engine undoes; it takes no more than one at a time."""
_PACE_BYTES = 1 << 20
_GOING_AWAY = 1001
_SMALL = 32 * 1024  # less than what a transport takes before writing waits


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a client may ask of us. Times in seconds."""

    max_body_bytes: int
    max_connections: int
    header_timeout_s: float
    body_timeout_s: float
    write_timeout_s: float
    max_upload_bytes: int = 512 << 20


class _Connection(RequestHandler):
    """A client's connection. Its requests must arrive in time, and what is wrong with one is answered in our own words."""

    __slots__ = ("_bounds", "_deadline", "_is_serving", "_new_id")

    def __init__(self, manager: "Server", bounds: Bounds, new_id: Callable[[], str], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            manager.engine,
            loop=loop,
            access_log=cast("logging.Logger", None),  # None switches it off
            keepalive_timeout=_KEEP_ALIVE_S,
            lingering_time=_LINGER_S,
            max_line_size=8190,
            max_field_size=16_384,
            max_headers=128,
        )
        self._bounds = bounds
        self._new_id = new_id
        self._deadline: asyncio.TimerHandle | None = None
        self._is_serving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._manager and len(self._manager.connections) > self._bounds.max_connections:
            self._say(Unavailable("too_many_connections", "The gateway has as many connections as it takes."))
        else:
            self._expect_request()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def close(self) -> None:
        """Once the request under way is answered; at once if there is none, so that no client sends another one in vain."""
        super().close()
        if not self._is_serving and self.transport is not None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if not self._is_serving and self._deadline is None:
            self._expect_request()
        super().data_received(data)

    def serving(self, *, is_serving: bool) -> None:
        """A request's head has arrived, or its answer is complete."""
        self._is_serving = is_serving
        self._stop_waiting()

    def _expect_request(self) -> None:
        self._deadline = self._loop.call_later(self._bounds.header_timeout_s, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self._is_serving:
            self._say(TooSlow("request_timeout", "The request's headers did not arrive in time."))

    def _say(self, error: GatewayError) -> None:
        """Answer outside of any request, and close."""
        headers, body = _whole_error(error, self._new_id())
        lines = [f"{name}: {value}" for name, value in (*headers, ("Content-Length", len(body)), ("Connection", "close"))]
        head = "\r\n".join((f"HTTP/1.1 {error.status} Error", *lines, "", ""))
        if self.transport is not None:  # not isinstance: uvloop's transports are no asyncio.Transport
            self.transport.write(head.encode() + body)
            self.transport.close()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What aiohttp could not read as HTTP. Its own message repeats what the client sent; ours does not."""
        error: GatewayError
        if status >= 500:
            error = InternalError()
        elif isinstance(exc, LineTooLong):
            error = HeadersTooLarge("headers_too_large", "The request's line or headers are larger than the gateway takes.")
        else:
            error = BadRequest("invalid_http", "The request is not valid HTTP.")
        headers, body = _whole_error(error, self._new_id())
        response = web.Response(status=error.status, headers=headers, body=body)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 aiohttp's signature
        """Nothing: it would write down what the client sent."""


def _whole_error(error: GatewayError, request_id: str) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of an answer to what never became an exchange."""
    headers = [
        ("Content-Type", "application/json"),
        ("x-oddgate-request-id", request_id),
        ("x-oddgate-decision", "block"),
        ("x-oddgate-policy", "none"),
        ("x-oddgate-overhead-ms", "0.000"),
        _SERVER,
    ]
    return headers, render_error(error, request_id, "none")


class _Request:
    """See ``http.Inbound``."""

    __slots__ = ("_bounds", "_request", "headers", "method", "path", "query")

    def __init__(self, request: web.BaseRequest, bounds: Bounds) -> None:
        self._request = request
        self._bounds = bounds
        self.method = request.method
        self.path, _, self.query = request.raw_path.partition("?")
        self.headers: Mapping[str, str] = request.headers

    @property
    def is_upgrade(self) -> bool:
        return self.method == "GET" and self.headers.get("upgrade", "").strip().lower() == "websocket"

    def header_items(self) -> Headers:
        return tuple(self._request.headers.items())

    async def body(self) -> bytes:
        limit = self._bounds.max_body_bytes
        await self._begin(limit)
        with _explained():
            if self._request.content.is_eof():  # all of it came with the head
                return await self._read(limit)
            async with asyncio.timeout(self._bounds.body_timeout_s):
                return await self._read(limit)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Every ``_PACE_BYTES`` of it must arrive in the time that a whole body has; time in which nobody asks does not count."""
        limit, content = self._bounds.max_upload_bytes, self._request.content
        await self._begin(limit)
        loop = asyncio.get_running_loop()
        size, paced, left_s = 0, 0, self._bounds.body_timeout_s
        while not content.at_eof():
            begin = loop.time()
            with _explained():
                async with asyncio.timeout(left_s):
                    chunk = await content.readany()
            left_s -= loop.time() - begin
            size, paced = size + len(chunk), paced + len(chunk)
            if size > limit:
                raise _too_large(limit)
            if paced >= _PACE_BYTES:
                paced, left_s = 0, self._bounds.body_timeout_s
            if chunk:
                yield chunk

    async def _begin(self, limit: int) -> None:
        if (self._request.content_length or 0) > limit:
            raise _too_large(limit)
        if self.headers.get("content-encoding", "").strip().lower() not in _CODINGS:
            raise BadRequest("invalid_http", "The request's body is in a coding that the gateway does not know.")
        if self.headers.get("expect", "").lower() == "100-continue" and self._request.version >= HttpVersion11:
            await self._request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._request.writer.output_size = 0

    async def _read(self, limit: int) -> bytes:
        content = self._request.content
        first = await content.readany()
        if content.at_eof():
            if len(first) > limit:
                raise _too_large(limit)
            return first
        parts = bytearray(first)
        while not content.at_eof():
            if len(parts) > limit:
                raise _too_large(limit)
            parts += await content.readany()
        if len(parts) > limit:
            raise _too_large(limit)
        return bytes(parts)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What can go wrong with a body on its way, as errors of ours."""
    try:
        yield
    except TimeoutError:
        raise TooSlow("request_timeout", "The request's body did not arrive in time.") from None
    except web.RequestPayloadError:
        raise BadRequest("invalid_http", "The request's body was cut off, or is not in the coding that its headers name.") from None


def _too_large(limit: int) -> TooLarge:
    return TooLarge("body_too_large", f"The request's body is larger than the {limit} bytes that the gateway takes.")


class _Writer:
    """See ``http.Writer``."""

    __slots__ = ("_bounds", "_request", "has_started", "response", "socket")

    def __init__(self, request: web.BaseRequest, bounds: Bounds) -> None:
        self._request = request
        self._bounds = bounds
        self.socket: Socket | None = None
        self.response: web.StreamResponse | None = None
        self.has_started = False

    async def send(self, status: int, headers: Headers, body: bytes) -> None:
        if self._cannot_block(body):
            self.response = web.Response(status=status, headers=[*headers, _SERVER], body=body)
            self.has_started = True
            return
        await self.start(status, [*headers, ("Content-Length", str(len(body)))])
        pieces = memoryview(body)
        for at in range(0, len(body), _SMALL):
            await self.write(pieces[at : at + _SMALL])
        await self.finish()

    async def start(self, status: int, headers: Headers) -> None:
        self.response = web.StreamResponse(status=status, headers=[*headers, _SERVER])
        self.has_started = True
        try:
            await self.response.prepare(self._request)
        except ConnectionError:
            raise ClientGone from None

    def _cannot_block(self, data: bytes | memoryview) -> bool:
        transport = self._request.transport
        return len(data) < _SMALL and transport is not None and not transport.get_write_buffer_size()  # the client keeps up

    async def write(self, data: bytes | memoryview) -> None:
        assert self.response is not None  # noqa: S101 start() first
        try:
            if self._cannot_block(data):
                await self.response.write(data)
                return
            async with asyncio.timeout(self._bounds.write_timeout_s):
                await self.response.write(data)
        except (TimeoutError, ConnectionError):
            raise ClientGone from None

    async def finish(self) -> None:
        assert self.response is not None  # noqa: S101 start() first
        with contextlib.suppress(ConnectionError):
            await self.response.write_eof()

    async def accept(self, protocol: str, headers: Headers) -> Socket:
        bounds = self._bounds
        self.response, self.socket = await sockets.accept(
            self._request, protocol, [*headers, _SERVER], bounds.max_body_bytes, bounds.write_timeout_s
        )
        self.has_started = True
        return self.socket


class Server:
    """Listens, serves, and drains. ``handle`` is given every request that is valid HTTP."""

    def __init__(self, handle: Handle, bounds: Bounds, new_id: Callable[[], str]) -> None:
        self._handle = handle
        self._bounds = bounds
        self._new_id = new_id
        self._listener: asyncio.Server | None = None
        self.under_way = 0
        self._writers: set[_Writer] = set()
        self._all_done = asyncio.Event()
        self.is_draining = False
        self.engine = web.Server(self._serve, handler_cancellation=True)

    async def listen(self, host: str, port: int) -> int:
        """The port, which the system chose if it was 0. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Connection(self, self._bounds, self._new_id, loop), host, port, backlog=1024, reuse_address=True
        )
        number: int = self._listener.sockets[0].getsockname()[1]
        return number

    async def drain(self, timeout_s: float) -> None:
        """Take no new connections, let what is under way end, and close. Exchanges that outlast the time are cut; WebSockets, which
        have no end of their own, are closed at once.
        """
        self.is_draining = True
        if self._listener:
            self._listener.close()
        self.engine.pre_shutdown()
        await asyncio.gather(*(writer.socket.close(_GOING_AWAY) for writer in self._writers if writer.socket))
        if self.under_way:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_done.wait(), timeout_s)
        await self.engine.shutdown(1.0)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, _Connection)  # noqa: S101 the listener makes no others
        connection.serving(is_serving=True)
        self.under_way += 1
        self._all_done.clear()
        writer = _Writer(request, self._bounds)
        self._writers.add(writer)
        try:
            await self._handle(_Request(request, self._bounds), writer)
        except ClientGone:
            if request.transport:
                request.transport.abort()
        finally:
            self._writers.discard(writer)
            self.under_way -= 1
            if not self.under_way:
                self._all_done.set()
            connection.serving(is_serving=False)
        response = writer.response or web.Response(status=500)
        if self.is_draining:
            response.force_close()
        return response
