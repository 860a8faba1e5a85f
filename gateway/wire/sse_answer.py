"""What the streamed answers of all APIs that send server-sent events have in common."""

import re
from abc import abstractmethod
from collections.abc import Iterator

from gateway.errors import BadRequest, UpstreamError
from gateway.wire.codec import decode, encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.lines import LineEvents
from gateway.wire.model import Event, Json, Kind, Origin, Uninspectable
from gateway.wire.sse import KEEP_ALIVE, SseDecoder, SseEvent, encode_event
from gateway.wire.walk import has_number

MAX_EVENT_BYTES = 8 * 1024 * 1024
_CUT_OFF = "The upstream's stream ended before its answer was complete."
_DONE = b"[DONE]"
# An event's own lines name it; they have no room for prose, nor for a number that is somebody's.
_FIELDS = re.compile(rb"(?:(?:event|id|retry):? ?[A-Za-z0-9_.:/+-]{0,256}\n)*")


class SseAnswer(AnswerStream):
    """Gives each event's JSON object to ``read``. ``last`` is the newest one, for the envelope of events of our own."""

    def __init__(self, origin: Origin, decoder: LineEvents | None = None) -> None:
        """``decoder``: how events are framed that are no server-sent ones."""
        self.origin = origin
        self.last: dict[str, Json] = {}
        self._decoder = decoder or SseDecoder(MAX_EVENT_BYTES)

    @abstractmethod
    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        """The texts of one event; ``fields`` are its own lines other than data."""

    def feed(self, data: bytes) -> Iterator[Event]:
        return map(self._event, self._decoder.feed(data))

    def flush(self) -> Iterator[Event]:
        for sse in self._decoder.flush():
            event = self._event(sse)
            if event.body is None and not event.is_end and sse.data is not None:
                raise UpstreamError("upstream_reset", _CUT_OFF)
            yield event

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        """Fine if every choice had ended, as some endpoints do it."""
        return bool(self.last) and not open_choices

    def render(self, event: Event) -> bytes:
        return encode_event(encode(event.body), event.prefix)

    def _event(self, sse: SseEvent) -> Event:
        data = sse.data
        if data is None:  # a comment: its text is nobody's business, that the stream lives is
            return Event(KEEP_ALIVE, None)
        if sse.fields and (not _FIELDS.fullmatch(sse.fields) or has_number(sse.fields.decode())):
            return Event(sse.raw, None, uninspectable=(Uninspectable(Kind.UNKNOWN, ("event",)),))
        if data.strip() == _DONE:
            return Event(sse.raw, None, prefix=sse.fields, is_end=True)
        try:
            body = decode(data)
            if isinstance(body, dict):
                self.last = body
                return self.read(sse.raw, body, sse.fields)
        except BadRequest:
            pass
        return Event(sse.raw, None, uninspectable=(Uninspectable(Kind.UNKNOWN, ()),))
