"""Traces of spans that come one by one, in any order and from several services: a trace is whole when nothing more has come for a while.

Bounded: of too many traces, those of which nothing came for longest are taken as they are; a trace takes no more than ``MAX_SPANS`` spans.
"""

from collections.abc import Iterator

from detectors.series.spans import MAX_SPANS, Span, Trace, trace_of

MAX_TRACES = 2000
MAX_WAITING = 50_000
WAIT_S = 20.0


class Assembly:
    """``put`` each span, and take what ``whole`` gives; ``now`` is the time of who reads, and goes forward."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._wait_s = wait_s
        self._waiting: dict[str, tuple[float, list[Span]]] = {}
        self._spans = 0
        self.left_out = 0
        """Spans of traces that had too many."""

    def put(self, trace_id: str, span: Span, now: float) -> None:
        _, spans = self._waiting.pop(trace_id, (now, []))
        if len(spans) < MAX_SPANS:
            spans.append(span)
            self._spans += 1
        else:
            self.left_out += 1
        self._waiting[trace_id] = now, spans

    def whole(self, now: float) -> Iterator[Trace]:
        """Those that are, and those that must give way."""
        while self._waiting:
            trace_id = next(iter(self._waiting))
            heard, spans = self._waiting[trace_id]
            is_full = len(self._waiting) > MAX_TRACES or self._spans > MAX_WAITING
            if not is_full and now - heard < self._wait_s:
                return
            del self._waiting[trace_id]
            self._spans -= len(spans)
            yield trace_of(trace_id, max(span.end for span in spans), spans)
