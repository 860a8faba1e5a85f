"""The readings of a text that grows: each a text of its own, with the way back to the offsets of the text as it stands.

A reading is as the text itself, or as the reading before it, until a token says otherwise; only then is there one more text to search.
A token is read once it has ended (see ``normalize.TOKEN``), or once it is longer than ``MAX_TOKEN``: then in pieces, of which a run of
base64 is cut between its groups, and a spelled-out character is not cut. What a text's readings are does not depend on how it arrives.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from detectors.contract import InlineDetector
from detectors.finding import Finding
from detectors.mapped import Mapped
from detectors.normalize import BLOCK, BREAK, TOKEN, readings
from detectors.plain import is_plain

MAX_TOKEN = 2048
"""A bound on what a stream holds back for a word that does not end."""

_RUN_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_LONGEST_SPELLED = 12
_LEVELS = 3
_UPTO_BREAK = re.compile(rf"(?s:.*){BREAK.pattern}")
_LINE = re.compile(r"(?:[A-Za-z0-9+/]{4}){15,19}")  # of base64 that is wrapped, as in a mail
_LINE_ENDS = ("\r", "\n", "\r\n")
_NOTHING = Mapped("", [], [])


class Reading:
    """``text`` is the reading from its offset ``base`` to ``length``; ``end`` is how much of the text as it stands has been read."""

    def __init__(self) -> None:
        self.base = 0
        self.length = 0
        self.end = 0
        self._text = ""
        self._tail: list[str] = []  # not joined to it yet
        self._points = [0]  # where pieces begin in the reading,
        self._origins = [0]  # and in the text as it stands;
        self._maps: list[Mapped | None] = [None]  # None: a piece like the text

    @property
    def text(self) -> str:
        if self._tail:
            self._text = "".join([self._text, *self._tail])
            self._tail.clear()
        return self._text

    def fork(self) -> "Reading":
        """Another one that has been the same so far."""
        made = Reading()
        made._text, made.base, made.length, made.end = self.text, self.base, self.length, self.end
        made._points, made._origins, made._maps = self._points[:], self._origins[:], self._maps[:]
        return made

    def add(self, text: str) -> None:
        """What comes next, as it stands."""
        if self._maps[-1] is not None and text:
            self._begin(None)
        self._append(text, len(text))

    def add_mapped(self, mapped: Mapped, length: int) -> None:
        """What comes next, read otherwise; as it stands it has ``length`` characters."""
        self._begin(mapped)
        self._append(mapped.text, length)

    def _append(self, text: str, length: int) -> None:
        self._tail.append(text)
        self.length += len(text)
        self.end += length

    def _begin(self, mapped: Mapped | None) -> None:
        self._points.append(self.length)
        self._origins.append(self.end)
        self._maps.append(mapped)

    def origin(self, offset: int) -> int:
        """Where what stands at ``offset`` begins in the text as it stands."""
        if offset == self.length:
            return self.end
        index = bisect_right(self._points, offset) - 1
        mapped, within = self._maps[index], offset - self._points[index]
        return self._origins[index] + (mapped.starts[within] if mapped else within)

    def back(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings at the offsets of the text as it stands: over all that stands for any of their characters."""
        if self._maps == [None] and self._points == self._origins:
            return list(findings)
        return [replace(found, start=self.origin(found.start), end=self._origin_end(found.end)) for found in findings]

    def part(self, start: int, end: int) -> Mapped:
        """A piece of the reading by itself."""
        starts, ends = array("L"), array("L")
        index = bisect_right(self._points, start) - 1
        while index < len(self._points) and self._points[index] < end:
            begin, origin, mapped = self._points[index], self._origins[index], self._maps[index]
            upto = self._points[index + 1] if index + 1 < len(self._points) else self.length
            first, last = max(start, begin) - begin, min(end, upto) - begin
            if mapped:
                starts.extend(origin + place for place in mapped.starts[first:last])
                ends.extend(origin + place for place in mapped.ends[first:last])
            else:
                starts.extend(range(origin + first, origin + last))
                ends.extend(range(origin + first + 1, origin + last + 1))
            index += 1
        return Mapped(self.text[start - self.base : end - self.base], starts, ends)

    def _origin_end(self, offset: int) -> int:
        index = bisect_right(self._points, offset - 1) - 1
        mapped, within = self._maps[index], offset - 1 - self._points[index]
        return self._origins[index] + (mapped.ends[within] if mapped else within + 1)

    def forget(self, before: int) -> None:
        """Nobody will look at what stands before this offset."""
        if before <= self.base:
            return
        self._text = self.text[before - self.base :]
        self.base = before
        gone = bisect_right(self._points, before) - 1
        del self._points[:gone], self._origins[:gone], self._maps[:gone]


