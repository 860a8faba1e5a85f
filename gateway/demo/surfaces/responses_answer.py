"""Writes the OpenAI responses dialect: a reply becomes a response, whose events ``responses_stream`` derives."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from gateway.demo.pieces import count, end, pieces
from gateway.demo.script import Call, Reply
from gateway.demo.surfaces.chat_answer import logprob
from gateway.demo.surfaces.responses_request import ResponsesRequest, text_of

Json = dict[str, Any]

_ECHOED: Json = {
    "instructions": None, "max_output_tokens": None, "max_tool_calls": None, "metadata": {}, "parallel_tool_calls": True,
    "previous_response_id": None, "prompt": None, "prompt_cache_key": None, "safety_identifier": None, "temperature": 1.0,
    "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "user": None,
}  # fmt: skip
"""Parameters that a response repeats, and what they are when the request has none."""


def response(request: ResponsesRequest, history: Sequence[Json], reply: Reply, response_id: str, now: int) -> Json:
    ending = end(reply.text, (), request.limit)
    key = response_id.removeprefix("resp_")
    output = _output(request, reply, ending.text, key, is_whole=not ending.at_limit)
    body = request.body
    return {
        "id": response_id,
        "object": "response",
        "created_at": now,
        "completed_at": now,
        "status": "incomplete" if ending.at_limit else "completed",
        "background": request.background,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if ending.at_limit else None,
        **{name: default if body.get(name) is None else body[name] for name, default in _ECHOED.items()},
        "model": request.model,
        "output": output,
        "reasoning": {"effort": None, "summary": None} | (body.get("reasoning") or {}),
        "service_tier": "default",
        "store": request.store,
        "text": {"format": {"type": "text"}, "verbosity": "medium"} | (body.get("text") or {}),
        **({"conversation": {"id": request.conversation}} if request.conversation else {}),
        "usage": _usage([*history, *request.items], reply, ending.text),
    }


def _output(request: ResponsesRequest, reply: Reply, text: str, key: str, *, is_whole: bool) -> list[Json]:
    items = [_reasoning(request, reply.reasoning, key)] if reply.reasoning else []
    if reply.calls:
        return items + [_call(request, call, f"{key}{place}") for place, call in enumerate(reply.calls)]
    said: Json = {"type": "output_text", "annotations": [], "logprobs": _logprobs(request, text), "text": text}
    content = {"type": "refusal", "refusal": reply.refusal} if reply.refusal else said
    status = "completed" if is_whole else "incomplete"
    return [*items, {"id": f"msg_{key}", "type": "message", "status": status, "role": "assistant", "content": [content]}]


def _logprobs(request: ResponsesRequest, text: str) -> list[Json]:
    if "message.output_text.logprobs" not in (request.body.get("include") or ()):
        return []
    return [logprob(piece, request.body.get("top_logprobs") or 0) for piece in pieces(text)]


def _reasoning(request: ResponsesRequest, text: str, key: str) -> Json:
    """Where the request says how to reason, it must ask for the summary to get one."""
    asked = request.body.get("reasoning")
    is_shown = not isinstance(asked, dict) or asked.get("summary") is not None
    item: Json = {"id": f"rs_{key}", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}] if is_shown else []}
    return item | {"encrypted_content": sealed(text)} if request.is_encrypted else item


def sealed(text: str) -> str:
    """Stands for what only the endpoint can read; nothing of the text is legible in it."""
    return "gAAAA" + base64.urlsafe_b64encode(text.encode(errors="replace")[::-1]).decode()


def _call(request: ResponsesRequest, call: Call, key: str) -> Json:
    if call.name in request.custom:
        said = str(call.arguments.get("input", ""))
        return {"id": f"ctc_{key}", "type": "custom_tool_call", "call_id": f"call_{key}", "name": call.name, "input": said}
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {
        "id": f"fc_{key}", "type": "function_call", "status": "completed", "call_id": f"call_{key}", "name": call.name,
        "arguments": arguments,
    }  # fmt: skip


def _usage(items: Sequence[Json], reply: Reply, text: str) -> Json:
    read = input_tokens(items)
    thought = count(reply.reasoning)
    written = thought + count(text, reply.refusal, *(json.dumps(call.arguments) for call in reply.calls))
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": read + written,
    }


def input_tokens(items: Sequence[Json]) -> int:
    return sum(4 + len(text_of(item.get("content")) or text_of(item.get("output"))) // 4 for item in items)
