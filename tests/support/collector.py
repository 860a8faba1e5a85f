"""A strict OTLP collector on this machine: it decodes what it is sent, and takes nothing that the protocol does not allow."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

KINDS = {1: "internal", 2: "server", 3: "client"}


@dataclass
class Seen:
    """A span as it was received."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    events: list[tuple[str, int, dict[str, Any]]]
    is_error: bool
    state: str = ""


@dataclass
class SeenLog:
    """A log record as it was received."""

    event: str
    severity: str
    body: Any
    trace_id: str
    span_id: str
    at_ns: int
    attributes: dict[str, Any]


@dataclass
class Point:
    """What a histogram says last of one set of attributes."""

    attributes: dict[str, Any]
    count: int
    total: float
    bounds: list[float]
    unit: str


def _set() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Collector:
    """``answers`` are the statuses of the next answers, then always 200; it rejects so many spans of each batch, refuses (400) any with
    a span of these names, and waits before any until it ``is_open``.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    rejects: int = 0
    refuses: frozenset[str] = frozenset()
    is_open: threading.Event = field(default_factory=_set)
    asked: int = 0
    spans: list[Seen] = field(default_factory=list)
    logs: list[SeenLog] = field(default_factory=list)
    histograms: dict[str, list[Point]] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def by_id(self) -> dict[str, Seen]:
        return {span.span_id: span for span in self.spans}

    def counts(self) -> Counter[str]:
        """How often each span came."""
        return Counter(span.span_id for span in self.spans)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Measures are always taken: they come when they like."""
        if path == "/v1/metrics":
            return self._measured(body)
        if path == "/v1/logs":
            return self._logged(body)
        self.asked += 1
        self.is_open.wait()
        status = self.answers.pop(0) if self.answers else 200
        if status != 200:
            return status, b"no"
        try:
            assert path == "/v1/traces", path
            assert headers["content-type"] == "application/x-protobuf"
            request = ExportTraceServiceRequest.FromString(body)
            seen = [_seen(span) for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]
            self.resources += [_plain(group.resource.attributes) for group in request.resource_spans]
        except Exception as error:  # noqa: BLE001 it is the test's to know
            self.faults.append(f"{type(error).__name__}: {error}")
            return 400, b""
        if self.refuses.intersection(span.name for span in seen):
            return 400, b"no"
        self.headers.append(headers)
        self.spans += seen
        answer = ExportTraceServiceResponse()
        answer.partial_success.rejected_spans = self.rejects
        return 200, answer.SerializeToString()

    def _logged(self, body: bytes) -> tuple[int, bytes]:
        """As long as nothing is wrong with spans, either."""
        status = self.answers.pop(0) if self.answers else 200
        if status != 200:
            return status, b"no"
        try:
            request = ExportLogsServiceRequest.FromString(body)
            for group in request.resource_logs:
                assert _plain(group.resource.attributes)["service.name"]
                self.logs += [_log(log) for scope in group.scope_logs for log in scope.log_records]
        except Exception as error:  # noqa: BLE001 it is the test's to know
            self.faults.append(f"{type(error).__name__}: {error}")
        return 200, b""

    def _measured(self, body: bytes) -> tuple[int, bytes]:
        try:
            request = ExportMetricsServiceRequest.FromString(body)
            for group in request.resource_metrics:
                assert _plain(group.resource.attributes)["service.name"]
                for metric in (metric for scope in group.scope_metrics for metric in scope.metrics):
                    self.histograms[metric.name] = [_point(point, metric.unit) for point in metric.histogram.data_points]
        except Exception as error:  # noqa: BLE001 it is the test's to know
            self.faults.append(f"{type(error).__name__}: {error}")
        return 200, b""


def _log(log: Any) -> SeenLog:
    assert log.time_unix_nano > 0
    assert len(log.trace_id) in (0, 16)
    assert len(log.span_id) in (0, 8)
    body = _value(log.body) if log.HasField("body") else None
    return SeenLog(
        log.event_name, log.severity_text, body, log.trace_id.hex(), log.span_id.hex(), log.time_unix_nano, _plain(log.attributes)
    )  # fmt: skip


def _point(point: Any, unit: str) -> Point:
    assert point.start_time_unix_nano <= point.time_unix_nano
    assert sum(point.bucket_counts) == point.count
    return Point(_plain(point.attributes), point.count, point.sum, list(point.explicit_bounds), unit)


def _seen(span: Any) -> Seen:
    assert len(span.trace_id) == 16
    assert any(span.trace_id)
    assert len(span.span_id) == 8
    assert any(span.span_id)
    assert len(span.parent_span_id) in (0, 8)
    assert span.name
    assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
    assert span.dropped_attributes_count == span.dropped_events_count == 0
    events = [(event.name, event.time_unix_nano, _plain(event.attributes)) for event in span.events]
    assert all(span.start_time_unix_nano <= at <= span.end_time_unix_nano for _, at, _ in events)
    return Seen(
        span.name, KINDS[span.kind], span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.start_time_unix_nano,
        span.end_time_unix_nano, _plain(span.attributes), events, span.status.code == 2, span.trace_state,
    )  # fmt: skip


def _plain(attributes: Iterable[Any]) -> dict[str, Any]:
    pairs = [(attribute.key, _value(attribute.value)) for attribute in attributes]
    assert len(dict(pairs)) == len(pairs), "a key twice"
    return dict(pairs)


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    assert kind in ("string_value", "bool_value", "int_value", "double_value", "array_value", "kvlist_value"), kind
    if kind == "kvlist_value":
        return _plain(value.kvlist_value.values)
    return [_value(item) for item in value.array_value.values] if kind == "array_value" else getattr(value, kind)


@contextmanager
def running_collector(collector: Collector | None = None, port: int = 0) -> Iterator[Collector]:
    """While the block runs; ``collector`` goes on where it was."""
    taking = collector or Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = taking.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with suppress(ConnectionError):  # whoever asked may have gone
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    taking.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield taking
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
