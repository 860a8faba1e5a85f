"""Numbers in an answer that could be somebody's: a card's number needs no quotes, so it is read as a text would be, wherever it stands.

What a dialect reads as JSON or as a number itself is not read again. An edit puts a string in the number's place.
"""

import re

from gateway.errors import BadRequest
from gateway.wire.model import Delta, Event, Form, Json, Kind, Place, Uninspectable
from gateway.wire.walk import MAX_DEPTH, number_text
from policies.vocabulary import Scope

_MAY = re.compile(
    rb"[\[:, \t\r\n](?=-?[0-9])"
    rb'(?!(?<="created":)1[0-9]{9}[,}])(?!(?<="created": )1[0-9]{9}[,}])'  # the time, as nearly all events have it
    rb"-?[0-9](?:[0-9]{6}|[0-9.]*[eE]\+?[0-9])"
)
"""A long number outside strings, or what looks like one inside."""

_COUNTS = frozenset({"bytes", "usage_bytes", "total_bytes", "size_bytes", "sequence_number", "seed"})
_SECONDS = range(10**9, 2**31)
_COUNTED = range(10**10)


def may_have_numbers(raw: bytes) -> bool:
    """Whether a JSON object or array may hold a number that ``read_numbers`` would give; False is sure."""
    return _MAY.search(raw) is not None


def read_numbers(event: Event) -> list[Delta]:
    """Those that none of the event's texts has. Raises BadRequest (``too_deep``)."""
    found: list[Delta] = []
    _walk(event.body, (), {delta.place for delta in event.deltas}, found)
    return found


def is_bookkeeping(key: str | int, value: Json) -> bool:
    """Whether a number is a time, a size or a count, by its key and by how large it is."""
    if not isinstance(key, str) or not isinstance(value, (int, float)):
        return False
    if key == "created" or key.endswith("_at"):
        return int(value) in _SECONDS
    return isinstance(value, int) and value in _COUNTED and (key in _COUNTS or key.endswith("_tokens"))


def read_number(text: str, place: Place, scope: Scope) -> Delta:
    """A number that is all of the answer has no place at which it could be rewritten."""
    return Delta(("number", *place), scope, text, place, Form.TEXT if place else Form.KEY, closes=True)


def _walk(value: Json, place: Place, read: set[Place], found: list[Delta]) -> None:
    if isinstance(value, (dict, list)):
        if len(place) > MAX_DEPTH:
            raise BadRequest("too_deep", "The body is nested too deeply.")
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if not (item is None or isinstance(item, (str, bool)) or is_bookkeeping(key, item)) and (here := (*place, key)) not in read:
                _walk(item, here, read, found)
    elif text := number_text(value):
        found.append(read_number(text, place, Scope.OUTPUT))


def with_numbers(event: Event) -> None:
    """Add an event's numbers to its texts."""
    body = event.body
    if event.has_numbers or not (isinstance(body, (int, float)) or (body and not isinstance(body, str) and may_have_numbers(event.raw))):
        return
    event.has_numbers = True
    try:
        event.deltas = (*event.deltas, *read_numbers(event))
    except BadRequest:
        event.uninspectable = (*event.uninspectable, Uninspectable(Kind.UNKNOWN, ()))
