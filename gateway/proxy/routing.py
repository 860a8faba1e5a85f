"""Which upstream serves a model: by the first route that matches, else the first upstream that takes it; one out of reach rests."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from gateway.config import Route
from gateway.errors import GatewayError, NotSupported
from gateway.proxy.headers import upstream_headers
from gateway.proxy.http import Body, Handshake, Headers, Target, UpstreamAnswer
from gateway.proxy.parts import Calls
from gateway.proxy.upstream import Unreachable, Upstream
from policies.globs import matches

T = TypeVar("T")

REST_S = 5.0
"""How long an upstream that could not be reached is passed over while another is left."""


class Router:
    def __init__(self, upstreams: Sequence[Upstream], routes: Sequence[Route], clock: Callable[[], float]) -> None:
        self._upstreams: Mapping[str, Upstream] = {upstream.name: upstream for upstream in upstreams}
        self._routes = routes
        self._clock = clock
        self._rests_until: dict[str, float] = {}

    def candidates(self, family: str, model: str) -> list[Upstream]:
        """In the order in which they are to be tried; those that rest come last. Raises NotSupported (``model_not_routed``)."""
        route = next((route for route in self._routes if _matches(route.models, model)), None)
        if route:
            found = [upstream for name in route.to if _speaks(upstream := self._upstreams[name], family)]
        else:
            speakers = [upstream for upstream in self._upstreams.values() if _speaks(upstream, family)]
            found = [upstream for upstream in speakers if not model or _matches(upstream.settings.models, model)][:1]
        if not found:
            raise NotSupported("model_not_routed", "No upstream is configured for this model and API.", "model")
        if len(found) == 1:
            return found
        now = self._clock()
        return sorted(found, key=lambda upstream: self._rests_until.get(upstream.name, 0) > now)

    async def send(
        self, target: Target, client: Headers, body: Body, calls: Calls, *, drop_credentials: bool
    ) -> tuple[Upstream, UpstreamAnswer]:
        """Send to the first upstream that can be reached. Nothing that may have been received is ever sent twice."""

        async def ask(upstream: Upstream) -> UpstreamAnswer:
            return await upstream.send(target, _headers(upstream, client, calls, drop_credentials=drop_credentials), body)

        return await self._first(target, ask, calls)

    async def connect(
        self, target: Target, client: Headers, protocols: Sequence[str], calls: Calls, *, drop_credentials: bool
    ) -> tuple[Upstream, Handshake]:
        """Open a socket at the first upstream that can be reached."""

        async def ask(upstream: Upstream) -> Handshake:
            return await upstream.connect(target, _headers(upstream, client, calls, drop_credentials=drop_credentials), protocols)

        return await self._first(target, ask, calls)

    async def _first(self, target: Target, ask: Callable[[Upstream], Awaitable[T]], calls: Calls) -> tuple[Upstream, T]:
        *others, last = self.candidates(target.family, target.model)
        for upstream in others:
            try:
                return upstream, await self._try(upstream, ask, calls)
            except Unreachable:
                continue
        return last, await self._try(last, ask, calls)

    async def _try(self, upstream: Upstream, ask: Callable[[Upstream], Awaitable[T]], calls: Calls) -> T:
        try:
            return await ask(upstream)
        except GatewayError as error:
            calls.failed(error)
            if isinstance(error, Unreachable):
                self._rest(upstream)
            raise

    def _rest(self, upstream: Upstream) -> None:
        self._rests_until[upstream.name] = self._clock() + REST_S


def _headers(upstream: Upstream, client: Headers, calls: Calls, *, drop_credentials: bool) -> list[tuple[str, str]]:
    settings = upstream.settings
    also = frozenset(map(str.lower, settings.forward_headers))
    kept = upstream_headers(client, drop_credentials=drop_credentials or settings.api_key is not None, also=also)
    return [*kept, *calls.begin(upstream.name)]


def _speaks(upstream: Upstream, family: str) -> bool:
    return upstream.settings.dialect in (family, "any")


def _matches(globs: Sequence[str], model: str) -> bool:
    return "*" in globs or any(matches(model, glob) for glob in globs)
