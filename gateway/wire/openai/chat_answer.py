"""Where the texts of a chat completion, or of a chunk of one, stand: one reading for both, as a ``delta`` has a ``message``'s fields."""

from gateway.wire.answer_texts import (
    Found,
    is_index,
    is_log_probability,
    parted,
    read_counts,
    read_data,
    read_keys,
    read_spelled,
    read_whole,
)
from gateway.wire.model import Companion, Delta, Form, Json, Kind, Place, Uninspectable, Usage
from gateway.wire.walk import is_structural
from policies.vocabulary import Scope

_ENVELOPE = frozenset({"id", "object", "created", "model", "system_fingerprint", "service_tier"})
_CHOICE = frozenset({"index", "finish_reason", "logprobs"})
_REASONING = frozenset({"reasoning", "reasoning_content", "thinking", "reasoning_details"})
_STREAMED = frozenset({"content", "refusal", "reasoning", "reasoning_content", "thinking"})
_SPELLED = ("reasoning", "reasoning_content", "thinking", "content", "refusal")
"""What log probabilities spell, in this order."""

_KNOWN = (
    _ENVELOPE | _CHOICE | _STREAMED | {"choices", "delta", "message", "role", "tool_calls", "function", "id", "type", "name", "arguments"}
)


def read_answer(body: dict[str, Json], holder: str) -> tuple[tuple[Delta, ...], dict[int, str], tuple[Uninspectable, ...]]:
    """The texts, the choices that end here with their finish reason, and what cannot be read. ``holder``: ``message`` or ``delta``."""
    finished: dict[int, str] = {}
    deltas, uninspectable = parted(_body(body, holder, finished))
    return deltas, finished, uninspectable


def read_usage(body: dict[str, Json]) -> Usage | None:
    return read_counts(body.get("usage"), "prompt_tokens", "completion_tokens")


def read_companions(body: dict[str, Json]) -> tuple[Companion, ...]:
    """The log probabilities of each choice: they spell its texts, token by token."""
    choices = body.get("choices")
    return tuple(
        Companion(tuple((index, key) for key in _SPELLED), ("choices", position, "logprobs"))
        for position, choice in enumerate(choices if isinstance(choices, list) else ())
        if isinstance(choice, dict)
        and is_log_probability("logprobs", choice.get("logprobs"))
        and is_index(index := choice.get("index", position))
    )


def _body(body: dict[str, Json], holder: str, finished: dict[int, str]) -> Found:
    yield from read_keys(body, (), _KNOWN)
    for key, value in body.items():
        if key == "choices" and isinstance(value, list):
            for position, choice in enumerate(value):
                yield from _choice(choice, position, holder, finished)
        elif not (key in _ENVELOPE and (value is None or is_structural(value))):
            yield from read_whole(value, ("body", key), (key,), Scope.OUTPUT)


def _choice(choice: Json, position: int, holder: str, finished: dict[int, str]) -> Found:
    place: Place = ("choices", position)
    if not isinstance(choice, dict):
        yield Uninspectable(Kind.UNKNOWN, place)
        return
    index = choice.get("index", position)
    if not is_index(index):
        yield Uninspectable(Kind.UNKNOWN, (*place, "index"))
        return
    yield from read_keys(choice, place, _KNOWN)
    for key, value in choice.items():
        if key == holder and isinstance(value, dict):
            yield from _message(value, index, (*place, key), is_whole=holder == "message")
        elif is_log_probability(key, value):
            yield from read_spelled(value, (index, "choice", key), (*place, key), _said(choice.get(holder)))
        elif key not in _CHOICE or not (value is None or is_structural(value)):
            yield from read_whole(value, (index, "choice", key), (*place, key), Scope.OUTPUT)
    reason = choice.get("finish_reason")
    if holder == "message" or (reason is not None and reason != ""):  # some endpoints say "" for "not yet"
        finished[index] = reason if isinstance(reason, str) and is_structural(reason) else ""


def _said(message: Json) -> list[str]:
    """What log probabilities are to spell."""
    said = message if isinstance(message, dict) else {}
    return [text for key in _SPELLED if isinstance(text := said.get(key), str)]


