"""Which upstream serves a model: by the first route that matches, else the first upstream that takes it; one out of reach rests."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from gateway.config import Route
from gateway.errors import NotSupported
from gateway.proxy.headers import upstream_headers
from gateway.proxy.http import Body, Handshake, Headers, Target, UpstreamAnswer
from gateway.proxy.upstream import Unreachable, Upstream

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

    async def send(self, target: Target, client: Headers, body: Body, *, drop_credentials: bool) -> tuple[Upstream, UpstreamAnswer]:
        """Send to the first upstream that can be reached. Nothing that may have been received is ever sent twice."""
        *others, last = self.candidates(target.family, target.model)
        for upstream in others:
            try:
                return upstream, await upstream.send(target, _headers(upstream, client, drop_credentials=drop_credentials), body)
            except Unreachable:
                self._rest(upstream)
        try:
            return last, await last.send(target, _headers(last, client, drop_credentials=drop_credentials), body)
        except Unreachable:
            self._rest(last)
            raise

    async def connect(
        self, target: Target, client: Headers, protocols: Sequence[str], *, drop_credentials: bool
    ) -> tuple[Upstream, Handshake]:
        """Open a socket at the first upstream that can be reached."""
        *others, last = self.candidates(target.family, target.model)
        for upstream in others:
            try:
                return upstream, await upstream.connect(target, _headers(upstream, client, drop_credentials=drop_credentials), protocols)
            except Unreachable:
                self._rest(upstream)
        try:
            return last, await last.connect(target, _headers(last, client, drop_credentials=drop_credentials), protocols)
        except Unreachable:
            self._rest(last)
            raise

    def _rest(self, upstream: Upstream) -> None:
        self._rests_until[upstream.name] = self._clock() + REST_S


def _headers(upstream: Upstream, client: Headers, *, drop_credentials: bool) -> list[tuple[str, str]]:
    settings = upstream.settings
    also = frozenset(map(str.lower, settings.forward_headers))
    return upstream_headers(client, drop_credentials=drop_credentials or settings.api_key is not None, also=also)


def _speaks(upstream: Upstream, family: str) -> bool:
    return upstream.settings.dialect in (family, "any")


def _matches(globs: Sequence[str], model: str) -> bool:
    return "*" in globs or any(fnmatchcase(model.lower(), glob.lower()) for glob in globs)
