"""Writes the Anthropic messages dialect: a reply becomes a message, and a message the events that would have made it."""

import json
from collections.abc import Iterator
from typing import Any

from gateway.demo.pieces import Ending, count, end, pieces
from gateway.demo.script import Reply
from gateway.demo.surfaces.anthropic_request import MessagesRequest
from gateway.demo.surfaces.responses_answer import sealed

Json = dict[str, Any]


def message(request: MessagesRequest, reply: Reply, message_id: str) -> Json:
    ending = end(reply.text or reply.refusal, request.stop, request.max_tokens)
    content = _content(request, reply, ending.text, message_id.removeprefix("msg_"))
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": content,
        "stop_reason": _stop_reason(reply, ending),
        "stop_sequence": ending.stop,
        "usage": {
            "input_tokens": request.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": count(reply.reasoning, ending.text, *(json.dumps(call.arguments) for call in reply.calls)),
            "service_tier": "standard",
        },
    }


def _stop_reason(reply: Reply, ending: Ending) -> str:
    if reply.calls or reply.refusal:
        return "tool_use" if reply.calls else "refusal"
    return "max_tokens" if ending.at_limit else "stop_sequence" if ending.stop else "end_turn"


def _content(request: MessagesRequest, reply: Reply, text: str, key: str) -> list[Json]:
    blocks = [_thinking(request, reply.reasoning)] if reply.reasoning else []
    if reply.calls:
        return blocks + [
            {"type": "tool_use", "id": f"toolu_{key}{place}", "name": call.name, "input": call.arguments}
            for place, call in enumerate(reply.calls)
        ]
    return [*blocks, {"type": "text", "text": text}]


def _thinking(request: MessagesRequest, text: str) -> Json:
    if request.hides_thinking:
        return {"type": "redacted_thinking", "data": sealed(text)}
    return {"type": "thinking", "thinking": text, "signature": sealed(f"signed {len(text)}")}


def events(whole: Json) -> Iterator[Json]:
    usage = whole["usage"]
    opened = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage | {"output_tokens": 1}}
    yield {"type": "message_start", "message": whole | opened}
    for index, block in enumerate(whole["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _opened(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": whole["stop_sequence"]}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": usage["output_tokens"]}}
    yield {"type": "message_stop"}


def _opened(block: Json) -> Json:
    empty: dict[str, Json] = {"text": {"text": ""}, "tool_use": {"input": {}}, "thinking": {"thinking": "", "signature": ""}}
    return block | empty.get(block["type"], {})


def _deltas(block: Json) -> Iterator[Json]:
    match block["type"]:
        case "text":
            yield from ({"type": "text_delta", "text": piece} for piece in pieces(block["text"]))
        case "tool_use":
            fragments = ["", *pieces(json.dumps(block["input"], ensure_ascii=False))]
            yield from ({"type": "input_json_delta", "partial_json": fragment} for fragment in fragments)
        case "thinking":
            yield from ({"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"]))
            yield {"type": "signature_delta", "signature": block["signature"]}
