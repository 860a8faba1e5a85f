"""Spans, and events as log records, in OTLP's protobuf: for each the bytes of its message, and for many of them those of an export.

As protobuf has it, the bytes of a message are those of its fields, in any order, one after the other. So what spans have alike, their
shape, is encoded once, by OpenTelemetry's own classes; what is a span's own is put beside it: ids, times, numbers and texts are written
here, and whatever else there is, again by those classes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.proto.trace.v1.trace_pb2 import SpanFlags, Status

from gateway.watch.otel.shapes import MAX_REMEMBERED, Shape
from gateway.watch.otel.spans import Event, Log, Span

_MAX_INT = 1 << 63
_MAX_KEYS = 1024
_COMMON, _MAX_NUMBERS = 2048, 8192
"""Whole numbers below this come again and again, and so many attributes with one are remembered."""
_LOCAL = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_REMOTE = _LOCAL | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
_KINDS = {"internal": SpanMessage.SPAN_KIND_INTERNAL, "server": SpanMessage.SPAN_KIND_SERVER, "client": SpanMessage.SPAN_KIND_CLIENT}
_RESTS = {
    (kind, is_error, has_parent): SpanMessage(
        kind=number,
        status=Status(code=Status.STATUS_CODE_ERROR) if is_error else None,
        flags=_REMOTE if kind == "server" and has_parent else _LOCAL,
    ).SerializeToString()
    for kind, number in _KINDS.items()
    for is_error in (False, True)
    for has_parent in (False, True)
}
"""What else is said of a span: of few values all there are."""

_VARINT, _FIXED64, _DELIMITED = 0, 1, 2
"""How a field's content is written: a number in sevens of bits, eight bytes, or a length and so many bytes."""


def _tag(message: Any, field: str, written: int) -> bytes:  # noqa: ANN401 a type of protobuf's
    """What a field begins with; those below number 16 have one byte."""
    return bytes([message.DESCRIPTOR.fields_by_name[field].number << 3 | written])


_TRACE_ID, _SPAN_ID = f"{_tag(SpanMessage, 'trace_id', _DELIMITED).hex()}10", f"{_tag(SpanMessage, 'span_id', _DELIMITED).hex()}08"
_PARENT_ID = f"{_tag(SpanMessage, 'parent_span_id', _DELIMITED).hex()}08"
"""In hexadecimal, as ids are; with their lengths."""
_LENGTHS = {(32, 16, 16), (32, 16, 0)}
_STATE = _tag(SpanMessage, "trace_state", _DELIMITED)
_START, _END = _tag(SpanMessage, "start_time_unix_nano", _FIXED64), _tag(SpanMessage, "end_time_unix_nano", _FIXED64)
_EVENT, _AT = _tag(SpanMessage, "events", _DELIMITED), _tag(SpanMessage.Event, "time_unix_nano", _FIXED64)
_OF_A_SPAN, _OF_AN_EVENT = _tag(SpanMessage, "attributes", _DELIMITED), _tag(SpanMessage.Event, "attributes", _DELIMITED)
_OF_A_LOG = _tag(LogRecord, "attributes", _DELIMITED)
_KEY, _VALUE = _tag(KeyValue, "key", _DELIMITED), _tag(KeyValue, "value", _DELIMITED)
_TEXT, _INTEGER = _tag(AnyValue, "string_value", _DELIMITED), _tag(AnyValue, "int_value", _VARINT)
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
        self._resource = _framed(_FIRST, _bytes(Resource(attributes=_pairs(resource))))
        self._scope = _framed(_FIRST, _bytes(InstrumentationScope(name="oddgate", version=version)))
        self._span_shape = _remembering(_span_shape)
        self._event_shape = _remembering(_event_shape)
        self._log_shape = _remembering(_log_shape)

    def span(self, span: Span) -> bytes:
        shape, kind, trace_id, span_id, parent_id, start_ns, end_ns, own, events, is_error, state = span
        parts = [
            _ids(trace_id, span_id, parent_id),
            _START,
            start_ns.to_bytes(8, "little"),
            _END,
            end_ns.to_bytes(8, "little"),
            _RESTS[kind, is_error, parent_id != ""],
            self._span_shape(shape),
            _attributes(_OF_A_SPAN, own),
        ]
        if state:
            parts.append(_framed(_STATE, state.encode()))
        parts += [_framed(_EVENT, self._event(event)) for event in events]
        return b"".join(parts)

    def log(self, log: Log) -> bytes:
        event = log.event
        message = LogRecord(
            time_unix_nano=event.at_ns, observed_time_unix_nano=event.at_ns, trace_id=bytes.fromhex(log.trace_id),
            span_id=bytes.fromhex(log.span_id), flags=1,
        )  # fmt: skip
        return _bytes(message) + self._log_shape(event.shape) + _attributes(_OF_A_LOG, event.own)

    def line(self, line: Line) -> bytes:
        message = LogRecord(
            time_unix_nano=line.at_ns, observed_time_unix_nano=line.at_ns, severity_text=line.level,
            severity_number=SeverityNumber.ValueType(line.severity),
            body=_value(line.text), trace_id=bytes.fromhex(line.trace_id), span_id=bytes.fromhex(line.span_id),
        )  # fmt: skip
        return _bytes(message) + _attributes(_OF_A_LOG, line.attributes)

    def export(self, messages: Sequence[bytes]) -> bytes:
        """A request of as many spans, or as many log records."""
        scoped = self._scope + b"".join([_framed(_SECOND, message) for message in messages])
        return _framed(_FIRST, self._resource + _framed(_SECOND, scoped))

    def _event(self, event: Event) -> bytes:
        at = _AT + event.at_ns.to_bytes(8, "little")
        return at + self._event_shape(event.shape) + _attributes(_OF_AN_EVENT, event.own)


