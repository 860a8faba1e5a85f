r"""Characters spelled out: JSON and other escapes (``\u0040``, ``\x40``, ``\n``), percent-encoding, HTML entities, however often."""

import re
from collections.abc import Iterator
from html.entities import html5

from detectors.mapped import Change

# Possessive, and from a run's first backslash only: in time that grows with the text alone.
_JSON = r"(?<!\\)\\++(?:u(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})\\++u(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})|u(?P<unit>[0-9A-Fa-f]{4})|[bfnrt])"
_BACKSLASHED = re.compile(_JSON)
_ANY = re.compile(
    rf"(?P<bytes>(?<!\\)(?:\\x[0-9A-Fa-f]{{2}})++)|{_JSON}|(?<!\\)\\++(?:x(?P<byte>[0-9A-Fa-f]{{2}})|u\{{(?P<point>[0-9A-Fa-f]{{1,6}})\}}|U(?P<long>[0-9A-Fa-f]{{8}}))"
    r"|(?P<percent>(?:%[0-9A-Fa-f]{2})++)"
    r"|&\#(?P<decimal>[0-9]{1,7}+)[;；]?|&\#[xX](?P<hex>[0-9A-Fa-f]{1,6}+)[;；]?|&(?P<name>[A-Za-z][A-Za-z0-9]{1,30}+;)"
)


def json_escapes(text: str) -> Iterator[Change]:
    """What a reader of JSON undoes, however deep it lies in JSON in JSON."""
    for escape in _BACKSLASHED.finditer(text):
        yield escape.start(), escape.end(), _json_character(escape)


def notations(text: str) -> Iterator[Change]:
    """Every notation, one level of it."""
    for found in _ANY.finditer(text):
        if found["percent"] or found["bytes"]:
            yield from _utf8(found)
            continue
        read = html5.get(found["name"]) if found["name"] else _character(found)
        if read is not None:
            yield found.start(), found.end(), read


def _json_character(escape: re.Match[str]) -> str:
    if escape["high"]:
        return chr(0x10000 + (int(escape["high"], 16) - 0xD800 << 10) + int(escape["low"], 16) - 0xDC00)
    return _point(int(escape["unit"], 16)) if escape["unit"] else "\n"


def _character(found: re.Match[str]) -> str:
    digits = found["byte"] or found["point"] or found["long"] or found["hex"]
    if digits:
        return _point(int(digits, 16))
    return _point(int(found["decimal"])) if found["decimal"] else _json_character(found)


def _point(number: int) -> str:
    """Half of a character, or none at all, is no part of any value."""
    return " " if 0xD800 <= number < 0xE000 or not 0 < number < 0x110000 else chr(number)


def _utf8(run: re.Match[str]) -> Iterator[Change]:
    """Each character of UTF-8; a byte that is part of none stays as it is written."""
    sign = "%" if run["percent"] else "\\x"
    data, width = bytes.fromhex(run[0].replace(sign, "")), len(sign) + 2
    index = 0
    while index < len(data):
        size = _size(data[index])
        try:
            read = data[index : index + size].decode()
        except UnicodeDecodeError:
            read = ""
        if read:
            yield run.start() + width * index, run.start() + width * (index + size), read
        index += size if read else 1


def _size(lead: int) -> int:
    """How many bytes a character has that begins with this one; 0 if none does."""
    return 1 if lead < 0x80 else 0 if lead < 0xC2 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4 if lead < 0xF5 else 0
