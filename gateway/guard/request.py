"""The guard of a request: every segment against the rules of its scope, and the body with their edits written in.

Sans-io: ``needs`` says what must run in the pool, ``settle`` takes the answers, ``scan`` runs what runs here, ``verdict`` decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from detectors.contract import InlineDetector, PooledDetector, TextDetector
from detectors.finding import Finding
from detectors.text.placeholders import lookalikes
from detectors.text.sentences import sentences
from gateway.guard.escapes import View, unescaped, view
from gateway.guard.holdback import InlineCursor
from gateway.guard.memo import Memo, TextKey
from gateway.guard.outcome import Covered, Findings
from gateway.guard.plan import Check, Plan
from gateway.guard.review import Hit, Review, review
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.guard.writing import replacement
from gateway.wire import jsontext
from gateway.wire.codec import encode
from gateway.wire.jsontext import Leaf
from gateway.wire.model import Form, Place, Request, Segment, at, put
from policies.decide import NotChecked, Outcome
from policies.verdict import Action, Fired

_PIECE_CHARS = 4096
"""A long text is scanned in pieces of this size, between which others may have their turn."""
_CHARS_A_DEADLINE = 10_000
"""A model's deadline is for as many characters; a text of five times as many has five times as long."""

Found = tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Memos:
    """What is remembered between exchanges: what detectors found in a text, and what a policy made of one."""

    scans: Memo[Found]
    reviews: Memo[Review]


@dataclass(frozen=True, slots=True)
class _Pending:
    """A text that waits for a job: where the sentences that the job has begin, in the text or in the view of it."""

    job: Job
    starts: tuple[int, ...]
    view: View | None


