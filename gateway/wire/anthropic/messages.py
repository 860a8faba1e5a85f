"""Anthropic's messages (``POST /v1/messages``, ``/v1/messages/count_tokens``): request, answer and stream to canonical segments and deltas,
and back.

The API: a system prompt, messages of text, images, documents, tool calls and results, and thinking; in answers the same blocks, which a
stream builds up one by one. Its stream has no choices: the message is choice 0, and each block ends by itself.
"""

from gateway.wire import surface as whole
from gateway.wire.answer_texts import is_index, parted
from gateway.wire.anthropic.messages_answer import (
    DELTA_KINDS,
    is_event,
    read_calls,
    read_event,
    read_finished,
    read_message,
    read_names,
    read_plain_delta,
    read_usage,
)
from gateway.wire.anthropic.messages_request import read_request
from gateway.wire.anthropic.surface import AnthropicSurface, read_object
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Call, Channel, Event, Json, Kind, Origin, Request, Uninspectable, Usage
from gateway.wire.sse import SseEvent, encode_event
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import reading_answer


class CountTokens(AnthropicSurface):
    """Takes what a message takes, and answers with a number."""

    def __init__(self, surface: str = "count_tokens") -> None:
        super().__init__(surface)

    def parse_request(self, raw: bytes, call: Call) -> Request:
        return read_request(self.surface, whole.read_object(raw), raw)


class Messages(CountTokens):
    def __init__(self) -> None:
        super().__init__("messages")

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        body = read_object(raw)
        with reading_answer():
            deltas, uninspectable = parted(read_message(body, ()))
        finished = read_finished(body) or {0: ""}
        usage, names, calls = read_usage(body), read_names(body), read_calls(body)
        return Event(raw, body, deltas, finished, uninspectable, usage=usage, names=names, calls=calls)

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return MessagesStream(origin) if content_type == "text/event-stream" else None

    def render_refusal(self, message: str, origin: Origin) -> bytes:
        return encode({**_message(origin), "content": [{"type": "text", "text": message}], "stop_reason": "refusal"})

    def render_refusal_stream(self, message: str, origin: Origin) -> bytes:
        said: tuple[dict[str, Json], ...] = (
            {"type": "message_start", "message": _message(origin)},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": message}},
            {"type": "content_block_stop", "index": 0},
        )
        return b"".join(map(_encode, said)) + _ending(0)


class MessagesStream(SseAnswer):
    """An event is judged before the next one is read, so that what ``render_stop`` ends is what has gone out."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._usage = Usage()
        self._has_begun = False
        self._open: dict[int, None] = {}
        self._read: dict[str, Json] = {}

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        plain = read_plain_delta(body)
        if plain and _is_named("content_block_delta", fields):
            return Event(raw, body, (plain,), prefix=fields)
        deltas, uninspectable = parted(read_event(body))
        kind, index = body.get("type"), body.get("index")
        if not is_event(kind) or not _is_named(kind, fields):
            unread = () if uninspectable else (Uninspectable(Kind.UNKNOWN, ("event",)),)  # readers go by one name or by the other
            return Event(raw, body, deltas, uninspectable=(*uninspectable, *unread), prefix=fields)
        self._read = body
        said = body.get("message" if kind == "message_start" else "delta" if kind == "message_delta" else "")
        said = said if isinstance(said, dict) else {}
        usage = read_usage(said if kind == "message_start" else body, self._usage)
        self._usage = usage or self._usage
        return Event(
            raw,
            body,
            deltas,
            read_finished(said),
            uninspectable,
            usage=usage,
            prefix=fields,
            is_end=kind in ("message_stop", "error"),
            ends=((0, "content", index),) if kind == "content_block_stop" and is_index(index) else (),
            names=read_names(said),
            calls=read_calls(body),
        )

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        if len(channel) != 4 or channel[3] not in DELTA_KINDS:  # other text is never continued
            return b""
        _, _, index, key = channel
        return _encode({"type": "content_block_delta", "index": index, "delta": {"type": DELTA_KINDS[str(key)], key: text}})

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        """Input of a tool call that is half said stays half said, as when the API itself stops for ``max_tokens``."""
        begin = b"" if self._has_begun else _encode({"type": "message_start", "message": _message(self.origin)})
        stops = (_encode({"type": "content_block_stop", "index": index}) for index in self._open)
        return begin + b"".join(stops) + _ending(self._usage.output_tokens or 0)

    def _event(self, sse: SseEvent) -> Event:
        self._note_gone()
        return super()._event(sse)

    def _note_gone(self) -> None:
        """The event that was read last has gone out."""
        kind, index = self._read.get("type"), self._read.get("index")
        if kind == "message_start":
            self._has_begun = True
        elif is_index(index):
            if kind == "content_block_start":
                self._open[index] = None
            elif kind == "content_block_stop":
                self._open.pop(index, None)
        self._read = {}


def _is_named(kind: Json, fields: bytes) -> bool:
    """Whether the event's own lines give it the same name, or none."""
    if fields == b"event: %b\n" % str(kind).encode():
        return True
    names = [line.removeprefix(b"event:").strip() for line in fields.splitlines() if line.startswith(b"event:")]
    return all(name == str(kind).encode() for name in names)


def _encode(event: dict[str, Json]) -> bytes:
    return encode_event(encode(event), b"event: %b\n" % event["type"].encode())


def _ending(output_tokens: int) -> bytes:
    stop = {"stop_reason": "refusal", "stop_sequence": None}
    end = {"type": "message_delta", "delta": stop, "usage": {"output_tokens": output_tokens}}
    return _encode(end) + _encode({"type": "message_stop"})


def _message(origin: Origin) -> dict[str, Json]:
    return {
        "id": f"msg_{origin.request_id}",
        "type": "message",
        "role": "assistant",
        "model": origin.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
