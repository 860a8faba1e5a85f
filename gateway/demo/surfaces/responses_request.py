"""Reads the OpenAI responses dialect: a body and the items that precede it become a Prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.exchange import missing, needed_text
from gateway.demo.script import Prompt, Tool

Json = dict[str, Any]

_OUTPUTS = ("function_call_output", "custom_tool_call_output")


@dataclass(frozen=True, slots=True)
class ResponsesRequest:
    """``items``: what the request adds to the conversation that ``previous`` or ``conversation`` names, if any."""

    body: Json
    model: str
    items: tuple[Json, ...]
    stream: bool
    store: bool
    background: bool
    is_encrypted: bool
    limit: int | None
    previous: str | None
    conversation: str | None
    custom: frozenset[str]


def read_request(body: Json) -> ResponsesRequest:
    limit = body.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise RefusedRequestError(
            "Invalid 'max_output_tokens': expected a positive integer.", param="max_output_tokens", code="invalid_value"
        )
    request = ResponsesRequest(
        body=body,
        model=needed_text(body, "model"),
        items=read_items(body.get("input")),
        stream=body.get("stream") is True,
        store=body.get("store") is not False,
        background=body.get("background") is True,
        is_encrypted="reasoning.encrypted_content" in (body.get("include") or ()),
        limit=limit,
        previous=body.get("previous_response_id"),
        conversation=_conversation(body.get("conversation")),
        custom=frozenset(tool["name"] for tool in _tools(body) if tool.get("type") == "custom"),
    )
    if request.previous and request.conversation:
        message = "Mutually exclusive parameters: 'previous_response_id' and 'conversation'."
        raise RefusedRequestError(message, param="previous_response_id", code="mutually_exclusive_parameters")
    return request


def read_items(given: object) -> tuple[Json, ...]:
    """The items of an input, each in its full form: a text is a message of the user."""
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        return (_message({"role": "user", "content": given}),)
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise RefusedRequestError("Invalid type for 'input': expected a string or a list of items.", param="input", code="invalid_type")
    return tuple(_message(item) if item.get("type", "message") == "message" else item for item in given)


def _message(item: Json) -> Json:
    role, content = item.get("role"), item.get("content")
    if not isinstance(role, str) or not isinstance(content, str | list):
        raise RefusedRequestError("Invalid 'input': a message has a role and content.", param="input", code="invalid_type")
    if isinstance(content, str):
        content = [
            {"type": "output_text", "text": content, "annotations": []} if role == "assistant" else {"type": "input_text", "text": content}
        ]
    return item | {"type": "message", "status": "completed", "content": content}


def _conversation(given: object) -> str | None:
    named = given.get("id") if isinstance(given, dict) else given
    return named if isinstance(named, str) else None


def _tools(body: Json) -> list[Json]:
    tools = body.get("tools")
    return [tool for tool in tools if isinstance(tool, dict) and isinstance(tool.get("name"), str)] if isinstance(tools, list) else []


def read_prompt(request: ResponsesRequest, history: Sequence[Json]) -> Prompt:
    """What is asked for, with all that was said before."""
    items = [*history, *request.items]
    choice = request.body.get("tool_choice")
    return Prompt(
        said=texts(items, "user"),
        answered=texts(items, "assistant"),
        tool_results=_results(items),
        tools=() if choice == "none" else _offered(request.body, choice),
        must_call=choice == "required" or isinstance(choice, dict),
        schema=_schema(request.body),
        reasons="reasoning" in request.model or isinstance(request.body.get("reasoning"), dict),
    )


def texts(items: Sequence[Json], role: str) -> tuple[str, ...]:
    return tuple(text_of(item.get("content")) for item in items if item.get("type") == "message" and item.get("role") == role)


def text_of(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _results(items: Sequence[Json]) -> tuple[str, ...]:
    """The results that stand at the end of the conversation, in their order."""
    trailing = []
    for item in reversed(items):
        if item.get("type") not in _OUTPUTS:
            break
        trailing.append(text_of(item.get("output")))
    return tuple(reversed(trailing))


def _offered(body: Json, choice: object) -> tuple[Tool, ...]:
    wanted = choice.get("name") if isinstance(choice, dict) else None
    return tuple(
        Tool(tool["name"], tool.get("parameters") or {"properties": {"input": {"type": "string"}}})
        for tool in _tools(body)
        if tool.get("type") in {"function", "custom"} and wanted in {None, tool["name"]}
    )


def _schema(body: Json) -> Json | None:
    text = body.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    if not isinstance(form, dict):
        return None
    if form.get("type") == "json_schema":
        return form.get("schema") or {"type": "object"}
    return {"type": "object", "properties": {"answer": {"type": "string"}}} if form.get("type") == "json_object" else None
