"""Invented values where a text has real ones, or their kinds: what a probe sends has nobody's data in it, and reads as texts do. Pure.

The same becomes the same throughout. Names are of no group that a probe asks about, and of no person that is meant.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from gateway.guard.kept import Span
from gateway.watch.probes.real_values import NAME, NUMBER

_PLACEHOLDER = re.compile(r"<(?P<kind>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?:_(?P<key>[a-z2-9]{6}))?>")
_VALUES: Mapping[str, tuple[str, ...]] = {
    NAME: ("Tavner", "Oldgate", "Quillon", "Wexford"),
    "PERSON": ("R. Tavner", "M. Oldgate", "S. Quillon", "T. Wexford"),
    "EMAIL_ADDRESS": ("r.tavner@example.com", "office@example.org", "s.quillon@example.net", "desk@example.com"),
    "PHONE_NUMBER": ("555-0142", "555-0177", "555-0119", "555-0163"),
    "LOCATION": ("Northfield", "Eastbrook", "12 Mill Lane", "Westbury"),
    "ORGANIZATION": ("Tavner & Sons", "the Oldgate Company", "Quillon Works", "Wexford Stores"),
    "DATE_TIME": ("4 March", "17 May", "9 June", "21 October"),
    "URL": ("https://example.com", "https://example.org", "https://example.net", "https://example.com/page"),
    "IP_ADDRESS": ("192.0.2.10", "198.51.100.7", "203.0.113.24", "192.0.2.77"),
    "MAC_ADDRESS": ("00:00:5e:00:53:01", "00:00:5e:00:53:02", "00:00:5e:00:53:03", "00:00:5e:00:53:04"),
    "CREDIT_CARD": ("0000 0000 0000 0001", "0000 0000 0000 0002", "0000 0000 0000 0003", "0000 0000 0000 0004"),
    "UUID": ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
}
_NUMBERED = (
    NUMBER,
    "CRYPTO",
    "IBAN_CODE",
    "MEDICAL_LICENSE",
    "UK_NHS",
    "US_BANK_NUMBER",
    "US_DRIVER_LICENSE",
    "US_ITIN",
    "US_PASSPORT",
    "US_SSN",
)
"""Of these any number does."""


class UnknownKindError(ValueError):
    """There is a kind of which nothing can be invented. It has no text of it."""


class Invented:
    """Of one probe: ``fill`` each of its texts. ``find`` says where a text has real values."""

    def __init__(self, find: Callable[[str], Iterable[Span]]) -> None:
        self._find = find
        self._given: dict[str, str] = {}
        self._used: dict[str, int] = {}

    def fill(self, text: str) -> str:
        """Raises ``UnknownKindError``."""
        pieces: list[str] = []
        at = 0
        for start, end, kind in self._find(text):
            pieces += (self._filled(text[at:start]), self._value(text[start:end], kind))
            at = end
        return "".join((*pieces, self._filled(text[at:])))

    def _filled(self, piece: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self._value(match[0], match["kind"]), piece)

    def _value(self, was: str, kind: str) -> str:
        value = self._given.get(was)
        if value is None:
            value = self._given[was] = self._next(kind)
        return value

    def _next(self, kind: str) -> str:
        number = self._used.get(kind, 0)
        self._used[kind] = number + 1
        if kind in _NUMBERED:
            return f"REF-{1000 + number}"
        values = _VALUES.get(kind)
        if values is None:
            raise UnknownKindError
        return values[number % len(values)]
