"""Writes the OpenAI chat dialect: the choices of an answer become one completion, or a stream of chunks."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

from gateway.demo.pieces import count, end, pieces
from gateway.demo.script import Call, Reply, put_differently
from gateway.demo.surfaces.chat_request import ChatRequest

Json = dict[str, Any]

FINGERPRINT = "fp_oddgate_demo"


@dataclass(frozen=True, slots=True)
class Choice:
    index: int
    reply: Reply
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every completion and every chunk carries."""

    id: str
    created: int
    model: str


def choices(request: ChatRequest, reply: Reply) -> list[Choice]:
    return [_choice(index, put_differently(reply, index), request) for index in range(request.n)]


def _choice(index: int, reply: Reply, request: ChatRequest) -> Choice:
    if reply.calls:
        return Choice(index, reply, "tool_calls")
    ending = end(reply.text, request.stop, request.max_tokens)
    return Choice(index, replace(reply, text=ending.text), "length" if ending.at_limit else "stop")


def usage(request: ChatRequest, answered: Sequence[Choice]) -> Json:
    reasoning = count(*(choice.reply.reasoning for choice in answered))
    spoken = count(*(choice.reply.text + choice.reply.refusal for choice in answered))
    called = count(*(_arguments(call) for choice in answered for call in choice.reply.calls))
    completion = reasoning + spoken + called
    return {
        "prompt_tokens": request.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": request.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
    }


def _arguments(call: Call) -> str:
    return json.dumps(call.arguments, ensure_ascii=False)


def _call_id(envelope: Envelope, choice: int, call: int) -> str:
    return f"call_{envelope.id.removeprefix('chatcmpl-')}_{choice}{call}"


# One completion


def completion(request: ChatRequest, envelope: Envelope, answered: Sequence[Choice]) -> Json:
    return {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "choices": [_whole_choice(request, envelope, choice) for choice in answered],
        "usage": usage(request, answered),
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def _whole_choice(request: ChatRequest, envelope: Envelope, choice: Choice) -> Json:
    return {
        "index": choice.index,
        "message": _message(envelope, choice),
        "logprobs": _logprobs(pieces(choice.reply.text), request),
        "finish_reason": choice.finish_reason,
    }


def _message(envelope: Envelope, choice: Choice) -> Json:
    reply = choice.reply
    message: Json = {"role": "assistant", "content": None if reply.calls or reply.refusal else reply.text, "refusal": reply.refusal or None}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = [
            {
                "id": _call_id(envelope, choice.index, place),
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call)},
            }
            for place, call in enumerate(reply.calls)
        ]
    return message | {"annotations": []}


def _logprobs(pieces: Sequence[str], request: ChatRequest) -> Json | None:
    if not request.logprobs:
        return None
    return {"content": [logprob(piece, request.top_logprobs) for piece in pieces], "refusal": None}


def logprob(piece: str, top: int) -> Json:
    """A figure of the piece's own: the longer, the surer."""
    sure: Json = {"token": piece, "logprob": round(-1 / (1 + len(piece)), 4), "bytes": list(piece.encode(errors="replace"))}
    others = [{"token": other, "logprob": -5.0 - rank, "bytes": list(other.encode())} for rank, other in enumerate((" the", " a", " and"))]
    return sure | {"top_logprobs": [sure, *others][:top]}


# A stream of chunks


def chunks(request: ChatRequest, envelope: Envelope, answered: Sequence[Choice]) -> Iterator[Json]:
    """The choices take turns, as they do when an endpoint works on them side by side."""
    turns = zip_longest(*(_choice_chunks(request, envelope, choice) for choice in answered))
    for streamed in chain.from_iterable(turns):
        if streamed is not None:
            yield _chunk(request, envelope, [streamed])
    if request.include_usage:
        yield _chunk(request, envelope, []) | {"usage": usage(request, answered)}


def _chunk(request: ChatRequest, envelope: Envelope, streamed: list[Json]) -> Json:
    chunk: Json = {
        "id": envelope.id,
        "object": "chat.completion.chunk",
        "created": envelope.created,
        "model": envelope.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
        "choices": streamed,
    }
    return chunk | {"usage": None} if request.include_usage else chunk


def _choice_chunks(request: ChatRequest, envelope: Envelope, choice: Choice) -> Iterator[Json]:
    def streamed(delta: Json, logprobs: Json | None = None, finish_reason: str | None = None) -> Json:
        return {"index": choice.index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}

    reply = choice.reply
    yield streamed({"role": "assistant", "content": None if reply.calls or reply.refusal else "", "refusal": None})
    yield from (streamed({"reasoning_content": piece}) for piece in pieces(reply.reasoning))
    yield from (streamed({"content": piece}, _logprobs([piece], request)) for piece in pieces(reply.text))
    yield from (streamed({"refusal": piece}) for piece in pieces(reply.refusal))
    for place, call in enumerate(reply.calls):
        opening = {"id": _call_id(envelope, choice.index, place), "type": "function", "function": {"name": call.name, "arguments": ""}}
        yield streamed({"tool_calls": [{"index": place, **opening}]})
        for piece in pieces(_arguments(call)):
            yield streamed({"tool_calls": [{"index": place, "function": {"arguments": piece}}]})
    yield streamed({}, finish_reason=choice.finish_reason)
