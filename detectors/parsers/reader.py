"""The syntax of JSON (RFC 8259), read piece by piece: what begins and what ends is told as soon as it does, and no text is kept."""

import re
from collections.abc import Callable
from math import isfinite
from typing import Protocol

from detectors.parsers.contract import Invalid, Violation

MAX_NUMBER_CHARS = 400

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_UNFINISHED = re.compile(r"\\(?:u(?:[0-9a-fA-F]{0,3}|[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]{0,1})?)?)?)?)?)?")
_LONGEST_ESCAPE = 12
_MEANS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORD = re.compile(r"[-+.0-9A-Za-z]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBER_BEGUN = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?:\.[0-9]+)?[eE][+-]?[0-9]*)?)?")
_NAMES: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_KINDS = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"} | dict.fromkeys("-0123456789", "number")

Scalar = bool | int | float | str | None


class Listener(Protocol):
    """What is told of a document. Each may raise ``Invalid``, of the token that begins or ends there."""

    def begin(self, kind: str) -> None:
        """A value begins, of a kind that its first character tells."""
        ...

    def part(self, text: str) -> None:
        """More of the text or the name that is being read; that it ended is told after."""
        ...

    def key_begins(self) -> None: ...

    def key(self, name: str) -> None: ...

    def scalar(self, value: Scalar) -> None:
        """The value that began last is whole."""
        ...

    def end(self) -> None:
        """The object or array that is open ends."""
        ...


