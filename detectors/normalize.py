r"""What a text says, besides how it is written: every layer that a reader sees through and a pattern does not, with the way back.

A text is read token by token (a token holds no white space, and ends behind an ideograph), so that what a token says depends on nothing
around it. Of each there are up to three readings besides the token itself:

* ``escaped``: the escapes of JSON undone, in a text that is JSON;
* ``folded``: invisible characters left out, NFKC, digits and look-alikes as ASCII, spelled-out characters (``%40``, ``&#64;``, ``\u0040``)
  as themselves, layer in layer: one character after the other, as it stands for what is written;
* ``decoded``: and runs of base64 and hexadecimal digits as the text they hold, which stands for the whole run.

Each reading is one more text to be searched; none replaces another, since any of them may be wrong about what is meant.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

import regex

from detectors.confusables import latin
from detectors.encoded import MIN_RUN, encoded
from detectors.mapped import Change, Mapped, unchanged
from detectors.notations import json_escapes, notations
from detectors.plain import CALM, DOT, GAP, IDEOGRAPHS, SUBJECT, VEILED, is_plain

MAX_DEPTH = 4
"""How often a layer may lie in another of its kind; what lies deeper is read no further."""

_SIMPLE = rf"!-$'-\[\]-~{CALM.removesuffix(IDEOGRAPHS)}"
TOKEN = re.compile(rf"[^{GAP}]+[{IDEOGRAPHS}]?")
_SKIPPED = re.compile(
    rf"(?:[{GAP}]++|[{_SIMPLE}]{{1,{MIN_RUN - 1}}}+(?![^{GAP}\xa0\u202f])|(?<![0-9@])[\xa0\u202f](?![0-9@.])"
    rf"|(?<![^{GAP}])(?!{VEILED}(?![^{GAP}])){SUBJECT.pattern.replace('[', '[^' + GAP, 1)}++(?![^{GAP}]))*+"
)
"""Tokens, or parts of one at a white space of prose, that say nothing but what they are, with what stands between them."""
BREAK = re.compile(rf"[{GAP}]")
"""The last character before the next token."""

_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cn}\p{Co}\u2800\ufffc\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]+")
_SPELLED = regex.compile(r"[^\x00-\x7f]\p{M}*|[\x00-\x7f]\p{M}+")
_MARKED_OR_DIGIT = regex.compile(r"\A\p{M}|[\x00-\x7f]\p{M}|[^\P{Nd}0-9]")
_SPACES = "\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_DASHES = "\u2010-\u2015\u2043\u2212\ufe58"
# White space and dashes of other sorts are what they are, in prose. They matter in numbers and addresses.
_SPACE = re.compile(rf"(?P<drop>[{_SPACES}]+(?=@|\.[a-z])|(?<=@)[{_SPACES}]+)|(?<=[0-9])[{_SPACES}]|[{_SPACES}](?=[0-9])")
_DASH = re.compile(rf"(?<=[0-9A-Za-z)\]])[{_DASHES}](?=[0-9A-Za-z(\[])")
_AT = re.compile("[@﹫＠]")
_NUMBERED = re.compile(r"[0-9@]")
_KEPT = re.compile(rf"[…，！？；´¨¯¸˜˝™ªº℠{_SPACES}{_DASHES}]")
_VEIL = re.compile(VEILED)
_SPECIAL = re.compile(rf"[^\t-\r -$'-\[\]-~{CALM}]")


class Readings(NamedTuple):
    """Of one token; None: like the one before, the first like the token itself."""

    escaped: Mapped | None
    folded: Mapped | None
    decoded: Mapped | None


def telling_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Where tokens stand that may have another reading; it may name too many."""
    at = 0
    while (skipped := _SKIPPED.match(text, at)) and skipped.end() < len(text):
        start = skipped.end()
        while start > at and not BREAK.match(text, start - 1):
            start -= 1  # what was skipped may be its beginning
        token = TOKEN.match(text, start)
        if token is None:
            return
        at = token.end()
        yield start, at


