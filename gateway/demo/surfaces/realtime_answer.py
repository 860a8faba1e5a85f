"""Writes the answers of a realtime conversation: the events of one response."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from gateway.demo.pieces import count, pieces
from gateway.demo.script import Reply
from gateway.demo.surfaces.speech import tone

Json = dict[str, Any]


def output_items(reply: Reply, modality: str, key: str) -> list[Json]:
    if reply.calls:
        return [
            {
                "id": f"item_{key}{place}", "object": "realtime.item", "type": "function_call", "status": "completed", "name": call.name,
                "call_id": f"call_{key}{place}", "arguments": json.dumps(call.arguments, ensure_ascii=False),
            }
            for place, call in enumerate(reply.calls)
        ]  # fmt: skip
    text = reply.text or reply.refusal
    part = {"type": "output_audio", "transcript": text} if modality == "audio" else {"type": "output_text", "text": text}
    return [
        {"id": f"item_{key}0", "object": "realtime.item", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    ]


def events(response: Json, output: Sequence[Json], previous: str | None) -> Iterator[Json]:
    """What is sent while ``response`` is made; ``previous`` is the item that stood last before it."""
    response_id = response["id"]
    yield {"type": "response.created", "response": response}
    for index, item in enumerate(output):
        where = {"response_id": response_id, "output_index": index}
        empty: Json = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
        opened = item | {"status": "in_progress"} | empty
        yield {"type": "response.output_item.added", "item": opened} | where
        if response["conversation_id"]:
            yield {"type": "conversation.item.added", "previous_item_id": previous, "item": opened}
        for event in _growth(item):
            yield event | where | {"item_id": item["id"]}
        yield {"type": "response.output_item.done", "item": item} | where
        if response["conversation_id"]:
            yield {"type": "conversation.item.done", "previous_item_id": previous, "item": item}
        previous = item["id"]
    yield {"type": "response.done", "response": response | {"status": "completed", "output": list(output), "usage": _usage(output)}}
    yield {"type": "rate_limits.updated", "rate_limits": [{"name": "requests", "limit": 1000, "remaining": 999, "reset_seconds": 60.0}]}


def _growth(item: Json) -> Iterator[Json]:
    if item["type"] == "function_call":
        call = {"call_id": item["call_id"]}
        for piece in pieces(item["arguments"]):
            yield {"type": "response.function_call_arguments.delta", "delta": piece} | call
        yield {"type": "response.function_call_arguments.done", "name": item["name"], "arguments": item["arguments"]} | call
        return
    for index, part in enumerate(item["content"]):
        shown = {"type": "audio" if part["type"] == "output_audio" else "text"}
        spoken = _spoken(part["transcript"]) if part["type"] == "output_audio" else _written("output_text", "text", part["text"])
        for event in (
            {"type": "response.content_part.added", "part": shown},
            *spoken,
            {"type": "response.content_part.done", "part": part | shown},
        ):
            yield event | {"content_index": index}


def _written(name: str, field: str, text: str) -> Iterator[Json]:
    for piece in pieces(text):
        yield {"type": f"response.{name}.delta", "delta": piece}
    yield {"type": f"response.{name}.done", field: text}


def _spoken(text: str) -> Iterator[Json]:
    """The words come before their sound."""
    *deltas, done = _written("output_audio_transcript", "transcript", text)
    yield from deltas
    yield {"type": "response.output_audio.delta", "delta": base64.b64encode(tone()).decode()}
    yield {"type": "response.output_audio.done"}
    yield done


def _usage(output: Sequence[Json]) -> Json:
    written = sum(count(item.get("arguments") or _text(item)) for item in output)
    return {
        "total_tokens": 10 + written, "input_tokens": 10, "output_tokens": written,
        "input_token_details": {"text_tokens": 10, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0},
        "output_token_details": {"text_tokens": written, "audio_tokens": 0},
    }  # fmt: skip


def _text(item: Json) -> str:
    return "".join(part.get("text") or part.get("transcript") or "" for part in item["content"])
