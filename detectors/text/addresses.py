"""Street addresses, post boxes and post codes, by how they are written: a number and a street's word, in the order of many countries.

No model at hand finds an address as a whole. These forms need a number beside a word that names a street ("12 Oak Street", "Calle Mayor 5",
"Hauptstraße 7", "P.O. Box 12"), or a phrase that says an address follows ("lives at 450 Præstevænget 15").
"""

from collections.abc import Iterator

import regex

from detectors.text.address_forms import (
    CODE,
    CODE_CUE,
    CUE,
    CUED,
    FORMS,
    LINE_CODE,
    NUMBER_FIRST,
    NUMBER_LAST,
    POST_CODE,
    TRIGGERS,
)
from detectors.text.raw import DIGITS, Raw

_NEAR = 90  # characters behind a street in which its post code may stand
_CUE_REACH = 80
_HAS_NUMBER = regex.compile(r"\d|corner|s/n")
_WORD_START = regex.compile(r"(?<!\S)[\"'“(]?(?=[\p{L}\d])")


class Addresses:
    """A LOCATION by form; a bare number is a post code only where something says so."""

    entity = "LOCATION"
    context: tuple[str, ...] = ()
    triggers = TRIGGERS
    coarse = (*DIGITS, "corner", "s/n")

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        if not _HAS_NUMBER.search(stretch):
            return
        found = [*self._by_form(stretch), *self._by_cue(stretch, before)]
        yield from found
        yield from self._codes(stretch, found)

    def _by_form(self, stretch: str) -> Iterator[Raw]:
        for form, score in FORMS:
            for match in form.finditer(stretch):
                yield Raw(self.entity, match.start(), match.end(), score)

    def _by_cue(self, stretch: str, before: str) -> Iterator[Raw]:
        """What stands right behind a phrase that announces an address or a post code."""
        for word in _WORD_START.finditer(stretch):
            at = word.end()
            match, cue = NUMBER_FIRST.match(stretch, at) or NUMBER_LAST.match(stretch, at), CUE
            if not match:
                match, cue = POST_CODE.match(stretch, at), CODE_CUE
            if match and cue.search((before + stretch[:at])[-_CUE_REACH:]):
                yield Raw(self.entity, match.start(), match.end(), CUED)

    def _codes(self, stretch: str, streets: list[Raw]) -> Iterator[Raw]:
        """The post code at the end of a line, shortly behind a street."""
        for match in LINE_CODE.finditer(stretch):
            if any(0 <= match.start() - street.end <= _NEAR for street in streets):
                yield Raw(self.entity, match.start(), match.end(), CODE)
