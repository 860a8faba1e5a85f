"""Bodies, answers and streams of Anthropic's messages."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.surfaces.case import BENIGN, Build, Case, Pieces, Stream, in_turns
from gateway.wire.routes import routes


def _messages(*messages: Any, **keys: Any) -> Any:
    return {"model": "m", "max_tokens": 100, "messages": [*messages, {"role": "user", "content": BENIGN}], **keys}


def _use(text: str) -> Any:
    return {"type": "tool_use", "id": "toolu_1", "name": "note", "input": {"note": text}}


MESSAGES_ASKS: Mapping[str, Build] = {
    "system": lambda text: _messages(system=text),
    "user": lambda text: {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": text}]},
    "history": lambda text: _messages({"role": "user", "content": BENIGN}, {"role": "assistant", "content": text}),
    "arguments": lambda text: _messages({"role": "assistant", "content": [_use(text)]}),
    "results": lambda text: _messages(
        {"role": "assistant", "content": [_use(BENIGN)]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": text}]},
    ),
    "definitions": lambda text: _messages(tools=[{"name": "note", "description": text, "input_schema": {"type": "object"}}]),
    "reasoning": lambda text: _messages(
        {"role": "assistant", "content": [{"type": "thinking", "thinking": text, "signature": "c2ln"}, {"type": "text", "text": BENIGN}]}
    ),
    "parts": lambda text: {
        "model": "m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": [{"type": "text", "text": BENIGN + " "}, {"type": "text", "text": text}]}],
    },
}


def _message(*content: Any) -> Any:
    usage = {"input_tokens": 1, "output_tokens": 1}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": list(content),
        "stop_reason": "end_turn", "stop_sequence": None, "usage": usage,
    }  # fmt: skip


_TEXT: Any = {"type": "text", "text": ""}


def _block_stream(block: Any, delta: Callable[[str], Any]) -> Stream:
    return lambda pieces: _blocks([pieces], block, delta)


def _blocks(
    pieces: Pieces, block: Any = _TEXT, delta: Callable[[str], Any] = lambda piece: {"type": "text_delta", "text": piece}
) -> list[Any]:
    """Several blocks at a time; where the API has one answer, these are its choices."""
    indexes = range(len(pieces))
    return [
        {"type": "message_start", "message": {**_message(), "stop_reason": None}},
        *({"type": "content_block_start", "index": index, "content_block": block} for index in indexes),
        *({"type": "content_block_delta", "index": index, "delta": delta(piece)} for index, piece in in_turns(pieces)),
        *({"type": "content_block_stop", "index": index} for index in indexes),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]


MESSAGES = Case(
    "messages",
    routes().find("POST", "/v1/messages").dialect,
    MESSAGES_ASKS,
    {
        "output": lambda text: _message({"type": "text", "text": text}),
        "arguments": lambda text: _message(_use(text)),
        "reasoning": lambda text: _message({"type": "thinking", "thinking": text, "signature": "c2ln"}),
    },
    {
        "output": lambda pieces: _blocks([pieces]),
        "arguments": _block_stream({**_use(""), "input": {}}, lambda piece: {"type": "input_json_delta", "partial_json": piece}),
        "reasoning": _block_stream(
            {"type": "thinking", "thinking": "", "signature": ""}, lambda piece: {"type": "thinking_delta", "thinking": piece}
        ),
    },
    lambda texts: _message(*({"type": "text", "text": text} for text in texts)),
    _blocks,
    has_done=False,
    is_named=True,
)
