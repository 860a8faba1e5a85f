"""The readings of a text that grows: each a text of its own, with the way back to the offsets of the text as it stands.

A reading is as the text itself, or as the reading before it, until a token says otherwise; only then is there one more text to search.
A token is read once it has ended (see ``normalize.TOKEN``), or once it is longer than ``MAX_TOKEN``: then in pieces, of which a run of
base64 is cut between its groups, and a spelled-out character is not cut. Behind each of these stand those of the ``disguises``, which
part from it where they see something else. What a text's readings are does not depend on how it arrives.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from detectors.contract import Disguise, InlineDetector
from detectors.disguises import LOOKS, Part, View, joined
from detectors.finding import Finding
from detectors.mapped import Mapped
from detectors.normalize import BREAK, readings, telling_tokens
from detectors.plain import is_alone, is_plain
from detectors.reading import Reading

MAX_TOKEN = 2048
"""A bound on what a stream holds back for a word that does not end."""

_RUN_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_LONGEST_SPELLED = 12
_LEVELS = 3
_UPTO_BREAK = re.compile(rf"(?s:.*){BREAK.pattern}")
_LINE = re.compile(r"(?:[A-Za-z0-9+/]{4}){15,19}")  # of base64 that is wrapped, as in a mail
_LINE_ENDS = ("\r", "\n", "\r\n")
_NOTHING = Mapped("", [], [])


class Readings:
    """Feed a text, close it. ``levels``: its readings, each None while it is like the one that it will part from, but for the first.

    ``forks`` says of each from which it has parted. A text that is JSON (by its first character) has its escapes undone in every reading;
    elsewhere a backslash may mean itself, so that the first reading is the text as it stands. ``disguises`` are all that anyone asks for.
    """

    def __init__(self, disguises: Iterable[Disguise] = ()) -> None:
        asked = frozenset(disguises)
        self._looks = tuple(look for look in LOOKS if look.asked <= asked)
        self._views: list[list[View]] = [[View(look) for look in self._looks], [], []]
        self.levels: list[Reading | None] = [Reading(), None, None, *[None] * (_LEVELS * len(self._looks))]
        self.forks = [0] * len(self.levels)
        for index, look in enumerate(self._looks):
            if look.ahead:  # it must not come to what others have done with
                self.levels[self._place(0, index)] = Reading()
        self._parts: list[list[Part]] = [[] for _ in range(_LEVELS)]  # not added to a level yet
        self._pending = ""
        self._is_json: bool | None = None
        self._line_end = ""  # behind a line of wrapped base64: whether it parts anything, the next token says
        self._after_line = False

    def shown_to(self, disguises: frozenset[Disguise]) -> list[int]:
        """The levels that a detector is shown that asks for these."""
        looks = [index for index, look in enumerate(self._looks) if look.asked <= disguises]
        return [*range(_LEVELS), *(self._place(depth, index) for depth in range(_LEVELS) for index in looks)]

    @property
    def deepest(self) -> Reading:
        """In which most is undone, without the disguises."""
        return [level for level in self.levels[:_LEVELS] if level][-1]

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
        self._flush()
        for depth, level in enumerate(self.levels[:_LEVELS]):
            if level:
                self._look(depth, Part("", None, 0), closed=True)

    def forget(self, kept: Sequence[Callable[["Readings", int], int]]) -> None:
        """``kept``: of each user, the offset in the reading of a level before which it needs nothing."""
        for index, level in enumerate(self.levels):
            if level:
                level.forget(min(max(level.base, min((keep(self, index) for keep in kept), default=level.length)), level.length))

    def _take(self, text: str) -> None:
        self._read(text)
        self._flush()

    def _read(self, text: str) -> None:
        """Whole tokens, or pieces of one that is too long."""
        text, self._line_end = self._line_end + text, ""
        if self._is_json is None and (head := text.lstrip()):
            self._is_json = head[0] in '{["'
        if is_plain(text):
            self._after_line = False
            self._add(text)
            return
        at = 0
        for begin, upto in telling_tokens(text):
            for start, end in _pieces(text, begin, upto):
                piece = text[start:end]
                read = readings(piece, is_json=bool(self._is_json))
                if read:
                    is_wrapped = self._after_line and read.decoded is not None and text[at:start] in _LINE_ENDS
                    self._add(text[at:start], wrapped=is_wrapped)
                    self._add_read(piece, *read)
                    at = end
                    self._after_line = read.decoded is not None and _LINE.fullmatch(piece) is not None
        self._after_line = self._after_line and text[at:] in ("", *_LINE_ENDS)
        if self._after_line and text[at:]:
            self._line_end = text[at:]
        else:
            self._add(text[at:])

    def _add(self, text: str, *, wrapped: bool = False) -> None:
        part = Part(text, None, len(text))
        for depth, level in enumerate(self.levels[:_LEVELS]):
            if level:
                self._parts[depth].append(Part("", _NOTHING, len(text)) if wrapped and depth == _LEVELS - 1 else part)

    def _add_read(self, piece: str, *reads: Mapped | None) -> None:
        for depth, read in enumerate(reads):
            if read and self.levels[depth] is None:
                self._fork(depth)
        current: Mapped | None = None
        for depth, read in enumerate(reads):
            current = read or current
            if self.levels[depth]:
                self._parts[depth].append(Part(current.text if current else piece, current, len(piece)))

    def _fork(self, depth: int) -> None:
        """With all that has been seen of the one that it parts from."""
        self._flush()
        source = max(other for other, level in enumerate(self.levels[:depth]) if level)
        self._part(depth, source)
        self._views[depth] = [view.copy() for view in self._views[source]]
        for index in range(len(self._looks)):
            if self.levels[self._place(source, index)]:
                self._part(self._place(depth, index), self._place(source, index))

    def _part(self, level: int, source: int) -> None:
        before = self.levels[source]
        self.levels[level] = before.fork() if before else Reading()
        self.forks[level] = source

    def _flush(self) -> None:
        """Looks see many parts as one."""
        for depth, parts in enumerate(self._parts):
            level = self.levels[depth]
            if level and parts:
                views, first = self._views[depth], self._place(depth, 0)
                if len(views) > 1 or self.levels[first] or not views[0].passes("".join([part.text for part in parts])):
                    self._look(depth, joined(parts), closed=False)
                for part in parts:
                    _append(level, part)
                parts.clear()

    def _look(self, depth: int, part: Part, *, closed: bool) -> None:
        """What the disguises show of what comes next."""
        seen: dict[str | None, tuple[int, Part]] = {None: (depth, part)}
        for place, view in enumerate(self._views[depth], self._place(depth, 0)):
            source, given = seen[view.look.source]
            shown = view.feed(given, closed=closed)
            if shown is not given and self.levels[place] is None:
                self._part(place, source)
            level = self.levels[place]
            seen[view.look.name] = (place if level else source, shown)
            if level:
                _append(level, shown)

    def _place(self, depth: int, look: int) -> int:
        return _LEVELS + depth * len(self._looks) + look


def _append(level: Reading, part: Part) -> None:
    if part.mapped:
        level.add_mapped(part.mapped, part.length)
    else:
        level.add(part.text)


def read(text: str, disguises: Iterable[Disguise] = ()) -> Readings:
    """Of a whole text."""
    made = Readings(disguises)
    made.feed(text)
    made.close()
    return made


def scan(detector: InlineDetector, text: str) -> list[Finding]:
    """What a detector finds in any reading of a whole text."""
    if not detector.disguises and is_alone(text):
        return distinct(detector.scan(text))
    levels = read(text, detector.disguises).levels
    return distinct(found for level in levels if level for found in level.back(detector.scan(level.text)))


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
