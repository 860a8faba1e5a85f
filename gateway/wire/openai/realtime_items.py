"""The items and settings of OpenAI's Realtime API, in events of either side: those of its Responses API, but for sound."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.wire.media import readable
from gateway.wire.model import Form, Json, Kind, Place, Uninspectable
from gateway.wire.openai import responses_items
from gateway.wire.openai.responses_items import Side, Text, read_content, read_items, read_part, read_strings
from gateway.wire.walk import is_name, is_structural
from policies.vocabulary import Scope

Found = Iterator[Text | Uninspectable]

ANSWER = replace(responses_items.ANSWER, spelled=False)
"""No part has log probabilities; one that has them all the same is not passed on unread."""

_SOUND = frozenset({"input_audio", "output_audio", "audio"})
_IDS = frozenset({"id", "model", "object", "conversation_id", "conversation", "version"})
_NAMES = frozenset({
    "type", "status", "reason", "code", "format", "voice", "language", "eagerness", "effort", "include", "truncation", "tracing",
    "modalities", "output_modalities", "input_audio_format", "output_audio_format", "max_output_tokens", "max_response_output_tokens",
})  # fmt: skip
"""Settings whose value is a mere name."""
_DEFINITIONS = frozenset({"tools", "tool_choice"})
_OF_USER = frozenset({"metadata", "prompt", "audio", "input_audio_transcription", "tracing", "user", "safety_identifier"})


def read_item(item: Json, place: Place, side: Side, joins: Place = ()) -> Found:
    """An item of a conversation. A part of sound is listed; what stands beside the sound is read."""
    if not isinstance(item, dict):
        yield from responses_items.read_item(item, place, side, joins)
        return
    seen = {key: value for key, value in item.items() if not (key == "object" and isinstance(value, str) and is_name(value))}
    content = seen.get("content")
    if isinstance(content, list):
        seen["content"] = [_without_sound(part) for part in content]
        for index, part in enumerate(content):
            if _has_sound(part):
                yield Uninspectable(Kind.AUDIO, (*place, "content", index, "audio"))
    yield from responses_items.read_item(seen, place, side, joins)


def read_said_part(part: Json, place: Place, side: Side) -> Found:
    """A part of what the assistant says."""
    if _has_sound(part):
        yield Uninspectable(Kind.AUDIO, (*place, "audio"))
    yield from read_part(_without_sound(part), place, "assistant", side.words, side)


def read_settings(settings: Json, place: Place, side: Side) -> Found:
    """Of a session or of one response: whose the texts are, and no mere names."""
    if not isinstance(settings, dict):
        yield from read_strings(settings, place, "user", side.other, side)
        return
    for key, value in settings.items():
        here = (*place, key)
        if not is_name(key):
            yield Text(key, here, "user", side.other, Form.KEY)
        if key == "instructions" and isinstance(value, str):
            yield from read_content(value, here, "system", Scope.SYSTEM, side, joins=here)
        elif key in _DEFINITIONS:
            yield from read_strings(value, here, "tool", Scope.TOOL_DEFINITIONS, side)
        elif key in ("input", "output") and isinstance(value, list):
            yield from read_items(value, here, side, read_item, (*place, "instructions"))
        elif key == "prompt" and isinstance(value, dict):
            yield from _prompt(value, here, side)
        else:
            yield from _prose(read_strings(value, here, "user", Scope.USER if key in _OF_USER else side.other, side))


def _prompt(prompt: dict[str, Json], place: Place, side: Side) -> Found:
    """A template that the endpoint keeps, and what is put into it: texts, or parts of a message."""
    variables = prompt.get("variables")
    rest = {key: value for key, value in prompt.items() if key != "variables" or not isinstance(variables, dict)}
    yield from _prose(read_strings(rest, place, "user", Scope.USER, side))
    for name, value in variables.items() if isinstance(variables, dict) else ():
        here = (*place, "variables", name)
        if not is_name(name):
            yield Text(name, here, "user", Scope.USER, Form.KEY)
        if isinstance(value, dict):
            yield from read_part(value, here, "user", Scope.USER, side)
        else:
            yield from read_strings(value, here, "user", Scope.USER, side)


def _prose(found: Found) -> Found:
    for each in found:
        if not (isinstance(each, Text) and each.form is Form.TEXT and _is_structural(each)):
            yield each


def _is_structural(text: Text) -> bool:
    key = next((step for step in reversed(text.place) if isinstance(step, str)), "")
    return (key in _IDS and is_structural(text.text)) or (key in _NAMES and is_name(text.text))


def _is_sound(part: Json) -> bool:
    return isinstance(part, dict) and isinstance(part.get("type"), str) and part["type"] in _SOUND


def _has_sound(part: Json) -> bool:
    return _is_sound(part) and bool(part.get("audio"))


def _without_sound(part: Json) -> Json:
    """A part of sound as the part of text that it is beside its sound: its transcript is a text of the item's like others."""
    if not _is_sound(part):
        return part
    is_kept = not isinstance(part.get("audio"), str) or readable(part["audio"])
    return {**{key: value for key, value in part.items() if key != "audio" or is_kept}, "type": "text"}
