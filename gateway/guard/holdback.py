"""One channel of an answer: text goes in as it arrives, and comes out as soon as nothing that is to come can change the verdict on it.

Each detector has a cursor that says how far it has judged the text for good, in all its readings (see ``cursors``); the channel releases
up to the hindmost cursor of those rules that may rewrite or block, and never through a finding. Since a cursor's findings do not depend on
where the text was cut, what is released in the end is what the guard would make of the whole text: ``concat(released) == guard(text)``.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from detectors.contract import Disguise
from detectors.finding import Finding
from detectors.normalize import stands_for
from detectors.overlaps import merge_overlaps
from detectors.plain import is_alone
from detectors.readings import Readings, distinct
from detectors.text.placeholders import Placeholders
from gateway.guard.cursors import ForText, InlineCursor, PooledCursor, TextCursor
from gateway.guard.kept import KeptText
from gateway.guard.plan import Check
from gateway.guard.review import Hit
from gateway.guard.scans import Answer, Job
from policies.decide import NotChecked, Outcome, decide, selects
from policies.policy import Policy, Rule
from policies.verdict import Action, Edit, Fired, strictest

_UNHURRIED_CHARS = 512
_KEPT_CHARS = 2048
_SCANNED_CHARS = 4096


@dataclass(frozen=True, slots=True)
class Writing:
    """How a channel writes what it changes, and how it names what it found (``fingerprint`` of an entity and a value)."""

    finder: Placeholders | None
    restore: Callable[[str], str]
    replace: Callable[[Edit, str], str]
    fingerprint: Callable[[str, str], str]


@dataclass(slots=True)
class _Watch:
    """A check with its cursors and what they have found and not yet given to a decision."""

    check: Check
    inline: list[InlineCursor]
    pooled: list[PooledCursor]
    findings: list[Finding]
    missing: list[NotChecked]

    @property
    def at(self) -> int:
        return min((cursor.at for cursor in self.cursors), default=sys.maxsize)

    @property
    def cursors(self) -> list[InlineCursor | PooledCursor]:
        return [*self.inline, *self.pooled]


class TextChannel:
    """Feed text, close it, and take what may go: ``needs`` and ``settle`` between them, if any rule has a pooled detector.

    ``blocked`` once a rule has blocked: nothing more comes out.
    """

    def __init__(self, policy: Policy, checks: Sequence[Check], writing: Writing, text_key: ForText, heard: KeptText | None = None) -> None:
        self._policy = policy
        self._writing = writing
        self._watches = [_watch(check, text_key) for check in checks if check.inline or check.pooled or check.undecided]
        self._holding = [watch for watch in self._watches if watch.check.holds]
        self._finder = TextCursor(writing.finder) if writing.finder else None
        disguises = _disguises(self._watches)
        self._readings = Readings(disguises)
        self._may_scan = not disguises and not any(watch.pooled for watch in self._watches)
        self._is_scanned = False
        self._unread = 0  # offset in the text as it came in
        self._hurries = any(watch.check.holds or watch.pooled for watch in self._watches)
        self._placeholders: list[Finding] = []
        self._edits: tuple[Edit, ...] = ()
        self._is_open_wide = not self._watches and self._finder is None
        self._text = ""
        self._base = 0
        self._gone = 0
        self.heard = heard
        self._closed = False
        self.released = 0  # offset in the text as it came in
        self.length = 0
        self.rewritten = 0  # characters that a rule's edit replaced
        self.blocked = False
        self.action = Action.ALLOW
        self.hits: list[Hit] = []

    def feed(self, text: str) -> None:
        self._text += text
        self.length += len(text)
        if self.heard:
            self.heard.take(text)

    def close(self) -> None:
        self._closed = True

    def drop(self, upto: int) -> None:
        """Of the text, of which nothing is released, everything before this offset is left out; a finding that reaches in goes with it."""
        self._gone = upto

    @property
    def is_done(self) -> bool:
        return self._closed and self.released == self.length

    @property
    def is_settled(self) -> bool:
        """Nothing more can come of it: not text, nor a word from a check that does not hold text back."""
        return self.blocked or (self.is_done and all(watch.at >= self.length for watch in self._watches))

    def needs(self) -> list[tuple[Job, bool]]:
        """Jobs to run, each with whether text is held until it is done."""
        self._read()
        return [
            (job, watch.check.holds)
            for watch in self._watches
            for cursor in watch.pooled
            if (job := cursor.needs(self._readings, closed=self._closed))
        ]

    def settle(self, job: Job, answer: Answer) -> None:
        for watch in self._watches:
            for cursor in watch.pooled:
                cursor.settle(job, answer)

    def release(self) -> str:
        """What may go now."""
        if self._is_open_wide:
            out, self._text = self._text, ""
            self._base = self.released = self.length
            return out
        if self.blocked:
            return ""
        self._advance()
        limit = self._limit()
        self._judge(limit)
        if self.heard:
            self.heard.judged = min([limit, *[watch.at for watch in self._watches]])
        return "" if self.blocked or limit <= self.released else self._take(limit)

    def _read(self) -> None:
        """What holds nothing back need not look at every word as it comes."""
        if self._is_scanned:
            return
        if self._closed and self._may_scan and not self._unread and self.length <= _SCANNED_CHARS and is_alone(self._text):
            self._scan()
        elif self._watches and (self._hurries or self._closed or self.length - self._unread >= _UNHURRIED_CHARS):
            self._readings.feed(self._text[self._unread - self._base :])
            self._unread = self.length
            if self._closed:
                self._readings.close()

    def _scan(self) -> None:
        """A short text that is whole before any of it was read, and has no other reading, needs no cursors."""
        self._is_scanned = True
        self._unread = self.length
        for watch in self._watches:
            for cursor, detector in zip(watch.inline, watch.check.inline, strict=True):
                watch.findings += distinct(detector.scan(self._text))
                cursor.at = self.length

    def _advance(self) -> None:
        self._read()
        if self._finder:
            self._placeholders += self._finder.advance(self._text, self._base, closed=self._closed)
        for watch in self._watches:
            if not self._is_scanned and (watch.check.holds or self._closed or self.length - watch.at >= _UNHURRIED_CHARS):
                for cursor in watch.inline:
                    watch.findings += cursor.advance(self._readings, closed=self._closed)
            for pooled in watch.pooled:
                found, missing = pooled.advance(self._readings)
                watch.findings += found
                watch.missing += missing

    def _limit(self) -> int:
        """How far the text is judged for good: up to the hindmost cursor that holds, and not through a finding that reaches beyond it."""
        ends = [watch.at for watch in self._holding]
        if self._finder:
            ends.append(self._finder.at)
        limit = min([*ends, self.length])
        held = [finding for watch in self._holding for finding in watch.findings if selects(watch.check.rule, finding)]
        for span in reversed(merge_overlaps([*self._placeholders, *held])):
            if span.start < limit < span.end:
                limit = span.start
        return limit if limit >= self._gone else self.released

    def _judge(self, limit: int) -> None:
        """Decide about everything found before the limit by rules that hold, and about all that the others have found."""
        checks: list[tuple[Rule, Outcome]] = []
        unsaid: list[tuple[Rule, Outcome]] = []
        for watch in self._watches:
            if not watch.findings and not watch.missing:
                continue
            upto = limit if watch.check.holds else self.length
            ready = [finding for finding in watch.findings if finding.end <= upto and not self._is_ours(finding)]
            if ready or watch.missing:
                (unsaid if watch.check.is_unsaid else checks).append((watch.check.rule, Outcome(tuple(ready), tuple(watch.missing))))
            watch.findings = [finding for finding in watch.findings if finding.end > upto]
            watch.missing = []
        self._edits = ()
        if checks:
            verdict = decide(self._policy, checks, self.length)
            self.action = strictest(self.action, verdict.action)
            self.hits += [Hit(fired, self._fingerprint(fired)) for fired in verdict.fired]
            self._edits = verdict.edits
            self.blocked = verdict.action is Action.BLOCK
        if self.heard and (checks or unsaid):
            self.heard.find(decide(self._policy, [*checks, *unsaid], self.length).fired)

    def _is_ours(self, finding: Finding) -> bool:
        """A placeholder is no finding, though it may look like one."""
        return any(ours.start <= finding.start and finding.end <= ours.end for ours in self._placeholders)

    def _fingerprint(self, fired: Fired) -> str:
        if fired.why != "match" or fired.start < self._base:
            return ""
        return self._writing.fingerprint(fired.kind.rpartition(".")[2], stands_for(self._slice(fired.start, fired.end)))

    def _take(self, limit: int) -> str:
        is_plain = not self._edits and not self._placeholders and not self._gone
        out = self._slice(self.released, limit) if is_plain else "".join(self._rewritten(limit))
        self.released = limit
        self._placeholders = [finding for finding in self._placeholders if finding.end > limit]
        if len(self._text) > _KEPT_CHARS:
            self._forget()
        return out

    def _rewritten(self, limit: int) -> list[str]:
        out: list[str] = []
        gone, self._gone = self._gone, 0
        at = max(self.released, gone)
        self.rewritten += at - self.released
        restores: list[Finding] = [
            f for f in self._placeholders if f.end <= limit and not any(e.start < f.end and f.start < e.end for e in self._edits)
        ]
        places: list[Edit | Finding] = [*self._edits, *restores]
        for place in sorted(places, key=lambda place: place.start):
            if place.start < gone:
                at = max(at, place.end)
                continue
            out.append(self._slice(at, place.start))
            value = self._slice(place.start, place.end)
            if isinstance(place, Edit):
                out.append(self._writing.replace(place, stands_for(value)))
                self.rewritten += place.end - place.start
            else:
                out.append(self._writing.restore(value))
            at = place.end
        out.append(self._slice(at, limit))
        return out

    def _slice(self, start: int, end: int) -> str:
        return self._text[start - self._base : end - self._base]

    def _forget(self) -> None:
        """Keep what is held and what any cursor still looks back at."""
        cursors = [cursor for watch in self._watches for cursor in watch.cursors]
        self._readings.forget([cursor.kept for cursor in cursors])
        behind = [cursor.at - cursor.lookbehind for cursor in cursors]
        if self._finder:
            behind.append(self._finder.at - self._finder.lookbehind)
        keep = min([*behind, self.released, self._unread if self._watches else self.released])
        keep = max(self._base, keep)
        self._text = self._text[keep - self._base :]
        self._base = keep


def _disguises(watches: Sequence[_Watch]) -> frozenset[Disguise]:
    """What any detector asks to be shown besides."""
    return frozenset(disguise for watch in watches for detector in watch.check.inline for disguise in detector.disguises)


def _watch(check: Check, text_key: ForText) -> _Watch:
    deadline_s = check.rule.deadline_ms / 1000
    whole = check.holds and check.rule.stream != "sentence"
    pooled = [PooledCursor(detector, deadline_s, text_key, whole=whole) for detector in check.pooled]
    missing = [NotChecked(check.rule.detect, check.undecided)] if check.undecided else []
    return _Watch(check, [InlineCursor(detector) for detector in check.inline], pooled, [], missing)
