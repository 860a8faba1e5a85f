"""The texts in those parts of a request's body that dialects have in common; what a dialect has no name for is read as text."""

from collections.abc import Iterable, Iterator
from typing import NoReturn

from gateway.errors import BadRequest
from gateway.wire import jsontext
from gateway.wire.model import Form, Json, Place, Segment, Uninspectable
from gateway.wire.walk import dotted, is_name, is_structural, strings
from policies.policy import Scope

MAX_SEGMENTS = 100_000

STRUCTURAL = frozenset({"model", "service_tier", "reasoning_effort", "verbosity", "tool_choice", "function_call"}) | frozenset(
    {"role", "type", "id", "tool_call_id"}
)
"""Keys whose value is a mere name, wherever they stand."""

_IDS = frozenset({"model", "id", "tool_call_id"})  # these hold digits, at the places that the API has for them
_IDENTIFIERS = frozenset({"user", "safety_identifier", "prompt_cache_key", "name"})

Found = Iterator[Segment | Uninspectable]


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


def read_arguments(text: str, place: Place) -> Found:
    """Arguments are JSON in a string: its leaves are the texts. Arguments that are not JSON are one text."""
    if not jsontext.is_json(text):
        yield from read_texts(text, place, "assistant", Scope.TOOL_ARGUMENTS)
        return
    for leaf in jsontext.leaves(text):
        yield Segment(leaf.text, "assistant", Scope.TOOL_ARGUMENTS, place, Form.JSON, leaf)


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