class Readings:
    """Feed a text, close it. ``levels``: its readings, each None while it is like the one before it; the first is always there.

    ``forks`` says of each from which it has parted. A text that is JSON (by its first character) has its escapes undone in every reading;
    elsewhere a backslash may mean itself, so that the first reading is the text as it stands.
    """

    def __init__(self) -> None:
        self.levels: list[Reading | None] = [Reading(), None, None]
        self.forks = [0] * _LEVELS
        self._pending = ""
        self._is_json: bool | None = None
        self._line_end = ""  # behind a line of wrapped base64: whether it parts anything, the next token says
        self._after_line = False

    @property
    def all(self) -> list[Reading]:
        return [level for level in self.levels if level]

    @property
    def deepest(self) -> Reading:
        return self.all[-1]

    @property
    def next_character(self) -> str:
        """The one behind what has been read, if it is known already and can only be a letter or digit."""
        first = self._pending[:1]
        return first if first.isascii() and first.isalnum() else ""

    def feed(self, text: str) -> None:
        upto = _UPTO_BREAK.match(text)
        cut = len(self._pending) + upto.end() if upto else 0
        pending = self._pending + text
        while len(pending) - cut > MAX_TOKEN:
            cut += _piece(pending[cut : cut + MAX_TOKEN])
        self._pending = pending[cut:]
        if cut:
            self._take(pending[:cut])

    def close(self) -> None:
        pending, self._pending = self._pending, ""
        self._take(pending)
        self._add(self._line_end)
        self._line_end = ""

    def forget(self, kept: Sequence[Callable[["Readings", int], int]]) -> None:
        """``kept``: of each user, the offset in the reading of a level before which it needs nothing."""
        for index, level in enumerate(self.levels):
            if level:
                level.forget(min(max(level.base, min((keep(self, index) for keep in kept), default=level.length)), level.length))

    def _take(self, text: str) -> None:
        """Whole tokens, or pieces of one that is too long."""
        text, self._line_end = self._line_end + text, ""
        if self._is_json is None and (head := text.lstrip()):
            self._is_json = head[0] in '{["'
        if is_plain(text):
            self._after_line = False
            self._add(text)
            return
        for block in BLOCK.finditer(text):
            self._take_block(block[0])

    def _take_block(self, text: str) -> None:
        text, self._line_end = self._line_end + text, ""
        if is_plain(text):
            self._after_line = False
            self._add(text)
            return
        at = 0
        for token in TOKEN.finditer(text):
            for start, end in _pieces(text, *token.span()):
                piece = text[start:end]
                read = readings(piece, is_json=bool(self._is_json))
                if read:
                    is_wrapped = self._after_line and read.decoded is not None and text[at:start] in _LINE_ENDS
                    self._add(text[at:start], wrapped=is_wrapped)
                    self._add_read(piece, *read)
                    at = end
                self._after_line = read is not None and read.decoded is not None and _LINE.fullmatch(piece) is not None
        if self._after_line and text[at:] in _LINE_ENDS:
            self._line_end = text[at:]
        else:
            self._add(text[at:])

    def _add(self, text: str, *, wrapped: bool = False) -> None:
        for level in self.all:
            if wrapped and level is self.levels[-1]:
                level.add_mapped(_NOTHING, len(text))
            else:
                level.add(text)

    def _add_read(self, piece: str, *reads: Mapped | None) -> None:
        for index, read in enumerate(reads):
            if read and self.levels[index] is None:
                self.forks[index], before = [(other, level) for other, level in enumerate(self.levels[:index]) if level][-1]
                self.levels[index] = before.fork()
        current: Mapped | None = None
        for index, read in enumerate(reads):
            current = read or current
            level = self.levels[index]
            if level and current:
                level.add_mapped(current, len(piece))
            elif level:
                level.add(piece)


def read(text: str) -> Readings:
    """Of a whole text."""
    made = Readings()
    made.feed(text)
    made.close()
    return made


def scan(detector: InlineDetector, text: str) -> list[Finding]:
    """What a detector finds in any reading of a whole text."""
    if is_plain(text):
        return distinct(detector.scan(text))
    return distinct(found for level in read(text).all for found in level.back(detector.scan(level.text)))


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """What several readings have found in the same place is one finding, the surest."""
    best: dict[tuple[str, int, int], Finding] = {}
    for found in findings:
        name = (found.kind, found.start, found.end)
        known = best.get(name)
        if known is None or (known.evidence, known.score) < (found.evidence, found.score):
            best[name] = found
    return list(best.values())


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > MAX_TOKEN:
        cut = start + _piece(text[start : start + MAX_TOKEN])
        yield start, cut
        start = cut
    yield start, end


def _piece(token: str) -> int:
    """Where to cut what is too long: between groups of base64, before a spelled-out character."""
    run = len(token) - len(token.rstrip(_RUN_CHARS))
    if run > _LONGEST_SPELLED:
        return len(token) - run % 4
    spelled = max(token.rfind(sign, len(token) - _LONGEST_SPELLED) for sign in "\\%&")
    return spelled if spelled > 0 else len(token)
