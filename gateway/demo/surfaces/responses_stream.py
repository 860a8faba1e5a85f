"""The events of a response: what an endpoint would have sent while it made it."""

from collections.abc import Iterator
from typing import Any

from gateway.demo.pieces import pieces

Json = dict[str, Any]

_UNFINISHED: Json = {"status": "in_progress", "output": [], "usage": None, "completed_at": None, "incomplete_details": None}


def events(response: Json) -> Iterator[Json]:
    for number, event in enumerate(_unnumbered(response)):
        yield event | {"sequence_number": number}


def _unnumbered(response: Json) -> Iterator[Json]:
    started = response | _UNFINISHED
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    for index, item in enumerate(response["output"]):
        yield {"type": "response.output_item.added", "output_index": index, "item": _opened(item)}
        for event in _growth(item):
            yield event | {"item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{response['status']}", "response": response}


def _opened(item: Json) -> Json:
    """An item as it is announced: with its name, and nothing in it yet."""
    nothing: dict[str, Json] = {"message": {"content": []}, "function_call": {"arguments": ""}, "custom_tool_call": {"input": ""}}
    empty = nothing.get(item["type"], {"summary": []})
    return item | empty | ({"status": "in_progress"} if "status" in item else {})


def _growth(item: Json) -> Iterator[Json]:
    match item["type"]:
        case "message":
            for index, part in enumerate(item["content"]):
                yield from (event | {"content_index": index} for event in _part(part))
        case "function_call":
            *fragments, done = _written("response.function_call_arguments", "arguments", item["arguments"])
            yield from (*fragments, done | {"name": item["name"]})
        case "custom_tool_call":
            yield from _written("response.custom_tool_call_input", "input", item["input"])
        case "reasoning":
            for index, part in enumerate(item["summary"]):
                yield from (event | {"summary_index": index} for event in _summary(part))


def _part(part: Json) -> Iterator[Json]:
    name = "text" if part["type"] == "output_text" else "refusal"
    extra: Json = {"logprobs": []} if name == "text" else {}
    figures = part.get("logprobs") or []
    yield {"type": "response.content_part.added", "part": part | extra | {name: ""}}
    *fragments, done = _written(f"response.{part['type']}", name, part[name])
    for place, fragment in enumerate(fragments):
        yield fragment | ({"logprobs": figures[place : place + 1]} if extra else {})
    yield done | ({"logprobs": figures} if extra else {})
    yield {"type": "response.content_part.done", "part": part}


def _summary(part: Json) -> Iterator[Json]:
    yield {"type": "response.reasoning_summary_part.added", "part": part | {"text": ""}}
    yield from _written("response.reasoning_summary_text", "text", part["text"])
    yield {"type": "response.reasoning_summary_part.done", "part": part}


def _written(type_: str, name: str, text: str) -> Iterator[Json]:
    for piece in pieces(text):
        yield {"type": f"{type_}.delta", "delta": piece}
    yield {"type": f"{type_}.done", name: text}
