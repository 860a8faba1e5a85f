"""One LLM endpoint over pooled connections. aiohttp's client stays inside this file."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from gateway.config import Upstream as Settings
from gateway.errors import GatewayError, UpstreamError, UpstreamTimeout
from gateway.proxy.http import Headers, UpstreamAnswer


class Unreachable(UpstreamError):
    """No connection was made, so nothing was sent: another upstream may be tried."""


class Upstream:
    """Owned by the app, which opens and closes it. Redirects are not followed, cookies not kept, proxies not read from the environment."""

    def __init__(self, settings: Settings, max_connections: int) -> None:
        self.name = settings.name
        self.settings = settings
        self._base = settings.base_url
        self._max_connections = max_connections
        self._own = _own_headers(settings)
        self._replaced = frozenset(name.lower() for name, _ in self._own)
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}

    async def open(self) -> None:
        settings = self.settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(
                total=settings.timeout_s, sock_connect=settings.connect_timeout_s, sock_read=settings.idle_timeout_s, ceil_threshold=3600
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            trust_env=False,
        )

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def send(self, method: str, path: str, headers: Headers, body: bytes) -> UpstreamAnswer:
        """Raises Unreachable, UpstreamError or UpstreamTimeout."""
        assert self._session is not None, "open() first"  # noqa: S101 a mistake of ours, not of a user
        sent = [*((name, value) for name, value in headers if name.lower() not in self._replaced), *self._own]
        try:
            response = await self._session.request(method, self._url(path), headers=sent, data=body or None, allow_redirects=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _explain(error) from None
        # Closing an answer that was read to its end does nothing: its connection is back in the pool already.
        return UpstreamAnswer(response.status, tuple(response.headers.items()), response.content_type, _chunks(response), response.close)

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            if len(self._urls) > 1000:
                self._urls.clear()
            url = self._urls[path] = URL(self._base + path, encoded=True)
        return url


def _own_headers(settings: Settings) -> list[tuple[str, str]]:
    """The settings' own, which replace the client's."""
    own = [(name, secret.get_secret_value()) for name, secret in settings.headers.items()]
    if settings.api_key:
        own.append(("Authorization", f"Bearer {settings.api_key.get_secret_value()}"))
    return own


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
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
