"""Reads the OpenAI chat dialect: a request body becomes a ChatRequest, or an error that names the parameter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.script import Prompt, Tool

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    model: str
    prompt: Prompt
    stream: bool
    include_usage: bool
    n: int
    logprobs: bool
    top_logprobs: int
    max_tokens: int | None
    stop: tuple[str, ...]
    prompt_tokens: int


def read_request(body: Json) -> ChatRequest:
    if not isinstance(model := body.get("model"), str) or not model:
        raise RefusedRequestError("You must provide a model parameter.", param="model", code="missing_required_parameter")
    messages = _messages(body)
    return ChatRequest(
        model=model,
        prompt=_prompt(body, messages, model),
        stream=body.get("stream") is True,
        include_usage=bool(_object(body, "stream_options").get("include_usage")),
        n=_integer(body, "n", 1, 1, 16),
        logprobs=body.get("logprobs") is True,
        top_logprobs=_integer(body, "top_logprobs", 0, 0, 20),
        max_tokens=_limit(body),
        stop=_stops(body.get("stop")),
        prompt_tokens=_rough_tokens(messages),
    )


def _messages(body: Json) -> list[Json]:
    messages = body.get("messages")
    if messages is None:
        raise RefusedRequestError("Missing required parameter: 'messages'.", param="messages", code="missing_required_parameter")
    if not isinstance(messages, list) or not messages:
        raise RefusedRequestError("Invalid 'messages': expected a list with at least one message.", param="messages", code="invalid_type")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            where = f"messages[{index}]"
            raise RefusedRequestError(f"Invalid '{where}': expected an object with a role.", param=where, code="invalid_type")
    return messages


def _object(body: Json, key: str) -> Json:
    value = body.get(key)
    if value is not None and not isinstance(value, dict):
        raise RefusedRequestError(f"Invalid type for '{key}': expected an object.", param=key, code="invalid_type")
    return value or {}


def _integer(body: Json, key: str, default: int, least: int, most: int) -> int:
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RefusedRequestError(f"Invalid '{key}': expected an integer from {least} to {most}.", param=key, code="invalid_value")
    return value


def _limit(body: Json) -> int | None:
    key = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    return _integer(body, key, 0, 1, 1_000_000) or None


def _stops(stop: object) -> tuple[str, ...]:
    stops = stop if isinstance(stop, list) else [stop]
    return tuple(each for each in stops if isinstance(each, str) and each)


def _prompt(body: Json, messages: Sequence[Json], model: str) -> Prompt:
    choice = body.get("tool_choice")
    return Prompt(
        said=tuple(_text(message) for message in messages if message["role"] == "user"),
        answered=tuple(text for message in messages if message["role"] == "assistant" and (text := _text(message))),
        tool_results=_results(messages),
        tools=() if choice == "none" else _tools(body.get("tools"), choice),
        must_call=choice == "required" or isinstance(choice, dict),
        schema=_schema(_object(body, "response_format")),
        reasons="reasoning" in model,
    )


def _text(message: Json) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _results(messages: Sequence[Json]) -> tuple[str, ...]:
    """The results that stand at the end of the conversation, in their order."""
    trailing = []
    for message in reversed(messages):
        if message["role"] != "tool":
            break
        trailing.append(_text(message))
    return tuple(reversed(trailing))


def _tools(tools: object, choice: object) -> tuple[Tool, ...]:
    functions = [tool.get("function") for tool in (tools if isinstance(tools, list) else ()) if isinstance(tool, dict)]
    wanted = choice.get("function", {}).get("name") if isinstance(choice, dict) else None
    return tuple(
        Tool(function["name"], function.get("parameters") or {})
        for function in functions
        if isinstance(function, dict) and isinstance(function.get("name"), str) and wanted in {None, function["name"]}
    )


def _schema(response_format: Json) -> Json | None:
    if response_format.get("type") == "json_schema":
        return _object(response_format, "json_schema").get("schema") or {"type": "object"}
    if response_format.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    return None


def _rough_tokens(messages: Sequence[Json]) -> int:
    return sum(4 + len(_text(message)) // 4 for message in messages)
