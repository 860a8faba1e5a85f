"""From positioned YAML to a pydantic model, and from pydantic's errors to problems with a line.

The value is handed over as JSON, so that strict types mean what they should there: a list is a list, an enum is one of its words,
and nothing is converted.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policies.positions import Loc, Node
from policies.problems import Problem, ProblemsError, allowed, key_of

Model = TypeVar("Model", bound=BaseModel)

# Pydantic's error types in our words; {names} are from the error's context.
_WORDS = {
    "missing": "this key is required",
    "string_type": "must be a string; put it in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (key: value)",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "value_error": "{error}",
}

_FOLLOWING = frozenset({"default_factory_not_called"})
"""What is wrong only because something else is."""


def validate(model: type[Model], root: Node, context: Mapping[str, object] | None = None) -> Model:
    """The model's instance, or ``ProblemsError`` with every problem that was found."""
    try:
        text = json.dumps(root.plain(), allow_nan=False)
    except ValueError:
        raise ProblemsError(problem_at(root, loc, "must be a finite number") for loc in _not_finite(root)) from None
    try:
        return model.model_validate_json(text, context=dict(context or {}))
    except ValidationError as error:
        raise ProblemsError(_problems(model, root, error)) from None


def _not_finite(node: Node, at: Loc = ()) -> Iterator[Loc]:
    if isinstance(node.value, float) and not isfinite(node.value):
        yield at
    for key, child in (node.mapping or {}).items():
        yield from _not_finite(child, (*at, key))
    for index, child in enumerate(node.items or ()):
        yield from _not_finite(child, (*at, index))


def problem_at(root: Node, loc: Loc, message: str) -> Problem:
    """A problem of the value at ``loc``."""
    loc = tuple(part for part in loc if part != "[key]")  # how pydantic says that the key itself is wrong
    node = root.at(loc)
    return Problem(node.file, node.line, key_of(loc), message)


def _problems(model: type[BaseModel], root: Node, error: ValidationError) -> Iterable[Problem]:
    details = [detail for detail in error.errors(include_url=False) if detail["type"] not in _FOLLOWING]
    within = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    # A list is also called too short where one of its entries is wrong.
    told = (detail for detail in details if not (detail["type"] == "too_short" and detail["loc"] in within))
    found = (problem_at(root, detail["loc"], _message(model, detail)) for detail in told)
    return sorted(found, key=lambda problem: (problem.file, problem.line))


def _message(model: type[BaseModel], detail: ErrorDetails) -> str:
    loc, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {allowed(str(loc[-1]), _keys(_model_at(model, loc[:-1])))}"
    if kind == "model_type":
        return f"must be a mapping; allowed keys: {', '.join(_keys(_model_at(model, loc)))}"
    if kind in ("enum", "literal_error"):
        return _not_one_of(detail["input"], re.findall(r"'([^']*)'", context["expected"]))
    words = _WORDS.get(kind)
    return words.format(**context) if words else detail["msg"]


def _not_one_of(value: object, choices: list[str]) -> str:
    if isinstance(value, str):
        return f"{value[:40]!r} is not allowed here; {allowed(value, choices)}"
    return f"must be a string; allowed: {', '.join(choices)}"


def _keys(model: type[BaseModel] | None) -> list[str]:
    return list(model.model_fields) if model else []


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The model that describes the mapping at ``loc``."""
    at: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, str) and at is not None:
            at = _model_in(at.model_fields[part].annotation)
    return at


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 an annotation is any object
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
