"""Where the texts of the events that an endpoint sends in a realtime session stand; its older names for events are known too."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import filterfalse
from typing import NamedTuple

from gateway.errors import BadRequest
from gateway.wire.answer_texts import is_index, parted, read_keys
from gateway.wire.codec import decode
from gateway.wire.model import Channel, Companion, Delta, Event, Form, Json, Kind, Uninspectable
from gateway.wire.openai.realtime_items import ANSWER, read_item, read_said_part, read_settings
from gateway.wire.openai.responses_answer import read_usage, to_delta
from gateway.wire.openai.responses_items import Text, read_strings
from gateway.wire.walk import is_name, is_structural
from policies.vocabulary import Scope

CREATED, DONE = "response.created", "response.done"
HEARD = "conversation.item.input_audio_transcription"


class Stream(NamedTuple):
    """Text that comes in pieces. ``slot`` names it in channels, ``field`` the whole text in its ``.done`` event and in its part."""

    slot: str
    field: str
    scope: Scope
    form: Form = Form.TEXT


_TEXT = Stream("text", "text", Scope.OUTPUT)
_TRANSCRIPT = Stream("transcript", "transcript", Scope.OUTPUT)
_ARGUMENTS = Stream("arguments", "arguments", Scope.TOOL_ARGUMENTS, Form.JSON)
STREAMS: Mapping[str, Stream] = {
    "response.output_text": _TEXT,
    "response.text": _TEXT,
    "response.output_audio_transcript": _TRANSCRIPT,
    "response.audio_transcript": _TRANSCRIPT,
    "response.function_call_arguments": _ARGUMENTS,
    "response.mcp_call_arguments": _ARGUMENTS,
}
"""By the events' name without its ``.delta`` or ``.done``."""

_SESSION = frozenset(f"{kind}.{when}" for kind in ("session", "transcription_session") for when in ("created", "updated"))
_ITEMS = frozenset(f"conversation.item.{name}" for name in ("created", "added", "done", "retrieved"))
_SOUND = frozenset({"response.output_audio.delta", "response.audio.delta"})
_BOOKKEEPING = frozenset({
    "error", "conversation.created", "conversation.item.deleted", "conversation.item.truncated", "rate_limits.updated",
    "response.output_audio.done", "response.audio.done", "input_audio_buffer.cleared", "input_audio_buffer.committed",
    "input_audio_buffer.dtmf_event_received", "input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
    "input_audio_buffer.timeout_triggered", "output_audio_buffer.started", "output_audio_buffer.stopped", "output_audio_buffer.cleared",
    "mcp_list_tools.in_progress", "mcp_list_tools.completed", "mcp_list_tools.failed",
    "response.mcp_call.in_progress", "response.mcp_call.completed", "response.mcp_call.failed",
    f"{HEARD}.failed", f"{HEARD}.segment",
})  # fmt: skip
"""Events without a text that goes on from one to the next. What text one has is read where it stands."""

_OWN = frozenset({
    "type", "event_id", "response_id", "item_id", "previous_item_id", "output_index", "content_index", "call_id", "obfuscation", "id",
})  # fmt: skip


@dataclass(slots=True)
class ServerEvent(Event):
    """``response`` is the id of the response that it is of (of a type that we know), ``items`` the items that it names; ``heard`` what it
    is a transcript of.
    """

    kind: str = ""
    response: str | None = None
    items: tuple[str, ...] = ()
    heard: Channel | None = None


@dataclass(slots=True)
class _Reading:
    """What the reading of an event finds besides its texts."""

    ends: tuple[Channel, ...] = ()
    companions: tuple[Companion, ...] = ()
    heard: Channel | None = None
    is_known: bool = True


Found = Iterator[Delta | Uninspectable]


def read_server_event(raw: bytes) -> ServerEvent:
    """An event that cannot be read has no body, and says so in ``uninspectable``."""
    try:
        body = decode(raw)
        if not isinstance(body, dict):
            return _unreadable(raw)
        return _event(raw, body)
    except BadRequest:
        return _unreadable(raw)


def _unreadable(raw: bytes) -> ServerEvent:
    return ServerEvent(raw, None, uninspectable=(Uninspectable(Kind.UNKNOWN, ()),))


def _event(raw: bytes, body: dict[str, Json]) -> ServerEvent:
    kind = body.get("type")
    kind = kind if isinstance(kind, str) else ""
    reading = _Reading()
    deltas, uninspectable = parted(_read(kind, body, reading))
    response = body.get("response") if kind in (CREATED, DONE) else None
    usage = read_usage(response) if isinstance(response, dict) else None
    return ServerEvent(
        raw, body, deltas, uninspectable=uninspectable, companions=reading.companions, usage=usage, ends=reading.ends, kind=kind,
        response=_response_id(kind, body) if reading.is_known else None, items=tuple(_item_ids(body)), heard=reading.heard,
    )  # fmt: skip


def _response_id(kind: str, body: dict[str, Json]) -> str | None:
    """Endpoints that leave the id out have one response at a time."""
    if not kind.startswith("response."):
        return None
    response = body.get("response")
    named = response.get("id") if isinstance(response, dict) else body.get("response_id")
    return named if isinstance(named, str) else ""


def _item_ids(body: dict[str, Json]) -> Iterator[str]:
    item = body.get("item")
    for named in (body.get("item_id"), item.get("id") if isinstance(item, dict) else None):
        if isinstance(named, str):
            yield named


