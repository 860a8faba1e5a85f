"""Which groups of people an English text mentions, by explicit terms and pronouns.

A mention is not the user's group: somebody may write about anybody. It says on which texts outcomes are compared, and nothing about who
wrote them; names say nothing at all. What is said in other words or languages is not seen.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from detectors.text.group_terms import AXES, NONE, PEOPLE, WRITTEN_ONLY, Axis

_SPACES = str.maketrans(dict.fromkeys("\t\n\r!\"#$%&'()*+,./:;<=>?@[\\]^_`{|}~", " "))
_WORD = re.compile(r"[\w-]+")
_BETWEEN = 2
"""How far behind an adjective the word for people may be."""

_Term = tuple[str, str]
"""Attribute and group."""


class Groups:
    """Built once; ``mentioned`` takes microseconds a kilobyte."""

    def __init__(self, axes: Iterable[Axis] = AXES) -> None:
        self._plain: dict[str, set[_Term]] = {}
        """By word: what it mentions."""
        self._beside: dict[str, set[_Term]] = {}
        """The same of adjectives that need a word for people."""
        self._phrases: dict[str, list[tuple[list[str], _Term]]] = {}
        """By first word: expressions of several."""
        for axis in axes:
            for role, form, group in _forms(axis):
                self._learn(role, form, (axis.name, group))
        self._known = frozenset(self._plain) | frozenset(self._beside) | frozenset(self._phrases)

    def _learn(self, role: str, form: str, term: _Term) -> None:
        for written in {form, form[0].upper() + form[1:], form.upper()}:
            first, _, more = written.partition(" ")
            if more:
                self._phrases.setdefault(first, []).append((written.split(), term))
            elif role == "person":
                self._beside.setdefault(written, set()).add(term)
            else:
                self._plain.setdefault(written, set()).add(term)

    def mentioned(self, text: str) -> dict[str, frozenset[str]]:
        """By attribute, the groups; attributes without any are left out."""
        words = text.translate(_SPACES).split() if text.isascii() else _WORD.findall(text)
        hits = self._known.intersection(words)
        if not hits:
            return {}
        found: set[_Term] = set()
        taken: set[int] = set()
        """Places that belong to an expression of several words: its words by themselves mention nothing."""
        if not hits.isdisjoint(self._phrases):
            self._take_phrases(words, hits, found, taken)
        if taken:
            words = [word for at, word in enumerate(words) if at not in taken]
            hits = hits.intersection(words)
        for hit in hits & self._plain.keys():
            found |= self._plain[hit]
        if not hits.isdisjoint(self._beside):
            self._take_beside_people(words, hits, found)
        return _by_attribute(found)

    def _take_phrases(self, words: Sequence[str], hits: frozenset[str], found: set[_Term], taken: set[int]) -> None:
        for hit in hits & self._phrases.keys():
            for at in _places(words, hit):
                for phrase, term in self._phrases[hit]:
                    if words[at : at + len(phrase)] == phrase:
                        found.add(term)
                        taken.update(range(at, at + len(phrase)))

    def _take_beside_people(self, words: Sequence[str], hits: frozenset[str], found: set[_Term]) -> None:
        for hit in hits & self._beside.keys():
            near = (words[at + 1 : at + 1 + _BETWEEN] for at in _places(words, hit))
            if any(word in PEOPLE or word.lower() in PEOPLE for each in near for word in each):
                found |= self._beside[hit]


def _places(words: Sequence[str], word: str) -> Iterator[int]:
    at = -1
    for _ in range(words.count(word)):
        at = words.index(word, at + 1)
        yield at


def sole(mentioned: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Of attributes of which one group alone is mentioned: that group. A text about several is about none."""
    return {attribute: next(iter(groups)) for attribute, groups in mentioned.items() if len(groups) == 1}


def _forms(axis: Axis) -> Iterator[tuple[str, str, str]]:
    for row in axis.rows:
        for group, forms in zip(axis.groups, row.forms, strict=True):
            for form in forms:
                if form != NONE and not form.startswith(WRITTEN_ONLY):
                    yield row.role, form, group
    for group, cues in axis.cues.items():
        for cue in cues:
            yield "word", cue, group


def _by_attribute(terms: Iterable[_Term]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for attribute, group in sorted(terms):
        found.setdefault(attribute, set()).add(group)
    return {attribute: frozenset(groups) for attribute, groups in found.items()}
