"""Where the texts of a chat completion request stand."""

from gateway.wire.model import Form, Json, Kind, Place, Request, Segment, Uninspectable
from gateway.wire.request_texts import (
    Found,
    is_stream,
    model_of,
    parted,
    read_arguments,
    read_field,
    read_key,
    read_texts,
    refuse,
)
from policies.policy import Scope

_SCOPES = {
    "system": Scope.SYSTEM,
    "developer": Scope.SYSTEM,
    "user": Scope.USER,
    "assistant": Scope.ASSISTANT,
    "tool": Scope.TOOL_RESULTS,
    "function": Scope.TOOL_RESULTS,
}
_NUMBERS = frozenset({"seed", "max_tokens", "max_completion_tokens"})  # of the API's own, at its top level: nobody's
_DEFINITIONS = frozenset({"tools", "functions", "response_format"})
_MEDIA = {"image_url": Kind.IMAGE, "input_audio": Kind.AUDIO, "file": Kind.FILE}
_REASONING = frozenset({"reasoning", "reasoning_content", "reasoning_details", "thinking"})


def read_request(surface: str, body: Json, raw: bytes) -> Request:
    """Raises BadRequest (``invalid_body``) that names the place."""
    if not isinstance(body, dict):
        refuse((), "must be a JSON object")
    model, stream = model_of(body), is_stream(body)
    segments, uninspectable = parted(_body(body))
    return Request(surface, model, stream, body, raw, segments, uninspectable)


def _body(body: dict[str, Json]) -> Found:
    messages = body.get("messages")
    if not isinstance(messages, list):
        refuse(("messages",), "must be an array")
    previous = None
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            refuse(("messages", index), "must be an object")
        role = message.get("role")
        yield from _message(message, ("messages", index), joins=role == previous)
        previous = role
    for key, value in body.items():
        if key == "messages" or (key in _NUMBERS and isinstance(value, int)):
            continue
        if key in _DEFINITIONS:
            yield from read_texts(value, (key,), "tool", Scope.TOOL_DEFINITIONS)
        elif key == "prediction" and isinstance(value, dict):
            yield from read_content(value.get("content"), ("prediction", "content"), "assistant", Scope.ASSISTANT)
            rest = {name: item for name, item in value.items() if name != "content"}
            yield from read_texts(rest, (key,), "assistant", Scope.ASSISTANT)
        else:
            yield from read_field(key, value, (key,), "user", Scope.USER)
    for key in body:
        yield from read_key(key, (), "user", Scope.USER)


def _message(message: dict[str, Json], place: Place, *, joins: bool) -> Found:
    """``joins``: the message before it is of the same role, so that the endpoint's reader may take the two for one."""
    role = message.get("role")
    if not isinstance(role, str):
        refuse((*place, "role"), "must be a string")
    scope = _SCOPES.get(role)
    if scope is None:
        yield Uninspectable(Kind.UNKNOWN, (*place, "role"))
        scope, role = Scope.USER, "unknown"
    for key, value in message.items():
        here = (*place, key)
        if key == "content":
            yield from read_content(value, here, role, scope, joins=joins)
        elif key == "tool_calls":
            yield from _tool_calls(value, here)
        elif key == "function_call":
            yield from _function(value, here)
        elif key in _REASONING:
            yield from read_texts(value, here, role, Scope.REASONING)
        elif key == "audio" and value is not None:
            yield Uninspectable(Kind.AUDIO, here)
            yield from read_texts(value, here, role, scope)
        else:
            yield from read_field(key, value, here, role, scope)
        yield from read_key(key, place, role, scope)


def read_content(content: Json, place: Place, role: str, scope: Scope, *, joins: bool = False) -> Found:
    """A string, or parts that are read as one text."""
    if isinstance(content, str):
        if content:
            yield Segment(content, role, scope, place, joins=joins)
    elif isinstance(content, list):
        for index, part in enumerate(content):
            for found in _part(part, (*place, index), role, scope):
                if isinstance(found, Segment) and found.place in {(*place, index), (*place, index, "text")}:
                    yield found._replace(joins=joins)
                    joins = True
                else:
                    yield found
    elif content is not None:
        refuse(place, "must be a string or an array of parts")


def _part(part: Json, place: Place, role: str, scope: Scope) -> Found:
    if isinstance(part, str):  # not in the API, but endpoints take it
        yield from read_texts(part, place, role, scope)
        return
    if not isinstance(part, dict):
        refuse(place, "must be an object")
    kind = part.get("type")
    if isinstance(kind, str) and kind in _MEDIA:
        yield Uninspectable(_MEDIA[kind], place, scope)
        yield from _media(part, place, role, scope)
        return
    if kind not in ("text", "refusal"):
        yield Uninspectable(Kind.UNKNOWN, place)
    yield from read_texts(part, place, role, scope)


def _media(part: dict[str, Json], place: Place, role: str, scope: Scope) -> Found:
    """The texts beside a medium (a file's name, an address), without the medium's own data."""
    for found in read_texts(part, place, role, scope):
        is_data = isinstance(found, Segment) and found.form is Form.TEXT and _is_data(found.place[-1], found.text)
        if not is_data:
            yield found


def _is_data(key: str | int, text: str) -> bool:
    return key in ("data", "file_data") or (key in ("url", "image_url") and text.startswith("data:"))


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
