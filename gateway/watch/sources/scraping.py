"""Inference servers' pages of metrics, asked for at their intervals. One that cannot be asked is down (``up`` is 0), and says no more."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from gateway.telemetry.observed import Kind, Sample
from gateway.watch.sources.exposition import PageError, read
from gateway.watch.sources.servers import Server

MAX_BYTES = 4 << 20
"""Of a page."""
TIMEOUT_S = 10.0
UP = "up"
_OPENMETRICS = "application/openmetrics-text"
_ACCEPT = "text/plain;version=0.0.4,*/*;q=0.1"
"""In OpenMetrics servers write names otherwise, without their colons; who answers in it all the same is read."""
_PAUSE_S = 0.1

log = logging.getLogger("oddgate.watch")


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    url: str
    server: Server
    interval_s: float
    headers: Mapping[str, str]


@dataclass(slots=True)
class State:
    """How a target is. ``error`` says in a word why it is down; ``ts`` is when it was asked last."""

    server: Server
    is_up: bool = False
    error: str = "not_asked"
    ts: float = 0.0
    samples: int = 0
    left_out: int = 0
    errors: int = 0


class _Failed(Exception):
    """In a word."""


@dataclass(slots=True)
class Scraper:
    """``wall`` and ``clock`` give seconds, since 1970 and never going back; ``take`` gets what a page says."""

    targets: Sequence[Target]
    take: Callable[[Sequence[Sample]], None]
    wall: Callable[[], float]
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    states: dict[str, State] = field(init=False)

    def __post_init__(self) -> None:
        self.states = {target.name: State(target.server) for target in self.targets}

    async def run(self) -> None:
        """Until it is cancelled."""
        no_cookies = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=no_cookies, auto_decompress=False) as session, asyncio.TaskGroup() as group:
            for target in self.targets:
                group.create_task(self._follow(session, target))

    async def _follow(self, session: aiohttp.ClientSession, target: Target) -> None:
        while True:
            begun = self.clock()
            await self._ask(session, target)
            await self.sleep(max(begun + target.interval_s - self.clock(), _PAUSE_S))

    async def _ask(self, session: aiohttp.ClientSession, target: Target) -> None:
        state = self.states[target.name]
        try:
            samples, state.left_out = await self._page(session, target)
            error = ""
        except _Failed as failed:
            samples, state.left_out, error = [], 0, str(failed)
            state.errors += 1
        if error != state.error:
            (log.warning if error else log.info)("the metrics of %s: %s", target.name, error or "they are read")
        state.ts, state.is_up, state.error, state.samples = self.wall(), not error, error, len(samples)
        self.take([Sample(state.ts, target.name, UP, (), Kind.GAUGE, float(state.is_up)), *samples])

    async def _page(self, session: aiohttp.ClientSession, target: Target) -> tuple[list[Sample], int]:
        try:
            async with asyncio.timeout(min(TIMEOUT_S, target.interval_s)):
                text, is_openmetrics = await _fetch(session, target)
        except TimeoutError:
            raise _Failed("timeout") from None
        except (aiohttp.ClientError, OSError, ValueError):  # a ValueError of headers that are none
            raise _Failed("unreachable") from None
        try:
            return read(text, is_openmetrics, target.server, target.name, self.wall())
        except PageError:
            raise _Failed("not_metrics") from None


async def _fetch(session: aiohttp.ClientSession, target: Target) -> tuple[str, bool]:
    """Whoever is asked is who is named: nothing is followed elsewhere, with the headers that are for the target alone."""
    headers = {"Accept": _ACCEPT, "Accept-Encoding": "identity", "User-Agent": "oddgate", **target.headers}
    async with session.get(target.url, headers=headers, allow_redirects=False) as answer:
        if answer.status != 200:
            raise _Failed(f"status_{answer.status}")
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _Failed("encoded")
        if answer.content_type not in ("text/plain", "application/octet-stream", _OPENMETRICS):  # octet-stream: none is said
            raise _Failed("not_metrics")
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > MAX_BYTES:
                raise _Failed("too_large")
        return body.decode("utf-8", "replace"), answer.content_type == _OPENMETRICS
