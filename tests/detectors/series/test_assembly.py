"""Traces of spans that come one by one."""

import pytest

from detectors.series import assembly
from detectors.series.assembly import MAX_TRACES, WAIT_S, Assembly
from detectors.series.spans import MAX_SPANS, Span


def span(span_id: str, parent_id: str = "") -> Span:
    return Span(span_id, parent_id, span_id, 0.0, 1.0)


def test_whole():
    """A trace waits until nothing has come for a while, and then has all that came, in whatever order."""
    waiting = Assembly()
    waiting.put("t", span("child", "root"), 0.0)
    waiting.put("u", span("other"), 5.0)
    waiting.put("t", span("root"), 10.0)
    assert [trace.trace_id for trace in waiting.whole(5.0 + WAIT_S)] == ["u"]
    (trace,) = waiting.whole(10.0 + WAIT_S)
    assert [(step.operation, step.parent) for step in trace.steps] == [("child", 1), ("root", -1)]
    assert list(waiting.whole(1e9)) == []


def test_too_many_traces():
    """Those of which nothing came for longest give way."""
    waiting = Assembly()
    for number in range(MAX_TRACES + 3):
        waiting.put(f"{number}", span("a"), 0.0)
    waiting.put("0", span("b"), 0.0)
    assert [trace.trace_id for trace in waiting.whole(0.0)] == ["1", "2", "3"]


def test_too_many_spans(monkeypatch: pytest.MonkeyPatch):
    """One trace takes no more than its bound, and all together no more than theirs."""
    waiting = Assembly()
    for number in range(MAX_SPANS + 3):
        waiting.put("t", span(f"{number}"), 0.0)
    assert waiting.left_out == 3
    monkeypatch.setattr(assembly, "MAX_WAITING", MAX_SPANS)
    waiting.put("u", span("a"), 0.0)
    assert [(trace.trace_id, len(trace.steps)) for trace in waiting.whole(0.0)] == [("t", MAX_SPANS)]
