"""A text of an answer that goes on where another ended, as the blocks of one message do: a value may be split over them.

A block is released to its end before the next one begins, so the next one is held until it is known what lies across the seam: what its
readers have seen just before, as it went out, and its own beginning are scanned as one text. Of a value that is found there the part in
the later text never goes out; the part in the earlier text goes with it if it is still in hand, as it is in a whole answer. Models that
look at sentences do not look across.

Only a text that is complete has an end that another goes on from. One that begins before then comes interleaved with it: in what order
the two are read is not known, and the pieces that have come are no end, so nothing is looked for across its beginning. So it is with the
parts of a stream whose API says only of all of them together that they are complete.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from detectors.finding import Finding
from detectors.normalize import stands_for
from gateway.guard.holdback import TextChannel, Writing
from gateway.guard.kept import KeptText
from gateway.guard.plan import Check
from gateway.guard.review import Hit
from gateway.guard.scans import Answer, Job
from gateway.guard.seams import REACH, merged
from policies.policy import Policy
from policies.verdict import Action, Edit, strictest


class Cut(NamedTuple):
    """A value across a seam: ``back`` characters of what had gone before, and of the text up to ``end``; ``written`` is to replace it."""

    back: int
    end: int
    written: str


class _Window(TextChannel):
    """What lies within reach of a seam. Nothing of it is released; ``released`` is how far it is judged."""

    def __init__(
        self,
        policy: Policy,
        checks: Sequence[Check],
        writing: Writing,
        text_key: Callable[[str], bytes],
        before: str,
        heard: KeptText | None = None,
    ) -> None:
        here = [replace(check, pooled=()) for check in checks]
        super().__init__(policy, here, replace(writing, finder=None), text_key, heard)
        self._writes = writing.replace
        self._seam = len(before)
        self._found: list[Edit] = []
        self._values: list[tuple[Edit, str]] = []
        super().feed(before)

    def feed(self, text: str) -> None:
        room = self._seam + REACH - self.length
        super().feed(text[:room])
        if len(text) >= room:
            self.close()

    @property
    def is_judged(self) -> bool:
        """Whether all is known that lies across and may change the text."""
        return self.released >= self._seam

    def cut(self) -> Cut | None:
        if not self._found:
            return None
        edit, *_ = merged(self._found)  # each is over the seam, so they are one
        value = self._text[edit.start : edit.end]
        return Cut(self._seam - edit.start, edit.end - self._seam, self._writes(edit, stands_for(value)))

    def take_hits(self) -> list[Hit]:
        """Where each stands in the later text."""
        hits, self.hits = self.hits, []
        return [replace(hit, fired=hit.fired._replace(start=0, end=hit.fired.end - self._seam)) for hit in hits]

    def _advance(self) -> None:
        super()._advance()
        for watch in self._watches:
            watch.findings = [finding for finding in watch.findings if self._is_across(finding)]

    def _is_across(self, finding: Finding) -> bool:
        return finding.start < self._seam < finding.end

    def _take(self, limit: int) -> str:
        self._found += self._edits
        self.released = limit
        return ""


@dataclass(frozen=True, slots=True)
class Making:
    """What a channel is made of."""

    policy: Policy
    checks: Sequence[Check]
    writing: Writing
    text_key: Callable[[str], bytes]
    begin: Callable[[], KeptText] | None = None
    """Where texts are kept: begins one more."""

    def channel(self) -> TextChannel:
        return TextChannel(self.policy, self.checks, self.writing, self.text_key, self.begin() if self.begin else None)


class LaterChannel:
    """The same interface as ``TextChannel``, for a text that is not the first of its run: it ``begins`` before it is first released."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._own = making.channel()
        self._window: _Window | None = None
        self._across: KeptText | None = None
        self._is_judged = False
        self._head = ""
        self._closed = False
        self._cut: Cut | None = None
        self.has_begun = False
        self.blocked = False
        self.action = Action.ALLOW
        self.hits: list[Hit] = []

    @property
    def length(self) -> int:
        return self._own.length

    @property
    def released(self) -> int:
        return self._own.released

    @property
    def rewritten(self) -> int:
        return self._own.rewritten

    @property
    def is_done(self) -> bool:
        return self._own.is_done

    @property
    def is_settled(self) -> bool:
        return self.blocked or (self._own.is_settled and (self._window is None or self._window.is_settled))

    def feed(self, text: str) -> None:
        self._own.feed(text)
        if not self.has_begun:
            self._head += text
        elif self._window:
            self._window.feed(text)

    def close(self) -> None:
        self._closed = True
        self._own.close()
        if self._window:
            self._window.close()

    def begin(self, before: str) -> None:
        """``before`` is the end of what its readers have seen of the run."""
        self.has_begun = True
        if before:
            making = self._making
            self._across = self._own.heard.aside() if self._own.heard else None
            self._window = _Window(making.policy, making.checks, making.writing, making.text_key, before, self._across)
            self._window.feed(self._head)
            if self._closed:
                self._window.close()
        self._head = ""

    def needs(self) -> list[tuple[Job, bool]]:
        return self._own.needs()

    def settle(self, job: Job, answer: Answer) -> None:
        self._own.settle(job, answer)

    def release(self) -> str:
        if self._window:
            self._window.release()
            self._hear(self._window.action, self._window.take_hits(), blocked=self._window.blocked)
            if self._own.heard and self._across and self._across.found != []:
                self._own.heard.cross()
            if self.blocked or not self._judge(self._window):
                return ""
            if self._window.is_settled:
                self._window = None
        out = self._own.release()
        self._hear(self._own.action, self._own.hits, blocked=self._own.blocked)
        self._own.hits = []
        return "" if self.blocked else out

    def take_cut(self) -> Cut | None:
        """Once: what lay across the seam and is not in the text that is released."""
        cut, self._cut = (self._cut, None) if self._own.released else (None, self._cut)
        return cut

    def _judge(self, window: _Window) -> bool:
        if not self._is_judged and window.is_judged:
            self._is_judged = True
            self._cut = window.cut()
            if self._cut:
                self._own.drop(self._cut.end)
        return self._is_judged

    def _hear(self, action: Action, hits: list[Hit], *, blocked: bool) -> None:
        self.action = strictest(self.action, action)
        self.hits += hits
        self.blocked = self.blocked or blocked


@dataclass(slots=True)
class Run:
    """Texts that a reader takes for one: the end of what has gone out of those that are complete, and of each that is not, in order."""

    tail: str = ""
    _going_on: dict[TextChannel | LaterChannel, str] = field(default_factory=dict)

    def release(self, channel: TextChannel | LaterChannel) -> tuple[str, Cut | None]:
        """What may go of a text of this run, and what lay across its beginning."""
        cut = None
        if isinstance(channel, LaterChannel):
            if not channel.has_begun:
                channel.begin("" if self._going_on else self.tail)
            text = channel.release()
            if cut := channel.take_cut():
                self.tail = self.tail[: -cut.back] + cut.written
        else:
            text = channel.release()
        self._going_on[channel] = (self._going_on.get(channel, "") + text)[-REACH:]
        self._join_complete()
        return text, cut

    def _join_complete(self) -> None:
        while self._going_on and (first := next(iter(self._going_on))).is_done:
            self.tail = (self.tail + self._going_on.pop(first))[-REACH:]
