"""A probe's calls by HTTP, to the endpoints of the settings, with the settings' own keys and no client's."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import aiohttp

from gateway.watch.probes.calls import PATHS, AnswerError, Said, answer

MAX_ANSWER = 1 << 20
_REJECTED = frozenset({400, 403, 413, 422})
_BUSY = frozenset({429, 503, 529})
_MAX_PAUSE_S = 86400.0


class RejectedError(Exception):
    """The endpoint did not take the prompt."""


class FailedError(Exception):
    """In a word. ``pause_s``: how long the endpoint asks to be left alone. ``is_free``: it did nothing for it."""

    def __init__(self, why: str, pause_s: float = 0.0, *, is_free: bool = False) -> None:
        super().__init__(why)
        self.why, self.pause_s, self.is_free = why, pause_s, is_free


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``headers`` by surface, with the settings' own key."""

    base_url: str
    headers: Mapping[str, Mapping[str, str]] = field(repr=False)


class Asker:
    """To be opened and closed where it is used."""

    def __init__(self, endpoints: Mapping[str, Endpoint], timeout_s: float) -> None:
        self._endpoints = endpoints
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def ask(self, upstream: str, surface: str, content: bytes) -> Said:
        """Raises ``RejectedError`` and ``FailedError``."""
        assert self._session is not None, "open it first"  # noqa: S101 a mistake of ours, not of a user
        try:
            async with asyncio.timeout(self._timeout_s):
                return answer(surface, await _post(self._session, self._endpoints[upstream], surface, content))
        except TimeoutError:
            raise FailedError("timeout") from None
        except AnswerError:
            raise FailedError("unusable") from None
        except (aiohttp.ClientError, OSError, ValueError):  # a ValueError of headers that are none
            raise FailedError("unreachable") from None


async def _post(session: aiohttp.ClientSession, endpoint: Endpoint, surface: str, content: bytes) -> bytes:
    """Whoever is asked is who is named: nothing is followed elsewhere, with the key that is for the endpoint alone."""
    url = endpoint.base_url + PATHS[surface]
    headers = {
        "Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "oddgate",
        **endpoint.headers[surface],
    }  # fmt: skip
    async with session.post(url, data=content, headers=headers, allow_redirects=False) as answered:
        if answered.status in _REJECTED:
            raise RejectedError
        if answered.status in _BUSY:
            raise FailedError("busy", _seconds(answered.headers.get("Retry-After", "")), is_free=True)
        if answered.status != 200:
            raise FailedError("refused", is_free=True)
        if answered.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FailedError("unusable")
        body = bytearray()
        async for chunk in answered.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER:
                raise FailedError("unusable")
        return bytes(body)


def _seconds(said: str) -> float:
    """A date is as if nothing were said."""
    return min(float(said[:12]), _MAX_PAUSE_S) if said.isascii() and said.isdecimal() else 0.0
