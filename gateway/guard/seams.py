"""Texts that a reader joins: a value that is split over them stands in none of them, so what lies around each seam is a text of its own.

``runs`` finds the texts that go on where another ended. A run's windows are what is looked at besides its texts, and only for what lies
across a seam; what is found there is edited as one: the replacement stands in the first text, the rest of the value in the others is gone.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from detectors.normalize import BREAK
from detectors.readings import MAX_TOKEN
from gateway.wire.model import Form, Place, Segment
from policies.verdict import Action, Edit
from policies.vocabulary import Scope

REACH = 512
"""How far a value may reach from a seam, either way; a word that began before it is read from its beginning."""

_STYLES = (Action.REDACT, Action.HASH, Action.MASK, Action.TOKENIZE)  # what keeps less of a value comes first


@dataclass(frozen=True, slots=True)
class Part:
    """Characters ``start`` to ``end`` of the segment at that place in the run."""

    place: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """What of a run is looked at for its seams: from this offset of the run on. ``seams`` are offsets in its text."""

    start: int
    text: str
    seams: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Segments, by their indexes, that are read as one ``text``; ``starts`` is where each begins in it."""

    indexes: tuple[int, ...]
    starts: tuple[int, ...]
    text: str

    def windows(self) -> Iterator[Window]:
        """What lies within reach of a seam; windows that touch are one."""
        begin, end, seams = 0, -1, list[int]()
        for seam in self.starts[1:]:
            if seam - REACH > end:
                if seams:
                    yield self._window(begin, end, seams)
                begin, seams = self._word(max(0, seam - REACH)), []
            end = min(len(self.text), seam + REACH)
            seams.append(seam)
        yield self._window(begin, end, seams)

    def _window(self, begin: int, end: int, seams: list[int]) -> Window:
        return Window(begin, self.text[begin:end], tuple(seam - begin for seam in seams))

    def crosses(self, start: int, end: int) -> bool:
        """Whether a seam lies within."""
        return self._at(start) != self._at(end - 1)

    def splits_word(self, start: int, end: int) -> bool:
        """Whether a seam within stands between two letters: elsewhere sentences end, and what meets there are two names, not one."""
        seams = self.starts[self._at(start) + 1 : self._at(end - 1) + 1]
        return any(self.text[seam - 1 : seam + 1].isalpha() for seam in seams)

    def parts(self, start: int, end: int) -> list[Part]:
        """Where the text from ``start`` to ``end`` stands."""
        found = []
        for place in range(self._at(start), self._at(end - 1) + 1):
            base = self.starts[place]
            upto = self.starts[place + 1] if place + 1 < len(self.starts) else len(self.text)
            found.append(Part(place, max(start, base) - base, min(end, upto) - base))
        return found

    def _at(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1

    def _word(self, offset: int) -> int:
        earliest = max(0, offset - MAX_TOKEN)
        at = offset
        while at > earliest and not BREAK.match(self.text, at - 1):
            at -= 1
        return at


def runs(segments: Sequence[Segment]) -> list[Run]:
    """All runs of more than one segment: what is said in one turn, scope and form, whatever stands between."""
    turns = [segment.joins for segment in segments if segment.joins]
    if len(set(turns)) == len(turns):
        return []
    chains: dict[tuple[Place, Scope, Form], list[int]] = {}
    for index, segment in enumerate(segments):
        if segment.joins:
            chains.setdefault((segment.joins, segment.scope, segment.form), []).append(index)
    return [_run(chain, segments) for chain in chains.values() if len(chain) > 1]


def _run(indexes: list[int], segments: Sequence[Segment]) -> Run:
    texts = [segments[index].text for index in indexes]
    starts = list(accumulate(map(len, texts[:-1]), initial=0))
    return Run(tuple(indexes), tuple(starts), "".join(texts))


def merged(edits: Sequence[Edit]) -> list[Edit]:
    """Edits that share a character as one: over all of them, in the style that keeps least, named for the longest."""
    found: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if found and edit.start < found[-1].end:
            found[-1] = _union(found[-1], edit)
        else:
            found.append(edit)
    return found


def _union(one: Edit, other: Edit) -> Edit:
    longest = max(one, other, key=lambda edit: edit.end - edit.start)
    action = min(one.action, other.action, key=_STYLES.index)
    restore = action is Action.TOKENIZE and one.restore and other.restore
    return replace(longest, start=one.start, end=max(one.end, other.end), action=action, restore=restore)
