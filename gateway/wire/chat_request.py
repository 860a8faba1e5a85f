"""Where the texts of a chat completion request stand."""

from collections.abc import Iterator
from typing import NoReturn

from gateway.errors import BadRequest
from gateway.wire import jsontext
from gateway.wire.model import Form, Json, Kind, Place, Request, Segment, Uninspectable
from gateway.wire.walk import dotted, is_name, is_structural, strings
from policies.policy import Scope

MAX_SEGMENTS = 100_000

_SCOPES = {
    "system": Scope.SYSTEM,
    "developer": Scope.SYSTEM,
    "user": Scope.USER,
    "assistant": Scope.ASSISTANT,
    "tool": Scope.TOOL_RESULTS,
    "function": Scope.TOOL_RESULTS,
}
_STRUCTURAL = frozenset({"model", "service_tier", "reasoning_effort", "verbosity", "tool_choice", "function_call"}) | frozenset(
    {"role", "type", "id", "tool_call_id"}
)
_IDS = frozenset({"model", "id", "tool_call_id"})  # these hold digits, at the places that the API has for them
_NUMBERS = frozenset({"seed", "max_tokens", "max_completion_tokens"})  # of the API's own, at its top level: nobody's
_IDENTIFIERS = frozenset({"user", "safety_identifier", "prompt_cache_key", "name"})
_DEFINITIONS = frozenset({"tools", "functions", "response_format"})
_MEDIA = {"image_url": Kind.IMAGE, "input_audio": Kind.AUDIO, "file": Kind.FILE}
_REASONING = frozenset({"reasoning", "reasoning_content", "reasoning_details", "thinking"})

Found = Iterator[Segment | Uninspectable]


def read_request(surface: str, body: Json, raw: bytes) -> Request:
    """Raises BadRequest (``invalid_body``) that names the place."""
    if not isinstance(body, dict):
        _refuse((), "must be a JSON object")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        _refuse(("model",), "must be a non-empty string")
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        _refuse(("stream",), "must be true or false")
    segments: list[Segment] = []
    uninspectable: list[Uninspectable] = []
    for found in _body(body):
        if isinstance(found, Segment):
            segments.append(found)
        else:
            uninspectable.append(found)
        if len(segments) + len(uninspectable) > MAX_SEGMENTS:
            _refuse((), f"has more than {MAX_SEGMENTS} texts")
    return Request(surface, model, bool(stream), body, raw, tuple(segments), tuple(uninspectable))


def _refuse(place: Place, what: str) -> NoReturn:
    raise BadRequest("invalid_body", f"{dotted(place) or 'The body'} {what}.", dotted(place) or None)


def _body(body: dict[str, Json]) -> Found:
    messages = body.get("messages")
    if not isinstance(messages, list):
        _refuse(("messages",), "must be an array")
    for index, message in enumerate(messages):
        yield from _message(message, ("messages", index))
    for key, value in body.items():
        if key == "messages" or (key in _NUMBERS and isinstance(value, int)):
            continue
        if key in _DEFINITIONS:
            yield from _texts(value, (key,), "tool", Scope.TOOL_DEFINITIONS)
        elif key == "prediction" and isinstance(value, dict):
            yield from _content(value.get("content"), ("prediction", "content"), "assistant", Scope.ASSISTANT)
            rest = {name: item for name, item in value.items() if name != "content"}
            yield from _texts(rest, (key,), "assistant", Scope.ASSISTANT)
        else:
            yield from _field(key, value, (key,), "user", Scope.USER)
    for key in body:
        yield from _key(key, (), "user", Scope.USER)


def _message(message: Json, place: Place) -> Found:
    if not isinstance(message, dict):
        _refuse(place, "must be an object")
    role = message.get("role")
    if not isinstance(role, str):
        _refuse((*place, "role"), "must be a string")
    scope = _SCOPES.get(role)
    if scope is None:
        yield Uninspectable(Kind.UNKNOWN, (*place, "role"))
        scope, role = Scope.USER, "unknown"
    for key, value in message.items():
        here = (*place, key)
        if key == "content":
            yield from _content(value, here, role, scope)
        elif key == "tool_calls":
            yield from _tool_calls(value, here)
        elif key == "function_call":
            yield from _function(value, here)
        elif key in _REASONING:
            yield from _texts(value, here, role, Scope.REASONING)
        elif key == "audio" and value is not None:
            yield Uninspectable(Kind.AUDIO, here)
            yield from _texts(value, here, role, scope)
        else:
            yield from _field(key, value, here, role, scope)
        yield from _key(key, place, role, scope)


