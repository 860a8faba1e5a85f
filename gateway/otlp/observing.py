"""What an export says, in short, for those who watch over applications: samples, spans and lines of logs, without what they say in prose.

Of an export as it may go on, after its review. Texts are only a span's name and a log's body, and only where the policy took out all that
it found. Labels whose values could be prose are not repeated, but told apart by a keyed hash.
"""

import hmac
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from gateway.guard.outcome import Findings
from gateway.telemetry.observed import (
    MAX_BODY,
    MAX_BUCKETS,
    MAX_LABEL,
    MAX_LABELS,
    MAX_NAME,
    Buckets,
    Kind,
    Labels,
    LogSeen,
    Sample,
    Seen,
    SpanSeen,
)
from gateway.wire.otlp.exports import Message
from gateway.wire.walk import is_name, is_structural, number_text
from policies.verdict import Action

REST = "rest"
"""The label whose value stands for all that are not repeated."""
_ORIGIN = "otlp"
_EARLY_S, _LATE_S = 3600.0, 300.0
"""What says of itself that it is older, or later to come, counts as of now."""
_NO_VALUE = 1
_ERROR = 2
_DELTA, _CUMULATIVE = 1, 2
_NANO = 1e-9


def is_clean(findings: Findings) -> bool:
    """Whether a review left nothing in that it found, and could check everything."""
    acts = [(shadow, action) for *_, action, shadow, _ in findings.counts] + [(False, unread.action.value) for unread in findings.unread]
    return not any(shadow or Action(action).severity < Action.REDACT.severity for shadow, action in acts)


@dataclass(frozen=True, slots=True)
class Observing:
    """``key`` is the gateway's; ``app`` is who sent it, by the settings; ``keeps_text``: whether texts may be kept."""

    key: bytes
    app: str
    now: float
    keeps_text: bool

    def seen(self, message: Message) -> Iterator[Seen]:
        """In a message of any of the three signals."""
        match message.DESCRIPTOR.name:
            case "ExportMetricsServiceRequest":
                for group in message.resource_metrics:
                    source = self._source(group.resource)
                    for scope in group.scope_metrics:
                        for metric in scope.metrics:
                            yield from self._metric(metric, source)
            case "ExportTraceServiceRequest":
                for group in message.resource_spans:
                    source = self._source(group.resource)
                    for scope in group.scope_spans:
                        yield from map(partial(self._span, source), scope.spans)
            case _:
                for group in message.resource_logs:
                    source = self._source(group.resource)
                    for scope in group.scope_logs:
                        yield from map(partial(self._log, source), scope.log_records)

    def _source(self, resource: Message) -> str:
        service = next((each.value.string_value for each in resource.attributes if each.key == "service.name"), "")
        named = service if len(service) <= MAX_LABEL and is_structural(service) else ""
        return "/".join([part for part in (_ORIGIN, self.app, named) if part])

    def _ts(self, nanoseconds: int) -> float:
        ts = nanoseconds * _NANO
        return ts if self.now - _EARLY_S <= ts <= self.now + _LATE_S else self.now

    def _span(self, source: str, span: Message) -> SpanSeen:
        took_s = max(0, span.end_time_unix_nano - span.start_time_unix_nano) * _NANO
        name = span.name[:MAX_NAME] if self.keeps_text else ""
        return SpanSeen(
            self._ts(span.end_time_unix_nano), source, name, span.kind, took_s, span.status.code == _ERROR, span.trace_id[:16].hex(),
            span.span_id[:8].hex(), span.parent_span_id[:8].hex(),
        )  # fmt: skip

    def _log(self, source: str, record: Message) -> LogSeen:
        ts = self._ts(record.time_unix_nano or record.observed_time_unix_nano)
        body = record.body.string_value[:MAX_BODY] if self.keeps_text else ""
        return LogSeen(ts, source, record.severity_number, body, record.trace_id[:16].hex())

    def _metric(self, metric: Message, source: str) -> Iterator[Sample]:
        """Nothing of one whose name is none, nor of levels that are only told by their changes."""
        which, name = metric.WhichOneof("data"), metric.name
        if which is None or not name or len(name) > MAX_NAME or not is_structural(name):
            return
        data = getattr(metric, which)
        kind = _kind(which, data)
        if kind is None:
            return
        measure = _MEASURES[which]
        for point in data.data_points:
            if point.flags & _NO_VALUE:
                continue
            value, buckets = measure(point)
            if math.isfinite(value):
                start = point.start_time_unix_nano * _NANO
                yield Sample(self._ts(point.time_unix_nano), source, name, self._labels(point.attributes), kind, value, buckets, start)

    def _labels(self, attributes: Iterable[Message]) -> Labels:
        kept: dict[str, str] = {}
        rest: list[bytes] = []
        for each in attributes:
            text = _structural(each.value)
            if text is not None and is_name(each.key) and len(each.key) <= MAX_LABEL and len(kept) < MAX_LABELS and each.key != REST:
                kept[each.key] = text
            else:
                rest.append(each.SerializeToString(deterministic=True))
        if rest:
            kept[REST] = hmac.digest(self.key, b"oddgate series labels\0" + b"\0".join(sorted(rest)), "sha256")[:6].hex()
        return tuple(sorted(kept.items()))


def _structural(value: Message) -> str | None:
    match value.WhichOneof("value"):
        case "string_value":
            text: str = value.string_value
            return text if len(text) <= MAX_LABEL and is_structural(text) else None
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return None if number_text(value.int_value) else str(value.int_value)
    return None


def _kind(which: str, data: Message) -> Kind | None:
    match which:
        case "gauge":
            return Kind.GAUGE
        case "summary":
            return Kind.HISTOGRAM
        case "sum" if not data.is_monotonic:
            return Kind.GAUGE if data.aggregation_temporality == _CUMULATIVE else None
    is_sum = which == "sum"
    if data.aggregation_temporality == _DELTA:
        return Kind.COUNTER_DELTA if is_sum else Kind.HISTOGRAM_DELTA
    if data.aggregation_temporality == _CUMULATIVE:
        return Kind.COUNTER if is_sum else Kind.HISTOGRAM
    return None


def _number(point: Message) -> tuple[float, None]:
    which = point.WhichOneof("value")
    return (float(getattr(point, which)) if which else math.nan), None


def _histogram(point: Message) -> tuple[float, Buckets]:
    bounds, counts = tuple(point.explicit_bounds), list(point.bucket_counts)
    if len(counts) != len(bounds) + 1 or len(bounds) > MAX_BUCKETS:
        return point.sum, Buckets(float(point.count))
    below, total = [], 0.0
    for count in counts[:-1]:
        total += count
        below.append(total)
    return point.sum, Buckets(float(point.count), bounds, tuple(below))


def _whole(point: Message) -> tuple[float, Buckets]:
    return point.sum, Buckets(float(point.count))


_MEASURES: Mapping[str, Callable[[Message], tuple[float, Buckets | None]]] = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _whole,
    "summary": _whole,
}
