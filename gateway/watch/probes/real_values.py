"""Where a text has somebody's data, as far as its form shows it: for those who send texts on, whatever a policy has looked for. Pure.

Without a model no list of names is ever whole, so what looks like a name counts as one: a first name, what a phrase announces, and any
capitalised English word that begins no sentence, but for words that name groups, times, and languages' usual ones. Rather a word too many.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import regex

from detectors.text.announced import announced, initialed
from detectors.text.entities import PATTERN_ENTITIES
from detectors.text.group_terms import AXES, FIRST_NAMES, NONE, WRITTEN_ONLY
from gateway.guard.kept import Span, merged

NAME = "NAME"
"""Of a person, a place or a company: nobody knows."""
NUMBER = "NUMBER"
"""Of five digits and more."""
_WORD = r"\p{Lu}[\p{L}\p{M}]*(?:['’\-]\p{L}[\p{L}\p{M}]*)*"
_NAMES = regex.compile(rf"(?<![\p{{L}}\p{{N}}_<&@])(?=[\p{{L}}\p{{M}}'’\-]*\p{{Ll}}){_WORD}(?![\p{{N}}_>@])")
_NUMBERS = regex.compile(r"\d(?:[\s\-./]?\d){4,}")
_BEGINS = regex.compile(r"(?:^|[.!?:;\n•*#>|\-–—][\"'”’)*]*\s*|[\"“‘(\[]\s*)$")
_NEAR = 12
_USUAL = frozenset(
    """
    i i'm i'd i'll i've i’m i’d i’ll i’ve mr mrs ms miss mx dr sir madam january february march april may june july august september october
    november december monday tuesday wednesday thursday friday saturday sunday english internet ok okay
    """.split()  # noqa: SIM905 a table of words
)


class _Found(Protocol):
    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...

    @property
    def kind(self) -> str: ...


class _Patterns(Protocol):
    def scan(self, text: str) -> Iterable[_Found]: ...


@dataclass(frozen=True, slots=True)
class RealValues:
    """Build it once: it takes a second."""

    _patterns: _Patterns
    _known: frozenset[str]

    @classmethod
    def built(cls) -> "RealValues":
        from detectors.text.pii import PiiPatterns  # whose libraries only those load who ask for probes

        forms = (form for axis in AXES for row in axis.rows for group in row.forms for form in group if form != NONE)
        known = {word.lower() for form in forms for word in form.removeprefix(WRITTEN_ONLY).split()}
        return cls(PiiPatterns(PATTERN_ENTITIES), _USUAL | known)

    def find(self, text: str) -> list[Span]:
        """In order, and disjoint; of those that share a character, all are one, of the kind of the longest."""
        found = [Span(each.start, each.end, each.kind.rpartition(".")[2]) for each in self._patterns.scan(text)]
        found += [Span(*match.span(), NUMBER) for match in _NUMBERS.finditer(text)]
        found += self._names(text)
        return merged(found)

    def _names(self, text: str) -> Iterator[Span]:
        for name in (*announced(text), *initialed(text)):
            if not all(map(self._is_known, text[name.start : name.end].split())):
                yield Span(name.start, name.end, name.entity)
        for match in _NAMES.finditer(text):
            word, start = match[0], match.start()
            if word in FIRST_NAMES or (not self._is_known(word) and not _BEGINS.search(text[max(0, start - _NEAR) : start])):
                yield Span(start, match.end(), NAME)

    def _is_known(self, word: str) -> bool:
        lowered = word.lower()
        return lowered in self._known or all(part in self._known for part in lowered.replace("’", "'").removesuffix("'s").split("-"))
