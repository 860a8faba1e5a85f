"""The guard of an answer: one for a whole completion (a stream of one event) and for a stream.

Sans-io: ``feed`` an event, run what it ``needs``, ``settle``, then take what it ``release``s. Each channel holds its own text back
(see ``holdback``); an event that nothing touches goes on as it came, byte for byte.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from gateway.guard.answer_bounds import AnswerWatch, Heard
from gateway.guard.broken import Broken
from gateway.guard.crossing import LaterChannel, Making, Run
from gateway.guard.holdback import TextChannel, Writing
from gateway.guard.jsonchannel import JsonChannel
from gateway.guard.kept import AnswerTexts, KeptText
from gateway.guard.memo import TextKey
from gateway.guard.outcome import Covered, Findings
from gateway.guard.plan import Check, Checks, Plan
from gateway.guard.review import Hit
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.guard.writing import FIXED, replacement
from gateway.wire.answer_numbers import with_numbers
from gateway.wire.model import Channel, Delta, Event, Form, Kind, Place, Uninspectable
from policies.conditions import Circumstances
from policies.verdict import Action, Fired
from policies.vocabulary import Scope

MAX_OPEN = 1024
"""Channels that may go on, at a time."""
MAX_CHANNELS = 16_384


@dataclass(frozen=True, slots=True)
class Release:
    """An event that may go. ``texts`` has the text for each delta whose text differs from what came; ``tails`` the rest of channels that
    end here and have no delta in this event (they go first).
    """

    event: Event
    texts: Mapping[int, str]
    tails: tuple[tuple[Channel, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Refuse:
    """A rule has blocked: nothing of this event or after it goes out."""


class Progress(NamedTuple):
    """Of a channel, in characters: what has come in, how much of it is judged and gone, how much of that a rule rewrote."""

    length: int
    released: int
    rewritten: int


@dataclass(slots=True)
class _Track:
    """A channel with what the record says of it."""

    channel: TextChannel | JsonChannel | LaterChannel
    scope: Scope
    place: Place
    echoes: bool
    form: Form
    run: Channel = ()
    closed: bool = False
    cut: bool = False  # a value that goes on in a later text was taken out of it
    before: tuple[int, int] = (0, 0)  # texts, and their characters, that stood at the same place in earlier events


@dataclass(slots=True)
class ResponseGuard:
    """Guards one answer. ``findings`` grows as it goes; ``released_chars`` counts the text that went out."""

    plan: Plan
    tokens: Tokens
    text_key: Callable[[str], TextKey]
    circumstances: Circumstances | None = None
    findings: Findings = field(default_factory=Findings)
    released_chars: int = 0
    bounds: AnswerWatch | None = None
    _tracks: dict[Channel, _Track] = field(default_factory=dict)
    _active: dict[Channel, _Track] = field(default_factory=dict)
    _touched: dict[Channel, _Track] = field(default_factory=dict)
    _open: dict[int, None] = field(default_factory=dict)
    _has_ended: bool = False
    _runs: dict[Channel, Run] = field(default_factory=dict)
    _echoed: Counter[tuple[str, ...]] = field(default_factory=Counter)  # what echoes have said that no text had said before
    _event: Event | None = None
    _blocked: bool = False
    _is_over: bool = False
    _refused: list[Broken] = field(default_factory=list)  # bounds for which another answer is to be asked for
    _texts: AnswerTexts | None = field(init=False)
    _writing: Writing = field(init=False)
    _asked: Checks = field(init=False)

    def __post_init__(self) -> None:
        self._asked = self.plan.on_answer.asked(self.circumstances, with_findings=True)
        self._texts = AnswerTexts(is_raw=self.plan.keep_text == "full") if self.plan.keep_text != "none" else None
        self._writing = Writing(
            finder=self.tokens.finder(),
            restore=self._restore,
            replace=lambda edit, value: replacement(edit, value, self.tokens),
            fingerprint=self.tokens.fingerprint,
        )

    def feed(self, event: Event) -> None:
        """Take in an event. The one before it must have been released."""
        self._event = event
        with_numbers(event)
        for part in event.uninspectable:
            self._unread(part)
        for delta in event.deltas:
            self._feed(delta)
        for choice in event.finished:
            self._close([channel for channel in self._active if channel[0] == choice])
        for end in event.ends:
            self._close([channel for channel in self._active if channel[: len(end)] == end])

    def close(self) -> None:
        """The answer is over: every channel closes."""
        self._is_over = True
        self._close(list(self._active))

    def asks_again(self) -> list[Broken]:
        """Why the model is to be asked again for an answer that was refused; empty if it is to be refused for good."""
        return [] if self.findings.action is Action.BLOCK else self._refused

    def open_choices(self) -> tuple[int, ...]:
        """Choices that have begun and not ended; the first, if none has come to any text yet."""
        return tuple(self._open) if self._open or self._has_ended else (0,)

    def needs(self) -> list[tuple[Job, bool]]:
        """Jobs to run, each with whether any text waits for it."""
        return [need for track in self._touched.values() for need in track.channel.needs()]

    def settle(self, answers: Mapping[Job, Answer]) -> None:
        for name, track in self._active.items():
            self._touched[name] = track
            for job, answer in answers.items():
                track.channel.settle(job, answer)

    def release(self) -> Release | Refuse:
        """What may go now of the event that was fed, with all that its channels were holding and need not hold longer."""
        out: dict[Channel, str] = {}
        for name, track in self._touched.items():
            if text := self._released(track, out):
                out[name] = text
        if self.bounds:
            self._hold_to_bounds(self.bounds, out)
        self._collect()
        if self._blocked:
            return Refuse()
        event, self._event = self._event or Event(b"", None), None
        for choice in event.finished:  # not before: of an event that is refused the client hears no ending
            self._has_ended = True
            self._open.pop(choice, None)
        texts: dict[int, str] = {}
        for index in range(len(event.deltas) - 1, -1, -1):
            delta = event.deltas[index]
            text = out.pop(delta.channel, "")  # all of a channel's text goes to its last delta in the event
            self.released_chars += 0 if delta.echoes else len(text)
            if text != delta.text and delta.form not in FIXED:
                texts[index] = text
        tails = tuple((name, text) for name, text in out.items() if text)
        for _, text in tails:
            self.released_chars += len(text)
        for end in event.ends:
            for over in [run for run in self._runs if run[: len(end)] == end]:
                del self._runs[over]
        return Release(event, texts, tails)

    def progress(self, channel: Channel) -> Progress:
        track = self._tracks.get(channel)
        if track is None:
            return Progress(0, 0, 0)
        return Progress(track.channel.length, track.channel.released, track.channel.rewritten + track.cut)

    def covered(self) -> list[Covered]:
        """Which rules have looked at what; what is kept of the texts goes to the findings."""
        if self._texts:
            self.findings.texts = self._texts.texts()
        rules = self._asked.rule_ids
        return [
            Covered(track.place, track.scope, track.before[1] + track.channel.length, rules(track.scope), track.before[0] + 1)
            for track in self._tracks.values()
        ]

    def _feed(self, delta: Delta) -> None:
        track = self._tracks.get(delta.channel)
        if track is None or (track.closed and delta.closes and delta.channel not in self._touched):
            track = self._start(delta)
        if track is None or track.closed:
            self._unread(Uninspectable(Kind.UNKNOWN, delta.place))  # text for a channel that has ended, or one too many
            return
        if isinstance(delta.channel[0], int):
            self._open[delta.channel[0]] = None
        self._touched[delta.channel] = track
        track.channel.feed(delta.text)
        if delta.closes:
            track.channel.close()
            track.closed = True

    def _start(self, delta: Delta) -> _Track | None:
        if (not delta.closes and len(self._active) >= MAX_OPEN) or max(len(self._tracks), len(self._active)) >= MAX_CHANNELS:
            return None
        checks = self._asked.of(delta.scope)
        writing = replace(self._writing, finder=None) if delta.form in FIXED else self._writing
        making = Making(self.plan.policy, checks, writing, self.text_key, self._hearing(delta, checks))
        track = _Track(self._channel(delta, making), delta.scope, delta.channel, delta.echoes, delta.form, delta.run)
        if known := self._tracks.get(delta.channel):
            if not known.channel.is_settled:  # its text is out, and what a model that flags has to say of it is not
                self._active[*delta.channel, "earlier", known.before[0]] = known
            track.before = (known.before[0] + 1, known.before[1] + known.channel.length)
        self._tracks[delta.channel] = self._active[delta.channel] = track
        return track

    def _hearing(self, delta: Delta, checks: Sequence[Check]) -> Callable[[], KeptText] | None:
        """Where texts are kept: what is heard of this one. What is said over again is not kept twice."""
        if self._texts is None or delta.echoes:
            return None
        may_keep = self.plan.may_keep(delta.scope, [check.rule.id for check in checks])
        return partial(self._texts.begin, delta.channel, delta.scope, delta.run, is_looked_at=may_keep)

    def _channel(self, delta: Delta, making: Making) -> TextChannel | JsonChannel | LaterChannel:
        if delta.form is Form.JSON and (making.checks or making.writing.finder):
            return JsonChannel(making.channel)
        if not (delta.run and making.checks):
            return making.channel()
        if delta.run in self._runs:
            return LaterChannel(making)
        self._runs[delta.run] = Run()
        return making.channel()

    def _released(self, track: _Track, out: dict[Channel, str]) -> str:
        """What may go of a channel. A value across its beginning is taken out of the texts before it, as far as they are in ``out``."""
        run = self._runs.get(track.run)
        if run is None or isinstance(track.channel, JsonChannel):
            return track.channel.release()
        text, cut = run.release(track.channel)
        if cut is None:
            return text
        back, first = cut.back, None
        for name in [name for name in out if self._touched[name].run == track.run][::-1]:
            if back:
                first, whole = name, out[name]
                out[name] = whole[: max(0, len(whole) - back)]
                self._touched[name].cut = True
                back -= len(whole) - len(out[name])
        if first is None:
            return cut.written + text
        out[first] += cut.written
        return text

    def _hold_to_bounds(self, bounds: AnswerWatch, out: dict[Channel, str]) -> None:
        if any(track.channel.blocked for track in self._touched.values()):
            return  # nothing goes out as it is
        heard = [Heard(name, track.scope, track.form, track.channel.is_done) for name, track in self._touched.items()]
        for broken in bounds.judge(self._event or Event(b"", None), out, heard, is_over=self._is_over):
            self.findings.add(broken.place, broken.scope, [Hit(broken.fired, "")])
            if broken.stops and broken.fired.action is Action.REASK:
                self._refused.append(broken)
            elif not broken.fired.shadow:
                self.findings.raise_to(broken.fired.action)
            self._blocked = self._blocked or broken.stops

    def _close(self, channels: list[Channel]) -> None:
        for channel in channels:
            track = self._touched[channel] = self._active[channel]
            track.channel.close()
            track.closed = True

    def _collect(self) -> None:
        for name, track in sorted(self._touched.items(), key=lambda item: item[1].echoes):  # an echo brings no news after what it echoes
            if track.channel.hits:
                hits = self._news(track)
                self.findings.add(track.place, track.scope, hits)
                if track.form in FIXED:
                    self._refuse_fixed(track)
                track.channel.hits = []
            self.findings.raise_to(track.channel.action)
            self._blocked = self._blocked or track.channel.blocked
            if track.channel.is_settled:
                self._active.pop(name, None)
        self._touched.clear()

    def _news(self, track: _Track) -> list[Hit]:
        """What was not heard before: an echo says nothing new of what it echoes, nor that of an echo that came first, each time."""
        if track.echoes:
            news = self.findings.news(track.channel.hits)
            self._echoed.update(_named(hit) for hit in news[: max(0, MAX_CHANNELS - len(self._echoed))])
            return news
        if not self._echoed:
            return track.channel.hits
        news = []
        for hit in track.channel.hits:
            if self._echoed[_named(hit)] > 0:
                self._echoed[_named(hit)] -= 1
            else:
                news.append(hit)
        return news

    def _refuse_fixed(self, track: _Track) -> None:
        """A key of an object cannot be rewritten, nor can a picture; neither must go on as it is."""
        rewriting = [hit.fired for hit in track.channel.hits if hit.fired.action.is_rewrite and not hit.fired.shadow]
        if rewriting:
            rule, kind, why = rewriting[0].rule, rewriting[0].kind, track.form.value
            refused = Fired(rule, kind, 0, track.channel.length, 1.0, Action.BLOCK, shadow=False, why=why)
            self.findings.add(track.place, track.scope, [Hit(refused, "")])
            self.findings.raise_to(Action.BLOCK)
            self._blocked = True

    def _unread(self, part: Uninspectable) -> None:
        if self.findings.add_unread(part, self.plan.policy) is Action.BLOCK:
            self._blocked = True

    def _restore(self, text: str) -> str:
        keyed = self._writing.finder.keyed(text) if self._writing.finder else ""
        value = self.tokens.value_of(keyed)
        return text if value is None else value


def _named(hit: Hit) -> tuple[str, ...]:
    return hit.fired.rule, hit.fired.kind, hit.fired.why, hit.fingerprint