def _read(kind: str, body: dict[str, Json], reading: _Reading) -> Found:
    name, _, when = kind.rpartition(".")
    if (stream := STREAMS.get(name)) and when in ("delta", "done"):
        yield from (_read_delta if when == "delta" else _read_done)(stream, body, reading)
    elif kind in _SOUND:
        yield Uninspectable(Kind.AUDIO, ("delta",))
        yield from _rest(body, "delta")
    elif kind in (CREATED, DONE):
        reading.ends = (("output",),) if kind == DONE else ()
        yield from _read_held(body, "response", read_settings)
    elif name == "response.output_item" and when in ("added", "done"):
        yield from _read_item(body, reading, is_done=when == "done")
    elif name == "response.content_part" and when in ("added", "done"):
        yield from _read_part(body, reading, is_done=when == "done")
    elif kind in _SESSION:
        yield from _read_held(body, "session", read_settings)
    elif kind in _ITEMS:
        yield from _read_held(body, "item", read_item)
    elif name == HEARD and when in ("delta", "completed"):
        yield from _read_heard(body, reading, is_done=when == "completed")
    elif kind in _BOOKKEEPING:
        yield from _rest(body, "")
    else:
        reading.is_known = False
        yield from _unknown(body)


def _read_delta(stream: Stream, body: dict[str, Json], reading: _Reading) -> Found:
    channel, text = _channel(stream, body), body.get("delta")
    if channel is None or not isinstance(text, str):
        yield from _unknown(body)
        return
    if text:
        yield Delta(channel, stream.scope, text, ("delta",), stream.form)
    yield from _rest(body, "delta")


def _read_done(stream: Stream, body: dict[str, Json], reading: _Reading) -> Found:
    channel, text = _channel(stream, body), body.get(stream.field)
    if channel is None or not (isinstance(text, str) or text is None):
        yield from _unknown(body)
        return
    reading.ends = (channel,)
    if text:
        yield Delta(("again", *channel[1:]), stream.scope, text, (stream.field,), stream.form, closes=True, echoes=True)
    yield from _rest(body, stream.field)


def _channel(stream: Stream, body: dict[str, Json]) -> Channel | None:
    indexes = (body.get("output_index", 0), body.get("content_index", 0))
    return ("output", indexes[0], stream.slot, indexes[1]) if all(map(is_index, indexes)) else None


def _read_item(body: dict[str, Json], reading: _Reading, *, is_done: bool) -> Found:
    index = body.get("output_index", 0)
    if not is_index(index):
        yield from _unknown(body)
        return
    if is_done:
        reading.ends = (("output", index),)
    head: Channel = ("again" if is_done else "begun", index)
    yield from _deltas(read_item(body.get("item"), ("item",), ANSWER), head, echoes=is_done)
    yield from _rest(body, "item")


def _read_part(body: dict[str, Json], reading: _Reading, *, is_done: bool) -> Found:
    indexes = (body.get("output_index", 0), body.get("content_index", 0))
    if not all(map(is_index, indexes)):
        yield from _unknown(body)
        return
    if is_done:
        reading.ends = tuple(("output", indexes[0], stream.slot, indexes[1]) for stream in (_TEXT, _TRANSCRIPT))
    head: Channel = ("again" if is_done else "begun", *indexes)
    yield from _deltas(read_said_part(body.get("part"), ("part",), ANSWER), head, echoes=is_done)
    yield from _rest(body, "part")


def _read_held(body: dict[str, Json], key: str, read: Callable[..., Iterator[Text | Uninspectable]]) -> Found:
    """A whole object that the API says again."""
    yield from _deltas(read(body.get(key), (key,), ANSWER), ("again",), echoes=True)
    yield from _rest(body, key)


def _read_heard(body: dict[str, Json], reading: _Reading, *, is_done: bool) -> Found:
    """What the endpoint has understood of the user's sound. Log probabilities go on only with a text that goes on as it came."""
    key = "transcript" if is_done else "delta"
    item, index, text = body.get("item_id"), body.get("content_index") or 0, body.get(key)
    if not isinstance(item, str) or not is_index(index) or not (isinstance(text, str) or text is None):
        yield from _unknown(body)
        return
    reading.heard = (item, index)
    channel: Channel = ("heard", item, index)
    if is_done:
        reading.ends = (channel,)
    if text:
        yield Delta(("again", item, index) if is_done else channel, Scope.OUTPUT, text, (key,), closes=is_done, echoes=is_done)
    if body.get("logprobs"):
        reading.companions = (Companion((channel,), ("logprobs",)),)
    yield from _rest({name: value for name, value in body.items() if name != "logprobs"}, key)


def _rest(body: dict[str, Json], read: str) -> Found:
    """What an event says besides what was ``read`` of it."""
    yield from read_keys(body, (), _OWN)
    for key, value in body.items():
        if key != read and not (key in _OWN and is_structural(value)):
            found = read_strings(value, (key,), "assistant", Scope.OUTPUT, ANSWER)
            yield from _deltas(found if key != "rate_limits" else filterfalse(_is_limit, found), ("event",), echoes=False)


def _is_limit(found: Text | Uninspectable) -> bool:
    """The name of what is limited."""
    return isinstance(found, Text) and found.place[-1] == "name" and is_name(found.text)


def _unknown(body: dict[str, Json]) -> Found:
    yield Uninspectable(Kind.UNKNOWN, ("type",))
    yield from _rest(body, "")


def _deltas(found: Iterable[Text | Uninspectable], head: Channel, *, echoes: bool) -> Found:
    """Texts that are complete where they stand."""
    for each in found:
        delta = each if isinstance(each, Uninspectable) else to_delta(each, lambda place: (*head, *place), echoes=echoes)
        if delta is not None:
            yield delta
