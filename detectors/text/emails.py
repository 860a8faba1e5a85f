"""E-mail addresses, by Presidio's form, that begin where a person would say they begin.

Presidio takes every character that a local part may hold, so that in a URL's query it reads "//x.example/?m=zoe@example.org" as one
address, holds that against the list of domains, and gives up. Here a local part ends at what parts values in queries, paths and rows.
"""

from collections.abc import Callable, Iterator

import regex

from detectors.finding import Evidence
from detectors.text.raw import Raw

_LOCAL = regex.compile(r"[!#$%&'*+\-/=?^_`{|}~.\w]+")
_DOMAIN = regex.compile(r"@\w+(?:-+\w+)*(?:\.\w+(?:-+\w+)*)+")
_LONGEST_DOMAIN = 253
_LAST_LABELS = (
    regex.compile(r"\.(?:xn--[^\W_]+(?:-[^\W_]+)*|[^\W\d_][^\W_]*)(?![^\W_])"),
    regex.compile(r"\.[A-Za-z][A-Za-z0-9]*(?=[^\x00-\x7f])"),
)
"""Where a domain may end: before a sign, so that "_zoe@example.org_" has one, and before a script that sets no space after it."""
_DELIMITED = regex.compile(r".*[/?&|{}`*#~]", regex.DOTALL)
_LAST_WORD = regex.compile(r".*\w", regex.DOTALL)
_NO_WORD = regex.compile(r"\W*+(?:_++(?=.))?")
"""And the underscores of emphasis, unless they are all there is."""


class Emails:
    """``is_registered``: whether a name ends under a public suffix, which proves a match."""

    entity = "EMAIL_ADDRESS"
    triggers = ("@",)
    coarse = ("@",)

    def __init__(self, context: tuple[str, ...], is_registered: Callable[[str], bool | None]) -> None:
        self.context = context
        self._is_registered = is_registered

    def find(self, stretch: str, before: str) -> Iterator[Raw]:
        found = 0
        for local in _LOCAL.finditer(stretch):  # runs, then what follows them: each character is read once
            end = self._end(stretch, local.end())
            if not end or stretch[local.end() - 1] == ".":
                continue
            start = self._start(stretch, max(found, local.start()), local.end())
            if start < local.end():
                found = end
                yield Raw(self.entity, start, found, 1.0, Evidence.CHECKSUM)

    def _end(self, stretch: str, at: int) -> int:
        """Where the longest registered domain ends behind the @; 0 if there is none."""
        run = _DOMAIN.match(stretch, at)
        if run is None:
            return 0
        most = min(run.end(), at + 1 + _LONGEST_DOMAIN)
        ends = {label.end() for form in _LAST_LABELS for label in form.finditer(stretch, at, most)}
        return next((end for end in sorted(ends, reverse=True) if self._is_registered(stretch[at + 1 : end])), 0)

    def _start(self, stretch: str, start: int, end: int) -> int:
        """Behind the last delimiter, and behind a key and its "="; but a list's "bounce+zoe=example.com@lists" is one address."""
        word = _LAST_WORD.match(stretch, start, end)
        if word is None:
            return end
        delimited = _DELIMITED.match(stretch, start, word.end())
        if delimited:
            start = delimited.end()
        equals = stretch.rfind("=", start, word.end())
        if equals >= 0 and not self._is_registered(stretch[equals + 1 : end]):
            start = equals + 1
        plain = _NO_WORD.match(stretch, start, end)
        return plain.end() if plain else start