def _message(message: dict[str, Json], index: int, place: Place, *, is_whole: bool) -> Found:
    yield from read_keys(message, place, _KNOWN)
    for key, value in message.items():
        here = (*place, key)
        scope = Scope.REASONING if key in _REASONING else Scope.OUTPUT
        if key == "role" and is_structural(value):
            continue
        if key in _STREAMED and isinstance(value, str):
            if value:
                yield Delta((index, key), scope, value, here)
        elif key == "tool_calls" and isinstance(value, list):
            for position, call in enumerate(value):
                yield from _tool_call(call, index, position, (*here, position), is_whole=is_whole)
        elif key == "function_call" and isinstance(value, dict):
            yield from _function(value, (index, key), here)
        elif key == "audio" and value is not None:
            yield Uninspectable(Kind.AUDIO, here)
            if isinstance(value, dict) and isinstance(data := value.get("data"), str):
                yield from read_data(data, (*here, "data"))
            beside = {name: item for name, item in value.items() if name != "data"} if isinstance(value, dict) else value
            yield from _streamed_items(beside, (index, key), here, scope)
        elif isinstance(value, str) and value:
            yield Delta((index, key), scope, value, here)  # a field we have no name for may well be streamed
        else:
            for found in _streamed_items(value, (index, key), here, scope):
                if isinstance(found, Delta) and key == "content" and found.channel[3:] in (("text",), ("refusal",)):
                    found = found._replace(run=(index, key))
                yield found


def _streamed_items(value: Json, channel: Place, place: Place, scope: Scope) -> Found:
    """Texts in a nested field we have no name for: items of a list go on from event to event by their ``index``."""
    if isinstance(value, list):
        for position, item in enumerate(value):
            index = item.get("index", position) if isinstance(item, dict) else position
            yield from _streamed_items(item, (*channel, index if is_index(index) else position), (*place, position), scope)
    elif isinstance(value, dict):
        yield from read_keys(value, place, _KNOWN)
        for key, item in value.items():
            if not (key in ("id", "type", "format") and is_structural(item)):
                yield from _streamed_items(item, (*channel, key), (*place, key), scope)
    elif isinstance(value, str) and value:
        yield Delta(channel, scope, value, place)


def _tool_call(call: Json, choice: int, position: int, place: Place, *, is_whole: bool) -> Found:
    if not isinstance(call, dict):
        yield Uninspectable(Kind.UNKNOWN, place)
        return
    index = position if is_whole else call.get("index", position)
    if not is_index(index):
        yield Uninspectable(Kind.UNKNOWN, (*place, "index"))
        return
    channel = (choice, "tool_calls", index)
    yield from read_keys(call, place, _KNOWN)
    for key, value in call.items():
        here = (*place, key)
        if key == "function" and isinstance(value, dict):
            yield from _function(value, (*channel, key), here)
        elif key == "custom" and isinstance(value, dict):
            yield from read_keys(value, here, _KNOWN)
            for name, item in value.items():
                if isinstance(item, str) and item and name == "input":
                    yield Delta((*channel, key, name), Scope.TOOL_ARGUMENTS, item, (*here, name))
                elif not (name == "name" and is_structural(item)):
                    yield from read_whole(item, (*channel, key, name), (*here, name), Scope.TOOL_ARGUMENTS)
        elif not (key in ("id", "type", "index") and is_structural(value)):
            yield from read_whole(value, (*channel, key), here, Scope.TOOL_ARGUMENTS)


def _function(function: dict[str, Json], channel: Place, place: Place) -> Found:
    yield from read_keys(function, place, _KNOWN)
    for key, value in function.items():
        here = (*place, key)
        if key == "arguments" and isinstance(value, str):
            if value:
                yield Delta((*channel, key), Scope.TOOL_ARGUMENTS, value, here, Form.JSON)
        elif not (key == "name" and is_structural(value)):
            yield from read_whole(value, (*channel, key), here, Scope.TOOL_ARGUMENTS)
