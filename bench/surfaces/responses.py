"""Bodies, answers and streams of the Responses API."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.surfaces.case import BENIGN, Build, Case, Pieces, arguments, in_turns
from gateway.wire.routes import routes


def _said(role: str, text: str) -> Any:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _call_item(text: str) -> Any:
    return {"type": "function_call", "call_id": "call_1", "name": "note", "arguments": arguments(text)}


def _input(*items: Any, **keys: Any) -> Any:
    return {"model": "m", "input": [*items, _said("user", BENIGN)], **keys}


RESPONSES_ASKS: Mapping[str, Build] = {
    "system": lambda text: {"model": "m", "instructions": text, "input": BENIGN},
    "user": lambda text: {"model": "m", "input": text},
    "history": lambda text: _input(_said("user", BENIGN), _said("assistant", text)),
    "arguments": lambda text: _input(_call_item(text)),
    "results": lambda text: _input(_call_item(BENIGN), {"type": "function_call_output", "call_id": "call_1", "output": text}),
    "definitions": lambda text: _input(tools=[{"type": "function", "name": "note", "description": text, "parameters": {}}]),
    "reasoning": lambda text: _input({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": text}]}),
    "parts": lambda text: {
        "model": "m",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": BENIGN + " "}, {"type": "input_text", "text": text}]}],
    },
}


def _response(*output: Any, status: str = "completed") -> Any:
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": list(output)}


def _message_item(text: str, status: str = "completed") -> Any:
    content = [{"type": "output_text", "text": text, "annotations": []}] if text else []
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": status, "content": content}


def _function_item(arguments: str, status: str = "completed") -> Any:
    return {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "note", "status": status, "arguments": arguments}


def _reasoning_item(text: str) -> Any:
    return {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": text}] if text else []}


def _numbered(events: Iterable[Any]) -> list[Any]:
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _response_choices(pieces: Pieces) -> list[Any]:
    """Several messages at a time; where the API has one answer, these are its choices."""
    items = [_named_item("".join(each), index) for index, each in enumerate(pieces)]
    places = [{"item_id": item["id"], "output_index": index, "content_index": 0} for index, item in enumerate(items)]
    part = {"type": "output_text", "text": "", "annotations": []}
    return _numbered([
        {"type": "response.created", "response": _response(status="in_progress")},
        *(event for index, at in enumerate(places) for event in (
            {"type": "response.output_item.added", "output_index": index, "item": _named_item("", index, "in_progress")},
            {"type": "response.content_part.added", **at, "part": part},
        )),
        *({"type": "response.output_text.delta", **places[index], "delta": piece, "logprobs": []} for index, piece in in_turns(pieces)),
        *(event for item, at, each in zip(items, places, pieces, strict=True) for event in (
            {"type": "response.output_text.done", **at, "text": "".join(each), "logprobs": []},
            {"type": "response.content_part.done", **at, "part": {**part, "text": "".join(each)}},
            {"type": "response.output_item.done", "output_index": at["output_index"], "item": item},
        )),
        {"type": "response.completed", "response": _response(*items)},
    ])  # fmt: skip


def _named_item(text: str, index: int, status: str = "completed") -> Any:
    return {**_message_item(text, status), "id": f"msg_{index}"}


def _response_arguments(pieces: Sequence[str]) -> list[Any]:
    text = "".join(pieces)
    at = {"item_id": "fc_1", "output_index": 0}
    return _numbered([
        {"type": "response.created", "response": _response(status="in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": _function_item("", "in_progress")},
        *({"type": "response.function_call_arguments.delta", **at, "delta": piece} for piece in pieces),
        {"type": "response.function_call_arguments.done", **at, "name": "note", "arguments": text},
        {"type": "response.output_item.done", "output_index": 0, "item": _function_item(text)},
        {"type": "response.completed", "response": _response(_function_item(text))},
    ])  # fmt: skip


def _response_reasoning(pieces: Sequence[str]) -> list[Any]:
    text = "".join(pieces)
    at = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    return _numbered([
        {"type": "response.created", "response": _response(status="in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": _reasoning_item("")},
        {"type": "response.reasoning_summary_part.added", **at, "part": {"type": "summary_text", "text": ""}},
        *({"type": "response.reasoning_summary_text.delta", **at, "delta": piece} for piece in pieces),
        {"type": "response.reasoning_summary_text.done", **at, "text": text},
        {"type": "response.reasoning_summary_part.done", **at, "part": {"type": "summary_text", "text": text}},
        {"type": "response.output_item.done", "output_index": 0, "item": _reasoning_item(text)},
        {"type": "response.completed", "response": _response(_reasoning_item(text))},
    ])  # fmt: skip


RESPONSES = Case(
    "responses",
    routes().find("POST", "/v1/responses").dialect,
    RESPONSES_ASKS,
    {
        "output": lambda text: _response(_message_item(text)),
        "arguments": lambda text: _response(_function_item(arguments(text))),
        "reasoning": lambda text: _response(_reasoning_item(text)),
    },
    {"output": lambda pieces: _response_choices([pieces]), "arguments": _response_arguments, "reasoning": _response_reasoning},
    lambda texts: _response(*(_named_item(text, index) for index, text in enumerate(texts))),
    _response_choices,
    has_done=False,
    is_named=True,
)
