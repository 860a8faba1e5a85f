"""Finds the placeholders that an exchange has issued, in the forms that models give them back."""

import re
from collections.abc import Iterable, Iterator

import regex

from detectors.contract import Disguise
from detectors.finding import Evidence, Finding

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""Of the keyed part: 32 characters that are not taken for one another."""
LENGTH = 6
"""One of them at least is a digit, so that hardly a word of a language looks like one."""

_DIGIT = re.compile(r"[2-9]")
_KEYED = re.compile(rf"(?<![a-z0-9])[{ALPHABET}]{{{LENGTH}}}(?![a-z0-9])")


def lookalikes(text: str) -> frozenset[str]:
    """What could be taken for the keyed part of a placeholder in a text, in lower case."""
    lowered = text.lower()
    found = set()
    at = 0
    while digit := _DIGIT.search(lowered, at):
        match = _KEYED.search(lowered, max(at, digit.start() - LENGTH + 1), digit.start() + LENGTH + 1)
        if match and match.end() > digit.start():
            found.add(match.group())
        at = max(digit.end(), match.end() if match else 0)
    return frozenset(found)


_OPEN = r"(?P<open>(?:<|&lt;|%3C)\s{0,2})?"
_CLOSE = r"(?P<close>(?(open)\s{0,2})(?:>|&gt;|%3E))?"  # spaces belong to it only between brackets
_JOIN = r"\\?[ _-]"
_MAX_OPEN = 6
_MAX_CLOSE = 6


class Placeholders:
    """The placeholders of one exchange, as an inline detector (see ``contract.InlineDetector``).

    ``<EMAIL_ADDRESS_k3x9pa>`` is also found in other case, with spaces or hyphens for underscores, with Markdown's backslashes, with its
    brackets escaped or missing, and with spaces inside them. Only the keyed parts that were issued are found, each with its own type.
    """

    name = "placeholders"
    digest = "placeholders"
    lookbehind = 1
    disguises: frozenset[Disguise] = frozenset()

    def __init__(self, issued: Iterable[tuple[str, str]]) -> None:
        """``issued``: (type, keyed part) pairs."""
        self._kinds = {keyed: entity for entity, keyed in issued}
        types = sorted(set(self._kinds.values()), key=len, reverse=True)
        self._max_before = max(len(entity) + entity.count("_") + 2 for entity in types) + _MAX_OPEN  # everything before the keyed part
        spelled = "|".join(_JOIN.join(map(regex.escape, entity.split("_"))) for entity in types)
        body = rf"(?P<type>{spelled}){_JOIN}(?P<keyed>[{ALPHABET}]{{{LENGTH}}})(?![A-Za-z0-9])"
        first = "".join(sorted({entity[0] + entity[0].lower() for entity in types}))
        self._may_begin = re.compile(rf"[<&%]|(?<![A-Za-z0-9])[{first}]")
        self._pattern = regex.compile(rf"(?:(?<![A-Za-z0-9])|(?=<|&lt;|%3C)){_OPEN}{body}{_CLOSE}", regex.IGNORECASE | regex.ASCII)

    def keyed(self, text: str) -> str:
        """The keyed part of a placeholder that ``scan`` found."""
        match = self._pattern.fullmatch(text)
        return match["keyed"].lower() if match else ""

    def scan(self, text: str, start: int = 0) -> list[Finding]:
        end = start
        found = []
        for place in sorted(self._places(text, start)):
            match = self._around(text, max(end, place - self._max_before), place)
            if match:
                entity = self._kinds[match["keyed"].lower()]
                found.append(Finding(self.name, f"{self.name}.{entity}", match.start(), match.end(), 1.0, Evidence.CHECKSUM))
                end = match.end()
        return found

    def settled(self, text: str, start: int = 0) -> int:
        """Up to the first place from which a placeholder could still be on its way."""
        tail = max(start, len(text) - self._max_before - LENGTH - _MAX_CLOSE)
        if not self._may_begin.search(text, tail):
            return len(text)
        while match := self._pattern.search(text, tail, partial=True):
            begin: int = match.start()
            is_closed = not match.partial and match["close"]
            if match.partial or (match.end() > len(text) - _MAX_CLOSE and not is_closed):
                return begin
            tail = match.end() if is_closed and self._is_issued(match["type"], match["keyed"]) else begin + 1
        return len(text)

    def _places(self, text: str, start: int) -> Iterator[int]:
        """Where an issued keyed part stands: a plain search, which costs next to nothing where there is none."""
        lowered = text.lower()
        if len(lowered) != len(text):  # a few letters grow in lower case and would shift every offset
            lowered = "".join(char.lower() if char.isascii() else char for char in text)
        for keyed in self._kinds:
            place = lowered.find(keyed, start)
            while place >= 0:
                yield place
                place = lowered.find(keyed, place + 1)

    def _around(self, text: str, at: int, place: int) -> "regex.Match[str] | None":
        """The placeholder whose keyed part stands at ``place``, begun at or after ``at``."""
        while match := self._pattern.search(text, at, place + LENGTH + _MAX_CLOSE + 1):
            if match.start("keyed") == place and self._is_issued(match["type"], match["keyed"]):
                return match
            if match.start() > place:
                return None
            at = match.start() + 1
        return None

    def _is_issued(self, spelled: str, keyed: str) -> bool:
        entity = self._kinds.get(keyed.lower(), "")
        return spelled.translate(_PLAIN).upper() == entity.replace("_", " ")


_PLAIN = str.maketrans({"\\": None, "_": " ", "-": " "})
