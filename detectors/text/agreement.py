"""How far answers to one question agree: what a model is sure of, it says again (Wang et al., "Self-Consistency", ICLR 2023; Manakul et
al., "SelfCheckGPT", EMNLP 2023, whose n-gram variant is the plain measure here).

The measure is the Dice coefficient of the words, and of the pairs of neighbouring words, of two answers: 1 for the same words in the same
order, 0 for none in common. It takes a paraphrase for another answer; a measure that does not can be given in its place.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

Similarity = Callable[[str, str], float]
"""Of two texts, from 0 to 1; the same text is 1."""

MAX_CHARS = 20_000
"""Of each answer that are compared."""
_WORD = re.compile(r"\w+")


def agreement(answer: str, others: Sequence[str], similar: Similarity | None = None) -> float | None:
    """The mean similarity of an answer to the others; None if there are no others."""
    if not others:
        return None
    measure = similar or similarity
    return sum(measure(answer[:MAX_CHARS], other[:MAX_CHARS]) for other in others) / len(others)


def similarity(one: str, other: str) -> float:
    words, others = _words(one), _words(other)
    if not words and not others:
        return 1.0
    return _dice(_grams(words), _grams(others))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _grams(words: list[str]) -> Counter[tuple[str, ...]]:
    return Counter([*((word,) for word in words), *pairwise(words)])


def _dice(one: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> float:
    return 2 * (one & other).total() / (one.total() + other.total())
