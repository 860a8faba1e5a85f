"""Reads the Anthropic messages dialect: a request body becomes a MessagesRequest, or an error that names the parameter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.demo.errors import RefusedRequestError
from gateway.demo.script import Prompt, Tool

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MessagesRequest:
    model: str
    prompt: Prompt
    stream: bool
    max_tokens: int | None
    stop: tuple[str, ...]
    input_tokens: int
    hides_thinking: bool


def read_request(body: Json, *, for_counting: bool = False) -> MessagesRequest:
    model, messages = body.get("model"), _messages(body)
    if not isinstance(model, str) or not model:
        raise RefusedRequestError("model: Field required")
    limit = body.get("max_tokens")
    if not for_counting and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise RefusedRequestError("max_tokens: Field required" if limit is None else "max_tokens: must be greater than or equal to 1")
    prompt = _prompt(body, messages, model)
    stops = body.get("stop_sequences")
    return MessagesRequest(
        model=model,
        prompt=prompt,
        stream=body.get("stream") is True,
        max_tokens=limit if isinstance(limit, int) else None,
        stop=tuple(stop for stop in stops if isinstance(stop, str) and stop) if isinstance(stops, list) else (),
        input_tokens=_rough_tokens(body, messages),
        hides_thinking="TRIGGER_REDACTED_THINKING" in prompt.last,
    )


def _messages(body: Json) -> list[Json]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedRequestError("messages: Field required" if messages is None else "messages: at least one message is required")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in {"user", "assistant", "system"}:
            raise RefusedRequestError(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        if not isinstance(message.get("content"), str | list):
            raise RefusedRequestError(f"messages.{index}.content: Input should be a valid string or list")
    return messages


def _prompt(body: Json, messages: Sequence[Json], model: str) -> Prompt:
    choice, thinking = _object(body, "tool_choice"), _object(body, "thinking")
    return Prompt(
        said=tuple(text for message in messages if message["role"] == "user" and (text := _text(message["content"]))),
        answered=tuple(text for message in messages if message["role"] == "assistant" and (text := _text(message["content"]))),
        tool_results=_results(messages[-1]),
        tools=() if choice.get("type") == "none" else _tools(body.get("tools"), choice.get("name")),
        must_call=choice.get("type") in {"any", "tool"},
        schema=_schema(body),
        reasons=thinking.get("type") in {"enabled", "adaptive"} or "reasoning" in model,
    )


def _object(body: Json, key: str) -> Json:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def _schema(body: Json) -> Json | None:
    form = _object(_object(body, "output_config"), "format") or _object(body, "output_format")
    return form.get("schema") or {"type": "object"} if form.get("type") == "json_schema" else None


def _tools(tools: object, wanted: object) -> tuple[Tool, ...]:
    return tuple(
        Tool(tool["name"], tool.get("input_schema") or {})
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, dict) and isinstance(tool.get("name"), str) and wanted in {None, tool["name"]}
    )


def _results(last: Json) -> tuple[str, ...]:
    """The results in the last message, if that brings any."""
    if last["role"] != "user" or not isinstance(last["content"], list):
        return ()
    blocks = [block for block in last["content"] if isinstance(block, dict) and block.get("type") == "tool_result"]
    return tuple(_text(block.get("content")) for block in blocks)


def _text(content: object) -> str:
    """The text blocks of a message, and the text of its documents; neither images nor what tools said."""
    return content if isinstance(content, str) else "\n".join(_texts(content)) if isinstance(content, list) else ""


def _texts(blocks: Sequence[object]) -> Iterator[str]:
    for block in blocks:
        match block:
            case {"type": "text", "text": str(text)}:
                yield text
            case {"type": "document", "source": {"type": "text", "data": str(text)}}:
                yield text
            case {"type": "document", "source": {"type": "content", "content": content}}:
                yield _text(content)


def _rough_tokens(body: Json, messages: Sequence[Json]) -> int:
    return sum(4 + len(str(message["content"])) // 4 for message in messages) + len(str(body.get("system") or "")) // 4
