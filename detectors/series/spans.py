"""Spans of a trace as what each step of it took by itself, and how the steps hang together.

A step's own time is its span without the time in which any of its children ran. Children may overlap, outlive their parent or be missing;
a span whose parent is not there counts as a root. Of a trace of more than ``MAX_SPANS`` the rest is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MAX_SPANS = 2000
NO_PARENT = -1


class Span(NamedTuple):
    """Times in seconds. ``operation`` is a name that many spans share; ``service``: who did it, where that is known."""

    span_id: str
    parent_id: str
    operation: str
    start: float
    end: float
    service: str = ""
    is_error: bool = False


class Step(NamedTuple):
    """``parent``: the place of the step that it belongs to, or ``NO_PARENT``. ``self_s``: None where it is only counted. ``pause_s``: the
    longest wait between two parts of its answer, where it came in parts. ``owner``: whose time it is. ``is_critical``: whether the end of
    the trace had to wait for it.
    """

    operation: str
    parent: int
    self_s: float | None
    pause_s: float | None = None
    is_error: bool = False
    owner: str = ""
    is_critical: bool = True


class Trace(NamedTuple):
    """``ts`` is when it ended, in seconds since 1970; ``total_s`` is how long it took from its first span to its last."""

    trace_id: str
    ts: float
    total_s: float
    steps: tuple[Step, ...]


def trace_of(trace_id: str, ts: float, spans: Iterable[Span]) -> Trace:
    kept = _different(spans)
    if not kept:
        return Trace(trace_id, ts, 0.0, ())
    total_s = max(span.end for span in kept) - min(span.start for span in kept)
    return Trace(trace_id, ts, max(0.0, total_s), tuple(_steps(kept)))


def _different(spans: Iterable[Span]) -> list[Span]:
    """The first of each id; one that ends before it begins takes no time."""
    kept: dict[str, Span] = {}
    for span in spans:
        if len(kept) == MAX_SPANS:
            break
        kept.setdefault(span.span_id, span if span.end >= span.start else span._replace(end=span.start))
    return list(kept.values())


def _steps(spans: Sequence[Span]) -> Iterable[Step]:
    places = _places(spans)
    families: dict[int, list[Span]] = {}
    for span, place in sorted(zip(spans, places, strict=True), key=lambda each: each[0].start):
        families.setdefault(place, []).append(span)
    by_id = {span.span_id: families.get(at, []) for at, span in enumerate(spans)}
    critical = _critical(families[NO_PARENT], by_id)
    for span, place in zip(spans, places, strict=True):
        children = by_id[span.span_id]
        self_s = max(0.0, span.end - span.start - _covered(span, children)) if children else max(0.0, span.end - span.start)
        owner = _owner(span, children) if children else span.service
        yield Step(span.operation, place, self_s, None, span.is_error, owner, span.span_id in critical)


def _places(spans: Sequence[Span]) -> list[int]:
    """Where each one's parent is. Of spans that are their own ancestors, one is a root."""
    known = {span.span_id: at for at, span in enumerate(spans)}
    places = [known.get(span.parent_id, NO_PARENT) for span in spans]
    settled = bytearray(len(spans))
    for at in range(len(spans)):
        here, way = at, set()
        while here != NO_PARENT and not settled[here]:
            settled[here] = 1
            way.add(here)
            here = places[here]
        if here in way:
            places[here] = NO_PARENT
    return places


def _covered(span: Span, children: Sequence[Span]) -> float:
    """By children, in the order of their start, within the span."""
    covered, until = 0.0, span.start
    for child in children:
        begin, end = max(until, child.start), min(child.end, span.end)
        if end > begin:
            covered += end - begin
            until = end
    return covered


def _critical(roots: Sequence[Span], children: Mapping[str, Sequence[Span]]) -> set[str]:
    """What the end was waited for, going back from it: in each span the child that ended last, then who ended before that one began."""
    last = max(roots, key=lambda span: span.end)
    found, pending = {last.span_id}, [(last, last.end)]
    while pending:
        span, until = pending.pop()
        for child in sorted(children[span.span_id], key=lambda each: -each.end):
            if span.start < child.end and child.start < until:
                found.add(child.span_id)
                pending.append((child, min(until, child.end)))
                until = child.start
    return found


def _owner(span: Span, children: Sequence[Span]) -> str:
    """What a call takes besides its callee's work is lost on the way to it, or in waiting for it: it is the callee's."""
    services = {child.service for child in children}
    return services.pop() if len(services) == 1 and span.service not in services else span.service
