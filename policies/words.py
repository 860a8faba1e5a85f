"""Texts as data flows compare them: by their words, without regard to case, width, accents and invisible characters.

Whatever a text holds, the work is in step with its length, and is done in steps between which others may have their turn.
"""

import re
import unicodedata
from collections import deque
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
_DIGIT = re.compile(r"[0-9]")
_NUMBER = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,40}))?(?:e([+-]?[0-9]{1,2}))?")
GROUPS = 8
"""Groups that one value within a longer row of them is written in, at most."""
_LONGEST = 40
_TIGHT, _LOOSE = 6, 7
"""Characters that a value in groups has at least: with nothing but a sign between any two groups, or with spaces."""
_PLAIN = 4
"""Letters of a group without digits, at most: as many as a bank has in an IBAN."""
_DAY, _YEAR = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:19|20)[0-9]{2}"
_SIGNED = (
    rf"[0-9]{{4}}(?P<big>[-./]){_DAY}(?P=big){_DAY}(?:t[0-9:.]{{0,15}}(?:z|[+-][0-9:]{{2,5}})?)?"
    rf"|{_DAY}(?P<little>[-./]){_DAY}(?P=little)(?:[0-9]{{2}}|[0-9]{{4}})|{_YEAR}[-/]{_YEAR}"
    r"|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
)
_SPACED = rf"[0-9]{{4}} {_DAY} {_DAY}|{_DAY} {_DAY} (?:[0-9]{{2}}|[0-9]{{4}})|{_YEAR} {_YEAR}"
_MOMENT = re.compile(
    rf"(?<!\w)(?:(?<![0-9][-./])(?:{_SIGNED})(?!\w)(?![-./][0-9])"
    rf"|(?<![0-9][-./ ])(?:{_SPACED})(?!\w)(?![-./ ][0-9]+(?![0-9:])))"
)
"""A date or a time of day, which is in no value's groups."""
_GROUP = re.compile(r"[^\W_]+")
_ESCAPE = re.compile(r"u[0-9a-f]{4}|[nrtbf]")
"""What begins a word after a backslash, as JSON escapes a character."""
_BETWEEN = re.compile(
    r"(?:[-\s/()+\u2010\u2012-\u2015\u2212]|(?<![,'\u2019][0-9]{3})\.|\\[nrt]|\\u[0-9a-f]{4}){1,3}|(?<=[0-9])[,'\u2019](?=[0-9]{3}(?!\w))"
)
"""What groups are apart by; three digits also by a comma."""
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
    """Its words in order, and those of them and of their parts that look like identifiers.

    What is written in groups (``DE89 3704 0044``) is an identifier without what is between them, and a number is also one as an integer.
    ``joined`` are groups that may be one value and may be several (``+1 (415) 555-0132``): they are to be compared with identifiers, not
    with each other. There are so many ``ways`` to join some of them.
    """

    def __init__(
        self, words: Sequence[str] = (), identifiers: AbstractSet[str] = frozenset(), joined: AbstractSet[str] = frozenset(), ways: int = 0
    ) -> None:
        self.words = words
        self.identifiers = identifiers
        self.joined = joined
        self.ways = ways
        self._runs: dict[int, set[int]] = {}

    def runs(self, length: int) -> Steps[set[int]]:
        """What stands for each so many words that follow each other."""
        if length not in self._runs:
            self._runs[length] = yield from runs(self.words, length)
        return self._runs[length]


def read(folded: str, most: int) -> Steps[Text]:
    """Where groups may be joined in more than ``most`` ways, only some of the joined ones, yet more than these."""
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
            if number_said := _integer(part.strip(_EDGES)):
                identifiers.add(number_said)
    row = _Row(folded)
    for number, found in enumerate(_near_digits(folded)):
        if number % _WORDS == _WORDS - 1:
            yield
        row.take(found)
        if row.ways > most:
            break
    row.end()
    return Text(words, identifiers | row.wholes, row.joined, row.ways)


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


