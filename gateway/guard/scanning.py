"""What detectors say of a request's texts: remembered, asked for in the pool, or found here and now."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from detectors.contract import Disguise, InlineDetector, PooledDetector, TextDetector, shown_to
from detectors.finding import Finding
from detectors.mapped import Mapped
from detectors.plain import is_alone, is_plain
from detectors.reading import Reading
from detectors.readings import Readings, distinct
from detectors.text.sentences import sentences
from detectors.text.turns import with_context
from gateway.guard.cursors import InlineCursor
from gateway.guard.memo import Memo, TextKey
from gateway.guard.plan import Check
from gateway.guard.scans import Answer, Job
from gateway.guard.seams import Run
from policies.decide import NotChecked, Outcome

_PIECE_CHARS = 4096
"""A long text is scanned in pieces of this size, between which others may have their turn."""
_SENTENCES = 256
"""The same of sentences that are looked at."""
_CHARS_A_DEADLINE = 10_000
"""A model's deadline is for as many characters; a text of five times as many has five times as long."""
_MAX_PATIENCE = 10
"""No text has more than as many times the deadline, however long it is."""

Found = tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A text that is scanned. Of a window of a run (which begins at ``start`` there) only what lies across a seam is asked for."""

    text: str
    key: TextKey
    run: Run | None = None
    start: int = 0
    context: tuple[str, ...] = ()
    """The texts of the same speaker before it, for those who need them, and ``context_key`` what stands for them."""
    context_key: TextKey = b""

    def concerns(self, detector: TextDetector, start: int, end: int) -> bool:
        """Whether the detector is asked about this piece."""
        if self.run is None:
            return True
        crosses = self.run.splits_word if shown_to(detector) else self.run.crosses
        return crosses(self.start + start, self.start + end)

    def work(self, detector: TextDetector) -> str:
        """What a result of this detector is known by, besides the text."""
        if shown_to(detector) == "turn":
            return f"{detector.digest}/{self.context_key!r}"
        return detector.digest if self.run is None else f"{detector.digest}/seam"


@dataclass(frozen=True, slots=True)
class _Whole:
    """All of a text, of so many characters."""

    length: int


_Unit = int | Mapped | _Whole
"""Where a sentence begins, or the sentence with its way back where that is not all."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A text that waits for a job, and the units that the job has of it."""

    job: Job
    units: tuple[_Unit, ...]


