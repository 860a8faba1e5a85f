"""OpenAI chat completions (``POST /v1/chat/completions``): request, answer and stream to canonical segments and deltas, and back.

The API: messages with string or part content, tool calls and their results, legacy functions, n choices, reasoning and refusal fields,
a usage chunk, log probabilities. Fields that have no name here are read as text wherever they stand, and go on unchanged.
"""

import re
from typing import ClassVar

from gateway.errors import BadRequest, UpstreamError
from gateway.wire import openai_errors
from gateway.wire.chat_answer import read_answer, read_companions, read_usage
from gateway.wire.chat_request import read_request
from gateway.wire.codec import decode, encode
from gateway.wire.model import Channel, Event, Json, Kind, Request, Uninspectable
from gateway.wire.sse import SseEvent, encode_event

_DONE = b"[DONE]"
# An event's own lines name it; they have no room for prose.
_FIELDS = re.compile(rb"(?:(?:event|id|retry):? ?[A-Za-z0-9_.:/+-]{0,256}\n)*")


class ChatCompletions:
    """See ``dialect.Dialect`` for what each method promises."""

    surface: ClassVar[str] = "chat"
    render_error = staticmethod(openai_errors.render_error)

    def parse_request(self, raw: bytes) -> Request:
        return read_request(self.surface, decode(raw), raw)

    def parse_completion(self, raw: bytes) -> Event:
        try:
            body = decode(raw)
            if isinstance(body, dict):
                return _event(raw, body, "message")
        except BadRequest:
            pass
        raise UpstreamError("upstream_invalid_response", "The upstream's answer is not the JSON object that this API promises.")

    def parse_event(self, event: SseEvent) -> Event:
        data = event.data or b""
        if not _FIELDS.fullmatch(event.fields):
            return Event(event.raw, None, uninspectable=(Uninspectable(Kind.UNKNOWN, ("event",)),))
        if data.strip() == _DONE:
            return Event(event.raw, None, prefix=event.fields, is_end=True)
        try:
            body = decode(data)
            if isinstance(body, dict):
                return _event(event.raw, body, "delta", event.fields)
        except BadRequest:
            pass
        return Event(event.raw, None, uninspectable=(Uninspectable(Kind.UNKNOWN, ()),))

    def render_tail(self, channel: Channel, text: str, companion: Json, last: Json) -> bytes:
        index, *path = channel
        if not isinstance(index, int):  # text outside the choices is never continued
            return b""
        choice = {**_choice(index, _nest(path, text), None), "logprobs": companion}
        return encode_event(encode({**_envelope(last), "choices": [choice]}))

    def render_refusal(self, message: str, request_id: str, model: str, created: int) -> bytes:
        said = {"role": "assistant", "content": None, "refusal": message}
        choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": "content_filter"}
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return encode({**_own_envelope(request_id, model, created, "chat.completion"), "choices": [choice], "usage": usage})

    def render_refusal_stream(self, message: str, request_id: str, model: str, created: int) -> bytes:
        envelope = _own_envelope(request_id, model, created, "chat.completion.chunk")
        said = encode({**envelope, "choices": [_choice(0, {"role": "assistant", "refusal": message}, None)]})
        return encode_event(said) + self.render_stop(None, (0,), request_id, model, created)

    def render_stop(self, last: Json | None, open_choices: tuple[int, ...], request_id: str, model: str, created: int) -> bytes:
        envelope = {**_own_envelope(request_id, model, created, "chat.completion.chunk"), **_envelope(last or {})}
        stops = (encode_event(encode({**envelope, "choices": [_choice(index, {}, "content_filter")]})) for index in open_choices)
        return b"".join(stops) + encode_event(_DONE)


def _event(raw: bytes, body: dict[str, Json], holder: str, prefix: bytes = b"") -> Event:
    deltas, finished, uninspectable = read_answer(body, holder)
    return Event(raw, body, tuple(deltas), finished, tuple(uninspectable), read_companions(body), read_usage(body), prefix)


def _envelope(last: Json) -> dict[str, Json]:
    return {key: last[key] for key in ("id", "object", "created", "model", "system_fingerprint", "service_tier") if key in last}


def _own_envelope(request_id: str, model: str, created: int, kind: str) -> dict[str, Json]:
    return {"id": f"chatcmpl-{request_id}", "object": kind, "created": created, "model": model}


def _choice(index: int, delta: Json, finish_reason: str | None) -> Json:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _nest(path: list[str | int], text: str) -> Json:
    """The delta that holds a text at a channel's path; a tool call is found by its index, as in the API's own deltas."""
    value: Json = text
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [{"index": step, **value} if isinstance(value, dict) else value]
    return value
