"""Answers that are JSON lines (the results of a batch, a file of rows): each row is read, guarded and sent on as one whole answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.codec import decode, encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.lines import LineDecoder
from gateway.wire.model import Channel, Event, Json, Kind, Place, Uninspectable, at, put

MAX_ROW_BYTES = 8 * 1024 * 1024

ReadRow = Callable[[bytes, dict[str, Json]], Event]
"""Reads one row: what arrived, and the object that it is."""
StopRow = Callable[[dict[str, Json]], Json]
"""The row that says, in the place of one (empty if it could not be read), that this one and all after it were withheld."""


@dataclass(slots=True)
class _Row(Event):
    """``beside``: the places of values that spell out texts of the row, each with the numbers of those texts."""

    beside: tuple[tuple[Place, tuple[int, ...]], ...] = ()


class RowsAnswer(AnswerStream):
    """A row's texts are complete where they stand, so nothing of it waits for the next row.

    They are numbered for their channels: however many rows there are and whatever their keys, there are no more channels than the
    longest row has texts. A row is judged before the next one is read.
    """

    def __init__(self, read: ReadRow, stop: StopRow) -> None:
        self._read = read
        self._stop = stop
        self._lines = LineDecoder(MAX_ROW_BYTES)
        self._last: dict[str, Json] = {}

    def feed(self, data: bytes) -> Iterator[Event]:
        return map(self._event, self._lines.feed(data))

    def flush(self) -> Iterator[Event]:
        for raw in self._lines.flush():
            event = self._event(raw)
            if event.body is None:
                raise UpstreamError("upstream_reset", "The upstream's answer ended before its last row was complete.")
            yield event
        yield Event(b"", None)  # the end is an event too: with nothing in it, nothing of the last row comes again

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        return True

    def render(self, event: Event) -> bytes:
        """What spells out a text that has changed (log probabilities) is taken out with it."""
        if isinstance(event, _Row):
            for place, texts in event.beside:
                if any(at(event.body, event.deltas[index].place) != event.deltas[index].text for index in texts):
                    put(event.body, place, None)
        return encode(event.body) + (b"\n" if event.raw.endswith(b"\n") else b"")

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return b""  # no text is ever continued

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        return encode(self._stop(self._last)) + b"\n"

    def _event(self, raw: bytes) -> Event:
        self._last = {}
        if not raw.strip():
            return Event(b"", None)  # an empty line says nothing, and readers stumble over it
        try:
            body = decode(raw)
            if isinstance(body, dict):
                self._last = body
                return _row(self._read(raw, body))
        except BadRequest:
            pass
        return Event(raw, None, uninspectable=(Uninspectable(Kind.UNKNOWN, ()),))


def _row(event: Event) -> _Row:
    """The event as one that stands for itself: it ends no choice, and its tokens were counted when they were spent."""
    numbers: dict[Channel, list[int]] = {}
    for index, delta in enumerate(event.deltas):
        numbers.setdefault(delta.channel, []).append(index)
    deltas = tuple(
        delta._replace(channel=("rows", index), closes=True, run=("rows", *delta.run) if delta.run else ())
        for index, delta in enumerate(event.deltas)
    )
    beside = tuple(
        (companion.place, tuple(index for channel in companion.channels for index in numbers.get(channel, ())))
        for companion in event.companions
    )
    ends: tuple[Channel, ...] = (("rows",),)
    return _Row(event.raw, event.body, deltas, uninspectable=event.uninspectable, ends=ends, names=event.names, beside=beside)
