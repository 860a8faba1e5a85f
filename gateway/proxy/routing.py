"""Which upstream serves a model: by the first route that matches, else the first upstream that takes it; one out of reach rests."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.config.serving import Route
from gateway.errors import GatewayError, NotSupported, Unavailable
from gateway.proxy.headers import upstream_headers
from gateway.proxy.http import Body, Handshake, Headers, Target, UpstreamAnswer
from gateway.proxy.measures import MeasuresInForce, no_measures
from gateway.proxy.parts import Calls
from gateway.proxy.upstream import Unreachable, Upstream
from policies.globs import matches

T = TypeVar("T")

REST_S = 5.0
"""How long an upstream that could not be reached is passed over while another is left."""


class _Limited(Unavailable):
    """Nothing was sent: another upstream may be tried."""


class Router:
    def __init__(
        self,
        upstreams: Sequence[Upstream],
        routes: Sequence[Route],
        clock: Callable[[], float],
        measures: MeasuresInForce | None = None,
    ) -> None:
        self._upstreams: Mapping[str, Upstream] = {upstream.name: upstream for upstream in upstreams}
        self._routes = routes
        self._clock = clock
        self._rests_until: dict[str, float] = {}
        self._measures = measures or no_measures()
        self._under_way: dict[str, int] = {}
        """Calls of upstreams that are limited, or were when they began."""

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
            release = self._slot(upstream.name, calls)
            try:
                answer = await upstream.send(target, _headers(upstream, client, calls, drop_credentials=drop_credentials), body)
            except BaseException:
                if release:
                    release()
                raise
            return _releasing(answer, release) if release else answer

        return await self._first(target, ask, calls)

    async def connect(
        self, target: Target, client: Headers, protocols: Sequence[str], calls: Calls, *, drop_credentials: bool
    ) -> tuple[Upstream, Handshake]:
        """Open a socket at the first upstream that can be reached."""

        async def ask(upstream: Upstream) -> Handshake:
            return await upstream.connect(target, _headers(upstream, client, calls, drop_credentials=drop_credentials), protocols)

        return await self._first(target, ask, calls)

    async def _first(self, target: Target, ask: Callable[[Upstream], Awaitable[T]], calls: Calls) -> tuple[Upstream, T]:
        *others, last = self._instead(self.candidates(target.family, target.model), target, calls)
        for upstream in others:
            try:
                return upstream, await self._try(upstream, ask, calls)
            except (Unreachable, _Limited):
                continue
        return last, await self._try(last, ask, calls)

    def _instead(self, found: list[Upstream], target: Target, calls: Calls) -> list[Upstream]:
        """With those that measures put in the place of others, each once."""
        if not self._measures.is_any:
            return found
        switched: dict[str, Upstream] = {}
        for upstream in found:
            other = self._measures.upstream_for(target.app, upstream.name)
            to = self._upstreams.get(other[0]) if other else None
            if other and to and _speaks(to, target.family):
                calls.under(other[1].id, other[1].do.kind)
                upstream = to
            switched.setdefault(upstream.name, upstream)
        return list(switched.values())

    def _slot(self, upstream: str, calls: Calls) -> Callable[[], None] | None:
        """What gives it back; None: calls are not counted. Raises ``_Limited``."""
        limited = self._measures.limit_of(upstream)
        if limited is None:
            return None
        limit, measure = limited
        if self._under_way.get(upstream, 0) >= limit:
            calls.under(measure.id, measure.do.kind)
            raise _limited()
        self._under_way[upstream] = self._under_way.get(upstream, 0) + 1

        def release() -> None:
            self._under_way[upstream] -= 1

        return release

    async def _try(self, upstream: Upstream, ask: Callable[[Upstream], Awaitable[T]], calls: Calls) -> T:
        try:
            return await ask(upstream)
        except _Limited:
            raise
        except GatewayError as error:
            calls.failed(error)
            if isinstance(error, Unreachable):
                self._rest(upstream)
            raise

    def _rest(self, upstream: Upstream) -> None:
        self._rests_until[upstream.name] = self._clock() + REST_S


def _limited() -> _Limited:
    error = _Limited("upstream_limited", "As many calls are under way at the upstream as may be at the moment: an incident is open.")
    error.headers = (("Retry-After", "1"),)
    return error


def _releasing(answer: UpstreamAnswer, release: Callable[[], None]) -> UpstreamAnswer:
    """An answer that gives its place back once it is closed, however often that is."""
    held = [release]

    def close() -> None:
        answer.close()
        while held:
            held.pop()()

    return replace(answer, close=close)


def _headers(upstream: Upstream, client: Headers, calls: Calls, *, drop_credentials: bool) -> list[tuple[str, str]]:
    settings = upstream.settings
    also = frozenset(map(str.lower, settings.forward_headers))
    kept = upstream_headers(client, drop_credentials=drop_credentials or settings.api_key is not None, also=also)
    return [*kept, *calls.begin(upstream.name)]


def _speaks(upstream: Upstream, family: str) -> bool:
    return upstream.settings.dialect in (family, "any")


def _matches(globs: Sequence[str], model: str) -> bool:
    return "*" in globs or any(matches(model, glob) for glob in globs)
