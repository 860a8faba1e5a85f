"""Where the texts of a chat completion request stand."""

from gateway.wire.media import is_data, medium_of, readable
from gateway.wire.model import Form, Json, Kind, Place, Request, Segment, Uninspectable
from gateway.wire.request_texts import (
    Found,
    is_own_number,
    is_stream,
    model_of,
    parted,
    read_arguments,
    read_field,
    read_key,
    read_messages,
    read_texts,
    refuse,
)
from policies.vocabulary import Scope

_SCOPES = {
    "system": Scope.SYSTEM,
    "developer": Scope.SYSTEM,
    "user": Scope.USER,
    "assistant": Scope.ASSISTANT,
    "tool": Scope.TOOL_RESULTS,
    "function": Scope.TOOL_RESULTS,
}
_DEFINITIONS = frozenset({"tools", "functions", "response_format"})
_REASONING = frozenset({"reasoning", "reasoning_content", "reasoning_details", "thinking"})


def read_request(surface: str, body: Json, raw: bytes) -> Request:
    """Raises BadRequest (``invalid_body``) that names the place."""
    if not isinstance(body, dict):
        refuse((), "must be a JSON object")
    model, stream = model_of(body), is_stream(body)
    segments, uninspectable = parted(_body(body))
    return Request(surface, model, stream, body, raw, segments, uninspectable)


def _body(body: dict[str, Json]) -> Found:
    yield from read_messages(body, (), _SCOPES, _message)
    for key, value in body.items():
        if key == "messages" or is_own_number(key, value):
            continue
        if key in _DEFINITIONS:
            yield from read_texts(value, (key,), "tool", Scope.TOOL_DEFINITIONS)
        elif key == "prediction" and isinstance(value, dict):
            yield from read_content(value.get("content"), ("prediction", "content"), "assistant", Scope.ASSISTANT, joins=(key,))
            rest = {name: item for name, item in value.items() if name != "content"}
            yield from read_texts(rest, (key,), "assistant", Scope.ASSISTANT)
        else:
            yield from read_field(key, value, (key,), "user", Scope.USER)
    for key in body:
        yield from read_key(key, (), "user", Scope.USER)


def _message(message: dict[str, Json], place: Place, role: str, scope: Scope, *, joins: Place) -> Found:
    for key, value in message.items():
        here = (*place, key)
        if key == "content":
            yield from read_content(value, here, role, scope, joins=joins)
        elif key == "tool_calls":
            yield from _tool_calls(value, here)
        elif key == "function_call":
            yield from _function(value, here)
        elif key in _REASONING and isinstance(value, str):
            yield from read_content(value, here, role, Scope.REASONING, joins=joins)
        elif key in _REASONING:
            yield from read_texts(value, here, role, Scope.REASONING)
        elif key == "audio" and value is not None:
            yield Uninspectable(Kind.AUDIO, here)
            yield from read_texts(value, here, role, scope)
        else:
            yield from read_field(key, value, here, role, scope)
        yield from read_key(key, place, role, scope)


def read_content(content: Json, place: Place, role: str, scope: Scope, *, joins: Place) -> Found:
    """A string, or parts that are read as one text. ``joins``: where their turn begins."""
    if isinstance(content, str):
        if content:
            yield Segment(content, role, scope, place, joins=joins)
    elif isinstance(content, list):
        for index, part in enumerate(content):
            for found in _part(part, (*place, index), role, scope):
                yield found._replace(joins=joins) if isinstance(found, Segment) and _is_said(found, len(place) + 1) else found
    elif content is not None:
        refuse(place, "must be a string or an array of parts")


def _is_said(found: Segment, depth: int) -> bool:
    """Whether a text is what a part says: the part itself, or the field that holds it."""
    return found.form is Form.TEXT and (len(found.place) == depth or found.place[depth:] in (("text",), ("refusal",)))


def _part(part: Json, place: Place, role: str, scope: Scope) -> Found:
    if isinstance(part, str):  # not in the API, but endpoints take it
        yield from read_texts(part, place, role, scope)
        return
    if not isinstance(part, dict):
        refuse(place, "must be an object")
    if medium := medium_of(part):
        yield Uninspectable(medium, place, scope)
        yield from _media(part, place, role, scope)
        return
    if part.get("type") not in ("text", "refusal"):
        yield Uninspectable(Kind.UNKNOWN, place)
    yield from read_texts(part, place, role, scope)


def _media(part: dict[str, Json], place: Place, role: str, scope: Scope) -> Found:
    """The texts beside a medium (a file's name, an address), and what is text of the medium's own data."""
    for found in read_texts(part, place, role, scope):
        if not (isinstance(found, Segment) and found.form is Form.TEXT and is_data(found.place[-1], found.text)):
            yield found
        elif read := readable(found.text):
            yield found._replace(text=read.text, form=read.form, leaf=read.leaf)


def _tool_calls(calls: Json, place: Place) -> Found:
    if calls is None:
        return
    if not isinstance(calls, list):
        refuse(place, "must be an array")
    for index, call in enumerate(calls):
        here = (*place, index)
        if not isinstance(call, dict):
            refuse(here, "must be an object")
        for key, value in call.items():
            if key == "function":
                yield from _function(value, (*here, key))
            elif key == "custom":
                yield from read_texts(value, (*here, key), "assistant", Scope.TOOL_ARGUMENTS)
            else:
                yield from read_field(key, value, (*here, key), "assistant", Scope.TOOL_ARGUMENTS)
            yield from read_key(key, here, "assistant", Scope.TOOL_ARGUMENTS)


def _function(call: Json, place: Place) -> Found:
    if call is None:
        return
    if not isinstance(call, dict):
        refuse(place, "must be an object")
    for key, value in call.items():
        here = (*place, key)
        if key == "arguments" and isinstance(value, str):
            yield from read_arguments(value, here)
        else:
            yield from read_field(key, value, here, "assistant", Scope.TOOL_ARGUMENTS)
        yield from read_key(key, place, "assistant", Scope.TOOL_ARGUMENTS)
