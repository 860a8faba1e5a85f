"""OpenAI's Responses API (``/v1/responses`` and below it): requests, answers and typed events, and back.

The API: input as text or items, items out, everything that a response repeats of its request, and a stream in which each text comes
three times over: in pieces, whole, and within the objects that are made of it. Unknown fields are read as text wherever they stand.
"""

from collections.abc import Iterator
from dataclasses import replace

from gateway.errors import BadRequest, GatewayError, UpstreamError
from gateway.wire.answer_texts import parted
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Call, Channel, Event, Json, Origin, Request, at
from gateway.wire.openai.errors import error_body
from gateway.wire.openai.responses_answer import read_calls, read_companions, read_names, read_object, read_usage
from gateway.wire.openai.responses_ending import Released, own_response
from gateway.wire.openai.responses_event import ResponsesEvent
from gateway.wire.openai.responses_events import read_event
from gateway.wire.openai.responses_request import read_request
from gateway.wire.openai.responses_streams import delta_event
from gateway.wire.sse import SseEvent, encode_event
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import Surface, read_answer
from gateway.wire.surface import read_object as read_body

_INVALID = "The upstream's answer is not the JSON object that this API promises."
_LAST = 2**31 - 1
"""The number of an error event, which is the last of its stream: greater than that of any other."""


class Items(Surface):
    """Whatever is read and written in the API's items. ``kept``: the part of the path that names what the endpoint keeps."""

    def __init__(self, surface: str, kept: str = "") -> None:
        super().__init__(surface)
        self._kept = kept

    def parse_request(self, raw: bytes, call: Call) -> Request:
        kept = (call.names[self._kept],) if self._kept in call.names else ()
        if not raw or call.method in ("GET", "DELETE"):
            return replace(super().parse_request(raw, replace(call, method="GET")), refers=kept)
        return read_request(self.surface, read_body(raw), raw, kept)

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        if not raw:
            return Event(raw, None)
        body = read_answer(raw)
        if not isinstance(body, dict):
            raise UpstreamError("upstream_invalid_response", _INVALID)
        try:
            deltas, uninspectable = parted(read_object(body))
        except BadRequest:
            raise UpstreamError("upstream_invalid_response", _INVALID) from None
        companions, usage, names, calls = read_companions(body), read_usage(body), read_names(body), read_calls(body)
        return Event(raw, body, deltas, {}, uninspectable, companions, usage, names=names, calls=calls)


class Responses(Items):
    """Responses themselves: made, fetched, cancelled and deleted."""

    def __init__(self) -> None:
        super().__init__("responses", "response_id")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        if call.names:
            return super().parse_request(raw, call)
        body = read_body(raw)
        return read_request(self.surface, body, raw, needs_model="prompt" not in body)  # a template has a model of its own

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return ResponsesStream(origin) if content_type == "text/event-stream" else None

    def render_refusal(self, message: str, origin: Origin) -> bytes:
        return encode(_refusal(message, origin))

    def render_refusal_stream(self, message: str, origin: Origin) -> bytes:
        return b"".join(_encode({**event, "sequence_number": number}) for number, event in enumerate(_refusal_events(message, origin)))

    @staticmethod
    def render_error_event(error: GatewayError, request_id: str, policy: str) -> bytes:
        said = error_body(error, request_id, policy)["error"]
        del said["type"]
        return _encode({"type": "error", **said, "sequence_number": _LAST})


class ResponsesStream(SseAnswer):
    """Keeps what has gone out (see ``responses_ending``). Events are numbered: once one of ours stands among them, each later one has at
    least the number after that of the one before it.
    """

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._released = Released(origin)
        self._current: ResponsesEvent | None = None
        self._number = -1
        self._has_inserted = False
        self._has_failed = False

    def is_complete(self, open_choices: tuple[int, ...]) -> bool:
        """A response ends with an event that says so; only an error may be the last word instead."""
        return self._has_failed

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        event = self._current = read_event(raw, body, fields)
        self._has_failed = body.get("type") == "error" or "type" not in body
        if self._has_inserted:
            self._renumber(event)
        return event

    def render(self, event: Event) -> bytes:
        body = event.body
        if isinstance(event, ResponsesEvent):
            for place, text in event.spelled:
                part = at(body, place)
                if text not in (part.get("text"), part.get("refusal")):
                    part["logprobs"] = []
            if event.companions:
                body = {**body, "logprobs": _unwrapped(body["logprobs"])}
        return encode_event(encode(body), event.prefix)

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        event = delta_event(channel, text)
        if event is None:
            return b""
        if len(channel) > 1:
            event["item_id"] = self._released.item_id(int(channel[1]))
        if companion:
            event["logprobs"] = _unwrapped(companion)
        self._released.text(channel, text)
        self._number += 1
        self._has_inserted = True
        if self._current:
            self._renumber(self._current)
        return _encode({**event, "sequence_number": self._number})

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        events = enumerate(self._released.ending(), self._number + 1)
        return b"".join(_encode({**event, "sequence_number": number}) for number, event in events)

    def _event(self, sse: SseEvent) -> Event:
        """Each event before this one has gone out, for a stream that is cut says no more."""
        if self._current:
            self._released.event(self._current)
            self._number = _number(self._current.body, self._number)
            self._current = None
        return super()._event(sse)

    def _renumber(self, event: ResponsesEvent) -> None:
        if _number(event.body, self._number + 1) <= self._number:
            event.body["sequence_number"] = self._number + 1
            event.raw = self.render(event)


def _number(body: dict[str, Json], default: int) -> int:
    number = body.get("sequence_number")
    return number if isinstance(number, int) and not isinstance(number, bool) else default


def _unwrapped(spelled: Json) -> Json:
    return (spelled or {}).get("content") or []


def _encode(event: dict[str, Json]) -> bytes:
    return encode_event(encode(event), b"event: %b\n" % event["type"].encode())


def _refusal(message: str, origin: Origin) -> dict[str, Json]:
    part = {"type": "refusal", "refusal": message}
    item = {"id": f"msg_{origin.request_id}", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    details = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    usage = {
        **details,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return own_response(origin, status="incomplete", incomplete_details={"reason": "content_filter"}, output=[item], usage=usage)


def _refusal_events(message: str, origin: Origin) -> Iterator[dict[str, Json]]:
    response = _refusal(message, origin)
    (item,) = response["output"]
    (part,) = item["content"]
    where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    for kind in ("response.created", "response.in_progress"):
        yield {"type": kind, "response": own_response(origin)}
    yield {"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress", "content": []}}
    yield {"type": "response.content_part.added", **where, "part": {**part, "refusal": ""}}
    yield {"type": "response.refusal.delta", **where, "delta": message}
    yield {"type": "response.refusal.done", **where, "refusal": message}
    yield {"type": "response.content_part.done", **where, "part": part}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.incomplete", "response": response}
