"""Strict YAML whose every value remembers its line.

A small and plain part of YAML, read the 1.2 way: ``yes``, ``no``, ``on`` and dates are strings; keys are strings and occur once;
tags, merge keys and further documents are refused. Anchors and aliases work, within the bounds on nodes and depth that
also hold for everything else, so that no file can cost much more than its size.
"""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from stat import S_ISREG
from typing import NoReturn

import yaml

from policies.problems import Problem, ProblemsError

MAX_BYTES = 1_000_000
MAX_NODES = 100_000
MAX_DEPTH = 32

Json = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
Loc = tuple[str | int, ...]

_Event = yaml.Event
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,16}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# What YAML 1.2 calls not printable.
_STRANGE = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Node:
    """One value and where it stands: the line of its key, or of the value itself in a list.

    ``file`` and ``line`` are as in ``Problem``.
    """

    value: bool | int | float | str | None
    """The value of a scalar; None for a mapping or a list."""
    file: str
    line: int
    mapping: dict[str, "Node"] | None = None
    items: tuple["Node", ...] | None = None
    size: int = 1
    """How many values it holds, itself included, and how deep they go."""
    height: int = 1

    @property
    def is_null(self) -> bool:
        return self.value is None and self.mapping is None and self.items is None

    def plain(self) -> Json:
        """The value as JSON has it."""
        if self.mapping is not None:
            return {key: child.plain() for key, child in self.mapping.items()}
        if self.items is not None:
            return [child.plain() for child in self.items]
        return self.value

    def at(self, loc: Loc) -> "Node":
        """The node at ``loc``, or the deepest one on the way to it."""
        node = self
        for part in loc:
            child = node.child(part)
            if child is None:
                break
            node = child
        return node

    def child(self, part: str | int) -> "Node | None":
        if isinstance(part, str):
            return (self.mapping or {}).get(part)
        items = self.items or ()
        return items[part] if 0 <= part < len(items) else None


def read(path: Path) -> str:
    """The text of a file, UTF-8 and of a sane size. Raises ``ProblemsError``."""
    return decode(content(path, MAX_BYTES), str(path))


def content(path: Path, most: int) -> bytes:
    """What an ordinary file holds, one byte beyond ``most`` at most; nobody is waited for at a pipe. Raises ``ProblemsError``."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            if S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(most + 1)
    except OSError as error:
        raise ProblemsError([unreadable(path, error)]) from None
    raise ProblemsError([Problem(str(path), 0, "", "this is not an ordinary file")])


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def unreadable(path: Path, error: OSError) -> Problem:
    return Problem(str(path), 0, "", f"cannot be read: {error.strerror or type(error).__name__}")


def decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        raise ProblemsError([Problem(file, 1, "", f"the file has more than {MAX_BYTES} bytes")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemsError([Problem(file, line, "", f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8")]) from None


def parse(text: str, file: str) -> Node:
    """The one document of a YAML text. Raises ``ProblemsError``."""
    strange = _STRANGE.search(text)
    if strange:
        line = text.count("\n", 0, strange.start()) + 1
        raise ProblemsError([Problem(file, line, "", f"the character U+{ord(strange[0]):04X} is not allowed in YAML")])
    try:
        return _Composer(text, file).document()
    except yaml.YAMLError as error:
        raise ProblemsError([_syntax_problem(error, text, file)]) from None


def scalar(text: str) -> bool | int | float | str | None:
    """What a plain (unquoted) scalar means."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return float(text) if _FLOAT.fullmatch(text) else text


class _Composer:
    """Builds nodes from the parser's events, which come lazily, so a bound that is passed stops the reading."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._events: Iterator[_Event] = yaml.parse(text, Loader=_Loader)
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def document(self) -> Node:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            self._refuse(1, "the file is empty")
        root = self._node(next(self._events), 1)
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(_line(event), "a second document (---) begins here; one file holds one")
        return root

    def _node(self, event: _Event, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), line, depth)
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._refuse(line, f"the tag {_short(tag)} is not allowed; write plain values, and strings in quotes")
        self._count(1, line)
        if isinstance(event, yaml.ScalarEvent):
            node = Node(scalar(event.value) if event.implicit[0] else event.value, self._file, line)
        else:
            if depth >= MAX_DEPTH:
                self._refuse(line, f"more than {MAX_DEPTH} levels of nesting")
            node = self._mapping(line, depth) if isinstance(event, yaml.MappingStartEvent) else self._items(line, depth)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _items(self, line: int, depth: int) -> Node:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Node(None, self._file, line, items=tuple(items), size=_size(items), height=_height(items))

    def _mapping(self, line: int, depth: int) -> Node:
        mapping: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, key_line = self._key(event), _line(event)
            if key in mapping:
                self._refuse(key_line, f"the key is already given on line {mapping[key].line}", key)
            node = self._node(next(self._events), depth + 1)
            mapping[key] = node if node.line == key_line else replace(node, line=key_line)
        children = mapping.values()
        return Node(None, self._file, line, mapping=mapping, size=_size(children), height=_height(children))

    def _key(self, event: _Event) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._refuse(_line(event), "a key must be a string")
        if event.value == "<<" and event.implicit[0]:
            self._refuse(_line(event), "merge keys (<<) are not allowed; write the keys out", "<<")
        return str(event.value)

    def _alias(self, anchor: str, line: int, depth: int) -> Node:
        node = self._anchors.get(anchor)
        if node is None:
            self._refuse(line, f"the alias *{_short(anchor)} stands before (or inside) its anchor")
        if depth + node.height > MAX_DEPTH:
            self._refuse(line, f"more than {MAX_DEPTH} levels of nesting")
        self._count(node.size, line)
        return replace(node, line=line)

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(line, f"more than {MAX_NODES} values, aliases written out")

    def _refuse(self, line: int, message: str, key: str = "") -> NoReturn:
        raise ProblemsError([Problem(self._file, line, key, message)])


def _size(children: Collection[Node]) -> int:
    return 1 + sum(child.size for child in children)


def _height(children: Collection[Node]) -> int:
    return 1 + max((child.height for child in children), default=0)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _short(text: object) -> str:
    return repr(str(text)[:40])


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark: yaml.Mark | None = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    # At the end of a file the parser may point past its last line.
    line = min(mark.line + 1, len(text.splitlines()) or 1) if mark is not None else 1
    return Problem(file, line, "", _syntax_message(error, text, mark))


def _syntax_message(error: yaml.YAMLError, text: str, mark: yaml.Mark | None) -> str:
    if mark is not None and _is_tab(text, mark):
        return "a tab stands where YAML wants spaces; indent with spaces"
    what = ", ".join(part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part)
    return f"this is not YAML: {what or 'unreadable'}"


def _is_tab(text: str, mark: yaml.Mark) -> bool:
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    return "\t" in line[: len(line) - len(line.lstrip())] or line[mark.column : mark.column + 1] == "\t"
