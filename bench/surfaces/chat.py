"""Bodies, answers and streams of chat completions, and of the completions that came before them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.surfaces.case import BENIGN, Build, Case, Pieces, Stream, arguments, in_turns
from gateway.wire.routes import routes


def _chat(*messages: Any, **keys: Any) -> Any:
    return {"model": "m", "messages": [*messages, {"role": "user", "content": BENIGN}], **keys}


def _called(text: str) -> Any:
    return {"id": "call_1", "type": "function", "function": {"name": "note", "arguments": arguments(text)}}


def _tool(text: str) -> Any:
    return {"type": "function", "function": {"name": "note", "description": text, "parameters": {"type": "object"}}}


CHAT_ASKS: Mapping[str, Build] = {
    "system": lambda text: _chat({"role": "system", "content": text}),
    "user": lambda text: {"model": "m", "messages": [{"role": "user", "content": text}]},
    "history": lambda text: _chat({"role": "user", "content": BENIGN}, {"role": "assistant", "content": text}),
    "arguments": lambda text: _chat({"role": "assistant", "tool_calls": [_called(text)]}),
    "results": lambda text: _chat(
        {"role": "assistant", "tool_calls": [_called(BENIGN)]}, {"role": "tool", "tool_call_id": "call_1", "content": text}
    ),
    "definitions": lambda text: _chat(tools=[_tool(text)]),
    "reasoning": lambda text: _chat({"role": "assistant", "content": BENIGN, "reasoning_content": text}),
    "parts": lambda text: {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": BENIGN + " "}, {"type": "text", "text": text}]}],
    },
}


def _chat_answer(*messages: Any) -> Any:
    choices = [{"index": index, "message": {"role": "assistant", **said}, "finish_reason": "stop"} for index, said in enumerate(messages)]
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}


def _chunk(index: int, delta: Any, finish: str | None = None) -> Any:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def _chat_stream(make: Callable[[str], Any]) -> Stream:
    return lambda pieces: _chat_choices([pieces], make)


def _chat_choices(pieces: Pieces, make: Callable[[str], Any] = lambda piece: {"content": piece}) -> list[Any]:
    return [
        *(_chunk(index, {"role": "assistant", "content": ""}) for index in range(len(pieces))),
        *(_chunk(index, make(piece)) for index, piece in in_turns(pieces)),
        *(_chunk(index, {}, "stop") for index in range(len(pieces))),
    ]


def _fragments(pieces: Sequence[str]) -> list[Any]:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "note", "arguments": ""}}
    deltas = [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]
    return [_chunk(0, {"role": "assistant", "tool_calls": [call]}), *(_chunk(0, delta) for delta in deltas), _chunk(0, {}, "tool_calls")]


CHAT = Case(
    "chat",
    routes().find("POST", "/v1/chat/completions").dialect,
    CHAT_ASKS,
    {
        "output": lambda text: _chat_answer({"content": text}),
        "arguments": lambda text: _chat_answer({"content": None, "tool_calls": [_called(text)]}),
        "reasoning": lambda text: _chat_answer({"content": BENIGN, "reasoning_content": text}),
    },
    {
        "output": _chat_stream(lambda piece: {"content": piece}),
        "arguments": _fragments,
        "reasoning": _chat_stream(lambda piece: {"reasoning_content": piece}),
    },
    lambda texts: _chat_answer(*({"content": text} for text in texts)),
    _chat_choices,
)


# Legacy completions


def _completion(*texts: str) -> Any:
    choices = [{"index": index, "text": text, "logprobs": None, "finish_reason": "stop"} for index, text in enumerate(texts)]
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": choices}


def _completion_chunk(index: int, piece: str, finish: str | None = None) -> Any:
    return {**_completion(), "choices": [{"index": index, "text": piece, "logprobs": None, "finish_reason": finish}]}


def _completion_choices(pieces: Pieces) -> list[Any]:
    return [
        *(_completion_chunk(index, piece) for index, piece in in_turns(pieces)),
        *(_completion_chunk(index, "", "stop") for index in range(len(pieces))),
    ]


COMPLETIONS = Case(
    "completions",
    routes().find("POST", "/v1/completions").dialect,
    {
        "user": lambda text: {"model": "m", "prompt": text},
        "parts": lambda text: {"model": "m", "prompt": [BENIGN, text]},
    },
    {"output": lambda text: _completion(text)},
    {"output": lambda pieces: _completion_choices([pieces])},
    lambda texts: _completion(*texts),
    _completion_choices,
)
