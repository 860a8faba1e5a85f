"""Random values, schemas that may or may not fit them, and the many ways in which JSON may be written."""

import json
from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "ab", "é", "a b"])
TEXTS = st.sampled_from(["", "x", "xy", "red", "reddish", "é😀", 'q"\\\n', "2020-01-31"])
NUMBERS = st.sampled_from([0, 1, -1, 2, 1.0, 0.5, -2.5, 100, 1e3, 10**20])
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=8
)
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
SMALL = st.integers(0, 3)
DEFINED = ["one", "two"]


@st.composite
def documents(draw: st.DrawFn, value: Any) -> Any:
    """A whole schema that often, not always, takes a value, with definitions that are referred to."""
    return {**_schema(draw, value, 3), "$defs": {"one": _schema(draw, 1, 0), "two": _schema(draw, value, 0)}}


def _schema(draw: st.DrawFn, value: Any, depth: int) -> dict[str, Any]:
    """Of a few keywords, each drawn only where it is wanted."""
    known = _ANY + _OF_TYPE[_type(value)] + (["$ref"] if depth else [])
    wanted = draw(st.lists(st.sampled_from(known), max_size=3, unique=True))
    return {keyword: _argument(draw, keyword, value, depth) for keyword in wanted if depth or keyword in _FLAT}


_ANY = ["type", "type", "enum", "const", "allOf", "anyOf", "anyOf", "oneOf", "not", "if", "then"]
_OF_TYPE = {
    "array": ["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"],
    "boolean": [],
    "null": [],
    "number": ["minimum", "exclusiveMaximum", "multipleOf"],
    "object": [
        "properties", "properties", "additionalProperties", "required", "minProperties", "maxProperties", "patternProperties",
        "propertyNames", "unevaluatedProperties",
    ],
    "string": ["minLength", "maxLength", "pattern", "format"],
}  # fmt: skip
_FLAT: dict[str, st.SearchStrategy[Any]] = {
    "type": st.one_of(st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True)),
    "enum": st.lists(SCALARS, min_size=1, max_size=3),
    "const": SCALARS,
    "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
    "minimum": NUMBERS,
    "exclusiveMaximum": NUMBERS,
    "multipleOf": st.sampled_from([1, 0.5]),
    "minLength": SMALL,
    "maxLength": st.integers(0, 8),
    "pattern": st.sampled_from(["^r", "x", "^[0-9]+-"]),
    "format": st.sampled_from(["date", "ipv4"]),
    "minItems": SMALL,
    "maxItems": SMALL,
    "uniqueItems": st.booleans(),
    "unevaluatedItems": st.booleans(),
    "minProperties": SMALL,
    "maxProperties": SMALL,
    "unevaluatedProperties": st.booleans(),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "propertyNames": st.sampled_from([{"maxLength": 1}, {"enum": ["a", "b"]}, {"type": "string"}]),
}


def _argument(draw: st.DrawFn, keyword: str, value: Any, depth: int) -> Any:
    if keyword in ("type", "enum", "const") and draw(st.booleans()):
        return {"type": _type(value), "enum": [value, "x"], "const": value}[keyword]
    if keyword in _FLAT:
        return draw(_FLAT[keyword])
    held = value[0] if isinstance(value, list) and value else next(iter(value.values()), 0) if isinstance(value, dict) else value
    match keyword:
        case "allOf" | "anyOf" | "oneOf":
            return [_schema(draw, each, depth - 1) for each in draw(st.sampled_from([[value], [value, ""], [0, value, None]]))]
        case "prefixItems":
            return [_schema(draw, each, depth - 1) for each in [*value[:2], ""]]
        case "properties":
            return {name: _schema(draw, each, depth - 1) for name, each in [*value.items(), ("b", held)]}
        case "patternProperties":
            return {"^a": _schema(draw, held, depth - 1)}
        case "additionalProperties" | "items" if draw(st.booleans()):
            return draw(st.booleans())
        case "not":
            return _schema(draw, 0, depth - 1)
        case "if" | "then":
            return _schema(draw, value, depth - 1)
        case _:
            return _schema(draw, held, depth - 1)


def _type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """A value as JSON: any space, any order of properties, any escapes, any way to write a number."""

    def space() -> str:
        return draw(st.sampled_from(["", "", " ", "\n\t ", "\r\n"]))

    def string(text: str) -> str:
        return "".join(draw(st.sampled_from([json.dumps(each), json.dumps(each, ensure_ascii=False)]))[1:-1] for each in text)

    def number(value: float) -> str:
        ways = [json.dumps(value)]
        if value == int(value) and abs(value) < 2**53:
            ways += [f"{int(value)}.0", f"{int(value)}e0", f"{int(value)}.00E+0"]
        return draw(st.sampled_from(ways))

    def write(value: Any) -> str:
        match value:
            case bool() | None:
                text = json.dumps(value)
            case str():
                text = f'"{string(value)}"'
            case int() | float():
                text = number(value)
            case list():
                text = "[" + ",".join(write(each) for each in value) + (space() if not value else "") + "]"
            case _:
                pairs = draw(st.permutations(list(value.items())))
                text = "{" + ",".join(f'{space()}"{string(name)}"{space()}:{write(each)}' for name, each in pairs) + space() + "}"
        return space() + text + space()

    return write(value)


@st.composite
def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """A text, cut anywhere."""
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    return [text[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(text)], strict=True)]
