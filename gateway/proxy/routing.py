"""Which upstream serves a model: by the first route that matches, else the first upstream that takes it; one out of reach rests."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from gateway.config import Route
from gateway.errors import NotSupported
from gateway.proxy.headers import upstream_headers
from gateway.proxy.http import Headers, UpstreamAnswer
from gateway.proxy.upstream import Unreachable, Upstream

REST_S = 5.0
"""How long an upstream that could not be reached is passed over while another is left."""


class Router:
    def __init__(self, upstreams: Sequence[Upstream], routes: Sequence[Route], clock: Callable[[], float]) -> None:
        self._upstreams: Mapping[str, Upstream] = {upstream.name: upstream for upstream in upstreams}
        self._routes = routes
        self._clock = clock
        self._rests_until: dict[str, float] = {}

    def candidates(self, model: str) -> list[Upstream]:
        """In the order in which they are to be tried; those that rest come last. Raises NotSupported (``model_not_routed``)."""
        route = next((route for route in self._routes if _matches(route.models, model)), None)
        if route:
            found = [self._upstreams[name] for name in route.to]
        else:
            found = [upstream for upstream in self._upstreams.values() if not model or _matches(upstream.settings.models, model)][:1]
        if not found:
            raise NotSupported("model_not_routed", "No upstream is configured for this model.", "model")
        now = self._clock()
        return sorted(found, key=lambda upstream: self._rests_until.get(upstream.name, 0) > now)

    async def send(
        self, model: str, method: str, path: str, client: Headers, body: bytes, *, drop_credentials: bool
    ) -> tuple[Upstream, UpstreamAnswer]:
        """Send to the first upstream that can be reached. Nothing that may have been received is ever sent twice."""
        *others, last = self.candidates(model)
        for upstream in others:
            try:
                return upstream, await upstream.send(method, path, _headers(upstream, client, drop_credentials=drop_credentials), body)
            except Unreachable:
                self._rest(upstream)
        try:
            return last, await last.send(method, path, _headers(last, client, drop_credentials=drop_credentials), body)
        except Unreachable:
            self._rest(last)
            raise

    def _rest(self, upstream: Upstream) -> None:
        self._rests_until[upstream.name] = self._clock() + REST_S


def _headers(upstream: Upstream, client: Headers, *, drop_credentials: bool) -> list[tuple[str, str]]:
    return upstream_headers(client, drop_credentials=drop_credentials or upstream.settings.api_key is not None)


def _matches(globs: Sequence[str], model: str) -> bool:
    return any(fnmatchcase(model.lower(), glob.lower()) for glob in globs)
