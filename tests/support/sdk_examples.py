"""Examples of an SDK's own types, each text of them another: what a dialect must have a place for."""

import itertools
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Json = Any


def variants(union: Any) -> tuple[type[BaseModel], ...]:
    """The models of a union, wherever it is annotated."""
    while get_origin(union) is Annotated:
        union = get_args(union)[0]
    if get_origin(union) in (Union, types.UnionType):
        return tuple(itertools.chain.from_iterable(variants(each) for each in get_args(union)))
    return (union,) if isinstance(union, type) and issubclass(union, BaseModel) else ()


def examples(model: type[BaseModel]) -> list[Json]:
    """Examples of a model in which every field has a value, and every alternative of a field its turn."""
    counter = itertools.count()
    found: list[Json] = []
    for turn in range(64):
        made = _value(model, turn, counter, 0)
        found.append(made)
        if turn >= _width(model, 0):
            break
    return found


def prose(value: Json) -> Iterator[str]:
    """The texts that ``examples`` has put in."""
    if isinstance(value, str) and value.startswith("prose "):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from prose(item)
    elif isinstance(value, list):
        for item in value:
            yield from prose(item)


def _choices(kind: Any) -> list[Any]:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        return [choice for each in get_args(kind) if each is not type(None) for choice in _choices(each)]
    return [kind]


def _width(kind: Any, depth: int) -> int:
    """How many turns it takes for each alternative to have had one."""
    widths = [len(_choices(kind))]
    for choice in _choices(kind):
        if depth < 6 and isinstance(choice, type) and issubclass(choice, BaseModel):
            widths += [_width(field.annotation, depth + 1) for field in choice.model_fields.values()]
        elif get_origin(choice) is list:
            widths.append(_width(get_args(choice)[0], depth + 1))
    return max(widths)


def _value(kind: Any, turn: int, counter: Iterator[int], depth: int) -> Json:
    choices = _choices(kind)
    kind = choices[turn % len(choices)]
    if get_origin(kind) is Literal:
        return get_args(kind)[turn % len(get_args(kind))]
    if get_origin(kind) is list:
        return [_value(get_args(kind)[0], turn, counter, depth)]
    if get_origin(kind) is dict:
        return {"key": _value(get_args(kind)[1], turn, counter, depth)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items() if depth < 8 else ()
        return {field.alias or name: _value(field.annotation, turn, counter, depth + 1) for name, field in fields}
    plain = {bool: True, int: 1, float: 0.5}
    return plain[kind] if kind in plain else f"prose {next(counter)} of somebody"