class Reader:
    """Reads one document. Half a surrogate pair that is written as an escape is told as U+FFFD."""

    def __init__(self, listener: Listener, max_depth: int) -> None:
        self._told = listener
        self._max_depth = max_depth
        self._open: list[str] = []  # the closing character of each object and array that is open
        self._state: Callable[[str, int], int] = self._value
        self._token_at = 0
        self._base = 0
        self._kept = ""  # an escape that is not whole yet
        self._parts: list[str] = []  # of the string, number or name that is being read
        self._is_key = False

    def feed(self, text: str) -> Violation | None:
        text = self._kept + text
        self._base -= len(self._kept)
        self._kept = ""
        at = 0
        try:
            while at < len(text):
                at = self._state(text, at)
            if self._state == self._word:
                self._word_so_far()
        except Invalid as invalid:
            return Violation(self._token_at, invalid.reason)
        self._base += len(text)
        return None

    def close(self) -> Violation | None:
        try:
            if self._state == self._word:
                self._word_ends()
        except Invalid as invalid:
            return Violation(self._token_at, invalid.reason)
        if self._state != self._after or self._open:
            return Violation(self._base, "the text ends before the document does")
        return None

    # Each state reads on from a place, and says how far it came.

    def _value(self, text: str, at: int) -> int:
        at = self._skip(text, at)
        if at == len(text):
            return at
        first = text[at]
        kind = _KINDS.get(first)
        if kind is None:
            raise Invalid("not JSON: a value must begin here")
        self._told.begin(kind)
        if kind == "string":
            self._begin_string(is_key=False)
            return at + 1
        if first in "{[":
            if len(self._open) == self._max_depth:
                raise Invalid(f"nested more than {self._max_depth} deep")
            self._open.append("}" if first == "{" else "]")
            self._state = self._first_key if first == "{" else self._first_item
            return at + 1
        self._parts = []
        self._state = self._word
        return at

    def _first_item(self, text: str, at: int) -> int:
        at = self._skip(text, at)
        if text[at : at + 1] == "]":
            return self._end(at)
        if at < len(text):
            self._state = self._value
        return at

    def _first_key(self, text: str, at: int) -> int:
        at = self._skip(text, at)
        return self._end(at) if text[at : at + 1] == "}" else self._key(text, at)

    def _key(self, text: str, at: int) -> int:
        at = self._skip(text, at)
        if at == len(text):
            return at
        if text[at] != '"':
            raise Invalid("not JSON: the name of a property must begin here")
        self._told.key_begins()
        self._begin_string(is_key=True)
        return at + 1

    def _colon(self, text: str, at: int) -> int:
        at = self._skip(text, at)
        if at == len(text):
            return at
        if text[at] != ":":
            raise Invalid("not JSON: a colon must be here")
        self._state = self._value
        return at + 1

    def _after(self, text: str, at: int) -> int:
        at = self._skip(text, at)
        if at == len(text):
            return at
        if not self._open:
            raise Invalid("not JSON: nothing may follow the document")
        if text[at] == self._open[-1]:
            return self._end(at)
        if text[at] != ",":
            raise Invalid("not JSON: a comma, or the end of the object or array, must be here")
        self._state = self._key if self._open[-1] == "}" else self._value
        return at + 1

    def _string(self, text: str, at: int) -> int:
        stop = _PLAIN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing at least
        if stop > at:
            self._more(text[at:stop])
        if stop == len(text):
            return stop
        if text[stop] == '"':
            self._string_ends()
            return stop + 1
        if text[stop] != "\\":
            self._token_at = self._base + stop
            raise Invalid("not JSON: a string has a character that must be escaped")
        return self._escape(text, stop)

    def _escape(self, text: str, at: int) -> int:
        if len(text) - at < _LONGEST_ESCAPE and _UNFINISHED.fullmatch(text, at):
            self._kept = text[at:]
            return len(text)
        found = _PAIR.match(text, at) or _ESCAPE.match(text, at)
        if found is None:
            self._token_at = self._base + at
            raise Invalid("not JSON: a string has an escape that JSON does not know")
        self._more(_unescaped(found[0]))
        return found.end()

    def _word(self, text: str, at: int) -> int:
        stop = _WORD.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing at least
        self._parts.append(text[at:stop])
        if stop < len(text):
            self._word_ends()
        return stop

    # What the states share.

    def _skip(self, text: str, at: int) -> int:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing at least
        self._token_at = self._base + at
        return at

    def _begin_string(self, *, is_key: bool) -> None:
        self._is_key = is_key
        self._parts = []
        self._state = self._string

    def _more(self, text: str) -> None:
        self._parts.append(text)
        self._told.part(text)

    def _string_ends(self) -> None:
        text = "".join(self._parts)
        self._state = self._colon if self._is_key else self._after
        if self._is_key:
            self._told.key(text)
        else:
            self._told.scalar(text)

    def _word_so_far(self) -> None:
        """Of a long number no more is kept than a number may have."""
        word = "".join(self._parts)
        self._parts = [word]
        if len(word) > MAX_NUMBER_CHARS:
            raise Invalid(f"a number has more than {MAX_NUMBER_CHARS} characters")
        if not (_NUMBER_BEGUN.fullmatch(word) or any(name.startswith(word) for name in _NAMES)):
            raise Invalid("not JSON: neither a number nor true, false or null")

    def _word_ends(self) -> None:
        self._word_so_far()
        word = self._parts[0]
        self._state = self._after
        self._told.scalar(_NAMES[word] if word in _NAMES else _number(word))

    def _end(self, at: int) -> int:
        self._open.pop()
        self._state = self._after
        self._told.end()
        return at + 1


def _unescaped(escape: str) -> str:
    if len(escape) == _LONGEST_ESCAPE:
        high, low = int(escape[2:6], 16), int(escape[8:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    if escape[1] == "u":
        code = int(escape[2:6], 16)
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
    return _MEANS.get(escape[1], escape[1])


def _number(word: str) -> int | float:
    found = _NUMBER.fullmatch(word)
    if found is None:
        raise Invalid("not JSON: neither a number nor true, false or null")
    if found[1] is None and found[2] is None:
        return int(word)
    value = float(word)
    if not isfinite(value):
        raise Invalid("a number is beyond the range of a double")
    return value
