"""What of a schema can be told early: a graph of rules, each a subschema's part that speaks of one value or of what is directly in it.

A rule asks nothing that its schema does not ask: what can be told of whole values only (``not``, ``if``, ``contains``, …) is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from detectors.parsers import keywords, library, reasons
from detectors.parsers.contract import ParserError
from detectors.parsers.keywords import Schema
from detectors.parsers.library import Check

MAX_ALTERNATIVES = 200
MAX_LISTED = 50
LONGEST_LISTED = 1000
_ITSELF = "refers to itself, and so says nothing"
_TOO_MANY = f"has more than {MAX_ALTERNATIVES} alternatives and references to follow for one value"
_SCALAR = frozenset({
    "const", "enum", "exclusiveMaximum", "exclusiveMinimum", "format", "maxLength", "maximum", "minLength", "minimum", "multipleOf",
    "pattern", "type",
})  # fmt: skip

Matches = Callable[[str], bool]
_TYPES = {"integer": "number"}


@dataclass(slots=True, eq=False)
class Rule:
    """Filled while the graph is built, as schemas refer to themselves; then left alone.

    ``also``, ``choices`` and ``late`` speak of the same value: all of ``also``, of each of ``choices`` one at least, and ``late`` in some
    other way, which is left to the library. ``flat`` and ``groups`` are the first two followed through: every rule that surely holds of
    the value, and every choice; ``closure`` is all three followed through.
    """

    place: str
    kinds: frozenset[str] | None = None  # what JSON has: an integer is a number there
    must_be: str = ""
    scalar: Check | None = None
    max_length: int | None = None
    listed: tuple[str, ...] | None = None  # every text that it may be, if they are few
    properties: dict[str, "Rule"] = field(default_factory=dict)
    patterns: tuple[tuple[Matches, "Rule"], ...] = ()
    additional: "Rule | None" = None
    closed: tuple[str, ...] | None = None  # every name that a property may have, if they are few
    required: frozenset[str] = frozenset()
    min_properties: int = 0
    max_properties: int | None = None
    prefix: tuple["Rule", ...] = ()
    items: "Rule | None" = None
    min_items: int = 0
    max_items: int | None = None
    also: tuple["Rule", ...] = ()
    choices: tuple[tuple["Rule", ...], ...] = ()
    late: tuple["Rule", ...] = ()
    within: tuple["Rule", ...] = ()  # of any of its properties or items, in a way that is left to the library
    closure: tuple["Rule", ...] = ()
    flat: tuple["Rule", ...] = ()
    groups: tuple[tuple["Rule", ...], ...] = ()

    def of_property(self, name: str) -> "list[Rule]":
        """What is asked of the value of a property."""
        found = [rule for matches, rule in self.patterns if matches(name)]
        if name in self.properties:
            found.append(self.properties[name])
        return found or ([] if self.additional is None else [self.additional])

    def of_item(self, index: int) -> "Rule | None":
        return self.prefix[index] if index < len(self.prefix) else self.items


def build(schema: Schema) -> tuple[Rule, list[Rule]]:
    """The rule of a schema that the library takes, and all the rules that it leads to."""
    builder = _Builder(schema)
    root = builder.root()
    for rule in builder.made:
        _follow(rule)
        _close(rule)
    return root, builder.made


def _follow(rule: Rule) -> None:
    """Fills ``flat`` and ``groups``."""
    flat: dict[Rule, None] = {}
    groups: list[tuple[Rule, ...]] = []

    def follow(each: Rule, above: tuple[Rule, ...]) -> None:
        if each in above:
            raise ParserError(each.place, _ITSELF)
        if each in flat:
            return
        flat[each] = None
        if len(flat) > MAX_ALTERNATIVES:
            raise ParserError(rule.place, _TOO_MANY)
        groups.extend(each.choices)
        for other in each.also:
            follow(other, (*above, each))

    follow(rule, ())
    rule.flat, rule.groups = tuple(flat), tuple(groups)


def _close(rule: Rule) -> None:
    """Fills ``closure``. No rule leads back to itself for the same value, and what there is to follow for one value is bounded."""
    closure: list[Rule] = []

    def walk(each: Rule, above: tuple[Rule, ...]) -> None:
        if each in above:
            raise ParserError(each.place, _ITSELF)
        closure.append(each)
        if len(closure) > MAX_ALTERNATIVES:
            raise ParserError(rule.place, _TOO_MANY)
        for other in (*each.also, *(one for group in each.choices for one in group), *each.late):
            walk(other, (*above, each))

    walk(rule, ())
    rule.closure = tuple(closure)


class _Builder:
    """Makes a rule of each subschema that the root leads to, once, however often it is referred to."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._draft = keywords.draft(root)
        self._subschemas = {id(each) for _, each in keywords.subschemas("$", root)}
        self._by_schema: dict[int, Rule] = {}
        self._checks: dict[str, Check] = {}
        self._unfilled: list[tuple[Rule, dict[str, Any]]] = []
        self.made: list[Rule] = []

    def root(self) -> Rule:
        root = self._rule(self._root, "$")
        while self._unfilled:
            self._fill(*self._unfilled.pop())
        return root

    def _rule(self, schema: Schema, place: str) -> Rule:
        known = self._by_schema.get(id(schema)) if isinstance(schema, dict) else None
        if known is not None:
            return known
        rule = Rule(place)
        self.made.append(rule)
        if schema is False:
            rule.kinds = frozenset()
        elif isinstance(schema, dict):
            self._by_schema[id(schema)] = rule
            self._unfilled.append((rule, schema))
        return rule

    def _fill(self, rule: Rule, schema: dict[str, Any]) -> None:
        if self._draft == 7 and "$ref" in schema:  # there, a reference stands for all of its schema
            schema = {"$ref": schema["$ref"]}
        self._fill_scalar(rule, schema)
        self._fill_object(rule, schema)
        self._fill_array(rule, schema)
        also = [self._rule(each, f"{rule.place}.allOf[{index}]") for index, each in enumerate(schema.get("allOf", ()))]
        if "$ref" in schema:
            also.append(self._rule(self._target(schema["$ref"], rule.place), "$" + schema["$ref"][1:].replace("/", ".")))
        rule.also = tuple(also)
        rule.choices = tuple(
            tuple(self._rule(each, f"{rule.place}.{keyword}[{index}]") for index, each in enumerate(schema[keyword]))
            for keyword in ("anyOf", "oneOf")
            if keyword in schema
        )
        rule.late = tuple(self._late(rule, schema))
        rule.within = tuple(
            self._rule(schema[keyword], f"{rule.place}.{keyword}")
            for keyword in ("contains", "unevaluatedItems", "unevaluatedProperties")
            if keyword in schema
        )

    def _late(self, rule: Rule, schema: dict[str, Any]) -> Iterator[Rule]:
        """What else speaks of the value: only how much there is of it is told from these."""
        for keyword in ("not", "if", "then", "else"):
            if keyword in schema:
                yield self._rule(schema[keyword], f"{rule.place}.{keyword}")
        for keyword in ("dependentSchemas", "dependencies"):
            for each in schema.get(keyword, {}).values():
                if isinstance(each, dict | bool):
                    yield self._rule(each, f"{rule.place}.{keyword}")
        if schema.keys() & {"unevaluatedItems", "unevaluatedProperties"}:  # for these all alternatives are looked at once more
            yield from (each for group in rule.choices for each in group)
            yield from rule.also

    def _fill_scalar(self, rule: Rule, schema: dict[str, Any]) -> None:
        if "type" in schema:
            types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
            rule.kinds, rule.must_be = frozenset(_TYPES.get(each, each) for each in types), reasons.must_be(types)
        listed = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else None
        if listed is not None:
            if rule.kinds is None:
                rule.kinds, rule.must_be = frozenset(_kind(each) for each in listed), reasons.NOT_LISTED
            rule.listed = _short([each for each in listed if isinstance(each, str)])
        rule.max_length = _count(schema, "maxLength")
        asked = {keyword: schema[keyword] for keyword in sorted(_SCALAR & schema.keys())}
        if asked.keys() - {"type"} or "integer" in schema.get("type", ()):
            key = repr(asked)
            if key not in self._checks:
                self._checks[key] = library.check(asked, rule.place)
            rule.scalar = self._checks[key]

    def _fill_object(self, rule: Rule, schema: dict[str, Any]) -> None:
        place = rule.place
        rule.properties = {name: self._rule(each, f"{place}.properties.{name}") for name, each in schema.get("properties", {}).items()}
        rule.patterns = tuple(
            (library.validator({"pattern": pattern}, place).is_valid, self._rule(each, f"{place}.patternProperties.{pattern}"))
            for pattern, each in schema.get("patternProperties", {}).items()
        )
        if "additionalProperties" in schema:
            rule.additional = self._rule(schema["additionalProperties"], f"{place}.additionalProperties")
            if schema["additionalProperties"] is False and not rule.patterns:
                rule.closed = _short(list(rule.properties))
        rule.required = frozenset(schema.get("required", ()))
        rule.min_properties = int(schema.get("minProperties", 0))
        rule.max_properties = _count(schema, "maxProperties")

    def _fill_array(self, rule: Rule, schema: dict[str, Any]) -> None:
        items = schema.get("items")
        first, rest = (items, schema.get("additionalItems")) if isinstance(items, list) else (schema.get("prefixItems", ()), items)
        rule.prefix = tuple(self._rule(each, f"{rule.place}.prefixItems[{index}]") for index, each in enumerate(first))
        rule.items = None if rest is None else self._rule(rest, f"{rule.place}.items")
        rule.min_items = int(schema.get("minItems", 0))
        rule.max_items = _count(schema, "maxItems")

    def _target(self, reference: str, place: str) -> Schema:
        found: Any = self._root if reference == "#" or reference.startswith("#/") else None
        for step in reference.removeprefix("#").split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(name)
            else:
                found = found[int(name)] if isinstance(found, list) and name.isdecimal() and int(name) < len(found) else None
        if not isinstance(found, bool) and id(found) not in self._subschemas:
            raise ParserError(place, "$ref must lead to a part of this schema: #/$defs/name")
        return cast("Schema", found)  # one of the subschemas


def _kind(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case None:
            return "null"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"


def _short(texts: list[str]) -> tuple[str, ...] | None:
    """Texts that are few and short enough to be compared with a beginning, at every piece of it."""
    return tuple(texts) if len(texts) <= MAX_LISTED and all(len(each) <= LONGEST_LISTED for each in texts) else None


def _count(schema: dict[str, Any], keyword: str) -> int | None:
    return int(schema[keyword]) if keyword in schema else None
