"""Spans, and events as log records, to a collector, by OTLP over HTTP. OpenTelemetry's libraries are loaded where there is one.

The variables that every exporter of theirs knows count here too: headers, certificates, compression, timeout, attributes of the resource.
"""

from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any, Literal

from gateway.watch.otel.spans import Log, Span
from gateway.watch.store import SinkError

MAX_POSTS = 64
"""For one batch: of which a collector refuses the half, and half of that, until what is wrong with it stands alone."""
_REFUSED = frozenset({400, 413, 422})
"""Answers about what was sent; after any other, the same may be taken later."""
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http", "opentelemetry.proto", "requests")


class OtlpCollector:
    """``url`` is its address without ``/v1/…``. Raises RuntimeError where the extra ``otel`` is not installed."""

    def __init__(self, url: str, version: str) -> None:
        require()
        from gateway.watch.otel.encoding import Encoder

        self.resource = resource(version)
        encoder = Encoder(self.resource.attributes, version)
        self._spans = exports(url, "traces", encoder.span, encoder.export)
        self._logs = exports(url, "logs", encoder.log, encoder.export)

    def send(self, batch: Iterable[Span]) -> int:
        """See ``outbox.Collector``."""
        return self._spans.send(batch)

    def tell(self, batch: Iterable[Log]) -> int:
        """See ``outbox.Collector``."""
        return self._logs.send(batch)


def require() -> None:
    """Raises RuntimeError where the extra ``otel`` is not installed."""
    for name in _NEEDED:
        try:
            is_there = find_spec(name) is not None
        except ModuleNotFoundError:  # what it is in is not there, either
            is_there = False
        if not is_there:
            raise RuntimeError("telemetry.otlp_endpoint asks for what is not installed: pip install 'oddgate[otel]'")


class Exports:
    """Of one signal. ``rejected`` reads from an answer how many a collector has not taken."""

    def __init__(
        self, name: str, post: Callable[[bytes], tuple[int, bytes]], encode: Callable[[Any], bytes],
        export: Callable[[Sequence[bytes]], bytes], rejected: Callable[[bytes], int],
    ) -> None:  # fmt: skip
        self._name = name
        self._post = post
        self._encode = encode
        self._export = export
        self._rejected = rejected

    def send(self, batch: Iterable[Any]) -> int:
        """How many it took. What is refused is sent again by halves; raises ``SinkError`` where it takes none now."""
        waiting = [self._encoded(batch)]
        taken = posts = 0
        while waiting:
            part = waiting.pop()
            if not part:
                continue
            status, answer = self._post(self._export(part))
            posts += 1
            if 200 <= status < 300:
                taken += max(0, len(part) - self._rejected(answer))
            elif status not in _REFUSED:
                raise SinkError(f"it answered {status} to {self._name}" if status else "it cannot be reached")
            elif len(part) > 1 and posts + len(waiting) + 2 <= MAX_POSTS:
                half = len(part) // 2
                waiting += [part[half:], part[:half]]
        return taken

    def _encoded(self, batch: Iterable[Any]) -> list[bytes]:
        """Without what no collector could ever take."""
        encoded = []
        for each in batch:
            try:
                encoded.append(self._encode(each))
            except (ValueError, TypeError, OverflowError):
                continue
        return encoded


def exports(
    url: str, signal: Literal["traces", "logs"], encode: Callable[[Any], bytes], export: Callable[[Sequence[bytes]], bytes]
) -> Exports:
    """To a collector at ``url``. Needs the extra ``otel``."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    from gateway.watch.otel.client import OtlpPost

    def rejected(answer: bytes) -> int:
        try:
            if signal == "traces":
                count = ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
            else:
                count = ExportLogsServiceResponse.FromString(answer).partial_success.rejected_log_records
        except DecodeError:
            return 0
        return max(0, int(count))

    return Exports(signal, OtlpPost(url, signal).post, encode, export, rejected)


def resource(version: str) -> Any:  # noqa: ANN401 the library's, which is not loaded with this module
    """Whose all this is. What the environment says comes over what we say."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    return Resource.create({"service.name": "oddgate", "service.version": version}).merge(OTELResourceDetector().detect())
