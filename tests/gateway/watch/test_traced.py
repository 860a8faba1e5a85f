"""Exchanges and received spans as traces."""

import copy

import pytest

from gateway.telemetry.observed import SpanSeen
from gateway.watch.traced import key_of, span_of, trace_of_record, upstream_of

RECORD = {
    "request_id": "req_1", "ts": 1000.0, "app": "shop", "model": "m", "route": "/v1/chat/completions", "status": 200, "stream": True,
    "tokens": {"input": 5, "output": 10},
    "stages": [{"stage": "input", "at": 0.0, "ms": 4.0, "busy": 3.0}, {"stage": "stream", "at": 900.0, "ms": 900.0, "busy": 2.0}],
    "attempts": [
        {"span": "a", "upstream": "near", "at": 4.0, "ms": 100.0, "first": None, "status": None, "error": "upstream_unreachable"},
        {"span": "b", "upstream": "far", "at": 104.0, "ms": 1300.0, "first": 300.0, "pause": 80.0, "status": 200, "error": None},
    ],
    "timings_ms": {"total": 2000.0, "overhead": 7.0, "guards": 5.0, "upstream": 1400.0, "first_byte": 410.0},
}  # fmt: skip


def test_a_streamed_answer():
    """Each stage and each call is a step; the stream's time is that of a token, with its longest pause."""
    trace = trace_of_record(RECORD)
    assert (trace.trace_id, trace.ts, trace.total_s) == ("req_1", 1002.0, 2.0)
    assert [(step.operation, step.parent, step.self_s and round(step.self_s, 6), step.pause_s, step.is_error) for step in trace.steps] == [
        ("gateway", -1, 0.002, None, False),
        ("guard input", 0, 0.003, None, False),
        ("guard stream", 0, 0.002, None, False),
        ("call", 0, None, None, True),
        ("call", 0, None, None, False),
        ("first piece of far", 4, 0.3, None, False),
        ("stream of far", 4, 0.1, 0.08, False),
    ]
    assert key_of(RECORD) == ("shop", "m", "/v1/chat/completions")


def test_a_whole_answer():
    """Without a stream there is one time; an upstream's own failure has none."""
    record = copy.deepcopy(RECORD) | {"stream": False, "status": 503}
    record["attempts"][0] |= {"status": 503, "error": None}
    steps = trace_of_record(record).steps
    assert [(step.operation, step.is_error) for step in steps if step.parent in (-1, 3, 4)] == [("gateway", True), ("answer of far", False)]
    assert [step.is_error for step in steps if step.operation == "call"] == [True, False]


def test_nothing_came():
    """A stream of which nothing came has no times, and one without a count of tokens counts as one."""
    record = copy.deepcopy(RECORD) | {"tokens": {"input": None, "output": None}}
    del record["attempts"][1]["pause"]
    assert trace_of_record(record).steps[-1].self_s == pytest.approx(1.0)
    record["attempts"][1]["first"] = None
    assert trace_of_record(record).steps[-1].operation == "call"


@pytest.mark.parametrize(
    ("operation", "upstream"),
    [("first piece of far", "far"), ("stream of far", "far"), ("answer of far", "far"), ("call", ""), ("gateway > call", "")],
)
def test_whose_it_is(operation: str, upstream: str):
    """What an upstream does is called by it."""
    assert upstream_of(operation) == upstream


@pytest.mark.parametrize("key", ["ts", "timings_ms", "attempts", "stages"])
def test_no_record(key: str):
    """What is none raises what callers expect of a record of another version."""
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        trace_of_record({name: value for name, value in RECORD.items() if name != key})


@pytest.mark.parametrize(("name", "operation"), [("GET /cart", "otlp/shop/cart GET /cart"), ("", "otlp/shop/cart")])
def test_a_received_span(name: str, operation: str):
    """Its operation is its source's; its beginning is told by how long it took."""
    span = span_of(SpanSeen(100.0, "otlp/shop/cart", name, 2, 0.25, True, "t" * 32, "s" * 16, "p" * 16))
    assert span == ("s" * 16, "p" * 16, operation, 99.75, 100.0, "otlp/shop/cart", True)