class TextScans:
    """One a request."""

    def __init__(self, memo: Memo[Found]) -> None:
        self._memo = memo
        self._pending: dict[tuple[str, TextKey], _Pending] = {}
        self._results: dict[tuple[str, TextKey], Found | NotChecked] = {}

    def want(self, subject: Subject, detector: PooledDetector, deadline_s: float) -> Iterator[None]:
        """A job for what is not remembered and no cheap look rules out, looked at a piece at a time.

        ``deadline_s`` is for a text of ordinary length.
        """
        name = (subject.work(detector), subject.key)
        if name in self._results or name in self._pending:
            return
        known = self._memo.get(*name)
        if known is None:
            units = yield from _units(subject, detector)
            if units:
                patience_s = deadline_s * min(1 + len(subject.text) // _CHARS_A_DEADLINE, _MAX_PATIENCE)
                job = Job(detector, tuple(text for text, _ in units), patience_s, name)
                self._pending[name] = _Pending(job, tuple(unit for _, unit in units))
                return
            known = ()
        self._results[name] = known

    def jobs(self) -> list[Job]:
        return [pending.job for pending in self._pending.values()]

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        for name, pending in self._pending.items():
            answer = answers[pending.job]
            if isinstance(answer, NotChecked):
                self._results[name] = answer
                continue
            found = tuple(each for unit, findings in zip(pending.units, answer, strict=True) for each in _back(unit, findings))
            self._memo.put(*name, found)
            self._results[name] = found
        self._pending.clear()

    def scan(self, subject: Subject, detectors: Sequence[InlineDetector]) -> Iterator[None]:
        """Run those of the detectors that nothing is remembered of, a piece at a time."""
        missing = [detector for detector in detectors if not self._knows(subject, detector)]
        if not missing:
            return
        found: list[list[Finding]] = [[] for _ in missing]
        for piece in _scan(subject.text, missing):
            for kept, more in zip(found, piece, strict=True):
                kept += more
            yield
        for detector, findings in zip(missing, found, strict=True):
            name = (subject.work(detector), subject.key)
            self._results[name] = tuple(findings)
            self._memo.put(*name, tuple(findings))

    def _knows(self, subject: Subject, detector: InlineDetector) -> bool:
        name = (subject.work(detector), subject.key)
        if name in self._results:
            return True
        known = self._memo.get(*name)
        if known is not None:
            self._results[name] = known
        return known is not None

    def outcome(self, subject: Subject, check: Check) -> Outcome:
        """What has not been scanned by now is timed out."""
        if check.undecided:
            return Outcome((), (NotChecked(check.rule.detect, check.undecided),))
        found: list[Finding] = []
        missing: list[NotChecked] = []
        detectors: list[TextDetector] = [*check.inline, *check.pooled]
        for detector in detectors:
            result = self._results.get((subject.work(detector), subject.key), NotChecked(detector.name, "timeout"))
            if isinstance(result, NotChecked):
                missing.append(result)
            else:
                found += (each for each in result if subject.concerns(detector, each.start, each.end))
        return Outcome(tuple(found), tuple(missing))


def _scan(text: str, detectors: Sequence[InlineDetector]) -> Iterator[list[list[Finding]]]:
    """What each detector finds, piece by piece: the same for every way of cutting (see ``cursors``)."""
    disguises = frozenset[Disguise]().union(*(detector.disguises for detector in detectors))
    if len(text) <= _PIECE_CHARS and not disguises and is_alone(text):
        yield [distinct(detector.scan(text)) for detector in detectors]
        return
    readings = Readings(disguises)
    cursors = [InlineCursor(detector) for detector in detectors]
    for start in range(0, len(text), _PIECE_CHARS):
        closed = start + _PIECE_CHARS >= len(text)
        readings.feed(text[start : start + _PIECE_CHARS])
        if closed:
            readings.close()
        yield [cursor.advance(readings, closed=closed) for cursor in cursors]
        readings.forget([cursor.kept for cursor in cursors])


def _units(subject: Subject, detector: PooledDetector) -> Generator[None, None, list[tuple[str, _Unit]]]:
    """What is shown of a text as its readers will read it, if the detector may say something of it, each with the way back."""
    text = subject.text
    found: list[tuple[str, _Unit]] = []
    unit: _Unit
    if detector.reads != "sentence" and subject.run is not None:
        return []  # of texts that are one to a reader, each is judged
    reading = None if is_plain(text) else (yield from _deepest(text))
    if detector.reads != "sentence":
        said = reading.text if reading else text
        said = with_context(subject.context, said) if detector.reads == "turn" else said
        return [(said, _Whole(len(text)))] if detector.is_candidate(said) else []
    for number, (start, end) in enumerate(sentences(reading.text if reading else text)):
        if number % _SENTENCES == _SENTENCES - 1:
            yield
        if reading:
            part = reading.part(start, end)
            said, unit, at, upto = part.text, part, part.starts[0], part.ends[-1]
        else:
            said, unit, at, upto = text[start:end], start, start, end
        if subject.concerns(detector, at, upto) and detector.is_candidate(said):
            found.append((said, unit))
    return found


def _deepest(text: str) -> Generator[None, None, Reading]:
    readings = Readings()
    for start in range(0, len(text), _PIECE_CHARS):
        readings.feed(text[start : start + _PIECE_CHARS])
        yield
    readings.close()
    return readings.deepest


def _back(unit: _Unit, findings: Sequence[Finding]) -> list[Finding]:
    if isinstance(unit, Mapped):
        return unit.back(findings)
    if isinstance(unit, _Whole):
        return [replace(finding, start=0, end=unit.length) for finding in findings]
    return [replace(finding, start=finding.start + unit, end=finding.end + unit) for finding in findings]
