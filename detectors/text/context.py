"""Words that stand before a match and make it surer, as Presidio's context enhancement has it, on a bounded window.

Presidio raises a score by 0.35 (to at least 0.4) when one of the five content words before the match, or the match's own first token,
contains a context word. It looks for the word anywhere inside another ("us" in "customer"), which we do not: a word must begin with it.
"""

import re
from collections.abc import Iterable

WINDOW = 128
"""Characters before a match that are looked at."""

_BOOST = 0.35
_LEAST = 0.4
_COUNT = 5
_SHORT = 3
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NOT_CONTENT_WORDS = """
    a about all also am an and any are as at be been before but by can could did do does for from had has have he her here his how i if
    in into is it its just me my no not now of on only or our out over please same she should so some such than that the their them then
    there these they this to too under until up us was we were what when where which who will with would you your's s t m re ve ll d
"""
_NOT_CONTENT = frozenset(_NOT_CONTENT_WORDS.split())


class Words:
    """Context words, ready to be looked for: a long one where a word begins with it, a short one as it is or with an s."""

    def __init__(self, words: Iterable[str]) -> None:
        listed = tuple(words)
        self._beginnings = tuple(word for word in listed if len(word) > _SHORT)
        self._whole = frozenset(form for word in listed if len(word) <= _SHORT for form in (word, f"{word}s"))

    def __bool__(self) -> bool:
        return bool(self._beginnings or self._whole)

    def support(self, token: str) -> bool:
        return token in self._whole or token.startswith(self._beginnings)


def boosted(score: float, text: str, start: int, words: Words) -> float:
    """The score with its context, from the ``WINDOW`` characters of ``text`` before ``start``."""
    if score >= 1.0 or not words or not has_context(text, start, words):
        return score
    return min(1.0, max(score + _BOOST, _LEAST))


def has_context(text: str, start: int, words: Words) -> bool:
    before = text[max(0, start - WINDOW) : start].lower()
    content = [token for token in _TOKEN.findall(before) if token not in _NOT_CONTENT][-_COUNT:]
    return any(words.support(token) for token in content)
