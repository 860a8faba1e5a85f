"""OpenAI images (``POST /v1/images/generations``): a prompt in; pictures out, whole or, streamed, in ever better versions.

A picture is not inspectable, whether it comes in the answer or as an address; the address and a revised prompt are texts.
"""

from gateway.wire.answer_texts import Found as AnswerFound
from gateway.wire.answer_texts import parted, read_counts, read_data
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Channel, Event, Json, Kind, Origin, Place, Uninspectable, Usage
from gateway.wire.resource_texts import read_kept
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import Surface, read_answer, reading_answer, stop_by_error

_PICTURE = "b64_json"
_PARTIAL = frozenset({"image_generation.partial_image", "image_edit.partial_image"})
_COMPLETED = frozenset({"image_generation.completed", "image_edit.completed"})


class Images(Surface):
    def __init__(self) -> None:
        super().__init__("images")

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        with reading_answer():
            return _event(raw, read_answer(raw))

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return ImageStream(origin) if content_type == "text/event-stream" else None


class ImageStream(SseAnswer):
    """Every text is complete in its event; a stream has no end mark, but a last event."""

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        event = _event(raw, body, fields)
        kind = body.get("type")
        if isinstance(kind, str) and kind in _COMPLETED:
            event.finished = {0: "stop"}
        elif not (isinstance(kind, str) and (kind in _PARTIAL or kind == "error")):
            event.uninspectable = (*event.uninspectable, Uninspectable(Kind.UNKNOWN, ("type",)))
        return event

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        return b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        """The API's own way to say that a picture was refused is an error."""
        return stop_by_error(self.origin)


def _event(raw: bytes, body: Json, prefix: bytes = b"") -> Event:
    deltas, uninspectable = parted(_answer(body))
    return Event(raw, body, deltas, uninspectable=uninspectable, usage=_usage(body), prefix=prefix)


def _answer(body: Json) -> AnswerFound:
    items = body.get("data") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(items, list):
        yield from _picture(body, ())
        return
    yield from read_kept({key: value for key, value in body.items() if key != "data"}, ())
    for index, item in enumerate(items):
        yield from _picture(item, ("data", index))


def _picture(item: Json, place: Place) -> AnswerFound:
    if not isinstance(item, dict):
        yield from read_kept(item, place)
        return
    if _has_picture(item):
        yield Uninspectable(Kind.IMAGE, place)
    for key, value in item.items():
        if isinstance(value, str) and _is_data(key, value):
            yield from read_data(value, (*place, key))
    rest = {key: value for key, value in item.items() if not _is_data(key, value)}
    yield from read_kept(rest, place)


def _has_picture(item: dict[str, Json]) -> bool:
    return any(isinstance(item.get(key), str) for key in (_PICTURE, "url"))


def _is_data(key: str, value: Json) -> bool:
    return isinstance(value, str) and (key == _PICTURE or (key == "url" and value.startswith("data:")))


def _usage(body: Json) -> Usage | None:
    return read_counts(body.get("usage"), "input_tokens", "output_tokens") if isinstance(body, dict) else None
