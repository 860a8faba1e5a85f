"""How texts are counted, cut and streamed: in pieces that stand for tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PIECE = re.compile(r"\s*\S{1,5}|\s+")
"""A token, roughly: a few characters with the white space before them. Joined, the pieces are the text."""


def pieces(text: str) -> list[str]:
    return _PIECE.findall(text)


def count(*texts: str) -> int:
    return sum(len(pieces(text)) for text in texts)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is left of a text, and what ended it: neither, a stop sequence, or the limit."""

    text: str
    stop: str | None = None
    at_limit: bool = False


def end(text: str, stops: Sequence[str], limit: int | None) -> Ending:
    """The text up to the first of the stop sequences, and at most ``limit`` pieces of it."""
    found = min(((text.index(stop), stop) for stop in stops if stop in text), default=None)
    kept = text if found is None else text[: found[0]]
    cut = "".join(pieces(kept)[:limit])
    if len(cut) < len(kept):
        return Ending(cut, at_limit=True)
    return Ending(kept, stop=None if found is None else found[1])
