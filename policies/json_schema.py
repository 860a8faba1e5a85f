"""JSON Schemas (2020-12) of a policy's file and of its cases, made from the models that read them, so that an editor completes and checks.

A policy that extends others need not say what those say, and may take a key away by null: its file is held to a laxer form. What only
the whole of a policy tells (which ids there are, which patterns are safe) is left to ``load``: what is refused here is refused there as
well, not the other way round.
"""

import ast
import inspect
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Any, Protocol, get_args

from pydantic import BaseModel

from policies.policy import Policy
from policies.rehearsal.cases import Case

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Json = dict[str, Any]

_MERGED = frozenset({"rules", "flows"})  # lists that are merged item by item; every other one is replaced whole
_NULL: Json = {"type": "null"}
_SOLE = ("json_schema", "regex", "grammar")
# What the models' validators ask for besides: one end of a range at least, one form of an answer at most.
_VALIDATED: Mapping[str, Json] = {
    "Range": {"anyOf": [{"required": [end], "properties": {end: {"type": "number"}}} for end in ("min", "max")]},
    "OutputBounds": {
        "anyOf": [{"properties": {other: {"type": "null"} for other in _SOLE if other != sole}} for sole in _SOLE],
    },
}


class Vocabulary(Protocol):
    """What there is to detect, by name."""

    def names(self) -> Collection[str]: ...

    def entities(self, detect: str) -> Collection[str]: ...

    def is_of_domains(self, detect: str) -> bool:
        """Whether it is a policy's domain that asks for it, and no rule."""
        ...


def policy_schema(vocabulary: Vocabulary) -> Json:
    """Of a policy's file, with the detectors and entities that there are."""
    schema = _described(Policy)
    forms: dict[str, Json] = schema.pop("$defs")
    _name_detectors(forms["Rule"], vocabulary)
    forms["Policy"] = schema
    lax = {f"Lax{name}": _lax_form(name, form) for name, form in forms.items()}
    for name, more in _VALIDATED.items():
        forms[name] |= more
    several = _or_several(schema["properties"]["name"])
    extends = {"description": "A policy, or a list of them, on which this one is built; the first is the ground.", **several}
    without = {"description": "Ids of rules and flows of theirs that are left out.", "anyOf": [*several["anyOf"], _NULL]}
    forms["Policy"]["properties"] |= {"extends": extends, "without": {"type": ["array", "null"], "maxItems": 0}}
    lax["LaxPolicy"]["properties"] |= {"extends": extends, "without": without}
    builds_on_others = {
        "required": ["extends"],
        "properties": {"extends": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1}]}},
    }
    return {
        "$schema": DIALECT,
        "title": "oddgate policy",
        "if": builds_on_others,
        "then": {"$ref": "#/$defs/LaxPolicy"},
        "else": {"$ref": "#/$defs/Policy"},
        "$defs": forms | lax,
    }


def cases_schema() -> Json:
    """Of a file of cases."""
    schema = _described(Case)
    forms: dict[str, Json] = schema.pop("$defs")
    return {
        "$schema": DIALECT,
        "title": "oddgate policy cases",
        "type": "array",
        "items": {"$ref": "#/$defs/Case"},
        "$defs": forms | {"Case": schema},
    }


def _described(model: type[BaseModel]) -> Json:
    """The model's schema, with what its source says under each field, and without the titles that only repeat a key."""
    schema = model.model_json_schema()
    forms: dict[str, Json] = schema["$defs"]
    for each in _models(model):
        form = schema if each is model else forms[each.__name__]
        said = _docstrings(each)
        for name, field in each.model_fields.items():
            key = field.alias or name
            if name in said:
                form["properties"][key]["description"] = said[name]
    for form in (schema, *forms.values()):
        form.pop("title", None)
        for key in form.get("properties", {}).values():
            key.pop("title", None)
            if key.get("default", ...) is None or isinstance(key.get("default"), dict):
                del key["default"]  # "nothing", and the defaults of what is within, which stand there
    return schema


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and all that it is made of."""
    found = {model: None}
    rest = [model]
    while rest:
        for field in rest.pop().model_fields.values():
            new = [inner for inner in _models_in(field.annotation) if inner not in found]
            found |= dict.fromkeys(new)
            rest += new
    yield from found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 an annotation is any object
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string under each field, of the model's own and of what it inherits."""
    said: dict[str, str] = {}
    for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        definition = ast.parse(dedent(inspect.getsource(base))).body[0]
        body = definition.body if isinstance(definition, ast.ClassDef) else []
        for field, text in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                said[field.target.id] = inspect.cleandoc(str(ast.literal_eval(text.value)))
    return said


def _name_detectors(rule: Json, vocabulary: Vocabulary) -> None:
    """Detectors are those that there are; an entity may also be a pattern's own, so the known ones are only offered."""
    names = sorted(name for name in vocabulary.names() if not vocabulary.is_of_domains(name))
    entities = sorted({entity for name in names for entity in vocabulary.entities(name)})
    rule["properties"]["detect"] |= {"enum": names}
    listed = next(form for form in rule["properties"]["entities"]["anyOf"] if form.get("type") == "array")
    listed["items"] = {"anyOf": [{"enum": entities}, listed["items"]]}


def _or_several(name: Json) -> Json:
    return {"anyOf": [name, {"type": "array", "items": name}]}


def _lax_form(name: str, form: Json) -> Json:
    """Of a mapping that is laid over another one. What it is found by stays required."""
    if "properties" not in form:
        return form
    found_by = {"Policy": "name", "Rule": "id"}.get(name)
    kept = {key: child for key, child in form.items() if key != "required"}
    kept["properties"] = {key: child if key == found_by else _lax(child, key) for key, child in form["properties"].items()}
    return kept | ({"required": [found_by]} if found_by else {})


def _lax(form: Json, key: str = "") -> Json:
    """A value that may be null, and of which, if it is a mapping, a part will do."""
    said = {"description": form["description"]} if "description" in form else {}
    bare = {part: value for part, value in form.items() if part != "description"}
    choices = [_laid_over(choice, key) for choice in form.get("anyOf", [bare])]
    return {**said, "anyOf": [*(choice for choice in choices if choice != _NULL), _NULL]}


def _laid_over(form: Json, key: str) -> Json:
    if "$ref" in form:
        return {**form, "$ref": form["$ref"].replace("#/$defs/", "#/$defs/Lax")}
    if key in _MERGED and "items" in form:
        return {**form, "items": _laid_over(form["items"], "")}
    if "patternProperties" in form:
        return {**form, "patternProperties": {name: _lax(child) for name, child in form["patternProperties"].items()}}
    return form
