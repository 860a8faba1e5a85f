"""A client's connection: aiohttp's, with bounds in time and number, and errors in our own words for what never becomes an exchange."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from gateway.errors import BadRequest, GatewayError, HeadersTooLarge, InternalError, TooSlow, Unavailable
from gateway.wire.dialect import ErrorShape

SERVER = ("Server", "oddgate")
Errors = Callable[[str], ErrorShape]
"""In whose words a request to this path is refused."""

_KEEP_ALIVE_S = 75
_LINGER_S = 2
_HEAD_BYTES = 1024  # in which a path can be told
_PATH = re.compile(rb"(?:\r?\n)*[A-Z]{1,16} (/[^\s?#]*)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a client may ask of us. Times in seconds."""

    max_body_bytes: int
    max_connections: int
    header_timeout_s: float
    body_timeout_s: float
    write_timeout_s: float
    max_upload_bytes: int = 512 << 20


class Connection(RequestHandler):
    """Its requests must arrive in time, and what is wrong with one is answered in the words of the API that its path belongs to."""

    __slots__ = ("_body", "_bounds", "_deadline", "_errors", "_head", "_is_serving", "_new_id", "_path")

    def __init__(
        self, engine: web.Server, bounds: Bounds, errors: Errors, new_id: Callable[[], str], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(
            engine,
            loop=loop,
            access_log=cast("logging.Logger", None),  # None switches it off
            keepalive_timeout=_KEEP_ALIVE_S,
            lingering_time=_LINGER_S,
            max_line_size=8190,
            max_field_size=16_384,
            max_headers=128,
        )
        self._bounds = bounds
        self._errors = errors
        self._new_id = new_id
        self._deadline: asyncio.TimerHandle | None = None
        self._is_serving = False
        self._head = b""  # how the next request begins
        self._path = ""  # of the last one
        self._body: StreamReader | None = None  # of the one under way

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
        """At once, if there is no request under way. One that is may still be arriving, and says itself that its connection closes."""
        if self._is_serving:
            return
        super().close()
        if self.transport is not None:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if not self._is_serving:
            if self._deadline is None:
                self._expect_request()
            if len(self._head) < _HEAD_BYTES:
                self._head += data[:_HEAD_BYTES]
        super().data_received(data)
        if self._is_serving and self._messages and self._body and not self._body.is_eof():
            # What comes after a body that is not over can only be aiohttp's word that its framing is lost; its reader is not told.
            self._body.set_exception(web.RequestPayloadError())

    def begin(self, path: str, body: StreamReader) -> None:
        """A request's head has arrived."""
        self._is_serving = True
        self._path, self._head, self._body = path, b"", body
        self._stop_waiting()

    def end(self) -> None:
        """Its answer is complete."""
        self._is_serving, self._body = False, None

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
        path = _PATH.match(self._head)
        headers, body = self._whole(error, path[1].decode("latin-1") if path else self._path)
        lines = [f"{name}: {value}" for name, value in (*headers, ("Content-Length", len(body)), ("Connection", "close"))]
        head = "\r\n".join((f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}", *lines, "", ""))
        if self.transport is not None:  # not isinstance: uvloop's transports are no asyncio.Transport
            self.transport.write(head.encode() + body)
            self.transport.close()

    def _whole(self, error: GatewayError, path: str) -> tuple[list[tuple[str, str]], bytes]:
        """Headers and body of an answer to what never became an exchange."""
        request_id = self._new_id()
        headers = [
            ("Content-Type", "application/json"),
            ("x-oddgate-request-id", request_id),
            ("x-oddgate-decision", "block"),
            ("x-oddgate-policy", "none"),
            ("x-oddgate-overhead-ms", "0.000"),
            SERVER,
        ]
        return headers, self._errors(path).render_error(error, request_id, "none")

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """A fault of ours, or what aiohttp could not read as HTTP. Its own message repeats what the client sent; ours does not."""
        if status >= 500:
            headers, body = self._whole(InternalError(), request.path)
            response = web.Response(status=500, headers=headers, body=body)
            response.force_close()
            return response
        if isinstance(exc, LineTooLong):
            self._say(HeadersTooLarge("headers_too_large", "The request's line or headers are larger than the gateway takes."))
        else:
            self._say(BadRequest("invalid_http", "The request is not valid HTTP."))
        return web.Response()  # of a request that aiohttp made up, in HTTP/1.0; it goes nowhere, for the connection is closed

    def log_exception(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 aiohttp's signature
        """Nothing: it would write down what the client sent."""
