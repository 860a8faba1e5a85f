"""Spans, and events as log records, in OTLP's protobuf: for each the bytes of its message, and for many of them those of an export.

OpenTelemetry's own way, by objects of its SDK and its exporter's encoder, takes 380 µs of a core for the spans of one exchange, and this a
fifth of that (``python -m bench watch``: 220 µs with all that comes before, where it was 830). What is the same from exchange to exchange,
names with their values, is encoded once; and as protobuf has it, the bytes of a message are those of its fields, in any order, one after
the other.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import SpanFlags, Status

from gateway.watch.spans import Event, Log, Span

_REMEMBERED = 8192
_MAX_REMEMBERED_TEXT, _MAX_REMEMBERED_NUMBER = 128, 1000
"""Attributes that are likely to come again, and how many of them."""

_LOCAL = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_REMOTE = _LOCAL | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
_KINDS = {"internal": SpanMessage.SPAN_KIND_INTERNAL, "server": SpanMessage.SPAN_KIND_SERVER, "client": SpanMessage.SPAN_KIND_CLIENT}
_FAILED = Status(code=Status.STATUS_CODE_ERROR)


def _tag(message: Any, field: str) -> bytes:  # noqa: ANN401 a type of protobuf's
    """Of a field that has a length: those below number 16 have one byte."""
    return bytes([message.DESCRIPTOR.fields_by_name[field].number << 3 | 2])


_OF_A_SPAN, _OF_AN_EVENT, _OF_A_LOG = _tag(SpanMessage, "attributes"), _tag(SpanMessage.Event, "attributes"), _tag(LogRecord, "attributes")
_AN_EVENT = _tag(SpanMessage, "events")
_FIRST, _SECOND = b"\x0a", b"\x12"
"""Of an export's parts: traces and logs have the same numbers."""


class Line(NamedTuple):
    """Of a program's own log. ``severity`` is a number of OTLP's; the ids are empty where it is of no trace."""

    at_ns: int
    severity: int
    level: str
    text: str
    attributes: Mapping[str, str]
    trace_id: str = ""
    span_id: str = ""


class Encoder:
    """``resource`` is whose all this is; ``version`` is ours. Used by one thread at a time.

    ``span``, ``log`` and ``line`` raise ValueError, TypeError or OverflowError for what cannot be said in protobuf.
    """

    def __init__(self, resource: Mapping[str, Any], version: str) -> None:
        self._resource = _framed(_FIRST, Resource(attributes=_pairs(resource)).SerializeToString())
        self._scope = _framed(_FIRST, InstrumentationScope(name="oddgate", version=version).SerializeToString())
        self._remembered = lru_cache(_REMEMBERED, typed=True)(_attribute)

    def span(self, span: Span) -> bytes:
        message = SpanMessage(
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_id),
            trace_state=span.state,
            name=span.name,
            kind=_KINDS[span.kind],
            start_time_unix_nano=span.start_ns,
            end_time_unix_nano=span.end_ns,
            flags=_REMOTE if span.kind == "server" and span.parent_id else _LOCAL,
        )
        if span.is_error:
            message.status.CopyFrom(_FAILED)
        parts = [message.SerializeToString(), self._attributes(_OF_A_SPAN, span.attributes)]
        parts += [_framed(_AN_EVENT, self._event(event)) for event in span.events]
        return b"".join(parts)

    def log(self, log: Log) -> bytes:
        event = log.event
        message = LogRecord(
            time_unix_nano=event.at_ns, observed_time_unix_nano=event.at_ns, event_name=event.name,
            trace_id=bytes.fromhex(log.trace_id), span_id=bytes.fromhex(log.span_id), flags=1,
        )  # fmt: skip
        return b"".join((message.SerializeToString(), self._attributes(_OF_A_LOG, event.attributes)))

    def line(self, line: Line) -> bytes:
        message = LogRecord(
            time_unix_nano=line.at_ns, observed_time_unix_nano=line.at_ns, severity_text=line.level,
            severity_number=SeverityNumber.ValueType(line.severity),
            body=_value(line.text), trace_id=bytes.fromhex(line.trace_id), span_id=bytes.fromhex(line.span_id),
        )  # fmt: skip
        return b"".join((message.SerializeToString(), self._attributes(_OF_A_LOG, line.attributes)))

    def export(self, messages: Sequence[bytes]) -> bytes:
        """A request of as many spans, or as many log records."""
        scoped = self._scope + b"".join([_framed(_SECOND, message) for message in messages])
        return _framed(_FIRST, self._resource + _framed(_SECOND, scoped))

    def _event(self, event: Event) -> bytes:
        said = SpanMessage.Event(name=event.name, time_unix_nano=event.at_ns)
        return b"".join((said.SerializeToString(), self._attributes(_OF_AN_EVENT, event.attributes)))

    def _attributes(self, tag: bytes, attributes: Mapping[str, Any]) -> bytes:
        parts = []
        for key, value in attributes.items():
            kind = type(value)
            if kind is str:
                recurs = len(value) <= _MAX_REMEMBERED_TEXT
            elif kind is int:
                recurs = 0 <= value <= _MAX_REMEMBERED_NUMBER
            else:
                recurs = kind is bool
            parts.append((self._remembered if recurs else _attribute)(tag, key, value))
        return b"".join(parts)


def _attribute(tag: bytes, key: str, value: Any) -> bytes:  # noqa: ANN401 whatever OTLP has
    return _framed(tag, KeyValue(key=key, value=_value(value)).SerializeToString())


def _pairs(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: Any) -> AnyValue:  # noqa: ANN401 as above
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, Mapping):
        return AnyValue(kvlist_value=KeyValueList(values=_pairs(value)))
    if isinstance(value, Sequence):
        return AnyValue(array_value=ArrayValue(values=[_value(each) for each in value]))
    raise TypeError("no value of OTLP")


def _framed(tag: bytes, content: bytes) -> bytes:
    """A field, with its content's length in sevens of bits, least first."""
    size = len(content)
    if size < 0x80:
        return tag + _BYTES[size] + content
    length = bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return b"".join((tag, length, content))


_BYTES = [bytes([number]) for number in range(0x80)]
