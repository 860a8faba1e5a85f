"""How an endpoint is asked a probe's question, in the dialect of the exchange, and what it says. Pure.

``max_tokens`` bounds what an answer can cost, so every call has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from detectors.text.refusal import is_refusal

ANTHROPIC_VERSION = "2023-06-01"
PATHS: Mapping[str, str] = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
_FRAMING_TOKENS = 64
_REFUSED = frozenset({"refusal", "content_filter"})


class AnswerError(ValueError):
    """It is no answer of that dialect. It has no text of it."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer. Tokens are None where the endpoint does not say."""

    text: str
    is_refused: bool
    input_tokens: int | None
    output_tokens: int | None


def body(surface: str, model: str, system: str, prompt: str, max_tokens: int, temperature: float | None) -> bytes:
    user = {"role": "user", "content": prompt}
    said: dict[str, Any] = {"model": model}
    if temperature is not None:
        said["temperature"] = temperature
    if surface == "chat":
        said |= {"messages": [*([{"role": "system", "content": system}] if system else []), user], "max_tokens": max_tokens}
    elif surface == "messages":
        said |= {**({"system": system} if system else {}), "messages": [user], "max_tokens": max_tokens}
    else:
        said |= {**({"instructions": system} if system else {}), "input": [user], "max_output_tokens": max_tokens, "store": False}
    return orjson.dumps(said)


def most_input_tokens(system: str, prompt: str) -> int:
    """No tokenizer makes more of a text than it has bytes."""
    return len(system.encode()) + len(prompt.encode()) + _FRAMING_TOKENS


def answer(surface: str, content: bytes) -> Said:
    """Raises ``AnswerError``."""
    try:
        said = orjson.loads(content)
        text, why = _READ[surface](said)
        usage = said.get("usage") or {}
        tokens = [_count(usage.get(name, usage.get(other))) for name, other in (_INPUT, _OUTPUT)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise AnswerError("not an answer") from None
    return Said(text, why in _REFUSED or is_refusal(text), *tokens)


_INPUT, _OUTPUT = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")


def _of_chat(said: Mapping[str, Any]) -> tuple[str, str]:
    choice = said["choices"][0]
    message = choice["message"]
    refusal = message.get("refusal")
    return (_text(refusal), "refusal") if refusal else (_text(message.get("content") or ""), choice.get("finish_reason") or "")


def _of_messages(said: Mapping[str, Any]) -> tuple[str, str]:
    text = "".join([_text(part["text"]) for part in said["content"] if part["type"] == "text"])
    return text, said.get("stop_reason") or ""


def _of_responses(said: Mapping[str, Any]) -> tuple[str, str]:
    parts = [part for item in said["output"] if item["type"] == "message" for part in item["content"]]
    refusals = [_text(part["refusal"]) for part in parts if part["type"] == "refusal"]
    if refusals:
        return refusals[0], "refusal"
    text = "".join([_text(part["text"]) for part in parts if part["type"] == "output_text"])
    return text, (said.get("incomplete_details") or {}).get("reason") or ""


_READ = {"chat": _of_chat, "messages": _of_messages, "responses": _of_responses}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 1 << 40 else None
