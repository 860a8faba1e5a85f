"""Own time, critical steps and owners of the spans of a trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.series.spans import MAX_SPANS, NO_PARENT, Span, trace_of


def steps(*spans: Span) -> dict[str, tuple[int, float, bool]]:
    trace = trace_of("t", 0.0, spans)
    return {step.operation: (step.parent, round(step.self_s or 0.0, 6), step.is_critical) for step in trace.steps}


ROOT = Span("r", "", "root", 0.0, 10.0)


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ((), 10.0),
        ((Span("a", "r", "a", 1.0, 4.0),), 7.0),
        ((Span("a", "r", "a", 1.0, 4.0), Span("b", "r", "b", 5.0, 6.0)), 6.0),
        ((Span("a", "r", "a", 1.0, 4.0), Span("b", "r", "b", 2.0, 6.0)), 5.0),
        ((Span("a", "r", "a", 1.0, 6.0), Span("b", "r", "b", 2.0, 3.0)), 5.0),
        ((Span("a", "r", "a", -5.0, 20.0),), 0.0),
        ((Span("a", "r", "a", 8.0, 20.0), Span("b", "r", "b", 11.0, 12.0)), 8.0),
        ((Span("a", "r", "a", 4.0, 2.0),), 10.0),
    ],
    ids=["none", "one", "apart", "overlapping", "within", "longer", "outliving", "ends before it begins"],
)
def test_own_time(children: tuple[Span, ...], expected: float):
    """The time in which no child ran, however children lie."""
    assert steps(ROOT, *children)["root"][1] == expected


def test_places():
    """Each step knows its parent's place; without one, it is a root."""
    found = steps(Span("a", "r", "a", 1.0, 2.0), ROOT, Span("b", "gone", "b", 3.0, 4.0))
    assert {name: parent for name, (parent, _, _) in found.items()} == {"a": 1, "root": NO_PARENT, "b": NO_PARENT}


def test_critical():
    """Of what runs side by side, the end waits for who ends last; of what follows, for both."""
    found = steps(
        ROOT, Span("a", "r", "first", 0.0, 4.0), Span("b", "r", "second", 4.0, 10.0), Span("c", "r", "aside", 4.0, 6.0),
        Span("d", "b", "in second", 5.0, 9.0), Span("e", "c", "in aside", 4.0, 5.0),
    )  # fmt: skip
    assert [name for name, (_, _, is_critical) in found.items() if is_critical] == ["root", "first", "second", "in second"]


def test_owner():
    """What a call takes besides the work of another service is that one's; other time is its own."""
    trace = trace_of(
        "t",
        0.0,
        [Span("a", "", "call", 0.0, 5.0, "front"), Span("b", "a", "serve", 1.0, 2.0, "back"), Span("c", "b", "x", 1.0, 1.5, "back")],
    )
    assert [step.owner for step in trace.steps] == ["back", "back", "back"]
    alone = trace_of("t", 0.0, [Span("a", "", "call", 0.0, 5.0, "front"), Span("b", "a", "own", 1.0, 2.0, "front")])
    assert [step.owner for step in alone.steps] == ["front", "front"]


def test_own_ancestors():
    """Spans that are each other's parents end nowhere: one of them is taken for a root."""
    trace = trace_of("t", 0.0, [Span("a", "b", "a", 0.0, 1.0), Span("b", "a", "b", 0.0, 1.0), Span("c", "c", "c", 0.0, 1.0)])
    assert sorted(step.parent == NO_PARENT for step in trace.steps) == [False, True, True]


def test_bounds():
    """A span that comes twice counts once; of too many the rest is left out; of none there is no trace."""
    many = [Span(f"{at}", "0", "x", 0.0, 1.0) for at in range(MAX_SPANS + 5)]
    assert len(trace_of("t", 0.0, [*many, *many]).steps) == MAX_SPANS
    assert len(trace_of("t", 0.0, [ROOT, ROOT]).steps) == 1
    assert trace_of("t", 0.0, []) == ("t", 0.0, 0.0, ())


IDS = st.sampled_from("abcdef")
TIMES = st.floats(0.0, 100.0)


@given(st.lists(st.tuples(IDS, IDS, TIMES, TIMES), max_size=12))
def test_any_spans(drawn: list[tuple[str, str, float, float]]):
    """Whatever spans say, own times are within their spans, every parent is a place, and all is reached from a root."""
    spans = [Span(span_id, parent_id, span_id, start, end) for span_id, parent_id, start, end in drawn]
    trace = trace_of("t", 0.0, spans)
    first = {span.span_id: span for span in reversed(spans)}
    for at, step in enumerate(trace.steps):
        span = first[step.operation]
        assert 0.0 <= (step.self_s or 0.0) <= max(0.0, span.end - span.start) + 1e-9
        way = at
        for _ in trace.steps:
            way = trace.steps[way].parent if way != NO_PARENT else way
        assert way == NO_PARENT