def _near_digits(text: str) -> Iterator[re.Match[str]]:
    """The words that have digits, or stand beside one that has."""
    at = 0
    while digit := _DIGIT.search(text, at):
        for found in _GROUP.finditer(text, max(at, digit.start() - 2 * _LONGEST)):
            yield found
            at = found.end()
            if found.start() >= digit.end() and not _DIGIT.search(found[0]):
                break


class _Stretch:
    """Groups that follow each other, and are one value if nothing else follows."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._text = ""
        self._count = 0

    def add(self, group: str) -> None:
        self._count += 1
        if len(self._text) <= _LONGEST:
            self._text += group

    def end(self) -> str:
        """The value; "" if it is none."""
        text = self._text if self._count > 1 and self._least <= len(self._text) <= _LONGEST else ""
        self._text, self._count = "", 0
        return text


class _Row:
    """Takes the groups of a text in their order, and joins those that may be one value.

    A group has a digit, or stands beside one that has (the bank of an IBAN). Up to ``GROUPS`` that follow each other are joined. Of those
    that have digits, as many as follow each other are a whole value, and so are as many as have no spaces between them.
    """

    def __init__(self, text: str) -> None:
        self.wholes: set[str] = set()
        self.joined: set[str] = set()
        self.ways = 0
        self._text = text
        self._end = self._skipped = 0
        self._last: deque[str] = deque(maxlen=GROUPS - 1)
        self._has_digit = False
        self._stretches = _Stretch(_LOOSE), _Stretch(_TIGHT)

    def take(self, found: re.Match[str]) -> None:
        start, group = found.start(), found[0]
        has_digit = _DIGIT.search(group) is not None
        if start < self._skipped:
            return
        if len(group) > (_LONGEST if has_digit else _PLAIN) or self._text[start - 1 : start].isalnum():
            self.end()
        elif has_digit and (moment := _MOMENT.match(self._text, start)):
            self._skipped = moment.end()
            self.end()
        else:
            escape = _ESCAPE.match(group) if self._text[start - 1 : start] == "\\" else None
            if group := group[escape.end() :] if escape else group:
                self._add(found.end() - len(group), group, has_digit=has_digit)

    def end(self) -> None:
        self._last.clear()
        self._cut(*self._stretches)

    def _add(self, start: int, group: str, *, has_digit: bool) -> None:
        between = _BETWEEN.match(self._text, self._end) if self._last else None
        self._end = start + len(group)
        if not between or between.end() != start or not (has_digit or self._has_digit):
            self.end()
        elif not has_digit:
            self._cut(*self._stretches)
        elif len(between[0]) > 1 or between[0].isspace():
            self._cut(self._stretches[1])
        self._has_digit = has_digit
        if has_digit:
            for stretch in self._stretches:
                stretch.add(group)
        self._join(group)
        if self._text[start - 1 : start] == "+" and group.isdecimal():
            self.joined.update(group[code:] for code in (1, 2, 3) if len(group) - code >= _LOOSE)
            self.ways += 3

    def _join(self, group: str) -> None:
        value = group
        for earlier in reversed(self._last):
            value = earlier + value
            if len(value) > _LONGEST:
                break
            if len(value) >= _LOOSE:
                self.joined.add(value)
                self.ways += 1
        self._last.append(group)

    def _cut(self, *stretches: _Stretch) -> None:
        for stretch in stretches:
            if value := stretch.end():
                self.wholes.add(value)


def _integer(word: str) -> str:
    """The number that is written with a point or an exponent, as an integer; "" if it is none."""
    found = _NUMBER.fullmatch(word)
    if found is None or word.isdecimal():
        return ""
    digits = found[1] + (found[2] or "")
    point = len(found[1]) + int(found[3] or 0)
    whole = digits[: max(point, 0)].ljust(point, "0").lstrip("0")
    return whole if not digits[max(point, 0) :].strip("0") and _TIGHT <= len(whole) <= _LONGEST else ""


def _unglued(word: str) -> Iterator[str]:
    start = 0
    for glue in _GLUE.finditer(word):
        yield word[start : glue.start()]
        start = glue.end()
    yield word[start:]
