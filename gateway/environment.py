"""Environment variables over the settings file.

``ODDGATE_<SECTION>__<KEY>`` sets one key (``ODDGATE_LISTEN__PORT=9000``, ``ODDGATE_DETECTORS__PII__WORKERS=2``), ``ODDGATE_<SECTION>``
a whole section, written as YAML (``ODDGATE_UPSTREAMS='[{name: a, base_url: …}]'``), and ``ODDGATE_UPSTREAM=URL`` is short for one OpenAI
upstream. An empty variable counts as not set. A variable with ``__`` that names no key is an error; others are left alone,
since platforms set some of their own (``ODDGATE_SERVICE_HOST``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from policies.positions import Node, parse
from policies.problems import Problem, ProblemsError

_PREFIX = "ODDGATE_"
_SHORTCUT = "ODDGATE_UPSTREAM"


def overlay(root: Node, env: Mapping[str, str], model: type[BaseModel], sections: frozenset[str]) -> Node:
    """The settings with the environment's values in place. ``sections`` are the names that may stand alone."""
    if env.get(_SHORTCUT) and env.get(_SHORTCUT + "S"):
        raise ProblemsError([Problem(f"${_SHORTCUT}", 0, "", f"${_SHORTCUT}S is set too; set one of them")])
    for name, path in _variables(env, sections):
        text, file = env[name], f"${name}"
        node = Node(text, file, 0) if _is_text(model, path) else _parsed(text, file)
        root = _put(root, path, node)
    if env.get(_SHORTCUT):
        root = _put(root, ("upstreams",), _one_upstream(env[_SHORTCUT]))
    return root


def _variables(env: Mapping[str, str], sections: frozenset[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Whole sections before their keys."""
    for name in sorted(env, key=lambda name: (name.count("__"), name)):
        path = tuple(name.removeprefix(_PREFIX).lower().split("__"))
        if name.startswith(_PREFIX) and env[name] and (len(path) > 1 or path[0] in sections):
            yield name, path


def _parsed(text: str, file: str) -> Node:
    node = parse(text, file)
    return node if "\n" in text else replace(node, line=0)


def _put(node: Node, path: tuple[str, ...], value: Node) -> Node:
    if not path:
        return value
    if node.mapping is None and not node.is_null:
        return node  # not a section: checking the settings will say so
    key, *rest = path
    below = (node.mapping or {}).get(key, Node(None, value.file, value.line))
    return replace(node, value=None, mapping={**(node.mapping or {}), key: _put(below, tuple(rest), value)})


def _one_upstream(url: str) -> Node:
    fields = {"name": "openai", "dialect": "openai", "base_url": url}
    file = f"${_SHORTCUT}"
    return Node(None, file, 0, items=(Node(None, file, 0, mapping={key: Node(value, file, 0) for key, value in fields.items()}),))


def _is_text(model: type[BaseModel], path: tuple[str, ...]) -> bool:
    """Whether the key at ``path`` takes a string, so that its variable is taken as it stands (a token may look like a number)."""
    annotation: Any = model
    for key in path:
        section = next((part for part in _leaves(annotation) if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if section is None or key not in section.model_fields:
            return False
        annotation = section.model_fields[key].annotation
    return all(_is_textual(part) for part in _leaves(annotation) if part is not type(None))


def _leaves(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 an annotation is any object
    """The alternatives of a union, without what only decorates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif origin in (Union, UnionType, Literal):
        for part in get_args(annotation):
            yield from _leaves(part)
    else:
        yield annotation


def _is_textual(part: object) -> bool:
    return isinstance(part, str) or (isinstance(part, type) and issubclass(part, (str, Path, SecretStr, Enum)))
