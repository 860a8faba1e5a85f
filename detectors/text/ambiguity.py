"""In how many ways an expression can match one text: the measure of how far a backtracking engine can be led astray.

Two repeats that can share characters multiply, a repeat inside a repeat is raised to a power; a repeat that is always ended by a
character it cannot take counts once. This is an upper bound, computed from the expression's parse tree.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Node = Any
"""The parser's trees, operators and arguments, which it does not type."""

_SAMPLE = "".join(map(chr, range(1, 256))) + "ĀſΩЖ中א"  # enough characters to tell the usual classes apart
_ALL = frozenset(_SAMPLE)
_CEILING = 10**9
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the lint asks about: widths include look-ahead, ``ways`` is the bound, ``unsupported`` names a construct or is empty."""

    min_width: int
    max_width: int
    behind: int
    ways: int
    anchored: bool
    unsupported: str


def ways_to_match(regex: str, flags: int) -> Shape:
    """The shape of a valid expression."""
    tree = _parser.parse(regex, flags)
    low, high = tree.getwidth()
    items = list(_walk(tree))
    ahead = max((_width(arg[1]) for op, arg in items if op in (sre.ASSERT, sre.ASSERT_NOT) and arg[0] > 0), default=0)
    behind = max((_width(arg[1]) for op, arg in items if op in (sre.ASSERT, sre.ASSERT_NOT) and arg[0] < 0), default=0)
    anchors = {sre.AT_BEGINNING, sre.AT_END, sre.AT_BEGINNING_STRING, sre.AT_END_STRING}
    return Shape(
        min_width=low,
        max_width=min(high + ahead, _CEILING),
        behind=behind,
        ways=_ways(tree, frozenset(), flags),
        anchored=any(op is sre.AT and arg in anchors for op, arg in items),
        unsupported=next((_UNSUPPORTED[op] for op, _ in items if op in _UNSUPPORTED), ""),
    )


_UNSUPPORTED = {sre.GROUPREF_EXISTS: "a conditional group", sre.GROUPREF: "a back-reference"}


def _width(tree: Node) -> int:
    return int(tree.getwidth()[1])


def _walk(tree: Node) -> Iterable[tuple[Node, Node]]:
    for op, arg in tree:
        yield op, arg
        for child in _children(op, arg):
            yield from _walk(child)


def _children(op: Node, arg: Node) -> Sequence[Node]:
    if op in _REPEATS or op is sre.POSSESSIVE_REPEAT:
        return [arg[2]]
    if op is sre.SUBPATTERN:
        return [arg[3]]
    if op is sre.BRANCH:
        return list(arg[1])
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        return [arg[1]]
    return [arg] if op is sre.ATOMIC_GROUP else []


def _ways(tree: Node, after: frozenset[str], flags: int) -> int:
    """The bound for a sequence that is followed by one of the characters ``after``."""
    follow, total = after, 1
    for op, arg in reversed(list(tree)):
        total = min(total * _item_ways(op, arg, follow, flags), _CEILING)
        first, may_be_empty = _first([(op, arg)], flags)
        follow = first | follow if may_be_empty else first
    return total


def _item_ways(op: Node, arg: Node, follow: frozenset[str], flags: int) -> int:
    if op in _REPEATS:
        return _repeat_ways(arg, follow, flags)
    if op is sre.BRANCH:
        return _branch_ways(arg[1], follow, flags)
    return reduce(lambda most, child: max(most, _ways(child, follow, flags)), _children(op, arg), 1)


def _repeat_ways(arg: Node, follow: frozenset[str], flags: int) -> int:
    low, high, body = arg
    first, _ = _first(body, flags)
    inner = _ways(body, (first if high > 1 else frozenset()) | follow, flags)
    lengths = high - low + 1 if first & follow else 1
    if inner > 1 and high > 32:
        return _CEILING
    return int(min(lengths * inner ** min(high, 32), _CEILING))


def _branch_ways(branches: Sequence[Node], follow: frozenset[str], flags: int) -> int:
    seen: frozenset[str] = frozenset()
    most = total = empties = 0
    overlap = False
    for branch in branches:
        ways = _ways(branch, follow, flags)
        first, may_be_empty = _first(branch, flags)
        first = first | follow if may_be_empty else first
        empties += may_be_empty
        overlap = overlap or bool(first & seen) or empties > 1
        seen |= first
        most, total = max(most, ways), total + ways
    return total if overlap else most


def _first(tree: Iterable[tuple[Node, Node]], flags: int) -> tuple[frozenset[str], bool]:
    """The characters a match can begin with, and whether it can be empty."""
    first: frozenset[str] = frozenset()
    for op, arg in tree:
        chars, may_be_empty = _item_first(op, arg, flags)
        first |= chars
        if not may_be_empty:
            return first, False
    return first, True


def _item_first(op: Node, arg: Node, flags: int) -> tuple[frozenset[str], bool]:
    if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return frozenset(), True
    if op in _REPEATS or op is sre.POSSESSIVE_REPEAT:
        first, empty = _first(arg[2], flags)
        return first, empty or arg[0] == 0
    if op is sre.BRANCH:
        pairs = [_first(branch, flags) for branch in arg[1]]
        return frozenset().union(*(chars for chars, _ in pairs)), any(empty for _, empty in pairs)
    if op in (sre.SUBPATTERN, sre.ATOMIC_GROUP):
        return _first(_children(op, arg)[0], flags)
    return _single(op, arg, flags), False


def _single(op: Node, arg: Node, flags: int) -> frozenset[str]:
    """The sample's characters that a one-character item takes, asked of the engine itself."""
    if op is sre.LITERAL:
        return frozenset({chr(arg).lower(), chr(arg).upper(), chr(arg)})
    if op is sre.ANY:
        return _ALL
    if op is sre.NOT_LITERAL:
        return _ALL - {chr(arg)}
    if op is sre.IN:
        return frozenset(char for char in _SAMPLE if _in_class(arg, char))
    return _ALL


_CATEGORIES = {
    sre.CATEGORY_DIGIT: re.compile(r"\d"),
    sre.CATEGORY_NOT_DIGIT: re.compile(r"\D"),
    sre.CATEGORY_SPACE: re.compile(r"\s"),
    sre.CATEGORY_NOT_SPACE: re.compile(r"\S"),
    sre.CATEGORY_WORD: re.compile(r"\w"),
    sre.CATEGORY_NOT_WORD: re.compile(r"\W"),
}


def _in_class(items: Sequence[tuple[Node, Node]], char: str) -> bool:
    negated = bool(items) and items[0][0] is sre.NEGATE
    variants = {char, char.lower(), char.upper()}
    return negated != any(_class_item_takes(op, arg, variants) for op, arg in items if op is not sre.NEGATE)


def _class_item_takes(op: Node, arg: Node, variants: set[str]) -> bool:
    if op is sre.LITERAL:
        return chr(arg) in variants
    if op is sre.RANGE:
        return any(arg[0] <= ord(char) <= arg[1] for char in variants if len(char) == 1)
    return any(_CATEGORIES[arg].match(char) for char in variants)
