"""The texts in those parts of a request's body that dialects have in common; what a dialect has no name for is read as text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn, Protocol

from gateway.errors import BadRequest
from gateway.wire import jsontext
from gateway.wire.model import Form, Json, Kind, Place, Segment, Uninspectable
from gateway.wire.walk import dotted, is_name, is_structural, number_text, strings
from policies.vocabulary import Scope

MAX_SEGMENTS = 100_000

STRUCTURAL = frozenset({"model", "service_tier", "reasoning_effort", "verbosity", "tool_choice", "function_call"}) | frozenset(
    {"role", "type", "id", "tool_call_id"}
)
"""Keys whose value is a mere name, wherever they stand."""

_IDS = frozenset({"model", "id", "tool_call_id"})  # these hold digits, at the places that the API has for them
_NUMBERS = frozenset({
    "audio_end_ms", "bytes", "max_completion_tokens", "max_output_tokens", "max_prompt_tokens", "max_tokens", "max_tool_calls", "seconds",
    "seed",
})  # fmt: skip
"""Keys of numbers that are the API's own, at the places that it has for them."""
_MAX_OWN = 10**10
"""Beyond 32 bits, and the bytes of the largest upload."""
_FLOAT = re.compile(r"-?[0-9]{1,64}(?:\.[0-9]{1,64})?(?:[eE][+-]?[0-9]{1,3})?")
_IDENTIFIERS = frozenset({"user", "safety_identifier", "prompt_cache_key", "name"})

Found = Iterator[Segment | Uninspectable]


class ReadMessage(Protocol):
    """Reads a message, whose role and scope are known. ``joins``: where its turn begins."""

    def __call__(self, message: dict[str, Json], place: Place, role: str, scope: Scope, *, joins: Place) -> Found: ...


class Turns:
    """Which turn each of the messages is of: those of one scope that follow each other are one, so that a reader may take them for one.
    A message in which nothing is said does not end it. ``system``: where the system's turn began before the messages.
    """

    def __init__(self, system: Place = ()) -> None:
        self._scope = Scope.SYSTEM
        self._begin = system

    def of(self, scope: Scope, place: Place) -> Place:
        """Of a message at this place."""
        return self._begin if self._begin and scope is self._scope else place

    def said(self, scope: Scope, joins: Place) -> None:
        """In the message of that scope and turn."""
        self._scope, self._begin = scope, joins


def refuse(place: Place, what: str) -> NoReturn:
    """``messages.0.role must be a string``. Raises BadRequest (``invalid_body``)."""
    raise BadRequest("invalid_body", f"{dotted(place) or 'The body'} {what}.", dotted(place) or None)


def parted(found: Iterable[Segment | Uninspectable]) -> tuple[tuple[Segment, ...], tuple[Uninspectable, ...]]:
    """The texts, and what cannot be read. Raises BadRequest beyond ``MAX_SEGMENTS`` of them."""
    segments: list[Segment] = []
    uninspectable: list[Uninspectable] = []
    for each in found:
        if isinstance(each, Segment):
            segments.append(each)
        else:
            uninspectable.append(each)
        if len(segments) + len(uninspectable) > MAX_SEGMENTS:
            refuse((), f"has more than {MAX_SEGMENTS} texts")
    return tuple(segments), tuple(uninspectable)


def model_of(body: dict[str, Json]) -> str:
    """Raises BadRequest where there is none."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        refuse(("model",), "must be a non-empty string")
    return model


def is_stream(body: dict[str, Json]) -> bool:
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        refuse(("stream",), "must be true or false")
    return bool(stream)


def read_messages(body: dict[str, Json], place: Place, scopes: Mapping[str, Scope], read: ReadMessage, system: Place = ()) -> Found:
    """``scopes``: whose the texts of each role's messages are; a role that is not among them is unknown, and its texts are the user's.
    ``system``: where the system's turn began before the messages.
    """
    messages = body.get("messages")
    if not isinstance(messages, list):
        refuse((*place, "messages"), "must be an array")
    turns = Turns(system)
    for index, message in enumerate(messages):
        here = (*place, "messages", index)
        if not isinstance(message, dict):
            refuse(here, "must be an object")
        role = message.get("role")
        if not isinstance(role, str):
            refuse((*here, "role"), "must be a string")
        scope = scopes.get(role)
        if scope is None:
            yield Uninspectable(Kind.UNKNOWN, (*here, "role"))
            role, scope = "unknown", Scope.USER
        joins = turns.of(scope, here)
        for found in read(message, here, role, scope, joins=joins):
            if isinstance(found, Segment) and (found.joins or found.scope is Scope.TOOL_ARGUMENTS):
                turns.said(scope, joins)
            yield found


def read_arguments(text: str, place: Place, role: str = "assistant", scope: Scope = Scope.TOOL_ARGUMENTS) -> Found:
    """Arguments are JSON in a string: its leaves are the texts. Arguments that are not JSON are one text."""
    if not jsontext.is_json(text):
        yield from read_texts(text, place, role, scope)
        return
    for leaf in jsontext.leaves(text):
        yield Segment(leaf.text if leaf.is_string else written_out(leaf.text), role, scope, place, Form.JSON, leaf)


def written_out(number: str) -> str:
    """The digits of a number with a fraction or an exponent; any other word as it stands."""
    if number.isdecimal() or not _FLOAT.fullmatch(number):
        return number
    return number_text(float(number)) or number


def is_own_number(key: str, value: Json) -> bool:
    """Whether a value is a number of the API's own, which is nobody's. One of more than ten digits could be somebody's wherever it
    stands.
    """
    return key in _NUMBERS and isinstance(value, int) and -_MAX_OWN < value < _MAX_OWN


def read_field(key: str, value: Json, place: Place, role: str, scope: Scope) -> Found:
    """A field that is not a text by the API: nothing if it can carry no prose, else whatever text it has."""
    if isinstance(value, str) and _is_structural(key, value):
        return
    if key in _IDENTIFIERS and isinstance(value, str) and value:
        yield Segment(value, role, scope, place, Form.IDENTIFIER)
    else:
        yield from read_texts(value, place, role, scope)


def read_texts(value: Json, place: Place, role: str, scope: Scope) -> Found:
    """Every string, key and number below ``place`` that is more than a name."""
    for text, here, form in strings(value, place, numbers=True):
        if not (here[-1] in STRUCTURAL and is_name(text)):
            yield Segment(text, role, scope, here, form)


def read_key(key: str, place: Place, role: str, scope: Scope) -> Found:
    """A key of the object at ``place``, if it is more than a name."""
    if not is_name(key):
        yield Segment(key, role, scope, (*place, key), Form.KEY)


def _is_structural(key: str, value: str) -> bool:
    return key in STRUCTURAL and (is_name(value) or (key in _IDS and is_structural(value)))
