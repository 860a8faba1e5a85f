"""The data side's HTTP engine: aiohttp's low-level server behind the seam of ``http``. It stays inside this file and ``connection``."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

from aiohttp import web
from aiohttp.compression_utils import HAS_ZSTD
from aiohttp.http import HttpVersion11

from gateway.errors import BadRequest, TooLarge, TooSlow
from gateway.proxy import sockets
from gateway.proxy.connection import SERVER, Bounds, Connection, Errors
from gateway.proxy.http import ClientGone, Headers, Inbound, Socket, Writer
from gateway.proxy.listening import bind, port_of
from gateway.proxy.shutdown import Shutdown

Handle = Callable[[Inbound, Writer], Awaitable[None]]

_CODINGS = frozenset({"", "identity", "gzip", "deflate", "br", *(["zstd"] if HAS_ZSTD else [])})
"""Those that the engine undoes; it takes no more than one at a time."""
_PACE_BYTES = 1 << 20
_MAX_GROWTH = 100
"""How many times as large an upload may become when its coding is undone."""
_LAST_WORDS_S = 2 * sockets.CLOSE_S
_SMALL = 32 * 1024  # less than what a transport takes before writing waits


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
            if size > max(_PACE_BYTES, _MAX_GROWTH * content.total_raw_bytes):
                raise TooLarge("body_too_large", f"The request's body becomes more than {_MAX_GROWTH} times as large when it is unpacked.")
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

    __slots__ = ("_bounds", "_request", "has_started", "response")

    def __init__(self, request: web.BaseRequest, bounds: Bounds) -> None:
        self._request = request
        self._bounds = bounds
        self.response: web.StreamResponse | None = None
        self.has_started = False

    async def send(self, status: int, headers: Headers, body: bytes) -> None:
        if self._cannot_block(body):
            self.response = web.Response(status=status, headers=[*headers, SERVER], body=body)
            self.has_started = True
            return
        await self.start(status, [*headers, ("Content-Length", str(len(body)))])
        pieces = memoryview(body)
        for at in range(0, len(body), _SMALL):
            await self.write(pieces[at : at + _SMALL])
        await self.finish()

    async def start(self, status: int, headers: Headers) -> None:
        self.response = web.StreamResponse(status=status, headers=[*headers, SERVER])
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
        self.response, socket = await sockets.accept(
            self._request, protocol, [*headers, SERVER], bounds.max_body_bytes, bounds.write_timeout_s
        )
        self.has_started = True
        return socket


class Server:
    """Listens, serves, and drains. ``handle`` is given every request that is valid HTTP; ``shutdown`` tells it how far the drain is."""

    def __init__(self, handle: Handle, bounds: Bounds, errors: Errors, new_id: Callable[[], str], shutdown: Shutdown) -> None:
        self._handle = handle
        self._bounds = bounds
        self._errors = errors
        self._new_id = new_id
        self._shutdown = shutdown
        self._listeners: list[asyncio.Server] = []
        self.under_way = 0
        self._all_done = asyncio.Event()
        self.engine = web.Server(self._serve, handler_cancellation=True)

    async def listen(self, host: str, port: int) -> int:
        """The port, which the system chose if it was 0. Raises OSError."""
        sockets = bind(host, port)
        await self.listen_on(sockets)
        return port_of(sockets)

    async def listen_on(self, sockets: Sequence[socket.socket]) -> None:
        """Other processes may listen on them as well. Raises OSError."""
        loop = asyncio.get_running_loop()

        def connection() -> Connection:
            return Connection(self.engine, self._bounds, self._errors, self._new_id, loop)

        for each in sockets:
            self._listeners.append(await loop.create_server(connection, sock=each, backlog=1024))

    async def drain(self, timeout_s: float) -> None:
        """Take no new connections, let what is under way end, and close. What outlasts the time is cut; shortly before, ``shutdown`` says
        that it is over, so that what listens there has a moment for a proper end.
        """
        self._shutdown.begun.set()
        for listener in self._listeners:
            listener.close()
        self.engine.pre_shutdown()
        last_s = min(timeout_s, _LAST_WORDS_S)
        await self._until_done(timeout_s - last_s)
        self._shutdown.over.set()
        await self._until_done(last_s)
        await self.engine.shutdown(1.0)

    async def _until_done(self, timeout_s: float) -> None:
        if self.under_way:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_done.wait(), timeout_s)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101 the listener makes no others
        connection.begin(request.raw_path.partition("?")[0], request.content)
        self.under_way += 1
        self._all_done.clear()
        writer = _Writer(request, self._bounds)
        try:
            await self._handle(_Request(request, self._bounds), writer)
        except ClientGone:
            if request.transport:
                request.transport.abort()
        finally:
            self.under_way -= 1
            if not self.under_way:
                self._all_done.set()
            connection.end()
        response = writer.response or web.Response(status=500)
        if self._shutdown.begun.is_set():
            response.force_close()
        return response
