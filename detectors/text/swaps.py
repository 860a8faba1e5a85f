"""The same English text about another group: what a probe sends beside the original.

All terms of one attribute are replaced at once, with their grammar: pronouns by their role, ``a`` and ``an``, capitals. A text is left
alone, with the reason, if it names several groups (a swap would change who did what), says what would not be true of the other group, or
is unclear. Names of people are never replaced, and nobody's group is guessed from one; see ``FIRST_NAMES``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from detectors.text.group_terms import AXES, FIRST_NAMES, NONE, PEOPLE, WRITTEN_ONLY, Axis
from detectors.text.swap_grammar import role, takes_an

MAX_CHARS = 20_000

_NEAR = 60
"""Characters beside a term that may tell its role."""

_TOKEN = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d+|[^\w\s]")
_ARTICLE = re.compile(r"\b(an?)(\s+)$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?:^|[.!?:\n][\"'”’)]*\s*|[\"“‘(])$")
_BE = frozenset(
    {"is", "are", "was", "were", "be", "been", "being", "am", "isn't", "wasn't", "he's", "she's", "they're", "i'm", "you're", "we're"}
)
_SO = frozenset({"so", "very", "too", "not", "also", "really", "quite", "always", "still", "extremely"})
_JOINS = frozenset({"and", "or", "nor", "/"})


class Left(StrEnum):
    """Why a text was left alone."""

    NO_TERMS = "no terms"
    SEVERAL_GROUPS = "several groups"
    FACT = "a fact about the group"
    NAME = "a name"
    UNCLEAR = "unclear"
    TOO_LONG = "too long"


@dataclass(frozen=True, slots=True)
class Swap:
    """``text`` is about ``other`` where the original was about ``group``; ``spans`` are the places in the original that differ."""

    text: str
    attribute: str
    group: str
    other: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Sense:
    """One thing that a form may be."""

    row: int
    group: int
    role: str
    is_proper: bool


@dataclass(frozen=True, slots=True)
class _Term:
    """A form at its place, in the one role that it has there."""

    start: int
    end: int
    sense: _Sense


class _Unclear(Exception):
    """The grammar of a place could not be told."""


class Swaps:
    """One attribute's replacements, built once."""

    def __init__(self, axis: Axis) -> None:
        self.axis = axis
        self._senses: dict[str, list[_Sense]] = {}
        for at, row in enumerate(axis.rows):
            for group, forms in enumerate(row.forms):
                for form in forms:
                    if form != NONE and not form.startswith(WRITTEN_ONLY):
                        self._senses.setdefault(form.lower(), []).append(_Sense(at, group, row.role, form[0].isupper()))
        longest_first = sorted(self._senses, key=len, reverse=True)
        self._forms = re.compile(rf"(?<![\w@/.#-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w@#]|[-/.]\w)", re.IGNORECASE)
        self._facts = re.compile(rf"(?<!\w)(?:{'|'.join(axis.facts)})(?!\w)", re.IGNORECASE) if axis.facts else None
        self._names = re.compile(rf"\b(?:{'|'.join(sorted(FIRST_NAMES))})\b") if axis.name == "gender" else None

    def swap(self, text: str, other: str | None = None, *, exchange: bool = False) -> Swap | Left:
        """About ``other``, by default the group that follows in the attribute's list.

        ``exchange``: a text about two groups has them change places, which is another text with the same words.
        """
        if len(text) > MAX_CHARS:
            return Left.TOO_LONG
        try:
            terms = list(self._terms(text))
            groups = sorted({term.sense.group for term in terms})
            if not groups:
                return Left.NO_TERMS
            if len(groups) > 2 or (len(groups) == 2 and not exchange):
                return Left.SEVERAL_GROUPS
            if self._facts and self._facts.search(text):
                return Left.FACT
            if self._names and self._names.search(text):
                return Left.NAME
            return self._replaced(text, terms, self._targets(groups, other))
        except _Unclear:
            return Left.UNCLEAR

    def _targets(self, groups: Sequence[int], other: str | None) -> Mapping[int, int]:
        first = groups[0]
        if len(groups) == 2:
            return {first: groups[1], groups[1]: first}
        target = self.axis.groups.index(other) if other else (first + 1) % len(self.axis.groups)
        if target == first:
            raise ValueError("a text about this group already")
        return {first: target}

    def _terms(self, text: str) -> Iterator[_Term]:
        for match in self._forms.finditer(text):
            senses = [sense for sense in self._senses[match[0].lower()] if not sense.is_proper or match[0][0].isupper()]
            sense = _sense(senses, text, match.start(), match.end()) if senses else None
            if sense:
                yield _Term(match.start(), match.end(), sense)

    def _replaced(self, text: str, terms: Iterable[_Term], targets: Mapping[int, int]) -> Swap:
        parts, spans, at, source = [], [], 0, 0
        for term in terms:
            source = term.sense.group
            form = self._form(text, term, targets[source])
            start = term.start
            article = _ARTICLE.search(text, max(at, start - _NEAR), start)
            if article and takes_an(form) != (len(article[1]) == 2):
                start = article.start()
                form = f"{_article(article[1], form)}{article[2]}{form}"
            parts += [text[at:start], form]
            spans.append((start, term.end))
            at = term.end
        groups = self.axis.groups
        first = min(targets)
        return Swap("".join([*parts, text[at:]]), self.axis.name, groups[first], groups[targets[first]], tuple(spans))

    def _form(self, text: str, term: _Term, target: int) -> str:
        form = self.axis.rows[term.sense.row].forms[target][0].removeprefix(WRITTEN_ONLY)
        if form == NONE:
            raise _Unclear
        return _in_case(
            form, text[term.start : term.end], term.sense, is_first=bool(_SENTENCE_END.search(text, max(0, term.start - 8), term.start))
        )


def all_swaps() -> list[Swaps]:
    return [Swaps(axis) for axis in AXES]


def _sense(senses: Sequence[_Sense], text: str, start: int, end: int) -> _Sense | None:
    """The one that fits the place; None: it is no term there."""
    before = [token.lower() for token in _TOKEN.findall(text[max(0, start - _NEAR) : start])]
    after = [token.lower() for token in _TOKEN.findall(text[end : end + _NEAR])]
    fit = [sense for sense in senses if sense.role != "person" or _is_of_people(before, after)]
    if len(fit) > 1 and len({sense.role for sense in fit}) > 1:
        found = role({sense.role for sense in fit}, before, after)
        if found is None and any(sense.role == "person" for sense in fit):
            found = "person"
        fit = [sense for sense in fit if sense.role == found]
        if not fit:
            raise _Unclear
    return fit[0] if fit else None


def _is_of_people(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether an adjective there is about people: before a word for them, or said of somebody."""
    if after[:1] and after[0] in _JOINS and any(word in PEOPLE for word in after[1:4]):
        raise _Unclear
    if any(word in PEOPLE for word in after[:2]):
        return True
    is_last = not after or not after[0][0].isalnum() or after[0] in _JOINS or after[0] in {"because", "but", "so", "when", "that"}
    said_of = [word for word in before if word not in _SO]
    return is_last and bool(said_of) and said_of[-1] in _BE


def _in_case(form: str, was: str, sense: _Sense, *, is_first: bool) -> str:
    if len(was) > 1 and was.isupper():
        return form.upper()
    if was[0].isupper() and (is_first or not sense.is_proper):
        return form[0].upper() + form[1:]
    return form


def _article(was: str, form: str) -> str:
    found = "an" if takes_an(form) else "a"
    return found.capitalize() if was[0].isupper() else found
