"""What the guard released, as bytes of the dialect: an untouched event as it came, an edited one with its texts written in."""

from collections import deque
from dataclasses import dataclass, field

from gateway.guard.response import Release, ResponseGuard
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Channel, Companion, Event, Json, at, put


@dataclass(frozen=True, slots=True)
class _Held:
    """A companion whose text was not all out: its value, where its text ends, and how much a rule had rewritten before."""

    value: Json
    end: int
    rewritten: int


def render_completion(release: Release, guard: ResponseGuard) -> bytes:
    """A whole answer, JSON or plain text. Log probabilities of a text that a rule rewrote are taken out, for they spell it."""
    event = release.event
    if isinstance(event.body, str):
        return release.texts[0].encode() if release.texts else event.raw
    edited = _write_texts(release)
    for companion in event.companions:
        if any(guard.progress(channel).rewritten for channel in companion.channels):
            put(event.body, companion.place, None)
            edited = True
    return encode(event.body) if edited else event.raw


def _write_texts(release: Release) -> bool:
    for index, text in release.texts.items():
        put(release.event.body, release.event.deltas[index].place, text)
    return bool(release.texts)


@dataclass(slots=True)
class StreamRenderer:
    """Renders one stream; keeps the log probabilities of text that is held back."""

    stream: AnswerStream
    guard: ResponseGuard
    _held: dict[tuple[Channel, ...], deque[_Held]] = field(default_factory=dict)

    def render(self, release: Release) -> bytes:
        event = release.event
        edited = _write_texts(release)
        for companion in event.companions:
            edited = self._write_companion(event, companion) or edited
        tails = b"".join(self._tail(channel, text) for channel, text in release.tails)
        if not event.raw:
            return tails
        return tails + (self.stream.render(event) if edited else event.raw)

    def _write_companion(self, event: Event, companion: Companion) -> bool:
        """Let out what may go of this and earlier companions of the same text; whether the event changed."""
        value = at(event.body, companion.place)
        length, _, rewritten = self._progress(companion.channels)
        queue = self._held.setdefault(companion.channels, deque())
        queue.append(_Held(value, length, rewritten - self._fresh(companion.channels)))
        out = self._due(companion.channels)
        if out == value:
            return False
        put(event.body, companion.place, out)
        return True

    def _due(self, channels: tuple[Channel, ...]) -> Json:
        _, released, rewritten = self._progress(channels)
        queue = self._held.get(channels, deque())
        due: list[Json] = []
        while queue and queue[0].end <= released:
            held = queue.popleft()
            if held.rewritten == rewritten:
                due.append(held.value)
        self._seen[channels] = rewritten
        return _join(due)

    _seen: dict[tuple[Channel, ...], int] = field(default_factory=dict)

    def _fresh(self, channels: tuple[Channel, ...]) -> int:
        """How much was rewritten since the companions of these channels were last looked at."""
        return self._progress(channels)[2] - self._seen.get(channels, 0)

    def _progress(self, channels: tuple[Channel, ...]) -> tuple[int, int, int]:
        parts = [self.guard.progress(channel) for channel in channels]
        return sum(p.length for p in parts), sum(p.released for p in parts), sum(p.rewritten for p in parts)

    def _tail(self, channel: Channel, text: str) -> bytes:
        companion = next((self._due(channels) for channels in self._held if channel in channels), None)
        return self.stream.render_tail(channel, text, companion)


def _join(values: list[Json]) -> Json:
    """Log probability objects one after the other: their lists joined, other fields from the first."""
    if len(values) <= 1:
        return values[0] if values else None
    joined = dict(values[0])
    for value in values[1:]:
        for key, items in value.items():
            joined[key] = [*(joined.get(key) or []), *items] if isinstance(items, list) else joined.get(key)
    return joined
