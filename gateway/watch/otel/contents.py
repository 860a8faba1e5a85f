"""Texts of a record, as the GenAI conventions have messages: roles with their parts. Only what was kept, which is redacted; sealed texts
are told to nobody.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

Messages = list[dict[str, Any]]

_ROLES = {
    "user": "user", "assistant": "assistant", "tool_arguments": "assistant", "reasoning": "assistant", "tool_results": "tool",
    "output": "assistant",
}  # fmt: skip
"""Of the scopes that are messages."""
_REASONS = {
    "end_turn": "stop", "stop_sequence": "stop", "completed": "stop", "max_tokens": "length", "max_output_tokens": "length",
    "tool_use": "tool_call", "tool_calls": "tool_call", "function_call": "tool_call", "refusal": "content_filter",
}  # fmt: skip
"""What dialects call the conventions' reasons why an answer ended."""


def contents(record: Mapping[str, Any]) -> Mapping[str, Messages]:
    """By attribute; empty where no texts were kept. Raises KeyError, TypeError or AttributeError where it is no record."""
    texts = record.get("texts")
    if not texts:
        return {}
    asked, answered = texts["input"], texts["output"]
    said = {
        "gen_ai.system_instructions": [_text(each["text"]) for each in asked if each["scope"] == "system"],
        "gen_ai.input.messages": _messages(asked),
        "gen_ai.output.messages": [{**message, "finish_reason": _ended(record)} for message in _messages(answered)],
    }
    return {name: messages for name, messages in said.items() if messages}


def _messages(texts: Sequence[Mapping[str, str]]) -> Messages:
    """Texts that stand in one message, or in one choice of an answer, are its parts."""
    known = [each for each in texts if each["scope"] in _ROLES]
    grouped = groupby(known, key=lambda each: (_ROLES[each["scope"]], each["place"].split(".")[:2]))
    return [{"role": role, "parts": [_part(each) for each in parts]} for (role, _), parts in grouped]


def _part(text: Mapping[str, str]) -> dict[str, str]:
    """Of a call of a tool, its name is not among the texts."""
    scope = text["scope"]
    if scope == "tool_results":
        return {"type": "tool_call_response", "response": text["text"]}
    if scope in ("reasoning", "tool_arguments"):
        return {"type": scope, "content": text["text"]}
    return _text(text["text"])


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "content": text}


def _ended(record: Mapping[str, Any]) -> str:
    """Why the answer ended, which the conventions want of each; where that is not known, whether it was whole."""
    outcome: str = record["outcome"]
    if outcome != "completed":
        return "content_filter" if outcome == "content_filter" else "error"
    reasons: list[str] = record.get("answer", {}).get("finish") or ["stop"]
    return _REASONS.get(reasons[0], reasons[0])
