"""OTLP over HTTP: what applications export (traces, metrics, logs), in protobuf or JSON, and what they are answered.

Both encodings become the same protobuf message. Whatever a message holds besides what this version of OTLP has is left out of it: nobody
could read it.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace

from gateway.errors import BadRequest
from gateway.wire import codec
from gateway.wire.codec import encode
from gateway.wire.model import Json

Message = Any
"""A message of protobuf, of whatever type."""

SURFACE = "otlp"
_IDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
"""In JSON these are in hexadecimal digits, where protobuf's own mapping has base64."""
_MAX_DEPTH = 200


class Encoding(Enum):
    """By its content type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Signal:
    """One of the three kinds of telemetry. ``rejected`` is the field of an answer that counts what was not taken."""

    name: str
    path: str
    request: type[Message]
    response: type[Message]
    rejected: str


SIGNALS: Mapping[str, Signal] = {
    signal.path: signal
    for signal in (
        Signal("traces", "/v1/traces", trace.ExportTraceServiceRequest, trace.ExportTraceServiceResponse, "rejected_spans"),
        Signal("metrics", "/v1/metrics", metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse, "rejected_data_points"),
        Signal("logs", "/v1/logs", logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse, "rejected_log_records"),
    )
}


def encoding_of(content_type: str) -> Encoding | None:
    """None for one that OTLP does not have."""
    kind = content_type.partition(";")[0].strip().lower()
    return next((encoding for encoding in Encoding if encoding.value == kind), None)


def decode(raw: bytes, signal: Signal, encoding: Encoding) -> tuple[Message, int]:
    """The message, and how many bytes of it were left out. Raises BadRequest, with nothing of the body."""
    message = _from_json(raw, signal) if encoding is Encoding.JSON else _from_protobuf(raw, signal)
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return message, size - message.ByteSize()


def _from_protobuf(raw: bytes, signal: Signal) -> Message:
    try:
        return signal.request.FromString(raw)
    except DecodeError:
        raise BadRequest("invalid_body", f"The body is no {signal.request.DESCRIPTOR.name} in protobuf.") from None


def _from_json(raw: bytes, signal: Signal) -> Message:
    body = codec.decode(raw)
    try:
        if not isinstance(body, dict):
            raise TypeError("no object")  # noqa: TRY301 one of several that mean the same
        return json_format.ParseDict(_in_base64(body), signal.request(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        raise BadRequest("invalid_body", f"The body is no {signal.request.DESCRIPTOR.name} in JSON.") from None


def _in_base64(value: Json, depth: int = 0) -> Json:
    """With ids as protobuf's mapping has them. Raises ValueError for one that is none."""
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, list):
        return [_in_base64(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: _id(each) if key in _IDS and isinstance(each, str) else _in_base64(each, depth + 1) for key, each in value.items()}


def _id(digits: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(digits)).decode()
    except binascii.Error:
        raise ValueError("no id") from None


def render_answer(signal: Signal, encoding: Encoding, rejected: int, message: str) -> bytes:
    """What an export is answered that was taken, but for ``rejected`` records, and why those were not."""
    answer = signal.response()
    if rejected:
        setattr(answer.partial_success, signal.rejected, rejected)
        answer.partial_success.error_message = message
    if encoding is Encoding.JSON:
        return encode(json_format.MessageToDict(answer))
    written: bytes = answer.SerializeToString()
    return written


def rejected_of(signal: Signal, answer: bytes) -> int:
    """How many records a collector says that it has not taken; 0 where its answer cannot be read."""
    try:
        return max(0, int(getattr(signal.response.FromString(answer).partial_success, signal.rejected)))
    except DecodeError:
        return 0


def render_status(code: str, message: str, encoding: Encoding) -> bytes:
    """What an export is answered that was not taken: a ``google.rpc.Status``."""
    said = f"{code}: {message}"
    if encoding is Encoding.JSON:
        return encode({"message": said})
    written: bytes = Status(message=said).SerializeToString()
    return written
