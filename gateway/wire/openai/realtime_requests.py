"""Where the texts of the events that a client sends in a realtime session stand."""

from collections.abc import Callable, Iterator, Mapping

from gateway.wire.model import Form, Json, Kind, Place, Request, Uninspectable
from gateway.wire.openai.realtime_items import read_item, read_settings
from gateway.wire.openai.responses_items import REQUEST, Side, Text, read_data, read_strings
from gateway.wire.openai.responses_request import segments_of
from gateway.wire.request_texts import is_own_number, parted, refuse
from gateway.wire.surface import read_object
from gateway.wire.walk import is_name, is_structural
from policies.vocabulary import Scope

SURFACE = "realtime"
APPEND = "input_audio_buffer.append"

_OWN = frozenset({"type", "event_id", "previous_item_id", "item_id", "response_id"})
"""What events say of themselves: names."""
_BOOKKEEPING = frozenset({
    "conversation.item.delete", "conversation.item.retrieve", "conversation.item.truncate", "input_audio_buffer.clear",
    "input_audio_buffer.commit", "output_audio_buffer.clear", "response.cancel",
})  # fmt: skip

_Read = Callable[[Json, Place, Side], Iterator[Text | Uninspectable]]
_HOLDERS: Mapping[str, tuple[str, _Read]] = {
    "session.update": ("session", read_settings),
    "transcription_session.update": ("session", read_settings),
    "conversation.item.create": ("item", read_item),
    "response.create": ("response", read_settings),
}
"""By the event's type: the key of what it brings, and how that is read."""


def read_client_event(raw: bytes, model: str) -> Request:
    """Raises BadRequest, naming the place."""
    body = read_object(raw)
    if not isinstance(body.get("type"), str):
        refuse(("type",), "must be a string")
    segments, uninspectable = parted(segments_of(_read(body)))
    return Request(SURFACE, model, True, body, raw, segments, uninspectable)


def _read(body: dict[str, Json]) -> Iterator[Text | Uninspectable]:
    kind = body["type"]
    holder, read = _HOLDERS.get(kind, ("", read_settings))
    if not holder and kind not in _BOOKKEEPING and kind != APPEND:
        yield Uninspectable(Kind.UNKNOWN, ("type",))
    for key, value in body.items():
        if not is_name(key):
            yield Text(key, (key,), "user", Scope.USER, Form.KEY)
        if key == holder:
            yield from read(value, (key,), REQUEST)
        elif key == "audio" and kind == APPEND and isinstance(value, str):
            yield Uninspectable(Kind.AUDIO, (key,))
            yield from read_data(Text(value, (key,), "user", Scope.USER), REQUEST)
        elif not ((key in _OWN and isinstance(value, str) and is_structural(value)) or is_own_number(key, value)):
            yield from read_strings(value, (key,), "user", Scope.USER, REQUEST)
