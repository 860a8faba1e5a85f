"""What a model's names lack: those that phrases announce, lists, repetition; and what it takes wrongly is taken away.

The model knows newspaper English. People in chats introduce themselves, fill in forms, write to somebody and say where they live, and
such phrases name the next capitalised words better than any model. Each rule is general; none knows a name.
"""

from collections.abc import Iterator
from dataclasses import replace

import regex

from detectors.text.announced import announced, initialed
from detectors.text.name_shape import LOCATION, PERSON, WORD, Name, is_foreign, mended

_BEFORE_PLACE = regex.compile(
    r"\b(?:in|near|(?:arrived|landed) at|(?:flew|travel\w*|moved?|trip|went|back) to|(?:originally|moved|came|flew|morning|here) from)\s$",
    regex.IGNORECASE,
)
_LIST = regex.compile(
    rf"(?<![\p{{L}}\-'’])(?P<left>{WORD}(?:\s{WORD})?)"
    rf"(?P<join>,\s|\s(?:and|&|y)\s|,\s(?:and\s)?)(?P<right>{WORD}(?:\s{WORD})?)(?![\p{{L}}\-'’])"
)


def refine(text: str, found: list[Name]) -> list[Name]:
    """The model's names of one sentence, mended, with those that phrases announce; in order, disjoint."""
    foreign = is_foreign(text)
    said = [*announced(text), *initialed(text)]
    kept = [cut for name in found if (cut := mended(text, _replaced(text, name), foreign=foreign))]
    names = said + [name for name in kept if not _loses(name, said)]
    names += _listed(text, names)
    names = _disjoint(names)
    people = [text[name.start : name.end] for name in names if name.entity == PERSON]
    return sorted([*(_recalled(text, name, people) for name in names), *_repeated(text, names, people)], key=lambda name: name.start)


def clean(text: str) -> str:
    """The text for the model, each character in its place: a quotation mark glued to a word confuses its tokens."""
    plain = text if text.isascii() else text.encode("utf-8", "replace").decode()  # a lone surrogate is no text
    return regex.sub(r"(?<=[:\p{L}])\"(?=\p{L})", " ", plain)


def _loses(name: Name, said: list[Name]) -> bool:
    """A model's name gives way to an announced one of another kind, or one that holds it."""
    return any(
        name.start < other.end
        and other.start < name.end
        and (name.entity != other.entity or (other.start <= name.start and name.end <= other.end))
        for other in said
    )


def _listed(text: str, names: list[Name]) -> list[Name]:
    """Who is named beside a person is a person: "Marrero and Murphy"."""
    people = {(name.start, name.end) for name in names if name.entity == PERSON}
    if not people:
        return []
    added = []
    for match in _LIST.finditer(text, overlapped=True):
        left, right = match.span("left"), match.span("right")
        if "," in match["join"]:
            continue
        for known, other in ((left, right), (right, left)):
            if known in people and not any(name.start < other[1] and other[0] < name.end for name in names if name.entity == PERSON):
                added.append(Name(*other, PERSON, said=True))
    return [name for name in added if mended(text, name)]


def _recalled(text: str, name: Name, people: list[str]) -> Name:
    """A part of a full name is that person again, whatever the model took it for."""
    value = text[name.start : name.end]
    is_part = name.entity != PERSON and any(value in person.split() for person in people)
    return replace(name, entity=PERSON) if is_part else name


def _repeated(text: str, names: list[Name], people: list[str]) -> Iterator[Name]:
    """The same where the model took it for nothing."""
    parts = {part for person in people if " " in person for part in person.split() if len(part) > 3 and part[0].isupper()}
    for part in sorted(parts):
        for match in regex.finditer(rf"(?<![\p{{L}}\d]){regex.escape(part)}(?![\p{{L}}\d])", text):
            if all(match.end() <= name.start or name.end <= match.start() for name in names):
                yield Name(match.start(), match.end(), PERSON, said=True)


def _disjoint(names: list[Name]) -> list[Name]:
    """One name a place: announced before found, then the longer."""
    chosen: list[Name] = []
    for name in sorted(names, key=lambda n: (-n.said, -(n.end - n.start), n.start)):
        if all(name.end <= other.start or other.end <= name.start for other in chosen):
            chosen.append(name)
    return sorted(chosen, key=lambda n: n.start)


def _replaced(text: str, name: Name) -> Name:
    """A person behind "grew up in" is a place."""
    is_place = name.entity == PERSON and not name.said and _BEFORE_PLACE.search(text[max(0, name.start - 24) : name.start])
    return replace(name, entity=LOCATION) if is_place else name
