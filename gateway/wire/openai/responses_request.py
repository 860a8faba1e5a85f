"""Where the texts of the Responses and Conversations APIs' requests stand."""

from collections.abc import Iterable

from gateway.wire.model import Form, Json, Place, Request, Segment, Uninspectable
from gateway.wire.openai import responses_items
from gateway.wire.openai.responses_items import REQUEST, Text, read_items, read_part, read_strings
from gateway.wire.request_texts import Found, is_own_number, is_stream, model_of, parted, read_arguments, read_field, read_key, refuse
from gateway.wire.walk import is_name, is_structural, names
from policies.vocabulary import Scope

_DEFINITIONS = frozenset({"tools", "text", "tool_choice"})
_NAMES = frozenset({"truncation", "prompt_cache_retention", "service_tier", "tool_choice"})
_ITEMS = frozenset({"input", "items"})
_INSTRUCTIONS: Place = ("instructions",)


def read_request(surface: str, body: dict[str, Json], raw: bytes, kept: Iterable[str] = (), *, needs_model: bool = False) -> Request:
    """Raises BadRequest (``invalid_body``) that names the place. ``kept`` are ids that the request names outside of its body."""
    model = model_of(body) if needs_model or body.get("model") is not None else ""
    segments, uninspectable = parted(_body(body))
    return Request(surface, model, is_stream(body), body, raw, segments, uninspectable, (*kept, *_refers(body)))


def _refers(body: dict[str, Json]) -> tuple[str, ...]:
    """The answer that this request continues, or the conversation that it adds to."""
    conversation = body.get("conversation")
    named = (body.get("previous_response_id"), conversation.get("id") if isinstance(conversation, dict) else conversation)
    return names(named)


def _body(body: dict[str, Json]) -> Found:
    """Instructions first, wherever they stand: items of the system go on from them."""
    yield from _top("instructions", body.get("instructions"))
    for key, value in body.items():
        if key != "instructions":
            yield from _top(key, value)
    for key in body:
        yield from read_key(key, (), "user", Scope.USER)


def _top(key: str, value: Json) -> Found:
    if value is None or isinstance(value, bool) or is_own_number(key, value):
        return
    if key in _ITEMS:
        yield from _input(value, (key,))
    elif key == "instructions" and isinstance(value, str):
        yield from segments_of(responses_items.read_content(value, _INSTRUCTIONS, "system", Scope.SYSTEM, REQUEST, joins=_INSTRUCTIONS))
    elif isinstance(value, str) and (
        (key == "previous_response_id" and is_structural(value))
        or (key == "conversation" and is_structural(value))
        or (key in _NAMES and is_name(value))
    ):
        return
    elif key == "conversation" and isinstance(value, dict):
        yield from _named(value, (key,))
    elif key == "prompt" and isinstance(value, dict):
        yield from _prompt(value, (key,))
    elif key == "include" and isinstance(value, list):
        yield from _include(value, (key,))
    elif key in _DEFINITIONS:
        yield from segments_of(read_strings(value, (key,), "tool", Scope.TOOL_DEFINITIONS, REQUEST))
    else:
        yield from read_field(key, value, (key,), "user", Scope.USER)


def _input(value: Json, place: Place) -> Found:
    if isinstance(value, str):
        yield from segments_of(responses_items.read_content(value, place, "user", Scope.USER, REQUEST, joins=place))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if not isinstance(item, dict):
                refuse((*place, index), "must be an object")
        yield from segments_of(read_items(value, place, REQUEST, system=_INSTRUCTIONS))
    else:
        refuse(place, "must be a string or an array of items")


def _named(value: dict[str, Json], place: Place) -> Found:
    """An object that is named by its id."""
    for key, item in value.items():
        if not (key == "id" and isinstance(item, str) and is_structural(item)):
            yield from read_field(key, item, (*place, key), "user", Scope.USER)
        yield from read_key(key, place, "user", Scope.USER)


def _prompt(value: dict[str, Json], place: Place) -> Found:
    """A template that the endpoint keeps, and what is put into it: texts, or parts of a message."""
    variables = value.get("variables")
    yield from _named({key: item for key, item in value.items() if key != "variables"}, place)
    if not isinstance(variables, dict):
        yield from segments_of(read_strings(variables, (*place, "variables"), "user", Scope.USER, REQUEST))
        return
    for name, item in variables.items():
        here = (*place, "variables", name)
        yield from read_key(name, here[:-1], "user", Scope.USER)
        if isinstance(item, (str, dict)):
            yield from segments_of(read_part(item, here, "user", Scope.USER, REQUEST))
        else:
            yield from segments_of(read_strings(item, here, "user", Scope.USER, REQUEST))


def _include(value: list[Json], place: Place) -> Found:
    """Names of what the answer is to have."""
    for index, item in enumerate(value):
        if not (isinstance(item, str) and is_name(item)):
            yield from segments_of(read_strings(item, (*place, index), "user", Scope.USER, REQUEST))


def segments_of(found: Iterable[Text | Uninspectable]) -> Found:
    for each in found:
        if isinstance(each, Uninspectable):
            yield each
        elif each.form is Form.JSON:
            yield from read_arguments(each.text, each.place, each.role, each.scope)
        else:
            yield Segment(each.text, each.role, each.scope, each.place, each.form, each.leaf, each.joins)
