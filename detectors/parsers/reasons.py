"""How a violation of a schema is said: the place and what is asked of it, and nothing of the text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)
_ARTICLES = {"array": "an array", "integer": "an integer", "null": "null", "object": "an object"}

NO_ALTERNATIVE = "fits none of its alternatives"
NOT_ALLOWED = "has a property that is not allowed"
NOT_LISTED = "must be one of the listed values"
_PHRASES = {
    "additionalItems": "has more items than are allowed",
    "additionalProperties": NOT_ALLOWED,
    "anyOf": NO_ALTERNATIVE,
    "const": NOT_LISTED,
    "contains": "must have an item that it lacks",
    "enum": NOT_LISTED,
    "falseSchema": "must not be there",
    "not": "is what it must not be",
    "oneOfMultipleValid": "fits more than one of its alternatives",
    "oneOfNotValid": NO_ALTERNATIVE,
    "pattern": "must match the pattern",
    "propertyNames": "has a property whose name is not allowed",
    "unevaluatedItems": "has more items than are allowed",
    "unevaluatedProperties": NOT_ALLOWED,
    "uniqueItems": "must not have equal items",
}
_LIMITS = {
    "exclusiveMaximum": "must be less than {}",
    "exclusiveMinimum": "must be more than {}",
    "maxItems": "must have at most {} items",
    "maxLength": "must have at most {} characters",
    "maxProperties": "must have at most {} properties",
    "maximum": "must be at most {}",
    "minItems": "must have at least {} items",
    "minLength": "must have at least {} characters",
    "minProperties": "must have at least {} properties",
    "minimum": "must be at least {}",
}


def place(path: Sequence[str | int], known: frozenset[str]) -> str:
    """Where in a document: ``$.items[3].price``. A name that the schema does not know is the text's own, and is not said: ``$.*``."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else _name(step, known) for step in path)


def _name(name: str, known: frozenset[str]) -> str:
    if name not in known:
        return ".*"
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{name[:64]!r}]"


def must_be(types: Sequence[str]) -> str:
    return "must be " + " or ".join(_ARTICLES.get(each, f"a {each}") for each in types)


def must_have(name: str) -> str:
    return f"must have the property {name[:64]!r}"


def limit(keyword: str, bound: object) -> str:
    return _LIMITS[keyword].format(bound)


def phrase(keyword: str, told: Mapping[str, Any]) -> str:
    """What a keyword asks; ``told`` is what the library tells of the error, of which only what comes from the schema is said."""
    if keyword == "type":
        return must_be(sorted(told["types"]))
    if keyword == "required":
        return must_have(told["property"])
    if keyword == "format":
        return f"must be of the format {told['format']}"
    if keyword in _LIMITS:
        return limit(keyword, told["limit"])
    return _PHRASES.get(keyword, f"does not satisfy {keyword}")