def _content(content: Json, place: Place, role: str, scope: Scope) -> Found:
    if isinstance(content, str):
        if content:
            yield Segment(content, role, scope, place)
    elif isinstance(content, list):
        for index, part in enumerate(content):
            yield from _part(part, (*place, index), role, scope)
    elif content is not None:
        _refuse(place, "must be a string or an array of parts")


def _part(part: Json, place: Place, role: str, scope: Scope) -> Found:
    if isinstance(part, str):  # not in the API, but endpoints take it
        yield from _texts(part, place, role, scope)
        return
    if not isinstance(part, dict):
        _refuse(place, "must be an object")
    kind = part.get("type")
    if isinstance(kind, str) and kind in _MEDIA:
        yield Uninspectable(_MEDIA[kind], place)
        yield from _media(part, place, role, scope)
        return
    if kind not in ("text", "refusal"):
        yield Uninspectable(Kind.UNKNOWN, place)
    yield from _texts(part, place, role, scope)


def _media(part: dict[str, Json], place: Place, role: str, scope: Scope) -> Found:
    """The texts beside a medium (a file's name, an address), without the medium's own data."""
    for found in _texts(part, place, role, scope):
        is_data = isinstance(found, Segment) and found.form is Form.TEXT and _is_data(found.place[-1], found.text)
        if not is_data:
            yield found


def _is_data(key: str | int, text: str) -> bool:
    return key in ("data", "file_data") or (key in ("url", "image_url") and text.startswith("data:"))


def _tool_calls(calls: Json, place: Place) -> Found:
    if calls is None:
        return
    if not isinstance(calls, list):
        _refuse(place, "must be an array")
    for index, call in enumerate(calls):
        here = (*place, index)
        if not isinstance(call, dict):
            _refuse(here, "must be an object")
        for key, value in call.items():
            if key == "function":
                yield from _function(value, (*here, key))
            elif key == "custom":
                yield from _texts(value, (*here, key), "assistant", Scope.TOOL_ARGUMENTS)
            else:
                yield from _field(key, value, (*here, key), "assistant", Scope.TOOL_ARGUMENTS)
            yield from _key(key, here, "assistant", Scope.TOOL_ARGUMENTS)


def _function(call: Json, place: Place) -> Found:
    if call is None:
        return
    if not isinstance(call, dict):
        _refuse(place, "must be an object")
    for key, value in call.items():
        here = (*place, key)
        if key == "arguments" and isinstance(value, str):
            yield from _arguments(value, here)
        else:
            yield from _field(key, value, here, "assistant", Scope.TOOL_ARGUMENTS)
        yield from _key(key, place, "assistant", Scope.TOOL_ARGUMENTS)


def _arguments(text: str, place: Place) -> Found:
    """Arguments are JSON in a string: its leaves are the texts. Arguments that are not JSON are one text."""
    if not jsontext.is_json(text):
        yield from _texts(text, place, "assistant", Scope.TOOL_ARGUMENTS)
        return
    for leaf in jsontext.leaves(text):
        yield Segment(leaf.text, "assistant", Scope.TOOL_ARGUMENTS, place, Form.JSON, leaf)


def _field(key: str, value: Json, place: Place, role: str, scope: Scope) -> Found:
    """A field that is not a text by the API: nothing if it can carry no prose, else whatever text it has."""
    if isinstance(value, str) and _is_structural(key, value):
        return
    if key in _IDENTIFIERS and isinstance(value, str) and value:
        yield Segment(value, role, scope, place, Form.IDENTIFIER)
    else:
        yield from _texts(value, place, role, scope)


def _is_structural(key: str, value: str) -> bool:
    return key in _STRUCTURAL and (is_name(value) or (key in _IDS and is_structural(value)))


def _texts(value: Json, place: Place, role: str, scope: Scope) -> Found:
    for text, here, form in strings(value, place, numbers=True):
        if not (here[-1] in _STRUCTURAL and is_name(text)):
            yield Segment(text, role, scope, here, form)


def _key(key: str, place: Place, role: str, scope: Scope) -> Found:
    if not is_name(key):
        yield Segment(key, role, scope, (*place, key), Form.KEY)
