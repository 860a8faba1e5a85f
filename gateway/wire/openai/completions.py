"""OpenAI legacy completions (``POST /v1/completions``): a prompt, or several, each on its own; n answers to each, streamed or not.

A prompt of token numbers is not inspectable. Log probabilities spell a choice's text, so they go no earlier than it.
"""

from dataclasses import replace

from gateway.errors import UpstreamError
from gateway.wire.answer_texts import Found as AnswerFound
from gateway.wire.answer_texts import is_index, is_log_probability, parted, read_keys, read_spelled, read_whole
from gateway.wire.codec import encode
from gateway.wire.dialect import AnswerStream
from gateway.wire.input_request import read_request
from gateway.wire.model import Call, Channel, Companion, Delta, Event, Json, Kind, Origin, Place, Request, Uninspectable
from gateway.wire.openai.chat import choices_of
from gateway.wire.openai.chat_answer import read_usage
from gateway.wire.sse import encode_event
from gateway.wire.sse_answer import SseAnswer
from gateway.wire.surface import Surface, read_answer, reading_answer
from gateway.wire.walk import is_structural
from policies.vocabulary import Scope

_DONE = encode_event(b"[DONE]")
_ENVELOPE = frozenset({"id", "object", "created", "model", "system_fingerprint", "service_tier"})
_MAX_CHOICES = 2048
"""As many as the API takes prompts."""
_COMPLETE = frozenset({"stop_reason"})
"""Texts of a choice that never go on in a later event."""
_KNOWN = _ENVELOPE | {"choices", "usage", "index", "text", "finish_reason", "logprobs"}


class Completions(Surface):
    def __init__(self) -> None:
        super().__init__("completions")

    def parse_request(self, raw: bytes, call: Call) -> Request:
        request = read_request(self.surface, raw, "prompt")
        return replace(request, choices=_choices(request.body))

    def parse_completion(self, raw: bytes, content_type: str) -> Event:
        body = read_answer(raw)
        if not isinstance(body, dict):
            raise UpstreamError("upstream_invalid_response", "The upstream's answer is not the JSON object that this API promises.")
        with reading_answer():
            return _event(raw, body, is_whole=True)

    def open_stream(self, content_type: str, origin: Origin) -> AnswerStream | None:
        return CompletionStream(origin) if content_type == "text/event-stream" else None

    def render_refusal(self, message: str, origin: Origin) -> bytes:
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        choices = [_choice(index, message, "content_filter") for index in range(origin.choices)]
        return encode({**_own_envelope(origin), "choices": choices, "usage": usage})

    def render_refusal_stream(self, message: str, origin: Origin) -> bytes:
        envelope, indexes = _own_envelope(origin), tuple(range(origin.choices))
        said = (encode_event(encode({**envelope, "choices": [_choice(index, message, None)]})) for index in indexes)
        return b"".join(said) + CompletionStream(origin).render_stop(indexes)


class CompletionStream(SseAnswer):
    def read(self, raw: bytes, body: dict[str, Json], fields: bytes) -> Event:
        return _event(raw, body, fields, is_whole=False)

    def render_tail(self, channel: Channel, text: str, companion: Json) -> bytes:
        match channel:
            case (int() as index, str() as key):
                choice = {**_choice(index, "", None), key: text, "logprobs": companion}
                return encode_event(encode({**_envelope(self.last), "choices": [choice]}))
            case _:  # text outside the choices is never continued
                return b""

    def render_stop(self, open_choices: tuple[int, ...]) -> bytes:
        envelope = {**_own_envelope(self.origin), **_envelope(self.last)}
        stops = (encode_event(encode({**envelope, "choices": [_choice(index, "", "content_filter")]})) for index in open_choices)
        return b"".join(stops) + _DONE


def _choices(body: dict[str, Json]) -> int:
    """So many answers to each of the prompts."""
    prompt = body.get("prompt")
    prompts = len(prompt) if isinstance(prompt, list) and any(isinstance(each, str | list) for each in prompt) else 1
    return min(choices_of(body.get("n")) * prompts, _MAX_CHOICES)


def _event(raw: bytes, body: dict[str, Json], prefix: bytes = b"", *, is_whole: bool) -> Event:
    finished: dict[int, str] = {}
    companions: list[Companion] = []
    deltas, uninspectable = parted(_answer(body, finished, companions, is_whole=is_whole))
    return Event(raw, body, deltas, finished, uninspectable, tuple(companions), read_usage(body), prefix)


def _answer(body: dict[str, Json], finished: dict[int, str], companions: list[Companion], *, is_whole: bool) -> AnswerFound:
    yield from read_keys(body, (), _KNOWN)
    for key, value in body.items():
        if key == "choices" and isinstance(value, list):
            for position, choice in enumerate(value):
                index = choice.get("index", position) if isinstance(choice, dict) else None
                if not is_index(index):
                    yield Uninspectable(Kind.UNKNOWN, (key, position))
                    continue
                yield from _read_choice(choice, index, (key, position), companions)
                reason = choice.get("finish_reason")
                if is_whole or reason:
                    finished[index] = reason if isinstance(reason, str) and is_structural(reason) else ""
        elif not (key in _ENVELOPE and is_structural(value)):
            yield from read_whole(value, ("body", key), (key,), Scope.OUTPUT)


def _read_choice(choice: dict[str, Json], index: int, place: Place, companions: list[Companion]) -> AnswerFound:
    yield from read_keys(choice, place, _KNOWN)
    for key, value in choice.items():
        here = (*place, key)
        if is_log_probability(key, value):
            companions.append(Companion(((index, "text"),), here))
            said = choice.get("text")
            yield from read_spelled(value, (index, "choice", key), here, [said] if isinstance(said, str) else [])
        elif isinstance(value, str) and key != "finish_reason" and key not in _COMPLETE:
            if value:
                yield Delta((index, key), Scope.OUTPUT, value, here)  # a field we have no name for may well be streamed
        elif not (key in ("index", "finish_reason") and is_structural(value)):
            yield from read_whole(value, (index, "choice", key), here, Scope.OUTPUT)


def _envelope(last: dict[str, Json]) -> dict[str, Json]:
    """Without what could be a text: the event may be the one that a rule has blocked."""
    return {key: value for key, value in last.items() if key in _ENVELOPE and is_structural(value)}


def _own_envelope(origin: Origin) -> dict[str, Json]:
    return {"id": f"cmpl-{origin.request_id}", "object": "text_completion", "created": origin.created, "model": origin.model}


def _choice(index: int, text: str, finish_reason: str | None) -> dict[str, Json]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": finish_reason}
