"""JSON that stands in a string (tool arguments), read piece by piece, whole or not: which characters are text, and how to write them back.

Strings and the runs between them (numbers are text too: a card number needs no quotes) each become a leaf. A leaf is decoded as it
arrives; an escape that is cut in two waits for its other half. Malformed JSON is still read to its last character: whatever is not
a string literal is a bare run.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_STRUCTURE = frozenset("{}[]:, \t\r\n")


class Part(Enum):
    """What a piece of JSON text is."""

    STRUCTURE = auto()  # brackets, commas, quotes: goes on as it is
    STRING = auto()  # decoded characters of the string literal that is open
    BARE = auto()  # characters of a number or word outside strings
    END = auto()  # the open leaf ends here


class Piece(NamedTuple):
    """``raw`` as it stood, ``text`` decoded; ``end`` is the raw offset behind the piece, counted from the first character fed."""

    part: Part
    text: str
    raw: str
    end: int


class JsonText:
    """Feed fragments of JSON text; get pieces in order. Between two ENDs all leaf pieces belong to one leaf."""

    def __init__(self) -> None:
        self._in_string = False
        self._in_bare = False
        self._escape = ""  # the part of a cut escape sequence that has arrived
        self._offset = 0

    def feed(self, fragment: str) -> list[Piece]:
        """Pieces of the fragment; neighbours of one kind are joined."""
        pieces: list[Piece] = []
        text = self._escape + fragment
        base = self._offset - len(self._escape)
        self._escape = ""
        self._offset += len(fragment)
        at = 0
        while at < len(text):
            at = self._string(text, at, base, pieces) if self._in_string else self._outside(text, at, base, pieces)
        return pieces

    def flush(self) -> list[Piece]:
        """The text ended: an unfinished escape is given out as it stands, and an open leaf is closed."""
        pieces = []
        if self._escape:
            pieces.append(Piece(Part.STRING, self._escape, self._escape, self._offset))
        if self._in_string or self._in_bare:
            pieces.append(Piece(Part.END, "", "", self._offset))
        self._escape, self._in_string, self._in_bare = "", False, False
        return pieces

    def _outside(self, text: str, at: int, base: int, pieces: list[Piece]) -> int:
        start = at
        if text[at] == '"':
            self._close_bare(base + at, pieces)
            self._in_string = True
            pieces.append(Piece(Part.STRUCTURE, '"', '"', base + at + 1))
            return at + 1
        structure = text[at] in _STRUCTURE
        while at < len(text) and text[at] != '"' and (text[at] in _STRUCTURE) == structure:
            at += 1
        if structure:
            self._close_bare(base + start, pieces)
            pieces.append(Piece(Part.STRUCTURE, text[start:at], text[start:at], base + at))
        else:
            self._in_bare = True
            pieces.append(Piece(Part.BARE, text[start:at], text[start:at], base + at))
        return at

    def _close_bare(self, offset: int, pieces: list[Piece]) -> None:
        if self._in_bare:
            self._in_bare = False
            pieces.append(Piece(Part.END, "", "", offset))

    def _string(self, text: str, at: int, base: int, pieces: list[Piece]) -> int:
        decoded: list[str] = []
        start, quote = at, -1  # the quote is looked for once, however many escapes stand before it
        while at < len(text) and text[at] != '"':
            if text[at] != "\\":
                quote = _find(text, '"', at) if quote < at else quote
                stop = min(quote, _find(text, "\\", at, quote))
                decoded.append(text[at:stop])
                at = stop
                continue
            char, after = _unescape(text, at)
            if after < 0:
                self._escape = text[at:]
                break
            decoded.append(char)
            at = after
        if decoded:
            pieces.append(Piece(Part.STRING, "".join(decoded), text[start:at], base + at))
        if self._escape:
            return len(text)
        if at < len(text):  # the closing quote
            self._in_string = False
            pieces.append(Piece(Part.END, "", "", base + at))
            pieces.append(Piece(Part.STRUCTURE, '"', '"', base + at + 1))
            at += 1
        return at


def _find(text: str, what: str, start: int, end: int | None = None) -> int:
    """Where it stands next, or the end."""
    end = len(text) if end is None else end
    found = text.find(what, start, end)
    return found if found >= 0 else end


def _unescape(text: str, at: int) -> tuple[str, int]:
    """The character that the escape at ``at`` stands for and the offset behind it; (…, -1) while it is incomplete."""
    if at + 1 >= len(text):
        return "", -1
    kind = text[at + 1]
    if kind != "u":
        return _ESCAPES.get(kind, kind), at + 2
    unit = _code_unit(text, at)
    if unit is None:
        return ("", -1) if _may_grow(text, at) else ("\\u", at + 2)
    if not 0xD800 <= unit < 0xDC00:
        return chr(unit), at + 6
    low = _code_unit(text, at + 6)
    if low is not None and 0xDC00 <= low < 0xE000:
        return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), at + 12
    if low is None and _may_grow(text, at + 6):
        return "", -1
    return chr(unit), at + 6


def _code_unit(text: str, at: int) -> int | None:
    digits = text[at + 2 : at + 6]
    if text[at : at + 2] == "\\u" and len(digits) == 4 and _is_hex(digits):
        return int(digits, 16)
    return None


def _may_grow(text: str, at: int) -> bool:
    """Whether ``text[at:]``, cut off by the end of the text, could still become an escaped code unit."""
    tail = text[at : at + 6]
    return at + len(tail) == len(text) and len(tail) < 6 and "\\u"[: len(tail)] == tail[:2] and _is_hex(tail[2:])


def _is_hex(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits)


def escape(text: str) -> str:
    """Text as the inside of a JSON string literal. A lone surrogate stays an escape: it has no UTF-8."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    return plain if plain.isprintable() or _encodable(plain) else json.dumps(text)[1:-1]


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_json(text: str) -> bool | None:
    """Whether a text that begins so is to be read as JSON; None while nothing but white space has arrived."""
    head = text.lstrip(" \t\r\n")
    return head[0] in '{["' if head else None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a whole JSON text: decoded, and its raw range (inside the quotes of a string)."""

    text: str
    start: int
    end: int
    is_string: bool

    def written(self, text: str) -> str:
        """What stands in its raw range once it says ``text``; a bare leaf (a number) becomes a string."""
        return escape(text) if self.is_string else f'"{escape(text)}"'


def leaves(text: str) -> list[Leaf]:
    """All leaves of a whole JSON text, in order."""
    reader = JsonText()
    found: list[Leaf] = []
    parts: list[str] = []
    start, part, last = 0, Part.STRUCTURE, 0
    for piece in [*reader.feed(text), *reader.flush()]:
        if piece.part is Part.END:
            if parts:
                found.append(Leaf("".join(parts), start, piece.end, part is Part.STRING))
            parts = []
        elif piece.part is not Part.STRUCTURE:
            if not parts:
                start, part = last, piece.part
            parts.append(piece.text)
        last = piece.end
    return found


def rewrite(text: str, replaced: Iterable[tuple[Leaf, str]]) -> str:
    """The text with those leaves replaced."""
    pieces: list[str] = []
    end = 0
    for leaf, value in sorted(replaced, key=lambda item: item[0].start):
        pieces += (text[end : leaf.start], leaf.written(value))
        end = leaf.end
    return "".join((*pieces, text[end:]))
