"""OpenAI chat completions (``POST /v1/chat/completions``): request, answer and stream to canonical segments and deltas, and back.

The API: messages with string or part content, tool calls and their results, legacy functions, n choices, reasoning and refusal fields,
a usage chunk, log probabilities. Fields that have no name here are read as text wherever they stand, and go on unchanged.
"""

from dataclasses import replace

from gateway.errors import UpstreamError
from gateway.wire.calls import chat_calls
from gateway.wire.codec import decode, encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.model import Call, Channel, Event, Json, Origin, Request
from gateway.wire.openai.chat_answer import read_answer, read_companions, read_usage
from gateway.wire.openai.chat_names import Names
from gateway.wire.openai.chat_request import read_request
from gateway.wire.sse import encode_event
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import Surface, reading_answer
from gateway.wire.surface import read_answer as read_json
from gateway.wire.walk import is_structural

_DONE = encode_event(b"[DONE]")
_MAX_CHOICES = 128
"""As many as the API gives."""


class ChatCompletions(Surface):
    def __init__(self) -> None:
        super().__init__("chat")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        request = read_request(self.surface, decode(raw), raw)
        asked = request.body.get("n")
        return request if asked is None else replace(request, choices=choices_of(asked))

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        body = read_json(raw)
        if not isinstance(body, dict):
            raise UpstreamError("upstream_invalid_response", "The upstream's answer is not the JSON object that this API promises.")
        with reading_answer():
            return _event(raw, body, "message")

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return ChatStream(origin) if content_type == "text/event-stream" else None

    def render_refusal(self, message: str, origin: Origin) -> bytes:
        said = {"role": "assistant", "content": None, "refusal": message}
        choices = [
            {"index": index, "message": said, "logprobs": None, "finish_reason": "content_filter"} for index in range(origin.choices)
        ]
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return encode({**_own_envelope(origin, "chat.completion"), "choices": choices, "usage": usage})

    def render_refusal_stream(self, message: str, origin: Origin) -> bytes:
        envelope, delta = _own_envelope(origin, "chat.completion.chunk"), {"role": "assistant", "refusal": message}
        indexes = tuple(range(origin.choices))
        said = (encode_event(encode({**envelope, "choices": [_choice(index, delta, None)]})) for index in indexes)
        return b"".join(said) + ChatStream(origin).render_stop(indexes)


def choices_of(asked: Json) -> int:
    """How many answers a request asks for by its ``n``."""
    return min(asked, _MAX_CHOICES) if isinstance(asked, int) and asked > 0 else 1


class ChatStream(SseAnswer):
    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._names = Names()

    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        event = _event(raw, body, "delta", fields)
        event.uninspectable = (*event.uninspectable, *self._names.read(body))
        return event

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        index, *path = channel
        if not isinstance(index, int):  # text outside the choices is never continued
            return b""
        choice = {**_choice(index, _nest(path, text), None), "logprobs": companion}
        return encode_event(encode({**_envelope(self.last), "choices": [choice]}))

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        envelope = {**_own_envelope(self.origin, "chat.completion.chunk"), **_envelope(self.last)}
        stops = (encode_event(encode({**envelope, "choices": [_choice(index, {}, "content_filter")]})) for index in open_choices)
        return b"".join(stops) + _DONE


def _event(raw: bytes, body: dict[str, Json], holder: str, prefix: bytes = b"") -> Event:
    deltas, finished, uninspectable = read_answer(body, holder)
    companions, usage, calls = read_companions(body), read_usage(body), chat_calls(body, holder)
    return Event(raw, body, deltas, finished, uninspectable, companions, usage, prefix, calls=calls)


def _envelope(last: dict[str, Json]) -> dict[str, Json]:
    """Without what could be a text: the event may be the one that a rule has blocked."""
    keys = ("id", "object", "created", "model", "system_fingerprint", "service_tier")
    return {key: last[key] for key in keys if key in last and is_structural(last[key])}


def _own_envelope(origin: Origin, kind: str) -> dict[str, Json]:
    return {"id": f"chatcmpl-{origin.request_id}", "object": kind, "created": origin.created, "model": origin.model}


def _choice(index: int, delta: Json, finish_reason: str | None) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _nest(path: list[str | int], text: str) -> Json:
    """The delta that holds a text at a channel's path; a tool call is found by its index, as in the API's own deltas."""
    value: Json = text
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [{"index": step, **value} if isinstance(value, dict) else value]
    return value
