"""What is sent, held to what OpenTelemetry's own encoder makes of the same."""

import random
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event as SdkEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from gateway.watch.models import ModelNames
from gateway.watch.otlp_encoding import Encoder
from gateway.watch.spans import Event, Span, spans
from tests.gateway.watch.records import traced

RESOURCE = Resource({"service.name": "oddgate", "list": ["a", "b"], "number": 7})
KINDS = {"server": SpanKind.SERVER, "internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}


def theirs(span: Span) -> ReadableSpan:
    trace_id, flags = int(span.trace_id, 16), TraceFlags(1)
    parent = SpanContext(trace_id, int(span.parent_id, 16), span.kind == "server", flags) if span.parent_id else None
    context = SpanContext(trace_id, int(span.span_id, 16), False, flags, TraceState.from_header([span.state]))
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
    span = spans(traced(1), {}, ModelNames())[0]
    same([span._replace(attributes={"k": value}) for value in values.values()])
    same([span._replace(attributes=values, events=[Event("e", 5, values)] * 3)])


def test_many_spans():
    """Of whatever sizes."""
    chance = random.Random(5)
    span = spans(traced(1), {}, ModelNames())[0]
    same([span._replace(name="n" * chance.randrange(1, 300), attributes={"a": "x" * chance.randrange(400)}) for _ in range(300)])


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "\ud800"},
        {"start_ns": -1},
        {"end_ns": 2**64},
        {"trace_id": "xyz"},
        {"attributes": {"a": 2**63}},
        {"attributes": {"a": None}},
    ],
)
def test_what_cannot_be_said(changes: dict[str, Any]):
    """It is an error of a kind that the caller knows."""
    with pytest.raises((ValueError, TypeError, OverflowError)):
        Encoder({}, "1").span(spans(traced(1), {}, ModelNames())[0]._replace(**changes))
