"""What is sent, held to what OpenTelemetry's own encoder makes of the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event as SdkEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from gateway.watch.otel.encoding import Encoder
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.shapes import Shape
from gateway.watch.otel.spans import Event, Log, Span, spans
from tests.gateway.watch.records import traced

RESOURCE = Resource({"service.name": "oddgate", "list": ["a", "b"], "number": 7})
KINDS = {"server": SpanKind.SERVER, "internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}
SPAN = spans(traced(1), {}, ModelNames())[0]


def ids(length: int) -> st.SearchStrategy[str]:
    return st.integers(1, 16**length - 1).map(lambda number: f"{number:0{length}x}")


def theirs(span: Span) -> ReadableSpan:
    trace_id, flags = int(span.trace_id, 16), TraceFlags(1)
    parent = SpanContext(trace_id, int(span.parent_id, 16), span.kind == "server", flags) if span.parent_id else None
    context = SpanContext(trace_id, int(span.span_id, 16), False, flags, TraceState.from_header([span.state] if span.state else []))
    return ReadableSpan(
        span.name, context, parent, RESOURCE, span.attributes,
        [SdkEvent(event.name, event.attributes, event.at_ns) for event in span.events],
        kind=KINDS[span.kind], status=Status(StatusCode.ERROR if span.is_error else StatusCode.UNSET),
        start_time=span.start_ns, end_time=span.end_ns, instrumentation_scope=InstrumentationScope("oddgate", "1"),
    )  # fmt: skip


def same(sent: list[Span]) -> None:
    encoder = Encoder(RESOURCE.attributes, "1")
    for _ in range(2):  # what is remembered is as what was said first
        ours = ExportTraceServiceRequest.FromString(encoder.export([encoder.span(span) for span in sent]))
        expected = encode_spans([theirs(span) for span in sent])
        for scoped in expected.resource_spans[0].scope_spans:
            for span in scoped.spans:
                if not span.status.code:
                    span.ClearField("status")  # which says nothing
        assert ours == expected


def test_an_exchange():
    """Every field of every span."""
    trace = {**traced(1)["trace"], "state": "a=1,b=2"}
    same(spans(traced(1, trace=trace), {}, ModelNames()))
    same(spans(traced(2, trace={**trace, "parent": ""}, status=502), {}, ModelNames()))


def test_values_that_are_alike():
    """What is equal in Python is not the same there: true, 1 and 1.0; nor is it of one size."""
    values: dict[str, Any] = {
        f"{name}.{number}": value
        for number, value in enumerate(
            [True, 1, 1.0, False, 0, 0.0, -0.0, "1", "", "é" * 64, "x" * 129, "y" * 20_000, 2**62, -1, 1e300, ["a"], []]
        )
        for name in ("k", "n" * 200)
    }
    same([SPAN._replace(own={"k": value}) for value in values.values()])
    same([SPAN._replace(shape=Shape("s", {"k": value})) for value in values.values()])
    same([SPAN._replace(own=values, events=[Event(Shape("e", {"also": value}), 5, values) for value in values.values()])])


def test_many_spans():
    """Of whatever sizes, about each at which a length takes another byte."""
    sizes = [*range(130), *range(16_380, 16_390), *range((1 << 21) - 3, (1 << 21) + 3)]
    same([SPAN._replace(shape=Shape("n" * (1 + size % 200), {}), own={"a": "x" * size}) for size in sizes])


LISTS = st.lists(st.text(max_size=9), max_size=3)
VALUES = st.one_of(st.text(max_size=20), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), LISTS)
ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=9), VALUES, max_size=4)
TIMES = st.integers(0, 2**63 - 1)
EVENTS = st.builds(Event, st.builds(Shape, st.text(min_size=1), ATTRIBUTES), TIMES, st.just({}))
SPANS = st.builds(
    Span, shape=st.builds(Shape, st.text(min_size=1), ATTRIBUTES), kind=st.sampled_from(sorted(KINDS)), trace_id=ids(32), span_id=ids(16),
    parent_id=st.just("") | ids(16), start_ns=TIMES, end_ns=TIMES, own=st.just({}), events=st.lists(EVENTS, max_size=3),
    is_error=st.booleans(), state=st.just(""),
)  # fmt: skip


@given(SPANS, ATTRIBUTES)
def test_whatever_a_span_says(span: Span, own: dict[str, Any]):
    """It is what OpenTelemetry's own encoder says, wherever an attribute stands: in a shape or beside it."""
    beside = {f"own.{key}": value for key, value in own.items()}
    same([span._replace(own=beside, events=[event._replace(own=beside) for event in span.events]), span])


def test_a_log():
    """An event by itself has the same name and attributes as one of a span, and says of which span it is."""
    event = spans(traced(1), {}, ModelNames())[1].events[0]
    encoder = Encoder({}, "1")
    for _ in range(2):
        request = ExportLogsServiceRequest.FromString(encoder.export([encoder.log(Log("a" * 32, "b" * 16, event))]))
        (record,) = request.resource_logs[0].scope_logs[0].log_records
        assert (record.event_name, record.trace_id.hex(), record.span_id.hex()) == (event.name, "a" * 32, "b" * 16)
        assert record.time_unix_nano == record.observed_time_unix_nano == event.at_ns
        (traced_event,) = SpanMessage.FromString(encoder.span(SPAN._replace(events=[event]))).events
        assert list(record.attributes) == list(traced_event.attributes)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": Shape("\ud800", {})},
        {"shape": Shape("s", {"a": 2**63})},
        {"state": "\ud800"},
        {"start_ns": -1},
        {"end_ns": 2**64},
        {"trace_id": "xyz"},
        {"trace_id": "x" * 32},
        {"span_id": "ab"},
        {"parent_id": "ab"},
        {"own": {"a": 2**63}},
        {"own": {"a": -(2**63) - 1}},
        {"own": {"a": "\ud800"}},
        {"own": {"\ud800": 1}},
        {"own": {"a": None}},
    ],
)
def test_what_cannot_be_said(changes: dict[str, Any]):
    """It is an error of a kind that the caller knows."""
    with pytest.raises((ValueError, TypeError, OverflowError)):
        Encoder({}, "1").span(SPAN._replace(**changes))
