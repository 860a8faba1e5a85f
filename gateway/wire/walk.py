"""The texts in a part of a body that a dialect has no name for: every string, so that a new field is guarded from its first day."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from detectors.encoded import encoded
from detectors.text.cards import Cards
from gateway.errors import BadRequest
from gateway.wire.model import Form, Json, Place

MAX_DEPTH = 64
_SHORT = 64
"""Ids, models and keys come back again and again; what is longer is not remembered."""

_IDENTIFIER = re.compile(r"(?!(?:[.:/+_-]*[0-9]){9,}[.:/+_-]*$)\$?[A-Za-z0-9_.:/+-]{1,256}")
"""What a structural string (an id, a type, a function's name, a word of JSON Schema) may look like. One that does not, that is a mere
number as long as somebody's or has a card's, a telephone's or a social security number in it, or that has text in it in base64 or
hexadecimal, is read as text.
"""

_LONG_NUMBER = re.compile(r"[0-9](?:[.:/+_-]?[0-9]){8}")
_GROUPED = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9]{3}-[0-9]{2}-[0-9]{4}|\+?(?:[0-9]{1,3}-)?[0-9]{3}-[0-9]{3}-[0-9]{4}|\+[0-9]{9,15})(?![A-Za-z0-9])"
)
"""A social security number, a telephone's: by their groups, for they have no check digit."""
_UUID = re.compile(r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
_DASHES = str.maketrans(".:/_", "----")
_CARDS = Cards(())

_NAME = re.compile(r"(?!(?:[^0-9]*[0-9]){4})\$?[A-Za-z0-9_.:/+-]{0,256}")
"""An identifier with fewer digits than any number has that means somebody (an IP address has four)."""

_ANONYMOUS = 10**6
"""Numbers smaller than this mean nobody."""


def number_text(value: Json) -> str | None:
    """A number that could be somebody's (a card's, a telephone's), as text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= _ANONYMOUS:
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return None


def strings(value: Json, place: Place, depth: int = 0, *, numbers: bool = False) -> Iterator[tuple[str, Place, Form]]:
    """Every non-empty string below ``place``, and every key that is more than a name; with ``numbers``, those of ``number_text`` too."""
    if isinstance(value, str):
        if value:
            yield value, place, Form.TEXT
    elif isinstance(value, (dict, list)):
        if depth > MAX_DEPTH:
            raise BadRequest("too_deep", "The body is nested too deeply.", dotted(place))
        if isinstance(value, dict):
            for key, item in value.items():
                if not is_name(key):
                    yield key, (*place, key), Form.KEY
                yield from strings(item, (*place, key), depth + 1, numbers=numbers)
        else:
            for index, item in enumerate(value):
                yield from strings(item, (*place, index), depth + 1, numbers=numbers)
    elif numbers and (text := number_text(value)):
        yield text, place, Form.TEXT


def is_structural(value: Json) -> bool:
    """Whether a value at a structural key can carry no prose: absent, a number, or an identifier."""
    if isinstance(value, str):
        return _is_remembered_identifier(value) if len(value) <= _SHORT else _is_identifier(value)
    return not isinstance(value, (dict, list))


def names(values: Iterable[Json]) -> tuple[str, ...]:
    """Those that can name what an endpoint keeps: any string. A random id may look like text; it is only ever looked up by its hash."""
    return tuple(value for value in values if isinstance(value, str) and value)


def is_name(text: str) -> bool:
    """Whether a key, or a value at a key like ``type``, is a mere name wherever it stands."""
    return _is_remembered_name(text) if len(text) <= _SHORT else _is_name(text)


def _is_identifier(text: str) -> bool:
    return not text or (bool(_IDENTIFIER.fullmatch(text)) and not has_number(text) and not encoded(text))


def has_number(text: str) -> bool:
    """Whether a word has a card's, a telephone's or a social security number in it. Digits among letters are nobody's, nor are a UUID's."""
    if not _LONG_NUMBER.search(text):
        return False
    dashed = _UUID.sub("", text).translate(_DASHES)
    return bool(_GROUPED.search(dashed)) or next(_CARDS.find(dashed, ""), None) is not None


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and not encoded(text)


_is_remembered_identifier = lru_cache(4096)(_is_identifier)
_is_remembered_name = lru_cache(4096)(_is_name)


def dotted(place: Place) -> str:
    """``messages.0.content``: how errors and records name a place. A key that is more than a name is not repeated."""
    return ".".join([str(step) if isinstance(step, int) else step if is_name(step) else "*" for step in place])
