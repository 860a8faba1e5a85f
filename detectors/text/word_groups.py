"""A text to one of a few buckets, by what its words are about: cheap enough for every exchange, and too coarse to tell the text.

The words of a vocabulary are in groups of like meaning (see ``models/word_groups.md``), of which neighbours are alike. A text's bucket is
the group that its words weigh most in. A text without a word of the vocabulary, as one in another language, goes by its longest word, to
one of the buckets after the groups: what it is about cannot be told, but that there is more of it can.
"""

import json
from binascii import crc32
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from detectors.text.words import words

FILE = Path(__file__).parent.parent / "models" / "word_groups.json"
GROUPS = 112
BUCKETS = 128
MAX_CHARS = 2000
"""Of a text, from its beginning: what it is about is told there."""

_LEAST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Gist:
    """Of a text that has words: its bucket, and the share of its words that the vocabulary lacks (of another language, or mistyped)."""

    bucket: int
    unknown: float


class WordGroups:
    """``gist`` of a text; None where it has no word of three letters."""

    def __init__(self, groups: dict[str, tuple[int, int]]) -> None:
        self._groups = groups

    def gist(self, text: str) -> Gist | None:
        return self.gist_of(words(text[:MAX_CHARS].lower()))

    def gist_of(self, found: Sequence[str]) -> Gist | None:
        """Of a text's beginning, given as words in lower case."""
        long = [word for word in found if len(word) >= _LEAST_LETTERS]
        if not long:
            return None
        known = [group for group in map(self._groups.get, long) if group]
        if known:
            weights: dict[int, int] = {}
            for group, weight in known:
                weights[group] = weights.get(group, 0) + weight
            most = max(weights.values())
            bucket = min([group for group, weight in weights.items() if weight == most])
            return Gist(bucket, 1 - len(known) / len(long))
        bucket = GROUPS + crc32(max(long, key=len).encode("utf-8", "surrogatepass")) % (BUCKETS - GROUPS)
        return Gist(bucket, 1.0)


@cache
def word_groups() -> WordGroups:
    """The ones that are shipped."""
    data = json.loads(FILE.read_text(encoding="ascii"))
    return WordGroups({word: (group, weight) for group, row in enumerate(data["groups"]) for word, weight in row.items()})
