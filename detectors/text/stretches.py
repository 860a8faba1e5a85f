r"""Where a text may be cut so that no value of a fixed form is cut with it.

Values cross white space only in a few shapes: digit groups (cards, phones, IBANs), addresses, their extensions. So a *break* is a
position after white space whose preceding words cannot be the inside of such a shape. Whether a position is a break is decided by the
``WINDOW`` characters before it alone: whatever is appended later, and wherever a scan of it begins, the answer stays.
Between breaks lie *stretches*, each judged on its own; one that grows past ``CEILING`` is cut there, at white space if it can.
"""

import re
from collections.abc import Iterator

WINDOW = 64
"""Characters that decide whether a position is a break."""

CEILING = 2048
"""The longest stretch: a bound on what a stream holds back and on what one pattern sees."""

_LAST_WORDS = 4  # how far an address reaches from its number to its last word

_STOP_WORD_LIST = """
    a about after again all also am an and any are as ask at be because been before being but by can could did does done each for from
    get give go had has have he her here his how i if in is it its just know let like make me more most my need new no not now of on one
    only or other our out over please said same she should so some such tell than that the their them then there these they this those
    to too up us use very want was we were what when where which while who why will with would you your
"""
_STOP_WORDS = frozenset(_STOP_WORD_LIST.split())
_INSIDE_ADDRESS_WORDS = """
    apartment apt ap ave av avenida avenue blvd bld bldg boulevard box building c c/ calle camino carrer carretera cno corner court crta
    ct ctra dept drive dr ext extension extn flat floor fl fpo apo dpo house int anexo lane largo ln office p.o po psc pasaje paseo
    passeig piazza place plaza plza pza ps pl poligono postbox praça praca pso ptal puerta quai rambla rd road ronda room rue rua rúa
    s/n st ste str strada straat straße strasse street suite travessa travesía tér ter u unit urb urbanización ul bul u avda pza krt cl
    pº bd utca út ut via viale vicolo vía way nº n° num número x zip jan january feb february mar march apr april may jun june jul july
    aug august sep sept september oct october nov november dec december
"""
_INSIDE_ADDRESS = frozenset(_INSIDE_ADDRESS_WORDS.split())
_PLAIN = re.compile(r"[\"'“‘(\[]?([^\W\d_]+(?:['’][^\W\d_]+)?)([.,]?)\Z")
_NUMBER_END = re.compile(r"\d[\d\s()\[\]（）［］./~⁓∼～x\-‐-―−ー－／°ºª,#+*]*\Z", re.IGNORECASE)  # could be the inside of a number
_LEAD_END = re.compile(r"(?:^|[^\w])[+＋(（\[［#]+\Z")

_SPACE = re.compile(r"\s")

_CLOSED, _PLAIN_WORD, _OPEN = range(3)


def is_break(text: str, at: int) -> bool:
    """Whether no value that begins before ``at`` can reach it."""
    if at <= 0 or not text[at - 1].isspace():
        return at == 0
    words = text[max(0, at - WINDOW) : at].split()
    if not words:
        return True
    kind = _kind(words[-1])
    if kind == _OPEN or _in_corner(words):
        return False
    return kind == _CLOSED or not _follows_open(words)


def _follows_open(words: list[str]) -> bool:
    """Whether a word that could begin an address stands shortly before the last, plain one, with nothing between that ends it."""
    for word in reversed(words[-_LAST_WORDS:-1]):
        kind = _kind(word)
        if kind == _CLOSED:
            return False
        if kind == _OPEN and not _is_name(word):
            return True
    return False


def _kind(word: str) -> int:
    plain = _PLAIN.match(word)
    if plain is None:
        return _OPEN if _NUMBER_END.search(word) or _LEAD_END.search(word) or word.lower().rstrip(".,:") in _INSIDE_ADDRESS else _CLOSED
    letters, end = plain.group(1), plain.group(2)
    lower = letters.lower()
    if lower in _INSIDE_ADDRESS:
        return _OPEN
    if lower in _STOP_WORDS:
        return _CLOSED
    if end == ".":
        return _CLOSED
    if not letters[0].islower():
        return _CLOSED if end else _OPEN
    return _PLAIN_WORD


def _is_name(word: str) -> bool:
    plain = _PLAIN.match(word)
    return plain is not None and plain.group(1).lower() not in _INSIDE_ADDRESS


def _in_corner(words: list[str]) -> bool:
    """Where "the corner of A and B" goes on over its own "of", "the" and "and"."""
    return any(word.lower() == "corner" for word in words[-8:])


def next_break(text: str, after: int) -> int:
    """The next cut behind ``after``, itself a cut: a break, or the ceiling, or the end of the text."""
    limit = min(len(text), after + CEILING)
    for space in _SPACE.finditer(text, after, limit):
        if space.end() < limit and is_break(text, space.end()):
            return space.end()
    return limit if limit == len(text) else _forced(text, after)


def _forced(text: str, after: int) -> int:
    end = after + CEILING
    cut = max(text.rfind(space, after + CEILING // 2, end) for space in " \t\n")
    return cut + 1 if cut > 0 else end


def last_break(text: str, start: int, end: int) -> int | None:
    """The last break in ``start < at <= end``."""
    return next((at for at in range(end, start, -1) if text[at - 1].isspace() and is_break(text, at)), None)


def anchor(text: str, start: int) -> int:
    """Where a scan from ``start`` begins to cut: the break at or before it, if the text at hand can tell, else ``start`` itself."""
    if is_break(text, start):
        return start
    earliest = max(WINDOW, start - CEILING)
    return (last_break(text, earliest - 1, start) if start > earliest else None) or start


def last_cut(text: str, start: int) -> int:
    """The last cut that no text to come can move, at or after ``start``."""
    at = last_break(text, start, len(text))
    at = anchor(text, start) if at is None else at
    while len(text) - at > CEILING:
        at = next_break(text, at)
    return max(at, start)


def stretch_at(text: str, at: int, floor: int) -> tuple[int, int]:
    """The stretch that holds the character ``at``; ``floor`` is a cut at or before it."""
    start = last_break(text, floor, at) or floor
    end = next_break(text, start)
    while end <= at:
        start, end = end, next_break(text, end)
    return start, end


def overlong(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Every stretch behind the cut ``start`` that a ceiling, not a break, has cut."""
    at = start
    while len(text) - at > CEILING:
        found = last_break(text, at, at + CEILING - 1)
        if found is None:
            cut = next_break(text, at)
            yield at, cut
            following = next_break(text, cut)
            yield cut, following
            found = cut
        at = found
