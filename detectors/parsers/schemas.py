"""JSON Schema, of texts that stream and of whole values. Drafts 7, 2019-09 and 2020-12; formats are checked."""

from collections.abc import Callable, Mapping
from typing import Any

from detectors.parsers import effort, keywords, library, reasons, rules
from detectors.parsers.claims import Claims
from detectors.parsers.contract import MAX_CHARS, Json, NewParser, Violation
from detectors.parsers.library import Check
from detectors.parsers.reader import Reader
from detectors.parsers.rules import Rule

MAX_DEPTH = 64


class Document:
    """A ``Parser`` of one JSON document. An object that has a property twice is not valid: which of the two is meant nobody can tell."""

    def __init__(self, root: Rule, whole: Check, known: frozenset[str], *, max_chars: int, max_depth: int) -> None:
        self._reader = Reader(Claims(root, whole, known), max_depth)
        self._left = max_chars
        self._max_chars = max_chars
        self._violation: Violation | None = None

    def feed(self, text: str) -> Violation | None:
        if self._violation is None:
            self._violation = self._reader.feed(text[: self._left])
            if self._violation is None and len(text) > self._left:
                self._violation = Violation(self._max_chars, f"has more than {self._max_chars} characters")
            self._left -= len(text)
        return self._violation

    def close(self) -> Violation | None:
        if self._violation is None:
            self._violation = self._reader.close()
        return self._violation


def compile_schema(schema: Mapping[str, Any] | bool, *, max_chars: int = MAX_CHARS, max_depth: int = MAX_DEPTH) -> NewParser:
    """What makes a parser for each text. Raises ``ParserError`` for a schema that means nothing, or more than can be checked."""
    own, known = _own(schema)
    whole = library.check(own)
    root, every = rules.build(own)
    depth = effort.depth(root, every, max_depth)
    return lambda: Document(root, whole, known, max_chars=max_chars, max_depth=depth)


def check_value(schema: Mapping[str, Any] | bool) -> Callable[[Json], Violation | None]:
    """What tells why a value that was parsed already is not valid. It has no places of a text: ``at`` is 0."""
    own, known = _own(schema)
    whole = library.check(own)
    depth = effort.depth(*rules.build(own), MAX_DEPTH)

    def violation(value: Json) -> Violation | None:
        if _is_deeper(value, depth):
            return Violation(0, f"nested more than {depth} deep")
        fault = whole(value)
        return None if fault is None else Violation(0, f"{reasons.place(fault[0], known)}: {fault[1]}")

    return violation


def _is_deeper(value: Json, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [inner for each in level if isinstance(each, dict | list) for inner in (each.values() if isinstance(each, dict) else each)]
        if not level:
            return False
    return True


def _own(schema: Mapping[str, Any] | bool) -> tuple[keywords.Schema, frozenset[str]]:
    copied = keywords.copied(schema if isinstance(schema, bool) else dict(schema))
    assert isinstance(copied, bool | dict)  # noqa: S101  # as what was copied
    return copied, keywords.names(copied)
