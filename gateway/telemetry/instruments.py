"""Every metric of the gateway, in one table. No label takes a value that a client can choose; no metric has more than so many series.

Each can say what it has counted as plain data (``state``), and take up what another one like it has counted more of since (``grow``): so
the metrics of several workers are added up (``merged``).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from gateway.telemetry.decided import Decision, decided
from gateway.telemetry.names import OTHER, Names
from gateway.telemetry.record import Exchange
from policies.subject import GENERATING

MAX_SERIES = 1000
"""Of a metric. What comes beyond is counted under ``other``, in every label."""
_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SCANS = (0.000005, 0.00001, 0.000025, 0.00005, *_SECONDS)
_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


State = Mapping[str, Any]
"""What a metric has counted: ``overflowed``, and its ``series``, each with its labels."""
_NOTHING: State = {"overflowed": 0, "series": []}


class Instruments:
    """Owned by the app. ``observe`` takes an exchange that is over."""

    def __init__(self, registry: CollectorRegistry, names: Names | None = None) -> None:
        self.registry = registry
        self._names = names or Names()
        shape = ("surface", "stream")
        ended = ("surface", "decision", "outcome")
        self._requests = Counts("oddgate_requests_total", "Exchanges that are over.", ended)
        self._findings = Counts("oddgate_findings_total", "Findings of rules.", ("kind", "action", "shadow"))
        self._unchecked = Counts("oddgate_unchecked_total", "Checks that could not run, and what became of the text.", ("reason", "action"))
        self._unread = Counts("oddgate_uninspectable_total", "Parts that no rule can read.", ("kind", "action"))
        self._unguarded = Counts("oddgate_unguarded_total", "Exchanges of paths that the settings leave unread.", ("surface",))
        self._overhead = Durations("oddgate_overhead_seconds", "Time added by the gateway, guards included.", shape, _SECONDS)
        self._guards = Durations("oddgate_guards_seconds", "Time spent in guards.", shape, _SECONDS)
        self._upstream = Durations("oddgate_upstream_seconds", "Time spent waiting for the upstream.", shape, _WAITS)
        self._first_byte = Durations("oddgate_first_byte_seconds", "Time to the first byte of an answer.", shape, _WAITS)
        ruled = ("policy", "rule", "stage")
        self._decisions = Counts("oddgate_decisions_total", "What rules decided of exchanges.", (*ruled, "verdict", "action"))
        self._open = Counts("oddgate_fail_open_total", "Exchanges that went on though a rule could not look.", (*ruled, "reason"))
        self._closed = Counts("oddgate_fail_closed_total", "Exchanges that were stopped as a rule could not look.", (*ruled, "reason"))
        by = ("detector", "cost")
        self._detectors = Durations("oddgate_detector_seconds", "Time that a detector took for a text, or a piece of one.", by, _SCANS)
        used = ("model", "provider", "app")
        self._tokens = Counts("oddgate_tokens_total", "Tokens as upstreams report them.", ("type", *used))
        self._cached = Counts("oddgate_cached_tokens_total", "Of the tokens read, those of providers' caches.", ("type", *used))
        self._cost = Counts("oddgate_cost_usd_total", "Dollars that exchanges cost, by the table of prices.", used)
        self._unpriced = Counts("oddgate_unpriced_exchanges_total", "Exchanges whose cost is not known.", ("reason", *used))
        sides = ("rollout", "version", "decision")
        self._rollout_exchanges = Counts("oddgate_rollout_exchanges_total", "Exchanges of either side of a rollout.", sides)
        self._measures = Counts("oddgate_measures_applied_total", "Exchanges that a measure has changed.", ("kind",))
        self._rollout_changes = Counts("oddgate_rollout_changes_total", "What came of rollouts.", ("rollout", "change"))
        self._reviews = Counts("oddgate_reviews_total", "Exchanges that a person has looked at.", ("label",))
        records = ("signal", "result")
        self._telemetry = Counts("oddgate_telemetry_records_total", "Records of telemetry that applications sent.", records)
        self._telemetry_lost = Counts("oddgate_telemetry_left_out_total", "Of telemetry, what went no further.", ("signal", "what"))
        self._telemetry_sent = Counts("oddgate_telemetry_forwarded_total", "Records of telemetry for the collector.", records)
        self.journal_errors = Counts("oddgate_journal_errors_total", "Records that could not be written.", ())
        self._policy_reloads = Counts("oddgate_policy_reloads_total", "Policy reloads.", ("result",))
        bounded = (
            self._requests, self._findings, self._unchecked, self._unread, self._unguarded, self._tokens, self._rollout_exchanges,
            self._rollout_changes, self._measures, self._reviews, self._overhead, self._guards, self._upstream, self._first_byte,
            self._decisions, self._open, self._closed, self._detectors, self._cached, self._cost, self._unpriced,
            self._telemetry, self._telemetry_lost, self._telemetry_sent, self.journal_errors, self._policy_reloads,
        )  # fmt: skip
        for each in bounded:
            registry.register(each)
        registry.register(Overflows(bounded))
        self._bounded: dict[str, Counts | Durations] = {each.name: each for each in bounded}

    def state(self) -> dict[str, State]:
        return {name: each.state() for name, each in self._bounded.items()}

    def grow(self, now: Mapping[str, State], before: Mapping[str, State]) -> None:
        for name, each in self._bounded.items():
            if name in now:
                each.grow(now[name], before.get(name, _NOTHING))

    def policies_reloaded(self, result: str) -> None:
        self._policy_reloads.add((result,))

    def rollout_counted(self, name: str, side: str, decision: str) -> None:
        self._rollout_exchanges.add((name, side, decision))

    def rollout_changed(self, name: str, change: str) -> None:
        self._rollout_changes.add((name, change))

    def reviewed(self, label: str) -> None:
        self._reviews.add((label,))

    def telemetry_received(self, signal: str, result: str, records: int) -> None:
        self._telemetry.add((signal, result), records)

    def telemetry_left_out(self, signal: str, what: str, number: int) -> None:
        self._telemetry_lost.add((signal, what), number)

    def telemetry_forwarded(self, signal: str, result: str, records: int) -> None:
        self._telemetry_sent.add((signal, result), records)

    def observe(self, exchange: Exchange) -> None:
        self._requests.add((exchange.surface, exchange.decision, exchange.outcome))
        if exchange.is_unguarded:
            self._unguarded.add((exchange.surface,))
        shape = (exchange.surface, "true" if exchange.is_stream else "false")
        self._overhead.add(shape, exchange.overhead_s(exchange.end))
        self._guards.add(shape, exchange.guard_s)
        self._upstream.add(shape, exchange.upstream_s)
        if exchange.first_byte is not None:
            self._first_byte.add(shape, exchange.first_byte - exchange.start)
        for kind in exchange.measures.values():
            self._measures.add((kind,))
        for part in (exchange.request, exchange.response):
            for (_, kind, action, shadow, why), number in part.counts.items():
                if why == "match":
                    self._findings.add((kind, action, "true" if shadow else "false"), number)
                else:
                    self._unchecked.add((why, action), number)
            for unread in part.unread:
                self._unread.add((unread.kind, unread.action.value))
        for each in decided(exchange):
            if isinstance(each, Decision):
                self._decisions.add(each)
            else:
                (self._open if each.is_open else self._closed).add(each[:-1])
        self._spent(exchange)

    def _spent(self, exchange: Exchange) -> None:
        usages = exchange.usages
        told = [usage for usage in usages if usage.is_told]
        if not told and (exchange.surface not in GENERATING or not 200 <= exchange.status < 300):
            return
        used = self._names.of(exchange.model, exchange.upstream, exchange.app)
        for usage in told:
            for metric, name, count in (
                (self._tokens, "input", usage.input_tokens),
                (self._tokens, "output", usage.output_tokens),
                (self._cached, "read", usage.cached_tokens),
                (self._cached, "write", usage.cache_write_tokens),
            ):
                if count:
                    metric.add((name, *used), count)
        if exchange.cost_usd is None:
            self._unpriced.add(("no_price" if len(told) == len(usages) else "no_usage", *used))
        elif exchange.cost_usd:
            self._cost.add(used, exchange.cost_usd)

    def scanned(self, detector: str, cost: str, seconds: float) -> None:
        """``cost`` is where it ran: ``inline``, or in the ``pool``, where waiting for a worker is part of it."""
        self._detectors.add((detector, cost), seconds)


class Counts(Collector):
    """A counter for each set of labels. It is added to and read in one thread, and so does without the library's locks."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self.name = name
        self.overflowed = 0
        self._text = text
        self._labels = labels
        self._other = (OTHER,) * len(labels)
        self._counts: dict[tuple[str, ...], float] = {} if labels else {(): 0}

    @property
    def total(self) -> float:
        return sum(self._counts.values())

    def state(self) -> State:
        return {"overflowed": self.overflowed, "series": [[list(labels), count] for labels, count in self._counts.items()]}

    def grow(self, now: State, before: State) -> None:
        """By what another one has counted between two states of it."""
        known = {tuple(labels): count for labels, count in before["series"]}
        for labels, count in now["series"]:
            if more := count - known.get(tuple(labels), 0):
                self.add(tuple(labels), more)
        self.overflowed += now["overflowed"] - before["overflowed"]

    def add(self, labels: tuple[str, ...] = (), number: float = 1) -> None:
        if labels not in self._counts and len(self._counts) >= MAX_SERIES:
            labels = self._other
            self.overflowed += 1
        self._counts[labels] = self._counts.get(labels, 0) + number

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self.name, self._text, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        yield family


