"""One LLM endpoint over pooled connections. aiohttp's client stays inside this file."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

import aiohttp
from yarl import URL

from gateway.config.serving import Upstream as Settings
from gateway.errors import GatewayError, UpstreamError, UpstreamTimeout
from gateway.proxy import sockets
from gateway.proxy.http import Body, Handshake, Headers, Target, UpstreamAnswer

_KEY_HEADERS = {"openai": ("Authorization", "Bearer {}"), "anthropic": ("x-api-key", "{}"), "azure": ("api-key", "{}")}
"""How each API takes its key."""


class Unreachable(UpstreamError):
    """No connection was made, so nothing was sent: another upstream may be tried."""


class Upstream:
    """Owned by the app, which opens and closes it. Redirects are not followed, cookies not kept, proxies not read from the environment."""

    def __init__(self, settings: Settings, max_connections: int) -> None:
        self.name = settings.name
        self.settings = settings
        self._base = settings.base_url
        self._max_connections = max_connections
        self._times = _times(settings, settings.timeout_s)
        self._own = {family: _own_headers(settings, family) for family in _KEY_HEADERS}
        self._replaced = {family: frozenset(name.lower() for name, _ in own) for family, own in self._own.items()}
        self._session: aiohttp.ClientSession | None = None
        self._sockets: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}

    async def open(self) -> None:
        settings = self.settings
        connector = aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=60)
        self._sockets = sockets.open_session(connector, settings.connect_timeout_s)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(
                total=settings.timeout_s, sock_connect=settings.connect_timeout_s, sock_read=settings.idle_timeout_s, ceil_threshold=3600
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            trust_env=False,
        )

    async def close(self) -> None:
        if self._sockets:
            await self._sockets.close()
        if self._session:
            await self._session.close()

    async def send(self, target: Target, headers: Headers, body: Body) -> UpstreamAnswer:
        """Raises Unreachable, UpstreamError or UpstreamTimeout; of a body that fails while it is sent, UpstreamError."""
        sent = self._sent(target, headers)
        try:
            response = await (self._send(target, sent, body or None) if isinstance(body, bytes) else self._send_slowly(target, sent, body))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _explain(error) from None
        # Closing an answer that was read to its end does nothing: its connection is back in the pool already.
        return UpstreamAnswer(response.status, tuple(response.headers.items()), response.content_type, _chunks(response), response.close)

    async def _send(
        self, target: Target, headers: Headers, data: Body | None, times: aiohttp.ClientTimeout | None = None
    ) -> aiohttp.ClientResponse:
        assert self._session is not None, "open() first"  # noqa: S101 a mistake of ours, not of a user
        return await self._session.request(
            target.method, self._url(target.path), headers=headers, data=data, allow_redirects=False, timeout=times or self._times
        )

    async def _send_slowly(self, target: Target, headers: Headers, body: AsyncIterable[bytes]) -> aiohttp.ClientResponse:
        """All of it may take its time; what the upstream is given it must take as promptly as it must answer."""
        loop, idle_s = asyncio.get_running_loop(), self.settings.idle_timeout_s
        is_waiting = True
        async with asyncio.timeout(None) as limit:

            async def taken() -> AsyncIterator[bytes]:
                async for piece in body:
                    if is_waiting:
                        limit.reschedule(loop.time() + idle_s)
                    yield piece
                    if is_waiting:
                        limit.reschedule(None)

            try:
                return await self._send(target, headers, taken(), _times(self.settings, None))
            finally:
                is_waiting = False

    async def connect(self, target: Target, headers: Headers, protocols: Sequence[str]) -> Handshake:
        """Ask for a WebSocket. Raises Unreachable, UpstreamError or UpstreamTimeout."""
        assert self._sockets is not None, "open() first"  # noqa: S101 a mistake of ours, not of a user
        url, sent = self._url(target.path), self._sent(target, headers)
        try:
            return await sockets.connect(self._sockets, url, sent, protocols, self.settings.idle_timeout_s)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _explain(error) from None

    def _sent(self, target: Target, headers: Headers) -> list[tuple[str, str]]:
        """The client's headers, but for those that the settings' own replace."""
        replaced = self._replaced[target.family]
        return [*((name, value) for name, value in headers if name.lower() not in replaced), *self._own[target.family]]

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            if len(self._urls) > 1000:
                self._urls.clear()
            url = self._urls[path] = URL(self._base + path, encoded=True)
        return url


def _times(settings: Settings, total_s: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total_s, sock_connect=settings.connect_timeout_s, sock_read=settings.idle_timeout_s, ceil_threshold=3600)


def _own_headers(settings: Settings, family: str) -> list[tuple[str, str]]:
    """The settings' own, which replace the client's."""
    own = [(name, secret.get_secret_value()) for name, secret in settings.headers.items()]
    if settings.api_key:
        name, form = _KEY_HEADERS[family]
        own.append((name, form.format(settings.api_key.get_secret_value())))
    return own


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        while chunk := await response.content.readany():
            yield chunk
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _explain(error) from None


def _explain(error: Exception) -> GatewayError:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return Unreachable("upstream_unreachable", "The upstream could not be reached in time.")
        case asyncio.TimeoutError():
            return UpstreamTimeout("upstream_timeout", "The upstream did not answer in time.")
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return Unreachable("upstream_unreachable", "The upstream could not be reached.")
        case aiohttp.ClientResponseError() | aiohttp.ContentTypeError():
            return UpstreamError("upstream_invalid_response", "The upstream's answer is not valid HTTP.")
        case _:
            return UpstreamError("upstream_reset", "The upstream closed the connection before its answer was complete.")
