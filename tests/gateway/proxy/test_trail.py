"""What upstreams are told of a trace, and what is noted of each call."""

from itertools import count

from gateway.errors import UpstreamError
from gateway.proxy.trail import Beside, Trail
from gateway.telemetry.record import Exchange, render
from gateway.wire.tracing import Trace

TRACE = Trace("a" * 32, "b" * 16, "c" * 16)


def test_each_call_is_a_span():
    """It is told its own, and the record has all of them, with what became of them."""
    exchange, numbers, times = Exchange("req_1", 0.0, 10.0, TRACE, end=13.0), count(1), iter([10.5, 11.0, 11.5])
    trail = Trail(exchange, lambda: next(times), lambda size: next(numbers).to_bytes(size, "big"))
    told = [trail.begin("near")]
    trail.failed(UpstreamError("upstream_unreachable", "no"))
    told.append(trail.begin("far"))
    exchange.answered("far", 200, 12.0)
    assert told == [[("traceparent", f"00-{'a' * 32}-{number:016x}-01")] for number in (1, 2)]
    assert render(exchange)["attempts"] == [
        {"span": f"{1:016x}", "upstream": "near", "at": 500.0, "ms": 500.0, "first": None, "status": None, "error": "upstream_unreachable"},
        {"span": f"{2:016x}", "upstream": "far", "at": 1500.0, "ms": 500.0, "first": None, "status": 200, "error": None},
    ]


def test_calls_beside_the_exchange():
    """They are told the exchange's own span, and nothing is noted of them."""
    exchange = Exchange("req_1", 0.0, 0.0, TRACE)
    beside = Beside(exchange)
    assert beside.begin("near") == [("traceparent", f"00-{'a' * 32}-{'b' * 16}-01")]
    beside.failed(UpstreamError("upstream_unreachable", "no"))
    assert exchange.attempts == []