class Durations(Collector):
    """A histogram for each set of labels, as ``Counts`` is a counter; above the last of ``bounds`` is one more bucket."""

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self.name = name
        self.overflowed = 0
        self._text = text
        self._labels = labels
        self._other = (OTHER,) * len(labels)
        self._bounds = bounds
        self._buckets: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def state(self) -> State:
        series = [[list(labels), list(buckets), self._sums[labels]] for labels, buckets in self._buckets.items()]
        return {"overflowed": self.overflowed, "series": series}

    def grow(self, now: State, before: State) -> None:
        """As ``Counts`` does."""
        known = {tuple(labels): (buckets, total) for labels, buckets, total in before["series"]}
        nothing = ([0] * (len(self._bounds) + 1), 0.0)
        for labels, buckets, total in now["series"]:
            old, old_total = known.get(tuple(labels), nothing)
            more = [new - was for new, was in zip(buckets, old, strict=True)]
            if any(more):
                own = self._own(tuple(labels))
                self._buckets[own] = [has + new for has, new in zip(self._buckets[own], more, strict=True)]
                self._sums[own] += total - old_total
        self.overflowed += now["overflowed"] - before["overflowed"]

    def add(self, labels: tuple[str, ...], seconds: float) -> None:
        labels = self._own(labels)
        self._buckets[labels][bisect_left(self._bounds, seconds)] += 1
        self._sums[labels] += seconds

    def _own(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Those under which it is counted, for which there is room."""
        if labels not in self._sums and len(self._sums) >= MAX_SERIES:
            labels = self._other
            self.overflowed += 1
        if labels not in self._sums:
            self._buckets[labels] = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        return labels

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self.name, self._text, labels=self._labels)
        bounds = [*map(str, self._bounds), "+Inf"]
        for labels, buckets in self._buckets.items():
            family.add_metric(labels, list(zip(bounds, accumulate(buckets), strict=True)), self._sums[labels])
        yield family


class Overflows(Collector):
    """How often each metric had no more room for a series."""

    def __init__(self, bounded: Sequence[Counts | Durations]) -> None:
        self._bounded = bounded

    def collect(self) -> Iterator[Metric]:
        text = "What was counted under other, as its metric has as many series as one may have."
        family = CounterMetricFamily("oddgate_metric_series_overflow_total", text, labels=("metric",))
        for each in self._bounded:
            family.add_metric((each.name,), each.overflowed)
        yield family


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that its owner keeps, read when the metrics are asked for."""

    name: str
    help: str
    read: Callable[[], float]
    is_counter: bool = False
    over_workers: Literal["sum", "max"] = "sum"
    """What several workers' numbers make together; counters add up."""


class Readings(Collector):
    """A collector of readings."""

    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        for reading in self._readings:
            family = CounterMetricFamily if reading.is_counter else GaugeMetricFamily
            yield family(reading.name, reading.help, value=reading.read())
