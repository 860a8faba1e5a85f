"""What a schema may be made of: the keywords that JSON Schema knows, and how large a schema may be.

A keyword that JSON Schema does not know means nothing to it: a misspelt ``requierd`` would ask for nothing, silently. So it is an error.
So are other ways to refer than by a pointer into the schema itself: nothing is fetched, and all that there is to follow is seen at load.
"""

import math
from collections.abc import Iterator
from typing import Any

from detectors.parsers.contract import Json, ParserError

DRAFTS = {
    "http://json-schema.org/draft-07/schema": 7,
    "https://json-schema.org/draft/2019-09/schema": 2019,
    "https://json-schema.org/draft/2020-12/schema": 2020,
}
MAX_VALUES = 20_000
MAX_DEPTH = 100

_SCHEMA = frozenset({
    "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_LISTS = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_MAPS = frozenset({"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"})
_VALUES = frozenset({
    "$comment", "$id", "$ref", "$schema",
    "const", "contentEncoding", "contentMediaType", "default", "dependentRequired", "deprecated", "description", "enum", "examples",
    "exclusiveMaximum", "exclusiveMinimum", "format", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains",
    "minItems", "minLength", "minProperties", "minimum", "multipleOf", "pattern", "readOnly", "required", "title", "type", "uniqueItems",
    "writeOnly",
})  # fmt: skip
_KNOWN = _SCHEMA | _LISTS | _MAPS | _VALUES
_NOT_OF = {  # known, but not to this draft
    7: frozenset({
        "contentSchema", "dependentRequired", "dependentSchemas", "maxContains", "minContains", "prefixItems", "unevaluatedItems",
        "unevaluatedProperties",
    }),
    2019: frozenset({"dependencies", "prefixItems"}),
    2020: frozenset({"additionalItems", "dependencies"}),
}  # fmt: skip

Schema = dict[str, Any] | bool


def draft(schema: Schema) -> int:
    """Which draft a schema is of; 2020-12 where it does not say."""
    name = schema.get("$schema") if isinstance(schema, dict) else None
    if name is None:
        return 2020
    known = DRAFTS.get(name.rstrip("#")) if isinstance(name, str) else None
    if known is None:
        raise ParserError("$", "$schema must be draft-07, 2019-09 or 2020-12")
    return known


def names(schema: Schema) -> frozenset[str]:
    """Every name of a property that the schema says, after a look at each of its keywords."""
    found: set[str] = set()
    known = _KNOWN - _NOT_OF[draft(schema)]
    for place, each in subschemas("$", schema):
        unknown = next((key for key in each if key not in known and not key.startswith("x-")), None)
        if unknown is not None:
            raise ParserError(place, f"{unknown!r} is no keyword that can be used in this draft of JSON Schema")
        if "$id" in each and each is not schema:
            raise ParserError(place, "only the schema as a whole may have an $id")
        properties, required = each.get("properties"), each.get("required")
        found.update(properties if isinstance(properties, dict) else ())
        found.update(name for name in (required if isinstance(required, list) else ()) if isinstance(name, str))
    return frozenset(found)


def subschemas(place: str, schema: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema in a schema that is not just true or false, with where it is; itself first."""
    if not isinstance(schema, dict):
        return
    yield place, schema
    for key, value in schema.items():
        if key in _LISTS and isinstance(value, list):
            for index, each in enumerate(value):
                yield from subschemas(f"{place}.{key}[{index}]", each)
        elif key in _SCHEMA:
            yield from subschemas(f"{place}.{key}", value)
        elif key in _MAPS and isinstance(value, dict):
            for name, each in value.items():
                yield from subschemas(f"{place}.{key}.{name}", each)


def copied(value: object) -> Json:
    """A schema as plain JSON, of a bounded size and depth: YAML has dates, keys that are numbers, and values that hold themselves."""
    left = MAX_VALUES

    def copy(value: object, place: str, depth: int) -> Json:
        nonlocal left
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            raise ParserError(place, f"a schema has at most {MAX_VALUES} values, at most {MAX_DEPTH} deep")
        if isinstance(value, dict):
            wrong = next((key for key in value if not isinstance(key, str)), None)
            if wrong is not None:
                raise ParserError(place, f"the key {wrong!r} must be a text: quote it")
            return {key: copy(each, f"{place}.{key}", depth + 1) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [copy(each, f"{place}[{index}]", depth + 1) for index, each in enumerate(value)]
        if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
            return value
        raise ParserError(place, f"{type(value).__name__} is no value of JSON: quote it")

    return copy(value, "$", 0)
