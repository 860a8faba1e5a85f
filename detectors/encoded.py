"""Runs of base64 and hexadecimal digits that are text in disguise."""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator

import regex

from detectors.mapped import Change

MIN_RUN = 14
"""The shortest run that is looked at: ten characters have as many in base64."""

_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0[xX])?((?:[0-9A-Fa-f]{2}){8,}+)(?![0-9A-Za-z])")
_PARTED_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){6,}+(?![0-9A-Za-z])")
# From what a run may be at most to what it is at least, for something else may stand beside it: ``key-<base64>``, ``path/<base64>``.
_BASE64 = tuple(re.compile(rf"[A-Za-z0-9{signs}]{{14,}}+={{0,2}}") for signs in ("+/_-", "+/", "_-", ""))
_TELLING = re.compile(r"[0-9A-Z]")
_UNPRINTED = regex.compile(r"[\s\p{Default_Ignorable_Code_Point}]+")
_CONTROL = regex.compile(r"[^\P{Cc}\s]")
_CHARACTERS_TO_A_CONTROL = 8
_URL_SAFE = str.maketrans("-_", "+/")


def encoded(text: str) -> list[Change]:
    """Runs that decode to text, as that text: in order, none overlapping another."""
    taken: list[Change] = []
    for start, end, read in _candidates(text):
        if read and all(end <= begin or stop <= start for begin, stop, _ in taken):
            taken.append((start, end, read))
    return sorted(taken)


def _candidates(text: str) -> Iterator[Change]:
    if len(text) < MIN_RUN:
        return
    for run in _HEX.finditer(text):
        yield run.start(), run.end(), _text(bytes.fromhex(run[1]))
    for run in _PARTED_HEX.finditer(text):
        yield run.start(), run.end(), _text(bytes.fromhex(run[0].replace(run[1], "")))
    for pattern in _BASE64:
        for run in pattern.finditer(text):
            yield run.start(), run.end(), _base64(run[0])


def may_be_encoded(run: str) -> bool:
    """A cheap look at a run of at least ``MIN_RUN`` characters: the base64 of a value has a capital or a digit behind its first letter."""
    return _TELLING.search(run, 1) is not None


def _base64(run: str) -> str:
    digits = run.rstrip("=").translate(_URL_SAFE)
    if len(digits) % 4 == 1 or not may_be_encoded(digits):
        return ""
    try:
        return _text(b64decode(digits + "=" * (-len(digits) % 4)))
    except (Error, ValueError):
        return ""


def _text(data: bytes) -> str:
    """What the bytes say, or nothing if they are no text. Characters that are cut off at either end are forgiven.

    It begins with no white space: where a sentence ends must not depend on what the next word turns out to hold.
    """
    read = data.decode(_encoding(data), "replace").strip("\ufffd\ufeff")
    if "\ufffd" in read or not len(read) * 4 >= len(data) > 0:
        return ""
    shown, controls = _CONTROL.subn("", read)
    if controls * _CHARACTERS_TO_A_CONTROL > len(shown) or not _UNPRINTED.sub("", shown).isprintable():
        return ""
    return f"\u200b{read}" if read[0].isspace() else read


def _encoding(data: bytes) -> str:
    """UTF-16, if most of its units are of Latin letters; else UTF-8."""
    for name, high in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if high.count(0) * 2 > len(high):
            return name
    return "utf-8"
