"""WebSockets behind the seam of ``http``: aiohttp's, the client's and the upstream's alike, stay inside this file."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import SimpleNamespace

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from gateway.errors import BadRequest, GatewayError, TooLarge, UpstreamError
from gateway.proxy.http import ClientGone, Handshake, Headers, Socket

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""OpenAI's own bound for one event of a realtime session is 15 MB of audio."""
HEARTBEAT_S = 30
"""A peer that does not answer a ping within half of this is gone."""
CLOSE_S = 1.0
"""How long a peer may take to answer that we close."""

_TEXT = aiohttp.WSMsgType.TEXT
_BINARY = aiohttp.WSMsgType.BINARY
_CLOSED = frozenset({aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED})
_TOO_BIG = 1009
_ABNORMAL = 1006


class _Redirected(Exception):
    """A socket is opened where the settings say, and nowhere else."""


class AiohttpSocket(Socket, ABC):
    """See ``Socket``. What is wrong with the other side is said in the words that fit it."""

    def __init__(self, socket: web.WebSocketResponse | aiohttp.ClientWebSocketResponse, write_timeout_s: float) -> None:
        self._socket = socket
        self._write_timeout_s = write_timeout_s

    @property
    def close_code(self) -> int | None:
        return self._socket.close_code

    async def receive(self) -> str | None:
        message = await self._socket.receive()
        if message.type is _TEXT:
            text: str = message.data
            return text
        if message.type in _CLOSED:
            if self.close_code in (None, _ABNORMAL):
                raise self._gone()
            return None
        if message.type is _BINARY:
            raise self._binary()
        raise self._too_large() if getattr(message.data, "code", None) == _TOO_BIG else self._gone()

    async def send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._write_timeout_s):
                await self._socket.send_str(text)
        except (TimeoutError, ConnectionError, RuntimeError):
            raise self._gone() from None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._socket.close(code=code, message=reason.encode())

    @abstractmethod
    def _gone(self) -> Exception: ...

    @abstractmethod
    def _binary(self) -> GatewayError: ...

    @abstractmethod
    def _too_large(self) -> GatewayError: ...


class ClientSocket(AiohttpSocket):
    def _gone(self) -> Exception:
        return ClientGone()

    def _binary(self) -> GatewayError:
        return BadRequest("invalid_body", "Events are text messages; this one is binary.")

    def _too_large(self) -> GatewayError:
        return TooLarge("body_too_large", "The event is larger than the gateway takes.")


class UpstreamSocket(AiohttpSocket):
    def _gone(self) -> Exception:
        return UpstreamError("upstream_reset", "The upstream closed the connection before its answer was complete.")

    def _binary(self) -> GatewayError:
        return UpstreamError("upstream_invalid_response", "The upstream sent a binary message; events are text.")

    def _too_large(self) -> GatewayError:
        return UpstreamError("upstream_too_large", "The upstream sent an event that is larger than the gateway takes.")


async def accept(
    request: web.BaseRequest, protocol: str, headers: Headers, max_bytes: int, write_timeout_s: float
) -> tuple[web.WebSocketResponse, ClientSocket]:
    """Take a client's wish for a socket. Raises BadRequest or ClientGone."""
    response = web.WebSocketResponse(
        protocols=(protocol,) if protocol else (),
        heartbeat=HEARTBEAT_S,
        timeout=CLOSE_S,
        compress=False,
        max_msg_size=min(max_bytes, MAX_MESSAGE_BYTES),
    )
    response.headers.extend(CIMultiDict(headers))
    try:
        await response.prepare(request)
    except web.HTTPException:
        raise BadRequest("invalid_http", "The request for a WebSocket is not valid.") from None
    except ConnectionError:
        raise ClientGone from None
    return response, ClientSocket(response, write_timeout_s)


def open_session(connector: aiohttp.BaseConnector, connect_timeout_s: float) -> aiohttp.ClientSession:
    """For sockets alone: aiohttp follows redirects when it opens one, which ``_refuse_redirect`` stops before it is sent."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
        trust_env=False,
        trace_configs=[tracing],
    )


async def _refuse_redirect(session: aiohttp.ClientSession, context: SimpleNamespace, redirect: aiohttp.TraceRequestRedirectParams) -> None:
    redirect.response.close()
    raise _Redirected


async def connect(
    session: aiohttp.ClientSession, url: URL, headers: Headers, protocols: Sequence[str], handshake_timeout_s: float
) -> Handshake:
    """Ask an upstream for a socket. Raises UpstreamError, TimeoutError, or what aiohttp raises."""
    try:
        async with asyncio.timeout(handshake_timeout_s):
            socket = await session.ws_connect(
                url,
                headers=CIMultiDict(headers),
                protocols=protocols,
                heartbeat=HEARTBEAT_S,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
                max_msg_size=MAX_MESSAGE_BYTES,
            )
    except _Redirected:
        raise UpstreamError("upstream_invalid_response", "The upstream redirects; it is not followed.") from None
    except aiohttp.WSServerHandshakeError as error:
        if error.status < 400:
            raise UpstreamError("upstream_invalid_response", "The upstream's answer is no WebSocket.") from None
        return Handshake(error.status, tuple((error.headers or {}).items()), None)
    return Handshake(101, (), UpstreamSocket(socket, handshake_timeout_s), socket.protocol or "")
