"""Fills a JSON schema with a plausible instance, using the values that stand in the user's text."""

import re
from collections.abc import Sequence
from typing import Any

from gateway.demo.values import Value, find_values, without_values

Json = dict[str, Any]

_MAX_DEPTH = 12
"""A schema may refer to itself; below this depth only optional parts are left out, and a value is null."""

_HINTS = (
    (("mail", "email", "recipient", "contact"), ("EMAIL_ADDRESS", "PERSON")),
    (("phone", "tel", "mobile"), ("PHONE_NUMBER",)),
    (("card",), ("CREDIT_CARD",)),
    (("iban", "account"), ("IBAN_CODE",)),
    (("ssn", "social"), ("US_SSN",)),
    (("url", "link", "site"), ("URL",)),
    (("city", "location", "place", "where"), ("LOCATION",)),
    (("name", "person", "customer", "user", "who"), ("PERSON",)),
    (("ip", "host", "address"), ("IP_ADDRESS", "EMAIL_ADDRESS")),
    (("to",), ("EMAIL_ADDRESS", "PHONE_NUMBER", "PERSON")),
)
_FREE_TEXT = ("subject", "title", "body", "text", "message", "query", "question", "summary", "note", "reason", "content")
_FORMATS = {"date": "2026-01-31", "time": "12:00:00Z", "date-time": "2026-01-31T12:00:00Z", "uuid": "00000000-0000-4000-8000-000000000000"}


def sample(schema: object, text: str) -> object:
    """An instance of ``schema``: ``sample({"type": "object", "properties": {"email": {"type": "string"}}}, "mail a@b.org")``."""
    return _Sampler(schema, text).fill(schema, "", 0)


def sample_arguments(parameters: Json, text: str) -> Json:
    """The arguments of a tool call: always an object, whatever the schema of the parameters says of itself."""
    return _Sampler(parameters, text).fill_object(parameters, 0)


class _Sampler:
    def __init__(self, root: object, text: str) -> None:
        self._root = root
        self._text = text
        self._values = find_values(text)

    def fill(self, schema: object, name: str, depth: int) -> object:
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if options := schema.get("enum"):
            return next((option for option in options if isinstance(option, str) and option.lower() in self._text.lower()), options[0])
        if alternatives := schema.get("anyOf") or schema.get("oneOf"):
            return self.fill(next((each for each in alternatives if each != {"type": "null"}), {}), name, depth + 1)
        return self._fill_type(schema, name, depth)

    def _resolve(self, schema: object) -> Json:
        for _ in range(_MAX_DEPTH):
            if not isinstance(schema, dict):
                return {}
            if not isinstance(reference := schema.get("$ref"), str):
                return schema
            schema = self._root
            for step in reference.removeprefix("#").strip("/").split("/"):
                schema = schema.get(step, {}) if step and isinstance(schema, dict) else schema
        return {}

    def _fill_type(self, schema: Json, name: str, depth: int) -> object:
        match schema.get("type", "object" if "properties" in schema else "string"):
            case [first, *_] | str(first) if depth > _MAX_DEPTH or first == "null":
                return None
            case "object" | ["object", *_]:
                return self.fill_object(schema, depth)
            case "array" | ["array", *_]:
                return [self.fill(schema.get("items", {}), name, depth + 1) for _ in range(max(1, schema.get("minItems", 1)))]
            case "integer" | ["integer", *_]:
                return self._number(schema)
            case "number" | ["number", *_]:
                return float(self._number(schema))
            case "boolean" | ["boolean", *_]:
                return True
            case _:
                return self._string(schema, name)

    def fill_object(self, schema: Json, depth: int) -> Json:
        properties = schema.get("properties", {})
        wanted = properties if depth < 2 else [key for key in properties if key in schema.get("required", ())]
        return {key: self.fill(properties[key], key, depth + 1) for key in wanted}

    def _number(self, schema: Json) -> int:
        found = re.search(r"(?<![\w.-])\d{1,6}(?![\w-])", without_values(self._text))
        number = int(found[0]) if found else 1
        number = max(number, schema.get("minimum", number))
        return int(min(number, schema.get("maximum", number)))

    def _string(self, schema: Json, name: str) -> str:
        if sample_of_format := _FORMATS.get(schema.get("format", "")):
            return sample_of_format
        words = re.findall(r"[a-z]+", re.sub(r"([A-Z])", r" \1", name).lower())
        kinds = ("EMAIL_ADDRESS",) if schema.get("format") == "email" else _wanted_kinds(words)
        if value := _first(self._values, kinds):
            return value
        if self._values and not any(word in _FREE_TEXT for word in words):
            return self._values[0].text
        return self._text[: schema.get("maxLength", 80)]


def _wanted_kinds(words: Sequence[str]) -> tuple[str, ...]:
    return next((kinds for hints, kinds in _HINTS if any(word.startswith(hints) for word in words)), ())


def _first(values: Sequence[Value], kinds: Sequence[str]) -> str | None:
    return next((value.text for kind in kinds for value in values if value.kind == kind), None)