def _ids(trace_id: str, span_id: str, parent_id: str) -> bytes:
    """Of a span, each of them with its field's tag and its length."""
    if (len(trace_id), len(span_id), len(parent_id)) not in _LENGTHS:
        raise ValueError("no ids")
    return bytes.fromhex(f"{_TRACE_ID}{trace_id}{_SPAN_ID}{span_id}{parent_id and _PARENT_ID}{parent_id}")


def _remembering(encode: Callable[[Shape], bytes]) -> Callable[[Shape], bytes]:
    """As many as there are of all sorts."""
    return lru_cache(3 * MAX_REMEMBERED)(encode)


def _span_shape(shape: Shape) -> bytes:
    return _bytes(SpanMessage(name=shape.name, attributes=_pairs(shape.attributes)))


def _event_shape(shape: Shape) -> bytes:
    return _bytes(SpanMessage.Event(name=shape.name, attributes=_pairs(shape.attributes)))


def _log_shape(shape: Shape) -> bytes:
    return _bytes(LogRecord(event_name=shape.name, attributes=_pairs(shape.attributes)))


def _attributes(tag: bytes, attributes: Mapping[str, Any]) -> bytes:
    parts: list[bytes] = []
    for key, value in attributes.items():
        kind = type(value)
        if kind is float:
            parts += (_before_double(tag, key), _DOUBLE(value))
        elif kind is int and 0 <= value < _COMMON:
            parts.append(_remembered(tag, key, value))
        else:
            parts.append(_attribute(tag, key, value))
    return b"".join(parts)


def _attribute(tag: bytes, key: str, value: Any) -> bytes:  # noqa: ANN401 whatever OTLP has
    return _framed(tag, _key(key) + _framed(_VALUE, _said(value)))


_remembered = lru_cache(_MAX_NUMBERS)(_attribute)


@lru_cache(_MAX_KEYS)
def _before_double(tag: bytes, key: str) -> bytes:
    """All of an attribute but its number, which has eight bytes at the end, whatever it is."""
    return _framed(tag, _bytes(KeyValue(key=key, value=_value(0.0))))[:-8]


_DOUBLE = Struct("<d").pack


@lru_cache(_MAX_KEYS)
def _key(key: str) -> bytes:
    return _framed(_KEY, key.encode())


def _said(value: Any) -> bytes:  # noqa: ANN401 as above
    if type(value) is str:
        return _framed(_TEXT, value.encode())
    if type(value) is int and 0 <= value < _MAX_INT:
        return _INTEGER + _varint(value)
    return _bytes(_value(value))


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


def _bytes(message: Any) -> bytes:  # noqa: ANN401 any of protobuf's
    content: bytes = message.SerializeToString()
    return content


def _framed(tag: bytes, content: bytes) -> bytes:
    return b"".join((tag, _varint(len(content)), content))


def _varint(number: int) -> bytes:
    """In sevens of bits, least first."""
    if number < 0x80:
        return _BYTES[number]
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    return bytes((number & 0x7F | 0x80,)) + _varint(number >> 7)


_BYTES = [bytes([number]) for number in range(0x80)]
