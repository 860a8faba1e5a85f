"""Texts as data flows compare them: by their words, without regard to case, width, accents and invisible characters.

Whatever a text holds, the work is in step with its length, and is done in steps between which others may have their turn.
"""

import re
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar
from urllib.parse import unquote

PIECE = 1024
"""Characters that are folded in one step. To put accents in order takes time by the square of them."""
_ESCAPED = 4096
"""Characters of a link that are unescaped in one step."""
_WORDS = 512
"""Words that are looked at in one step."""
_WORD = re.compile(r"[^\s\"'`<>()\[\]{},;|]+")
_GLUE = re.compile(r"\\(?:[nrtbf\"/\\]|u[0-9a-f]{4})|[=&?#/]|(?<!\d\d):|:(?!\d\d(?!\d))")
"""What parts of a word are joined by, as JSON escapes it too. The minutes of a time of day are no parts."""
_EDGES = ".:!?*_-+/\\"
_IDENTIFYING = re.compile(r"[0-9]|\w[@./_:+-]\w")
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Of those that are no format characters."""

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work that is done step by step, and comes to something."""


def at_once(steps: Steps[T]) -> T:
    """Take all the steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


class Text:
    """Its words in order, and those of them and of their parts that look like identifiers."""

    def __init__(self, words: Sequence[str] = (), identifiers: AbstractSet[str] = frozenset()) -> None:
        self.words = words
        self.identifiers = identifiers
        self._runs: dict[int, set[int]] = {}

    def runs(self, length: int) -> Steps[set[int]]:
        """What stands for each so many words that follow each other."""
        if length not in self._runs:
            self._runs[length] = yield from runs(self.words, length)
        return self._runs[length]


def read(folded: str) -> Steps[Text]:
    words: list[str] = []
    for number, found in enumerate(_WORD.finditer(folded)):
        if number % _WORDS == _WORDS - 1:
            yield
        if word := found[0].strip(_EDGES):
            words.append(word)
    identifiers: set[str] = set()
    for number, part in enumerate(_parts(words)):
        if number % _WORDS == _WORDS - 1:
            yield
        if _IDENTIFYING.search(part):
            identifiers.add(part.strip(_EDGES))
    return Text(words, identifiers)


def fold(piece: str) -> str:
    """The same for every way of cutting a text into pieces: accents, whose order hangs on what stands before them, are left out."""
    if piece.isascii():
        return piece.casefold()
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKD", piece.casefold()))
    return "".join([char for char in plain if not unicodedata.combining(char) and unicodedata.category(char) != "Cf"]).casefold()


def runs(words: Sequence[str], length: int) -> Steps[set[int]]:
    """Of so many words that follow each other; of none, where that is 0."""
    found: set[int] = set()
    for at in range(len(words) - length + 1 if length else 0):
        if at % _WORDS == _WORDS - 1:
            yield
        found.add(hash(tuple(words[at : at + length])))
    return found


def _parts(words: Iterable[str]) -> Iterator[str]:
    """What may be identifiers: words, what is glued together in them, and the words that stand escaped in that."""
    for word in words:
        if word.isalpha():
            continue
        yield word
        for part in _unglued(word):
            yield part
            for at in range(0, len(part) if "%" in part else 0, _ESCAPED):
                plain = unquote(part[at : at + _ESCAPED].replace("+", " ")).casefold()
                for inner in _WORD.finditer(plain):
                    yield from _unglued(inner[0])


def _unglued(word: str) -> Iterator[str]:
    start = 0
    for glue in _GLUE.finditer(word):
        yield word[start : glue.start()]
        start = glue.end()
    yield word[start:]
