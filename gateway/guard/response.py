"""The guard of an answer: one for a whole completion (a stream of one event) and for a stream.

Sans-io: ``feed`` an event, run what it ``needs``, ``settle``, then take what it ``release``s. Each channel holds its own text back
(see ``holdback``); an event that nothing touches goes on as it came, byte for byte.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.guard.holdback import TextChannel, Writing
from gateway.guard.jsonchannel import JsonChannel
from gateway.guard.memo import TextKey
from gateway.guard.outcome import Covered, Findings
from gateway.guard.plan import Plan
from gateway.guard.review import Hit
from gateway.guard.scans import Answer, Job
from gateway.guard.tokens import Tokens
from gateway.guard.writing import replacement
from gateway.wire.model import Channel, Delta, Event, Form, Kind, Place, Uninspectable
from policies.policy import Scope
from policies.verdict import Action, Fired

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

    channel: TextChannel | JsonChannel
    scope: Scope
    place: Place
    echoes: bool
    form: Form
    closed: bool = False
    before: tuple[int, int] = (0, 0)  # texts, and their characters, that stood at the same place in earlier events


@dataclass(slots=True)
class ResponseGuard:
    """Guards one answer. ``findings`` grows as it goes; ``released_chars`` counts the text that went out."""

    plan: Plan
    tokens: Tokens
    text_key: Callable[[str], TextKey]
    findings: Findings = field(default_factory=Findings)
    released_chars: int = 0
    _tracks: dict[Channel, _Track] = field(default_factory=dict)
    _active: dict[Channel, _Track] = field(default_factory=dict)
    _touched: dict[Channel, _Track] = field(default_factory=dict)
    _open: dict[int, None] = field(default_factory=dict)
    _has_ended: bool = False
    _event: Event | None = None
    _blocked: bool = False
    _writing: Writing = field(init=False)

    def __post_init__(self) -> None:
        self._writing = Writing(
            finder=self.tokens.finder(),
            restore=self._restore,
            replace=lambda edit, value: replacement(edit, value, self.tokens),
            fingerprint=self.tokens.fingerprint,
        )

    def feed(self, event: Event) -> None:
        """Take in an event. The one before it must have been released."""
        self._event = event
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
        self._close(list(self._active))

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
        out = {channel: text for channel, track in self._touched.items() if (text := track.channel.release())}
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
            if text != delta.text and delta.form is not Form.KEY:
                texts[index] = text
        for text in out.values():
            self.released_chars += len(text)
        return Release(event, texts, tuple(out.items()))

    def progress(self, channel: Channel) -> Progress:
        track = self._tracks.get(channel)
        return Progress(track.channel.length, track.channel.released, track.channel.rewritten) if track else Progress(0, 0, 0)

    def covered(self) -> list[Covered]:
        rules = self.plan.on_answer.rule_ids
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
        checks = self.plan.on_answer.of(delta.scope)

        writing = replace(self._writing, finder=None) if delta.form is Form.KEY else self._writing

        def new_channel() -> TextChannel:
            return TextChannel(self.plan.policy, checks, writing, self.text_key)

        is_guarded_json = delta.form is Form.JSON and (checks or self._writing.finder)
        channel = JsonChannel(new_channel) if is_guarded_json else new_channel()
        track = _Track(channel, delta.scope, delta.channel, delta.echoes, delta.form)
        if known := self._tracks.get(delta.channel):
            if not known.channel.is_settled:  # its text is out, and what a model that flags has to say of it is not
                self._active[*delta.channel, "earlier", known.before[0]] = known
            track.before = (known.before[0] + 1, known.before[1] + known.channel.length)
        self._tracks[delta.channel] = self._active[delta.channel] = track
        return track

    def _close(self, channels: list[Channel]) -> None:
        for channel in channels:
            track = self._touched[channel] = self._active[channel]
            track.channel.close()
            track.closed = True

    def _collect(self) -> None:
        for name, track in sorted(self._touched.items(), key=lambda item: item[1].echoes):  # an echo brings no news after what it echoes
            if track.channel.hits:
                hits = self.findings.news(track.channel.hits) if track.echoes else track.channel.hits
                self.findings.add(track.place, track.scope, hits)
                if track.form is Form.KEY:
                    self._refuse_key(track)
                track.channel.hits = []
            self.findings.raise_to(track.channel.action)
            self._blocked = self._blocked or track.channel.blocked
            if track.channel.is_settled:
                self._active.pop(name, None)
        self._touched.clear()

    def _refuse_key(self, track: _Track) -> None:
        """A key of an object cannot be rewritten, and must not go on as it is."""
        rewriting = [hit.fired for hit in track.channel.hits if hit.fired.action.is_rewrite and not hit.fired.shadow]
        if rewriting:
            refused = Fired(rewriting[0].rule, rewriting[0].kind, 0, track.channel.length, 1.0, Action.BLOCK, shadow=False, why="key")
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
