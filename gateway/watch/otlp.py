"""Spans to a collector, by OTLP over HTTP. OpenTelemetry's libraries stay inside this file, and are loaded where there is a collector.

The variables that every exporter of theirs knows count here too: headers, certificates, compression, timeout, attributes of the resource.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from gateway.watch.spans import Span
from gateway.watch.store import SinkError

_PATH = "/v1/traces"
_NEVER = frozenset({400, 413, 415, 422})
"""Answers about what was sent; after any other, the same may be taken later."""
_MAX_ANSWER = 64 << 10


class OtlpCollector:
    """``url`` is its address without ``/v1/traces``. Raises RuntimeError where the extra ``otel`` is not installed."""

    def __init__(self, url: str, version: str) -> None:
        try:
            import requests
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            self.resource = _resource(version)
        except ImportError:
            raise RuntimeError("telemetry.otlp_endpoint asks for what is not installed: pip install 'oddgate[otel]'") from None
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)  # what fails is said by the watch, once
        session = requests.Session()
        session.hooks["response"].append(self._note)
        self._exporter = OTLPSpanExporter(f"{url}{_PATH}", session=session)
        self._made = _maker(version, self.resource)
        self._status = self._rejected = 0

    def send(self, batch: Sequence[Span]) -> int:
        """See ``outbox.Collector``."""
        self._status = self._rejected = 0
        made = [self._made(span) for span in batch]
        self._exporter.export(made)
        if 200 <= self._status < 300:
            return max(0, len(batch) - self._rejected)
        if self._status in _NEVER or (not self._status and not _can_be_encoded(made)):
            return 0
        raise SinkError(f"it answered {self._status}" if self._status else "it cannot be reached")

    def _note(self, response: Any, *_: object, **__: object) -> None:  # noqa: ANN401 as requests calls it
        self._status = response.status_code
        self._rejected = _rejected(response.content) if self._status == 200 else 0


def _resource(version: str) -> Any:  # noqa: ANN401 the library's, which is not loaded with this module
    """Whose all this is. What the environment says comes over what we say."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    return Resource.create({"service.name": "oddgate", "service.version": version}).merge(OTELResourceDetector().detect())


def _maker(version: str, resource: Any) -> Callable[[Span], Any]:  # noqa: ANN401 as above
    """Makes spans as the exporter takes them."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    scope = InstrumentationScope("oddgate", version)
    flags = TraceFlags(TraceFlags.SAMPLED)
    kinds = {"server": SpanKind.SERVER, "internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}
    good, bad = Status(StatusCode.UNSET), Status(StatusCode.ERROR)

    def make(span: Span) -> ReadableSpan:
        trace_id = int(span.trace_id, 16)
        parent = SpanContext(trace_id, int(span.parent_id, 16), span.kind == "server", flags) if span.parent_id else None
        return ReadableSpan(
            span.name, SpanContext(trace_id, int(span.span_id, 16), is_remote=False, trace_flags=flags), parent, resource, span.attributes,
            [Event(event.name, event.attributes, event.at_ns) for event in span.events],
            kind=kinds[span.kind], status=bad if span.is_error else good,
            start_time=span.start_ns, end_time=span.end_ns, instrumentation_scope=scope,
        )  # fmt: skip

    return make


def _can_be_encoded(batch: Sequence[Any]) -> bool:
    """The exporter does not say why nothing was sent."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    try:
        encode_spans(batch)
    except Exception:  # noqa: BLE001 whatever is wrong with it, the next batch is not held up by it
        return False
    return True


def _rejected(answer: bytes) -> int:
    """How many spans a collector says that it has not taken, of those that it has answered for."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    if not answer or len(answer) > _MAX_ANSWER:
        return 0
    try:
        return max(0, int(ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans))
    except DecodeError:
        return 0
