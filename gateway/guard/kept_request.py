"""The texts of a request that are kept with its record (see ``kept``)."""

from collections.abc import Collection, Sequence

from gateway.guard.kept import Span, Texts, redacted, spans
from gateway.guard.review import Review
from gateway.guard.seams import Run
from gateway.wire.model import Segment
from policies.verdict import Fired
from policies.vocabulary import Scope


class RequestTexts:
    def __init__(self, *, is_raw: bool) -> None:
        self._is_raw = is_raw
        self._across: dict[int, list[Span] | None] = {}

    def note_across(self, run: Run, begin: int, fired: Sequence[Fired]) -> None:
        """Where each of the texts of a run has a part of what lies across its seams; None: that is not known."""
        found = spans(fired)
        if found is None:
            self._across.update(dict.fromkeys(run.indexes))
        for span in found or ():
            for part in run.parts(begin + span.start, begin + span.end):
                known = self._across.setdefault(run.indexes[part.place], [])
                if known is not None:
                    known.append(Span(part.start, part.end, span.kind))

    def texts(self, segments: Sequence[Segment], reviews: Sequence[Review | None], looked_at: Collection[Scope]) -> Texts:
        """What was said last, as far as there is room. ``looked_at``: by all who must, if it is to be kept redacted."""
        texts = Texts(self._is_raw)
        for index in range(len(segments) - 1, -1, -1):
            segment = segments[index]
            text = (
                segment.text
                if self._is_raw
                else self._redacted(index, segment.text, reviews[index] if segment.scope in looked_at else None)
            )
            if text is None:
                texts.left_out += 1
            else:
                texts.take(segment.place, segment.scope, text)
            if texts.is_cut:
                break
        texts.kept.reverse()
        return texts

    def _redacted(self, index: int, text: str, review: Review | None) -> str | None:
        """None: not all of it was looked at."""
        across = self._across.get(index, [])
        own = None if review is None else spans([hit.fired for hit in review.hits])
        return None if own is None or across is None else redacted(text, [*own, *across])
