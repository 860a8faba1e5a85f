"""The guard of a request: every segment against the rules of its scope, and the body with their edits written in.

Sans-io: ``look`` sees and ``needs`` says what must run in the pool, ``settle`` takes the answers, ``scan`` runs what runs here,
``verdict`` decides.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from detectors.normalize import escapes_undone, stands_for
from detectors.text.placeholders import lookalikes
from gateway.guard.flowing import RequestFlows
from gateway.guard.kept_request import RequestTexts
from gateway.guard.memo import Memo
from gateway.guard.outcome import Covered, Findings
from gateway.guard.plan import Check, Plan
from gateway.guard.review import Hit, Review, hit, review, scored
from gateway.guard.scanning import Found, Subject, TextScans
from gateway.guard.scans import Answer, Job
from gateway.guard.seams import Run, merged, runs
from gateway.guard.tokens import Tokens
from gateway.guard.writing import FIXED, replacement
from gateway.wire import jsontext
from gateway.wire.codec import encode
from gateway.wire.jsontext import Leaf
from gateway.wire.model import Form, Place, Request, Segment, at, put
from policies.bounds import broken
from policies.conditions import Circumstances
from policies.decide import decide
from policies.flows import FlowWatch
from policies.verdict import Action, Edit, Fired
from policies.vocabulary import Scope

_TURNS = 6
"""Earlier turns that a text may lean on."""


@dataclass(frozen=True, slots=True)
class Memos:
    """What is remembered between exchanges: what detectors found in a text, and what a policy made of one."""

    scans: Memo[Found]
    reviews: Memo[Review]


@dataclass(frozen=True, slots=True)
class _Change:
    """What is written over a piece of a segment: what replaces ``value``, or nothing if that is None: it began in an earlier segment."""

    start: int
    end: int
    edit: Edit
    value: str | None
    choice: str | None = None


class RequestGuard:
    """Reviews one request. ``findings`` grows as it goes; ``body`` after ``verdict`` is what may go upstream."""

    def __init__(
        self, plan: Plan, request: Request, memos: Memos, tokens: Tokens, app: str, circumstances: Circumstances | None = None
    ) -> None:
        self._plan = plan
        self._circumstances = circumstances
        self._asked = plan.on_request.asked(circumstances, with_findings=False)
        self._request = request
        self._memos = memos
        self._tokens = tokens
        self._app = app
        self._scans = TextScans(memos.scans)
        self._reviews: list[Review | None] = []
        self._subjects: list[Subject] = []
        self._turns: dict[Scope, list[str]] = {}
        self._seams: list[Subject] = []
        self._changes: dict[int, list[_Change]] = {}
        self._crossing: dict[Run, list[Edit]] = {}
        self._is_edited = False
        self._texts = RequestTexts(is_raw=plan.keep_text == "full") if plan.keep_text != "none" else None
        self.findings = Findings()
        self._flows = RequestFlows(plan.flows, request) if plan.flows else None

    def look(self) -> Iterator[None]:
        """Look what jobs the texts make, a piece at a time. Whoever stops before the end leaves the rest timed out."""
        memo = self._memos.reviews
        wanted: list[tuple[Subject, tuple[Check, ...]]] = []
        for segment in self._request.segments:
            checks = self._asked.of(segment.scope)
            subject = self._subject(segment, checks)
            known = memo.get(self._configuration(segment, subject), subject.key) if checks and not self._asked.needs_findings else None
            self._subjects.append(subject)
            self._reviews.append(known)
            if known is None:
                wanted.append((subject, checks))
        for run in runs(self._request.segments):
            if checks := self._asked.of(self._request.segments[run.indexes[0]].scope):
                for window in run.windows():
                    key = memo.text_key(f"{window.seams}{window.text}")
                    self._seams.append(Subject(window.text, key, run, window.start))
                    wanted.append((self._seams[-1], checks))
        for subject, checks in wanted:
            for check in checks:
                for detector in check.pooled:
                    yield from self._scans.want(subject, detector, check.rule.deadline_ms / 1000)

    def _subject(self, segment: Segment, checks: tuple[Check, ...]) -> Subject:
        """A text, with the turns before it where a detector asks for them."""
        if not checks:
            return Subject(segment.text, b"")
        key = self._memos.reviews.text_key
        if not any(detector.reads == "turn" for check in checks for detector in check.pooled):
            return Subject(segment.text, key(segment.text))
        turns = self._turns.setdefault(segment.scope, [])
        context = tuple(turns[-_TURNS:])
        turns.append(segment.text)
        return Subject(segment.text, key(segment.text), context=context, context_key=key("\0".join(context)))

    def needs(self) -> list[Job]:
        """Jobs for what is not remembered and no cheap look rules out, as far as it was looked at: all of it, unless ``look`` has begun."""
        if len(self._subjects) < len(self._request.segments):
            for _ in self.look():
                pass
        return self._scans.jobs()

    def _configuration(self, segment: Segment, subject: Subject) -> str:
        """Everything besides a text that a review of it depends on."""
        return f"{self._plan.version}/{self._plan.mark}/{self._asked.mark}/{self._app}/{segment.scope}/{subject.context_key!r}"

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        self._scans.settle(answers)

    def scan(self) -> Iterator[None]:
        """Run the detectors that run where they stand, a piece at a time. Whoever stops before the end leaves the rest timed out."""
        for segment, subject, known in zip(self._request.segments, self._subjects, self._reviews, strict=True):
            if known is None:
                yield from self._scan(subject, self._asked.of(segment.scope))
        for subject in self._seams:
            yield from self._scan(subject, self._checks(subject))
        if self._flows:
            yield from self._flows.follow()

    def _scan(self, subject: Subject, checks: tuple[Check, ...]) -> Iterator[None]:
        yield from self._scans.scan(subject, [detector for check in checks for detector in check.inline])

    def _checks(self, seam: Subject) -> tuple[Check, ...]:
        """The rules that look at the texts of a run, which are all of one scope."""
        return self._asked.of(self._first(seam).scope)

    def _first(self, seam: Subject) -> Segment:
        return self._request.segments[seam.run.indexes[0] if seam.run else 0]

    def verdict(self) -> Action:
        """Decide about every segment, and write the edits into the body if the request may go on."""
        findings, policy = self.findings, self._plan.policy
        self._ask_about_findings()
        for index, segment in enumerate(self._request.segments):
            rules = self._asked.rule_ids(segment.scope)
            findings.covered.append(Covered(segment.place, segment.scope, len(segment.text), rules))
            if rules:
                self._judge(index, segment)
        for seam in self._seams:
            self._judge_seam(seam)
        for run, edits in self._crossing.items():
            self._join(run, edits)
        for part in self._request.uninspectable:
            findings.add_unread(part, policy)
        self._hold_to_bounds()
        self._follow_flows()
        if self._texts:
            looked_at = [scope for scope in Scope if self._plan.may_keep(scope, self._asked.rule_ids(scope))]
            findings.texts = self._texts.texts(self._request.segments, self._reviews, looked_at)
        if self._changes and findings.action is not Action.BLOCK:
            self._write()
        return findings.action

    def _ask_about_findings(self) -> None:
        """Conditions on findings are about what the rules without such a condition find in the request, taken together:
        in its texts and across their seams.
        """
        if self._circumstances is None or not self._asked.needs_findings:
            return
        found: list[tuple[Scope, Sequence[Fired]]] = []
        texts = [(segment.scope, subject) for segment, subject in zip(self._request.segments, self._subjects, strict=True)]
        for scope, subject in (*texts, *[(self._first(seam).scope, seam) for seam in self._seams]):
            checks = [check for check in self._asked.of(scope) if not (check.condition and check.condition.needs_findings)]
            outcomes = [(check.rule, self._scans.outcome(subject, check)) for check in checks]
            found.append((scope, decide(self._plan.policy, outcomes, len(subject.text)).fired))
        for scope, fired in found:
            self._circumstances.found(scope, fired)
        self._asked = self._asked.asked(self._circumstances, with_findings=True)

    def _hold_to_bounds(self) -> None:
        about = self._circumstances
        if about is None or not self._plan.bounds_requests:
            return
        self._note(("domain",), Scope.USER, broken(self._plan.policy, about.subject, about.asked, about.time))

    @property
    def flows(self) -> FlowWatch | None:
        """What the answer's guard goes on from."""
        return self._flows.watch if self._flows else None

    def _follow_flows(self) -> None:
        for place, scope, fired in self._flows.crossed() if self._flows else ():
            self._note(place, scope, fired)

    def _note(self, place: Place, scope: Scope, fired: Sequence[Fired]) -> None:
        """Rules that fired on more than a text."""
        self.findings.add(place, scope, [Hit(each, "") for each in fired])
        for each in fired:
            self.findings.raise_to(Action.ALLOW if each.shadow else each.action)

    def _judge(self, index: int, segment: Segment) -> None:
        known = self._reviews[index]
        found = self._reviews[index] = self._review(index, segment) if known is None else known  # an empty review is falsy
        self._tokens.avoid(found.client_keyed)
        self.findings.note_scores(found.scores)
        if not found.hits:
            return
        self.findings.add(segment.place, segment.scope, found.hits, found.counts)
        self.findings.raise_to(found.action)
        if found.edits:
            self._changes[index] = [
                _Change(edit.start, edit.end, edit, segment.text[edit.start : edit.end], choice)
                for edit, choice in zip(found.edits, found.choices, strict=True)
            ]
            self._refuse_key(segment, found.edits[0], (each.fired for each in found.hits))

    def body(self) -> bytes:
        """What may go upstream: as it came, byte for byte, unless an edit touched it."""
        request = self._request
        return (request.write or encode)(request.body) if self._is_edited else request.raw

    def _review(self, index: int, segment: Segment) -> Review:
        subject = self._subjects[index]
        checks = self._asked.of(segment.scope)
        outcomes = [(check.rule, self._scans.outcome(subject, check)) for check in checks]
        found = review(self._plan.policy, outcomes, segment.text, self._tokens, scored(checks, outcomes))
        if not any(outcome.not_checked for _, outcome in outcomes):
            self._memos.reviews.put(self._configuration(segment, subject), subject.key, found)
        return found

    def _judge_seam(self, seam: Subject) -> None:
        """What lies across the seams of a window is recorded where it begins, counted on from there."""
        outcomes = [(check.rule, self._scans.outcome(seam, check)) for check in self._checks(seam)]
        verdict = decide(self._plan.policy, outcomes, len(seam.text))
        if not verdict.fired or seam.run is None:
            return
        if self._texts:
            self._texts.note_across(seam.run, seam.start, verdict.fired)
        for fired in verdict.fired:
            first = seam.run.parts(seam.start + fired.start, seam.start + fired.end)[0]
            segment = self._request.segments[seam.run.indexes[first.place]]
            placed = fired._replace(start=first.start, end=first.start + fired.end - fired.start)
            value = stands_for(seam.text[fired.start : fired.end])
            self.findings.add(segment.place, segment.scope, [hit(placed, value, self._tokens)])
        self.findings.raise_to(verdict.action)
        if verdict.edits:
            self._refuse_key(self._first(seam), verdict.edits[0], verdict.fired)
        self._crossing.setdefault(seam.run, []).extend(
            replace(edit, start=edit.start + seam.start, end=edit.end + seam.start) for edit in verdict.edits
        )

    def _join(self, run: Run, crossing: list[Edit]) -> None:
        """Share the edits across a run's seams out among its segments; what they meet there becomes a part of them."""
        crossing = [edit for edit in crossing if not self._is_gone(run, edit)]
        touched = sorted({part.place for edit in crossing for part in run.parts(edit.start, edit.end)})
        edits, choices = list(crossing), {}
        for place in touched:
            for change in self._changes.pop(run.indexes[place], []):
                edit = replace(change.edit, start=change.start + run.starts[place], end=change.end + run.starts[place])
                edits.append(edit)
                choices[edit] = change.choice
        for edit in merged(edits):
            first, *others = run.parts(edit.start, edit.end)
            value = run.text[edit.start : edit.end]
            self._change(run.indexes[first.place], _Change(first.start, first.end, edit, value, choices.get(edit)))
            for part in others:
                self._change(run.indexes[part.place], _Change(part.start, part.end, edit, None))

    def _is_gone(self, run: Run, edit: Edit) -> bool:
        """Whether edits of the segments themselves leave nothing of it: then what met at the seam were two values."""
        return all(
            any(change.start <= part.start and part.end <= change.end for change in self._changes.get(run.indexes[part.place], []))
            for part in run.parts(edit.start, edit.end)
        )

    def _change(self, index: int, change: _Change) -> None:
        self._changes.setdefault(index, []).append(change)

    def _refuse_key(self, segment: Segment, edit: Edit, fired_by: Iterable[Fired]) -> None:
        """A key of an object cannot be rewritten, nor can a picture; neither must go on as it is."""
        if segment.form in FIXED:
            rule = next(fired.rule for fired in fired_by if fired.action.is_rewrite and not fired.shadow)
            fired = Fired(rule, edit.kind, edit.start, edit.end, 1.0, Action.BLOCK, shadow=False, why=segment.form.value)
            self.findings.add(segment.place, segment.scope, [Hit(fired, "")])
            self.findings.raise_to(Action.BLOCK)

    def _write(self) -> None:
        for segment in self._request.segments:  # what no rule looks at may hold a look-alike all the same
            if not self._asked.rule_ids(segment.scope):
                self._tokens.avoid(map(hash, lookalikes(segment.text)))
        leaves: dict[Place, list[tuple[Leaf, str]]] = {}
        for index, changes in sorted(self._changes.items()):
            segment = self._request.segments[index]
            text = self._edit(segment, changes)
            if segment.leaf:
                leaves.setdefault(segment.place, []).append((segment.leaf, text))
            else:
                put(self._request.body, segment.place, text)
        for place, replaced in leaves.items():
            put(self._request.body, place, jsontext.rewrite(at(self._request.body, place), replaced))
        self._is_edited = True

    def _edit(self, segment: Segment, changes: list[_Change]) -> str:
        text, end = segment.text, 0
        pieces: list[str] = []
        for change in changes:
            written = "" if change.value is None else self._replacement(change.edit, change.value, change.choice)
            pieces += (text[end : change.start], written if segment.form is not Form.IDENTIFIER else _identifier(written))
            end = change.end
        pieces.append(text[end:])
        return "".join(pieces)

    def _replacement(self, edit: Edit, value: str, choice: str | None) -> str:
        """A value has the placeholder of what it stands for, and comes back as it was written."""
        entity = edit.kind.rpartition(".")[2]
        plain = stands_for(value)
        if edit.action is not Action.TOKENIZE:
            return replacement(edit, plain, self._tokens)
        return replacement(edit, escapes_undone(value), self._tokens, choice or self._tokens.first_choice(entity, plain))


def _identifier(written: str) -> str:
    """A replacement where the API takes letters, digits, ``_`` and ``-`` only."""
    return "".join(char if char.isalnum() or char in "_-" else "" if char in "<>[]" else "_" for char in written)
