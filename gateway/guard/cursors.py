"""How far a detector has come in a text that grows, and what it has found for good: nothing to come changes it, and no cutting does.

A cursor looks at every reading of the text (see ``detectors.readings``) and speaks of the text as it stands. A reading that parts from
another has been the same so far, so its search begins where the other's has come to.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from detectors.contract import InlineDetector, PooledDetector
from detectors.finding import Finding
from detectors.readings import Readings, distinct
from detectors.text.sentences import sentence_end
from gateway.guard.scans import Answer, Job
from policies.decide import NotChecked

ForText = Callable[[str], bytes]
"""A keyed hash of a text, by which equal jobs are known."""


class TextCursor:
    """In one text, just as it is written."""

    def __init__(self, detector: InlineDetector, at: int = 0) -> None:
        self.detector = detector
        self.at = at
        self.lookbehind = detector.lookbehind

    def advance(self, text: str, base: int, *, closed: bool) -> list[Finding]:
        """New findings that are final. ``text`` begins at offset ``base``."""
        window = max(base, self.at - self.lookbehind)
        view = text[window - base :] if window > base else text
        start = self.at - window
        settled = len(view) if closed else self.detector.settled(view, start)
        if settled <= start:
            return []
        found = [_shift(finding, window) for finding in self.detector.scan(view, start) if finding.start < settled]
        self.at = window + settled
        return found


class InlineCursor:
    """In all readings that the detector is shown. ``at`` is an offset of the text as it stands."""

    def __init__(self, detector: InlineDetector) -> None:
        self.at = 0
        self.lookbehind = detector.lookbehind
        self._disguises = detector.disguises
        self._cursors: dict[int, TextCursor] = {0: TextCursor(detector)}
        self._found: list[Finding] = []

    def advance(self, readings: Readings, *, closed: bool) -> list[Finding]:
        """New findings that are final in every reading."""
        self._follow(readings)
        self.at = readings.levels[0].end if readings.levels[0] else 0
        for level, cursor in self._cursors.items():
            if reading := readings.levels[level]:
                self._found += reading.back(cursor.advance(reading.text, reading.base, closed=closed))
                self.at = min(self.at, reading.origin(cursor.at))
        if not self._found:
            return []
        final = [finding for finding in self._found if finding.start < self.at]
        self._found = [finding for finding in self._found if finding.start >= self.at]
        return distinct(final)

    def kept(self, readings: Readings, level: int) -> int:
        """The offset in a reading before which this cursor needs nothing."""
        while level not in self._cursors:
            level = readings.forks[level]
        return self._cursors[level].at - self.lookbehind

    def _follow(self, readings: Readings) -> None:
        for level in readings.shown_to(self._disguises):
            if readings.levels[level] and level not in self._cursors:
                source = self._cursors[readings.forks[level]]
                self._cursors[level] = TextCursor(source.detector, source.at)


@dataclass(slots=True)
class _Unit:
    """``index``: which of its job's units it is."""

    end: int
    job: Job | None
    index: int
    answer: tuple[Finding, ...] | NotChecked | None


class PooledCursor:
    """For a detector that runs elsewhere and judges the deepest reading's sentences, or all of it; with ``whole``, only once the text has
    ended.
    """

    lookbehind = 0

    def __init__(self, detector: PooledDetector, deadline_s: float, text_key: ForText, *, whole: bool) -> None:
        self.detector = detector
        self.at = 0
        self._cut = 0  # offsets of the reading
        self._done = 0
        self._deadline_s = deadline_s
        self._text_key = text_key
        self._work = f"{detector.digest}/answer"  # requests are cut into units differently
        self._whole = whole or detector.reads != "sentence"
        self._in_one = detector.reads != "sentence"
        self._units: deque[_Unit] = deque()

    def needs(self, readings: Readings, *, closed: bool) -> Job | None:
        """One job for all the units that have become complete and may hold something."""
        wanted: list[tuple[int, str]] = []
        text, base = readings.deepest.text, readings.deepest.base
        while (end := self._next_end(text, base, readings.next_character, closed=closed)) is not None:
            unit = text[self._cut - base : end - base]
            self._units.append(_Unit(end, None, len(wanted), ()))
            if self.detector.is_candidate(unit):
                self._units[-1].answer = None
                wanted.append((len(self._units) - 1, unit))
            self._cut = end
        if not wanted:
            return None
        units = tuple(unit for _, unit in wanted)
        job = Job(self.detector, units, self._deadline_s, (self._work, self._text_key("\0".join(units))))
        for place, _ in wanted:
            self._units[place].job = job
        return job

    def _next_end(self, text: str, base: int, following: str, *, closed: bool) -> int | None:
        length = base + len(text)
        if self._cut >= length:
            return None
        if not self._in_one and (not self._whole or closed):
            end = sentence_end(text + following, self._cut - base)
            if end is not None:
                return base + end
        return length if closed else None

    def settle(self, job: Job, answer: Answer) -> None:
        for unit in self._units:
            if unit.job is job:
                unit.answer = answer if isinstance(answer, NotChecked) else answer[unit.index]

    def advance(self, readings: Readings) -> tuple[list[Finding], list[NotChecked]]:
        found: list[Finding] = []
        missing: list[NotChecked] = []
        while self._units and (answer := self._units[0].answer) is not None:
            if isinstance(answer, NotChecked):
                missing.append(answer)
            else:
                found.extend(_shift(finding, self._done) for finding in answer)
            self._done = self._units.popleft().end
        self.at = readings.deepest.origin(self._done)
        return readings.deepest.back(found), missing

    def kept(self, readings: Readings, level: int) -> int:
        """The offset in a reading before which this cursor needs nothing."""
        reading = readings.levels[level]
        return self._done if reading is readings.deepest or reading is None else reading.length


def _shift(finding: Finding, by: int) -> Finding:
    return replace(finding, start=finding.start + by, end=finding.end + by) if by else finding