def readings(token: str, *, is_json: bool) -> Readings | None:
    """None where there is none besides the token itself."""
    if _is_simple(token):
        return None
    plain = unchanged(token)
    escaped = plain.changed(json_escapes(token)) if is_json else plain
    folded = _folded(escaped) if escaped is plain or not _is_simple(escaped.text) else escaped
    decoded = _decoded(folded, MAX_DEPTH)
    if escaped is plain and folded is plain and decoded is plain:
        return None
    return Readings(
        None if escaped is plain else escaped,
        None if folded is escaped else folded,
        None if decoded is folded else decoded,
    )


def stands_for(value: str) -> str:
    """What a value says that was found written like this. A run of base64 stands for itself."""
    if is_plain(value):
        return value
    return _folded(unchanged(value)).text


def _folded(text: Mapped) -> Mapped:
    """As long as there is anything to undo, of a text that is not simple: spelled-out characters may spell out others."""
    for _ in range(MAX_DEPTH):
        before = text
        for layer in _layers(text.text):
            text = text.changed(layer(text.text))
        if text is before or _is_simple(text.text):
            break
    return text


def _decoded(text: Mapped, depth: int) -> Mapped:
    """What is decoded is read in turn: folded, and decoded again where that says something else, one after the other."""
    return text.changed((start, end, _inner(read, depth - 1)) for start, end, read in encoded(text.text))


def _inner(read: str, depth: int) -> str:
    folded = unchanged(read) if _is_simple(read) else _folded(unchanged(read))
    decoded = _decoded(folded, depth) if depth else folded
    return folded.text if decoded is folded else f"{folded.text}\n{decoded.text}"


def _visible(text: str) -> Iterator[Change]:
    """Without what cannot be seen: formats, tags, control characters, what is of no script, the empty Braille cell."""
    if text.isascii() and text.isprintable():
        return
    for found in _INVISIBLE.finditer(text):
        yield found.start(), found.end(), ""


def _compatible(text: str) -> Iterator[Change]:
    """NFKC; digits of every script as ASCII; and no marks on ASCII that make no letter with it, or that stand in an address."""
    if text.isascii() or (unicodedata.is_normalized("NFKC", text) and not _MARKED_OR_DIGIT.search(text)):
        return
    is_address = _AT.search(text) is not None
    for found in _SPELLED.finditer(text):
        written = found[0]
        if unicodedata.is_normalized("NFKC", written) and not _MARKED_OR_DIGIT.search(written):
            continue
        is_bare = _KEPT.match(written) or (is_address and written[0].isascii() and not _is_mark(written[0]))
        read = written[0] if is_bare else _character(written)
        if read != written:
            yield found.start(), found.end(), read


def _character(written: str) -> str:
    if _is_mark(written[0]):
        return ""  # on white space
    read = unicodedata.normalize("NFKC", written)
    if read[0].isascii():
        read = "".join(char for char in read if not _is_mark(char))
    return "".join(char if char.isascii() else _digit(char) for char in read)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


def _digit(char: str) -> str:
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)


def _joined(text: str) -> Iterator[Change]:
    """Spaces, dashes and dots of other sorts, where they part a number or an address."""
    if text.isascii():
        return
    changes = [(found.start(), found.end(), "" if found["drop"] else " ") for found in _SPACE.finditer(text)]
    changes += [(found.start(), found.end(), ".") for found in DOT.finditer(text)]
    if _NUMBERED.search(text):
        changes += [(found.start(), found.end(), "-") for found in _DASH.finditer(text)]
    yield from sorted(changes)


def escapes_undone(value: str) -> str:
    """What a value is to whoever reads its text as JSON, and nothing else undone."""
    return unchanged(value).changed(json_escapes(value)).text if "\\" in value else value


def _is_simple(token: str) -> bool:
    if not SUBJECT.search(token):
        return not _VEIL.fullmatch(token)
    return (len(token) < MIN_RUN and not _SPECIAL.search(token)) or is_plain(token)


def _layers(text: str) -> tuple[Callable[[str], Iterator[Change]], ...]:
    if text.isascii():
        return _OF_ASCII
    return _OF_PROSE if _PROSE.fullmatch(text) else _LAYERS


_PROSE = re.compile(rf"[{_SIMPLE}{_SPACES}{_DASHES}]*+")
_LAYERS = (_visible, _compatible, latin, _joined, notations)
_OF_ASCII = (_visible, notations)
_OF_PROSE = (_joined,)
