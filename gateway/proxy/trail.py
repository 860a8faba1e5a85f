"""What upstreams are told of the trace that an exchange belongs to, and what is noted of each call."""

from collections.abc import Callable

from gateway.errors import GatewayError
from gateway.proxy.http import Headers
from gateway.telemetry.record import Exchange
from gateway.wire.tracing import new_span_id


class Trail:
    """Each call is an attempt of the exchange's, and a span of its own."""

    def __init__(self, exchange: Exchange, clock: Callable[[], float], chance: Callable[[int], bytes]) -> None:
        self._exchange = exchange
        self._clock = clock
        self._chance = chance

    def begin(self, upstream: str) -> Headers:
        span_id = new_span_id(self._chance)
        self._exchange.attempt(upstream, span_id, self._clock())
        return self._exchange.trace.headers(span_id)

    def failed(self, error: GatewayError) -> None:
        self._exchange.attempt_failed(error.code, self._clock())

    def under(self, measure: str, kind: str) -> None:
        self._exchange.note_measure(measure, kind)


class Beside:
    """Calls that are no part of the exchange, of which nothing is noted: below its own span."""

    def __init__(self, exchange: Exchange) -> None:
        self._headers = exchange.trace.headers(exchange.trace.span_id)

    def begin(self, upstream: str) -> Headers:
        return self._headers

    def failed(self, error: GatewayError) -> None: ...

    def under(self, measure: str, kind: str) -> None: ...
