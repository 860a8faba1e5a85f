"""One policy from several: ``extends`` names those that a file builds on, and there is one order in which they are merged.

    extends: [default, agents]         # the first is the ground, each next one lies over it, and the file itself lies on top
    without: [pii-in-answers]          # rules and flows of theirs, by id, that are left out

* A mapping is merged key by key, to any depth; what lies on top wins. A key that is null there is as if it had never been written.
* ``rules`` and ``flows`` are merged by ``id``: one with a known id is laid over it, key by key, and keeps its place; the others follow.
* Every other list, and every value, replaces the one below it.
* A policy's own affairs are not handed on: its name, description, owner, review date, ``applies_to``, ``rollout``, ``expect`` and
  ``borders``.

A policy that is built on may itself build on others. It is looked for beside the file, by its name, then in the library.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from policies.positions import Loc, Node
from policies.problems import Problem, ProblemsError, key_of

MAX_DEPTH = 8
_OWN = frozenset({"name", "description", "owner", "review_by", "applies_to", "rollout", "expect", "borders", "extends", "without"})
_BY_ID = frozenset({"rules", "flows"})

Find = Callable[[str], Node]
"""The parsed file of a policy, by its name. Raises ``KeyError``, whose argument says what names there are."""


@dataclass(frozen=True, slots=True)
class Merged:
    """``layers`` are the files that went into it, ground first; ``origins`` where each rule's and flow's words come from, likewise."""

    node: Node
    layers: tuple[str, ...]
    origins: Mapping[str, tuple[str, ...]]


def extend(root: Node, find: Find) -> Merged:
    """The file with all that it builds on. Raises ``ProblemsError``."""
    if root.mapping is None:
        return Merged(root, (root.file,), {})
    layers = list(_layers(root, find, (_name(root),)))
    merged = layers[0]
    for layer in layers[1:]:
        merged = _over(merged, layer)
    return Merged(merged, tuple(layer.file for layer in layers), _origins(layers, merged))


def _layers(root: Node, find: Find, path: tuple[str, ...]) -> Iterator[Node]:
    """What is merged, ground first. Each policy comes before what is built on it, with what that leaves out taken away."""
    ground: list[Node] = []
    for index, name in enumerate(_names(root, "extends")):
        loc: Loc = ("extends",) if root.at(("extends",)).items is None else ("extends", index)
        if name in path:
            _refuse(root, loc, f"{' extends '.join((*path, name))}: a policy cannot build on itself")
        if len(path) >= MAX_DEPTH:
            _refuse(root, loc, f"more than {MAX_DEPTH} policies one upon the other")
        try:
            found = find(name)
        except KeyError as error:
            _refuse(root, loc, f"there is no policy named {name}; {error.args[0]}")
        have = {layer.file for layer in ground}  # what several are built on is their common ground, once
        ground += [_but(layer, _OWN) for layer in _layers(found, find, (*path, name)) if layer.file not in have]
    for index, left_out in enumerate(_names(root, "without")):
        if not any(left_out in _ids(layer) for layer in ground):
            _refuse(root, ("without", index), f"none of the policies that this one extends has a rule or flow with the id {left_out}")
        ground = [_less(layer, left_out) for layer in ground]
    yield from ground
    yield _as_policy(root)


def _names(root: Node, key: str) -> list[str]:
    """A name or a list of them."""
    node = root.child(key)
    if node is None or node.is_null:
        return []
    nodes = [node] if node.items is None else list(node.items)
    for each in nodes:
        if not isinstance(each.value, str):
            raise ProblemsError([Problem(each.file, each.line, key, "must be a name, or a list of names")])
    return [str(each.value) for each in nodes]


def _name(root: Node) -> str:
    return str(root.at(("name",)).value)


def _refuse(root: Node, loc: Loc, message: str) -> NoReturn:
    node = root.at(loc)
    raise ProblemsError([Problem(node.file, node.line, key_of(loc), message)])


def _as_policy(root: Node) -> Node:
    """With ``extends`` as a list, and without what is only said to us."""
    extends = root.child("extends")
    if extends is not None and extends.items is None and not extends.is_null:
        listed = replace(extends, value=None, items=(extends,), size=2, height=2)
        root = replace(root, mapping={**(root.mapping or {}), "extends": listed})
    return _but(root, {"without"})


def _but(node: Node, keys: frozenset[str] | set[str]) -> Node:
    return replace(node, mapping={key: child for key, child in (node.mapping or {}).items() if key not in keys})


def _less(layer: Node, left_out: str) -> Node:
    kept = dict(layer.mapping or {})
    for key in _BY_ID & kept.keys():
        kept[key] = replace(kept[key], items=tuple(item for item in kept[key].items or () if _id(item) != left_out))
    return replace(layer, mapping=kept)


def _ids(layer: Node) -> set[str]:
    return {_id(item) for key in _BY_ID for item in layer.at((key,)).items or ()} - {""} if layer.mapping else set()


def _id(item: Node) -> str:
    found = item.child("id")
    return found.value if found is not None and isinstance(found.value, str) else ""


def _over(ground: Node, layer: Node, key: str = "") -> Node:
    """``layer`` laid over ``ground``."""
    if key in _BY_ID and ground.items is not None and layer.items is not None:
        return replace(layer, items=tuple(_by_id(ground.items, layer.items)))
    if ground.mapping is None or layer.mapping is None:
        return layer
    merged = dict(ground.mapping)
    for name, child in layer.mapping.items():
        merged[name] = _over(merged[name], child, name) if name in merged else child
        if child.is_null:
            del merged[name]
    return replace(layer, mapping=merged)


def _by_id(ground: tuple[Node, ...], layer: tuple[Node, ...]) -> Iterator[Node]:
    """An id that a layer has twice stays there twice, to be found by whoever checks the whole."""
    over: dict[str, Node] = {}
    known = {_id(item) for item in ground} - {""}
    rest = [item for item in layer if not (_id(item) in known and over.setdefault(_id(item), item) is item)]
    for item in ground:
        yield _over(item, over[_id(item)]) if _id(item) in over else item
    yield from rest


def _origins(layers: list[Node], merged: Node) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = dict.fromkeys(sorted(_ids(merged)), ())
    for layer in layers:
        for key in _BY_ID:
            for item in layer.at((key,)).items or () if key in (layer.mapping or {}) else ():
                if _id(item) in found:
                    found[_id(item)] += (f"{item.file}:{item.line}",)
    return found