class RequestGuard:
    """Reviews one request. ``findings`` grows as it goes; ``body`` after ``verdict`` is what may go upstream."""

    def __init__(self, plan: Plan, request: Request, memos: Memos, tokens: Tokens, app: str) -> None:
        self._plan = plan
        self._request = request
        self._memos = memos
        self._tokens = tokens
        self._app = app
        self._reviews: list[Review | None] = []
        self._keys: list[TextKey] = []
        self._pending: dict[tuple[str, TextKey], _Pending] = {}
        self._results: dict[tuple[str, TextKey], Found | NotChecked] = {}
        self._is_edited = False
        self.findings = Findings()

    def needs(self) -> list[Job]:
        """Jobs for what is not remembered and no cheap look rules out."""
        memo = self._memos.reviews
        for segment in self._request.segments:
            checks = self._plan.on_request.of(segment.scope)
            key = memo.text_key(segment.text) if checks else b""
            known = memo.get(self._configuration(segment), key) if checks else None
            self._keys.append(key)
            self._reviews.append(known)
            if known is None:
                for check in checks:
                    for detector in check.pooled:
                        patience = 1 + len(segment.text) // _CHARS_A_DEADLINE
                        self._want(key, segment.text, detector, check.rule.deadline_ms / 1000 * patience)
        return [pending.job for pending in self._pending.values()]

    def _configuration(self, segment: Segment) -> str:
        """Everything besides a text that a review of it depends on."""
        return f"{self._plan.version}/{self._app}/{segment.scope}"

    def _want(self, key: TextKey, text: str, detector: PooledDetector, deadline_s: float) -> None:
        name = (detector.digest, key)
        if name in self._results or name in self._pending:
            return
        known = self._memos.scans.get(*name)
        if known is None:
            seen = view(text)
            read = seen.text if seen else text
            units = [(start, read[start:end]) for start, end in sentences(read)]
            wanted = [(start, unit) for start, unit in units if detector.is_candidate(unit)]
            if wanted:
                job = Job(detector, tuple(unit for _, unit in wanted), deadline_s, name)
                self._pending[name] = _Pending(job, tuple(start for start, _ in wanted), seen)
                return
            known = ()
        self._results[name] = known

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        for name, pending in self._pending.items():
            answer = answers[pending.job]
            if isinstance(answer, NotChecked):
                self._results[name] = answer
                continue
            found = tuple(
                replace(finding, start=finding.start + start, end=finding.end + start)
                for start, unit in zip(pending.starts, answer, strict=True)
                for finding in unit
            )
            if pending.view:
                found = tuple(pending.view.back(found))
            self._memos.scans.put(*name, found)
            self._results[name] = found
        self._pending.clear()

    def scan(self) -> Iterator[None]:
        """Run the detectors that run where they stand, a piece at a time. Whoever stops before the end leaves the rest timed out."""
        for index, segment in enumerate(self._request.segments):
            if self._reviews[index] is None:
                for check in self._plan.on_request.of(segment.scope):
                    for detector in check.inline:
                        yield from self._scan(self._keys[index], segment.text, detector)

    def _scan(self, key: TextKey, text: str, detector: InlineDetector) -> Iterator[None]:
        name = (detector.digest, key)
        if name in self._results:
            return
        known = self._memos.scans.get(*name)
        if known is None:
            found: list[Finding] = []
            for piece in _scan(detector, text):
                found += piece
                yield
            known = tuple(found)
            self._memos.scans.put(*name, known)
        self._results[name] = known

    def verdict(self) -> Action:
        """Decide about every segment, and write the edits into the body if the request may go on."""
        findings, policy = self.findings, self._plan.policy
        edited: list[tuple[Segment, Review]] = []
        for index, segment in enumerate(self._request.segments):
            rules = self._plan.on_request.rule_ids(segment.scope)
            findings.covered.append(Covered(segment.place, segment.scope, len(segment.text), rules))
            if not rules:
                continue
            known = self._reviews[index]
            found = self._review(index, segment) if known is None else known  # an empty review is falsy
            self._tokens.avoid(found.client_keyed)
            if not found.hits:
                continue
            findings.add(segment.place, segment.scope, found.hits, found.counts)
            findings.raise_to(found.action)
            if found.edits:
                edited.append((segment, found))
                self._refuse_key(segment, found)
        for part in self._request.uninspectable:
            findings.add_unread(part, policy)
        if edited and findings.action is not Action.BLOCK:
            self._write(edited)
        return findings.action

    def body(self) -> bytes:
        """What may go upstream: as it came, byte for byte, unless an edit touched it."""
        return encode(self._request.body) if self._is_edited else self._request.raw

    def _review(self, index: int, segment: Segment) -> Review:
        key, text = self._keys[index], segment.text
        outcomes = [(check.rule, self._outcome(key, check)) for check in self._plan.on_request.of(segment.scope)]
        found = review(self._plan.policy, outcomes, text, self._tokens)
        if not any(outcome.not_checked for _, outcome in outcomes):
            self._memos.reviews.put(self._configuration(segment), key, found)
        return found

    def _outcome(self, key: TextKey, check: Check) -> Outcome:
        found: list[Finding] = []
        missing: list[NotChecked] = []
        detectors: list[TextDetector] = [*check.inline, *check.pooled]
        for detector in detectors:
            result = self._results.get((detector.digest, key), NotChecked(detector.name, "timeout"))
            if isinstance(result, NotChecked):
                missing.append(result)
            else:
                found += result
        return Outcome(tuple(found), tuple(missing))

    def _refuse_key(self, segment: Segment, found: Review) -> None:
        """A key of an object cannot be rewritten, and must not go on as it is."""
        if segment.form is Form.KEY:
            edit = found.edits[0]
            fired = Fired(self._rule_of(found), edit.kind, edit.start, edit.end, 1.0, Action.BLOCK, shadow=False, why="key")
            self.findings.add(segment.place, segment.scope, [Hit(fired, "")])
            self.findings.raise_to(Action.BLOCK)

    @staticmethod
    def _rule_of(found: Review) -> str:
        return next(hit.fired.rule for hit in found.hits if hit.fired.action.is_rewrite and not hit.fired.shadow)

    def _write(self, edited: Sequence[tuple[Segment, Review]]) -> None:
        for segment in self._request.segments:  # what no rule looks at may hold a look-alike all the same
            if not self._plan.on_request.rule_ids(segment.scope):
                self._tokens.avoid(map(hash, lookalikes(segment.text)))
        leaves: dict[Place, list[tuple[Leaf, str]]] = {}
        for segment, found in edited:
            text = self._edit(segment, found)
            if segment.leaf:
                leaves.setdefault(segment.place, []).append((segment.leaf, text))
            else:
                put(self._request.body, segment.place, text)
        for place, replaced in leaves.items():
            put(self._request.body, place, jsontext.rewrite(at(self._request.body, place), replaced))
        self._is_edited = True

    def _edit(self, segment: Segment, found: Review) -> str:
        text, end = segment.text, 0
        pieces: list[str] = []
        for edit, choice in zip(found.edits, found.choices, strict=True):
            written = replacement(edit, unescaped(text[edit.start : edit.end]), self._tokens, choice)
            pieces += (text[end : edit.start], written if segment.form is not Form.IDENTIFIER else _identifier(written))
            end = edit.end
        pieces.append(text[end:])
        return "".join(pieces)


def _scan(detector: InlineDetector, text: str) -> Iterator[list[Finding]]:
    """The findings, piece by piece. Where escapes may be meant or not, what either reading has."""
    seen = view(text)
    if seen is None or not seen.is_whole:
        yield from _pieces(detector, text)
    if seen:
        for found in _pieces(detector, seen.text):
            yield seen.back(found)


def _pieces(detector: InlineDetector, text: str) -> Iterator[list[Finding]]:
    """A detector's findings do not depend on where a text is cut; ``InlineCursor`` sees to it."""
    if len(text) <= _PIECE_CHARS:
        yield detector.scan(text)
        return
    cursor = InlineCursor(detector)
    for end in range(_PIECE_CHARS, len(text) + _PIECE_CHARS, _PIECE_CHARS):
        base = max(0, cursor.at - cursor.lookbehind)
        yield cursor.advance(text[base:end], base, closed=end >= len(text))


def _identifier(written: str) -> str:
    """A replacement where the API takes letters, digits, ``_`` and ``-`` only."""
    return "".join(char if char.isalnum() or char in "_-" else "" if char in "<>[]" else "_" for char in written)
