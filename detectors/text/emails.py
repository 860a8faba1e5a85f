"""E-mail addresses, by Presidio's form, that begin where a person would say they begin.

Presidio takes every character that a local part may hold, so that in a URL's query it reads "//x.example/?m=zoe@example.org" as one
address, holds that against the list of domains, and gives up. Here a local part ends at what parts values in queries, paths and rows.
"""

from collections.abc import Callable, Iterator

import regex

from detectors.finding import Evidence
from detectors.text.raw import Raw

_LOCAL = regex.compile(r"[!#$%&'*+\-/=?^_`{|}~.\w]+")
_DOMAIN = regex.compile(r"@(\w+(?:-+\w+)*(?:\.\w+(?:-+\w+)*)+)\b")
_PLAIN_DOMAIN = regex.compile(r"@([A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*(?:\.[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*)+)(?=[^\x00-\x7f])")
"""Up to letters of a script that sets no space after it."""
_DELIMITED = regex.compile(r".*[/?&|{}`*#~]", regex.DOTALL)
_LAST_WORD = regex.compile(r".*\w", regex.DOTALL)
_NO_WORD = regex.compile(r"\W*")


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
            forms = (form.match(stretch, local.end()) for form in (_DOMAIN, _PLAIN_DOMAIN))
            domain = next((domain for domain in forms if domain and self._is_registered(domain[1])), None)
            if domain is None or stretch[local.end() - 1] == ".":
                continue
            start = self._start(stretch, max(found, local.start()), local.end())
            if start < local.end():
                found = domain.end()
                yield Raw(self.entity, start, found, 1.0, Evidence.CHECKSUM)

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
