"""Every metric of the gateway, in one table. No label takes a value that a client can choose."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from gateway.telemetry.record import Exchange

M = TypeVar("M", bound=MetricWrapperBase)

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class Instruments:
    """Owned by the app. ``observe`` takes an exchange that is over."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._children: dict[MetricWrapperBase, dict[tuple[str, ...], MetricWrapperBase]] = {}
        shape = ("surface", "stream")
        ended = ("surface", "decision", "outcome")
        self._requests = Counter("oddgate_requests_total", "Exchanges that are over.", ended, registry=registry)
        self._findings = Counter("oddgate_findings_total", "Findings of rules.", ("kind", "action", "shadow"), registry=registry)
        self._unchecked = Counter(
            "oddgate_unchecked_total", "Checks that could not run, and what became of the text.", ("reason", "action"), registry=registry
        )
        self._unread = Counter("oddgate_uninspectable_total", "Parts that no rule can read.", ("kind", "action"), registry=registry)
        self._overhead = Histogram(
            "oddgate_overhead_seconds", "Time added by the gateway, guards included.", shape, buckets=_SECONDS, registry=registry
        )
        self._guards = Histogram("oddgate_guards_seconds", "Time spent in guards.", shape, buckets=_SECONDS, registry=registry)
        self._upstream = Histogram(
            "oddgate_upstream_seconds", "Time spent waiting for the upstream.", shape, buckets=_WAITS, registry=registry
        )
        self._first_byte = Histogram(
            "oddgate_first_byte_seconds", "Time to the first byte of an answer.", shape, buckets=_WAITS, registry=registry
        )
        self._tokens = Counter("oddgate_tokens_total", "Tokens as upstreams report them.", ("type",), registry=registry)
        self.active = Gauge("oddgate_active_exchanges", "Exchanges under way.", registry=registry)
        self.journal_errors = Counter("oddgate_journal_errors_total", "Records that could not be written.", registry=registry)
        self.policy_reloads = Counter("oddgate_policy_reloads_total", "Policy reloads.", ("result",), registry=registry)

    def observe(self, exchange: Exchange) -> None:
        ended = (exchange.surface, exchange.decision, exchange.outcome)
        self._child(self._requests, ended).inc()
        shape = (exchange.surface, "true" if exchange.is_stream else "false")
        self._child(self._overhead, shape).observe(exchange.overhead_s(exchange.end))
        self._child(self._guards, shape).observe(exchange.guard_s)
        self._child(self._upstream, shape).observe(exchange.upstream_s)
        if exchange.first_byte is not None:
            self._child(self._first_byte, shape).observe(exchange.first_byte - exchange.start)
        for part in (exchange.request, exchange.response):
            for (kind, action, shadow, why), number in part.counts.items():
                if why == "match":
                    self._child(self._findings, (kind, action, "true" if shadow else "false")).inc(number)
                else:
                    self._child(self._unchecked, (why, action)).inc(number)
            for unread in part.unread:
                self._child(self._unread, (unread.kind, unread.action.value)).inc()
        for name, count in (("input", exchange.usage.input_tokens), ("output", exchange.usage.output_tokens)):
            if count:
                self._child(self._tokens, (name,)).inc(count)

    def _child(self, metric: M, labels: tuple[str, ...]) -> M:
        """The metric with its labels, which the library would look up anew each time; labels are few by construction."""
        children = self._children.setdefault(metric, {})
        child = children.get(labels)
        if child is None:
            child = children[labels] = metric.labels(*labels)
        return cast("M", child)


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that its owner keeps, read when the metrics are asked for."""

    name: str
    help: str
    read: Callable[[], float]
    is_counter: bool = False


class Readings(Collector):
    """A collector of readings."""

    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        for reading in self._readings:
            family = CounterMetricFamily if reading.is_counter else GaugeMetricFamily
            yield family(reading.name, reading.help, value=reading.read())
