"""Any other endpoint that takes and gives JSON, as the settings describe it by JSONPath: where its texts stand, and what they are.

A string that no path names is read all the same (the user's, or what is put out), so that a field that was forgotten is no way around.
In a stream it is taken for a text that goes on in the next event, unless it is ``structural`` or stands at a key of ids and types.
"""

from dataclasses import dataclass

from gateway.errors import GatewayError, UpstreamError
from gateway.wire.answer_numbers import is_bookkeeping, may_have_numbers, read_number
from gateway.wire.answer_texts import Found as AnswerFound
from gateway.wire.answer_texts import is_index, parted, read_key
from gateway.wire.codec import decode, encode
from gateway.wire.dialect import AnswerStream, ErrorShape
from gateway.wire.jsonpaths import MAX_ITEMS, Paths, value_at
from gateway.wire.lines import LINES, LineEvents, encode_line
from gateway.wire.model import Call, Channel, Delta, Event, Form, Json, Kind, Origin, Place, Request, Segment, Uninspectable
from gateway.wire.openai.errors import render_error
from gateway.wire.request_texts import Found, refuse
from gateway.wire.request_texts import parted as parted_request
from gateway.wire.resource_texts import role_of
from gateway.wire.sse import SseEvent, encode_event
from gateway.wire.sse_answer import MAX_EVENT_BYTES, SseAnswer
from gateway.wire.surface import Surface, read_answer, reading_answer, stop_by_error, stopped
from gateway.wire.walk import is_structural

