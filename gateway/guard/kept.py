"""The texts of an exchange that are kept with its record, where the settings ask for it: redacted, or as they came.

Redacted, a text has the kind of whatever any rule has found in place of it. Of what was not looked at, or not to its end, nothing is kept.
An answer's texts are as they came from the endpoint: a placeholder in one stays a placeholder.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gateway.wire.model import Channel, Place
from policies.verdict import Fired
from policies.vocabulary import Scope

KeepText = Literal["none", "redacted", "full"]

MAX_BYTES = 32 << 10
"""Of what came in, and as much again of what went out."""
_TEXT_BYTES = 64
"""What a text counts for besides: its place."""


class Span(NamedTuple):
    """Where something of this kind was found."""

    start: int
    end: int
    kind: str


class Text(NamedTuple):
    place: Place
    scope: Scope
    text: str


@dataclass(slots=True)
class Texts:
    """Those of one side of an exchange; bounded. ``left_out`` could not be kept redacted; ``is_cut``: there was no room for more."""

    is_raw: bool = False
    kept: list[Text] = field(default_factory=list)
    left_out: int = 0
    is_cut: bool = False
    _room: int = MAX_BYTES

    def take(self, place: Place, scope: Scope, text: str) -> None:
        """What has no UTF-8 is replaced: no journal takes it."""
        room = max(0, self._room - _TEXT_BYTES)
        data = text[: room + 1].encode("utf-8", "replace")
        if len(data) > room:
            self.is_cut = True
            data = data[:room]
        if data:
            self._room -= _TEXT_BYTES + len(data)
            self.kept.append(Text(place, scope, data.decode("utf-8", "ignore")))

    def absorb(self, part: "Texts", place: Place) -> None:
        """Take over those of a part, whose own places begin at ``place``."""
        self.left_out += part.left_out
        self.is_cut = self.is_cut or part.is_cut
        for at, scope, text in part.kept:
            self.take(place + at, scope, text)


def spans(fired: Iterable[Fired]) -> list[Span] | None:
    """Where rules have found something; None if one of them could not look."""
    found: list[Span] = []
    for each in fired:
        if each.why != "match":
            return None
        found.append(Span(each.start, each.end, each.kind))
    return found


def redacted(text: str, found: Iterable[Span]) -> str:
    """The text with the kind of each in its place; of those that share a character, that of the longest in place of all."""
    pieces: list[str] = []
    at = 0
    for start, end, kind in merged(found):
        if start < len(text):
            pieces += (text[at:start], f"<{kind.rpartition('.')[2]}>")
            at = end
    return "".join((*pieces, text[at:]))


def merged(found: Iterable[Span]) -> list[Span]:
    """In order, and disjoint: of those that share a character, all are one, of the kind of the longest."""
    whole: list[Span] = []
    longest = 0
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        length = span.end - span.start
        if not whole or span.start >= whole[-1].end:
            whole.append(span)
            longest = length
            continue
        last = whole[-1]
        whole[-1] = Span(last.start, max(last.end, span.end), span.kind if length > longest else last.kind)
        longest = max(longest, length)
    return whole


class KeptText:
    """A text of an answer as it comes in, with what is found in it, which may be told later. ``judged`` is how far it is looked at."""

    def __init__(self, answer: "AnswerTexts", place: Place, scope: Scope, run: Channel, *, is_looked_at: bool) -> None:
        self._answer = answer
        self.place = place
        self.scope = scope
        self.run = run
        self.found: list[Span] | None = []
        self.judged = 0
        self.text = ""
        self._is_looked_at = is_looked_at

    def take(self, text: str) -> None:
        self.text += self._answer.room_for(self, text)

    def find(self, fired: Iterable[Fired]) -> None:
        found = None if self.found is None else spans(fired)
        if found is None:
            self.found = None
        elif self.found is not None:
            self.found += [span for span in found if span.start < len(self.text)]

    def aside(self) -> "KeptText":
        """One beside it, which is not kept."""
        return AnswerTexts(is_raw=False).begin(self.place, self.scope, (), is_looked_at=True)

    def cross(self) -> None:
        """Something lies across the beginning of this text and the end of another, of which neither is kept."""
        self._answer.crossed.add(self.run)

    def beginning(self) -> str | None:
        """What of it may be kept redacted, if anything may."""
        if not self._is_looked_at or self.found is None or self.run in self._answer.crossed:
            return None
        return redacted(self.text[: self.judged], self.found)


class AnswerTexts:
    """Those of one answer: ``begin`` a text, which is heard from then on."""

    def __init__(self, *, is_raw: bool) -> None:
        self._is_raw = is_raw
        self._heard: list[KeptText] = []
        self._room = MAX_BYTES
        self._is_cut = False
        self.crossed: set[Channel] = set()
        """Runs of texts across whose seams something was found."""

    def begin(self, place: Place, scope: Scope, run: Channel, *, is_looked_at: bool) -> KeptText:
        """``is_looked_at``: by all who must, if it is to be kept redacted."""
        return KeptText(self, place, scope, run, is_looked_at=is_looked_at)

    def room_for(self, heard: KeptText, text: str) -> str:
        """How much of a piece of a text can be taken; each text that has any counts for a little more."""
        if not text:
            return ""
        if not heard.text and self._room > 0:
            self._room -= _TEXT_BYTES
            self._heard.append(heard)
        taken = text[: max(0, self._room)]
        self._room -= len(taken)
        self._is_cut = self._is_cut or len(taken) < len(text)
        return taken

    def texts(self) -> Texts:
        """As far as they are judged by now."""
        texts = Texts(self._is_raw, is_cut=self._is_cut)
        for heard in self._heard:
            text = heard.text if self._is_raw else heard.beginning()
            if text is None:
                texts.left_out += 1
            else:
                texts.take(heard.place, heard.scope, text)
                texts.is_cut = texts.is_cut or (not self._is_raw and heard.judged < len(heard.text))
        return texts