_EVENT_STREAM = "text/event-stream"
_MEDIA = {"image": Kind.IMAGE, "audio": Kind.AUDIO, "video": Kind.FILE}
_STRUCTURAL = frozenset({"id", "object", "type", "model", "role", "event", "index", "status", "created", "created_at"}) | {
    "finish_reason", "done_reason",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreamPlaces:
    """Where the events of a stream say what: each at one place. ``done``: the data of the event that ends it, if there is one."""

    output: Place
    index: Place | None = None
    finish: Place | None = None
    done: str | None = None


class GenericJson(Surface):
    def __init__(self, surface: str, request: Paths, answer: Paths, model: Place | None, stream: StreamPlaces | None) -> None:
        super().__init__(surface)
        self._request = request
        self._answer = answer
        self._model = model
        self._stream = stream

    def parse_request(self, raw: bytes, call: Call) -> Request:
        body = decode(raw) if raw else None
        if raw and not isinstance(body, (dict, list)):
            refuse((), "must be a JSON object or array")
        segments, uninspectable = parted_request(self._segments(body, call))
        model = value_at(body, self._model) if self._model else None
        stream = isinstance(body, dict) and body.get("stream") is True
        return Request(self.surface, model if isinstance(model, str) else "", stream, body, raw, segments, uninspectable)

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        if not raw:
            return Event(raw, None)
        body = read_answer(raw)
        with reading_answer():
            numbers = not isinstance(body, (dict, list)) or may_have_numbers(raw)
            deltas, uninspectable = parted(self._texts(body, numbers=numbers))
        return Event(raw, body, deltas, uninspectable=uninspectable, has_numbers=True)

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        if content_type != _EVENT_STREAM and content_type not in LINES:
            return None
        if self._stream is None:
            raise UpstreamError("upstream_invalid_response", "The upstream streams its answer, and the settings do not say how to read it.")
        stream = GenericLines if content_type in LINES else GenericStream
        return stream(origin, self._answer, self._stream)

    def unread(self, content_type: str) -> Kind | None:
        return _MEDIA.get(content_type.partition("/")[0])

    def _segments(self, body: Json, call: Call) -> Found:
        for text in self._request.texts(body, numbers=True):
            is_model = text.place == self._model and is_structural(text.text)
            if not is_model:
                yield Segment(text.text, role_of(text.scope), text.scope, text.place, text.form)

    def _texts(self, body: Json, *, numbers: bool) -> AnswerFound:
        for text in self._answer.texts(body, numbers=numbers):
            if numbers and not isinstance(number := value_at(body, text.place), str) and text.form is Form.TEXT:
                if not is_bookkeeping(text.place[-1] if text.place else "", number):
                    yield read_number(text.text, text.place, text.scope)
            elif text.form is Form.TEXT:
                yield Delta(("body", *text.place), text.scope, text.text, text.place, closes=True)
            elif not is_structural(text.text):
                yield Uninspectable(Kind.UNKNOWN, text.place[:-1])


class GenericStream(SseAnswer):
    frame = staticmethod(encode_event)

    def __init__(self, origin: Origin, paths: Paths, places: StreamPlaces, decoder: LineEvents | None = None) -> None:
        super().__init__(origin, decoder)
        self._paths = paths
        self._places = places
        self._done = places.done.encode() if places.done is not None else None

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        places = self._places
        index = value_at(body, places.index) if places.index else None
        if index is not None and not is_index(index):
            return Event(raw, body, uninspectable=(Uninspectable(Kind.UNKNOWN, places.index or ()),), prefix=fields)
        choice = index or 0
        deltas, uninspectable = parted(self._texts(body, choice, numbers=may_have_numbers(raw)))
        reason = value_at(body, places.finish) if places.finish else None
        finished = {choice: reason if isinstance(reason, str) and is_structural(reason) else ""} if reason else {}
        return Event(raw, body, deltas, finished, uninspectable, prefix=fields, has_numbers=True)

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        """Where the settings name no end, an answer is over when its bytes are."""
        if self._places.finish is None and self._done is None:
            return True
        return super().is_complete(open_choices)

    def render(self, event: Event) -> bytes:
        return self.frame(encode(event.body), event.prefix)

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        index, *place = channel
        assert isinstance(index, int)  # noqa: S101 every channel of ours begins with its choice
        return self.frame(encode(_with(self._numbered(index), tuple(place), text)))

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        places = self._places
        if places.finish is None:
            return self.stop_by_error()
        ends = (_with(self._numbered(index), places.finish, "content_filter") for index in open_choices)
        return b"".join(self.frame(encode(end)) for end in ends) + (self.frame(self._done) if self._done is not None else b"")

    def stop_by_error(self) -> bytes:
        return stop_by_error(self.origin)

    def _event(self, sse: SseEvent) -> Event:
        if self._done is not None and sse.data is not None and sse.data.strip() == self._done:
            return Event(sse.raw, None, prefix=sse.fields, is_end=True)
        return super()._event(sse)

    def _numbered(self, index: int) -> Json:
        return _with({}, self._places.index, index) if self._places.index else {}

    def _texts(self, body: dict[str, Json], choice: int, *, numbers: bool) -> AnswerFound:
        places = self._places
        for text in self._paths.texts(body, numbers=numbers):
            if text.form is Form.KEY:
                if not is_structural(text.text):
                    yield read_key(text.text, text.place, text.scope)
            elif numbers and not isinstance(number := value_at(body, text.place), str):
                if not is_bookkeeping(text.place[-1], number):
                    yield read_number(text.text, text.place, text.scope)
            elif not ((text.place[-1] in _STRUCTURAL or text.place == places.finish) and is_structural(text.text)):
                if _is_far(text.place):  # no event of ours could go on there
                    yield Uninspectable(Kind.UNKNOWN, text.place)
                else:
                    yield Delta((choice, *text.place), text.scope, text.text, text.place)


class GenericLines(GenericStream):
    """The same events, each a line (``application/x-ndjson``)."""

    frame = staticmethod(encode_line)

    def __init__(self, origin: Origin, paths: Paths, places: StreamPlaces) -> None:
        super().__init__(origin, paths, places, LineEvents(MAX_EVENT_BYTES))

    @property
    def errors(self) -> ErrorShape:
        return _LineErrors()

    def stop_by_error(self) -> bytes:
        return self.errors.render_error_event(stopped(), self.origin.request_id, "")

    def _event(self, sse: SseEvent) -> Event:
        return super()._event(sse) if sse.data is not None else Event(b"\n", None)


class _LineErrors(ErrorShape):
    """An error as the last line."""

    render_error = staticmethod(render_error)

    def render_error_event(self, error: GatewayError, request_id: str, policy: str) -> bytes:
        return encode_line(render_error(error, request_id, policy))


def _is_far(place: Place) -> bool:
    return bool([step for step in place if isinstance(step, int) and step >= MAX_ITEMS])


def _with(value: Json, place: Place, what: Json) -> Json:
    """A value with another at a place in it; what has no room for that gives way."""
    if not place:
        return what
    step, *below = place
    if isinstance(step, str):
        fields = value if isinstance(value, dict) else {}
        return {**fields, step: _with(fields.get(step), tuple(below), what)}
    items = value if isinstance(value, list) else []
    items = [*items, *[{}] * (step + 1 - len(items))]
    items[step] = _with(items[step], tuple(below), what)
    return items
