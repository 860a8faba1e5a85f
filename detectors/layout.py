"""How a picture is cut for reading, and how the words that were found in it make lines. Plain numbers; no picture, no engine."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SIDE = 800
"""Of a piece, in pixels at most: a lone line in a larger one is missed now and then."""
OVERLAP = 240
"""Of neighbouring pieces: what a cut goes through stands whole in one of them."""

_ALIKE = 0.6  # of the height of the higher one
_LIKE_DIGITS = re.compile(r"(?<=[0-9])[lIi|Oo]+|[lIi|Oo]+(?=[0-9])")
_DIGITS = str.maketrans("lIi|Oo", "111100")


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


def pieces(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, right, bottom of pieces that cover the whole, in the order of reading."""
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            yield left, top, right, bottom


def piece_count(width: int, height: int) -> int:
    return _count(width) * _count(height)


def merged(boxes: Sequence[Box]) -> list[Box]:
    """Boxes of one line that overlap, as the cuts between pieces leave them, are one: the line is read once, and whole."""
    found: list[Box] = []
    for box in sorted(boxes):
        while (known := next((each for each in found if _is_same(box, each)), None)) is not None:
            found.remove(known)
            box = Box(min(box.left, known.left), min(box.top, known.top), max(box.right, known.right), max(box.bottom, known.bottom))
        found.append(box)
    return found


def lines(words: Sequence[tuple[Box, str]]) -> list[str]:
    """Words at one height are a line, from left to right; lines go from top to bottom."""
    rows: list[list[tuple[Box, str]]] = []
    for word in sorted(words, key=lambda word: _middle(word[0])):
        if rows and _is_beside(word[0], rows[-1][-1][0]):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [" ".join(text for _, text in sorted(row, key=lambda word: word[0].left)) for row in rows]


def mended(line: str) -> str:
    """The line with digits for what is taken for letters beside digits: ``11l1`` is ``1111``."""
    return _LIKE_DIGITS.sub(lambda match: match.group().translate(_DIGITS), line)


def _count(length: int) -> int:
    return max(1, -(-(length - OVERLAP) // (SIDE - OVERLAP)))


def _spans(length: int) -> Iterator[tuple[int, int]]:
    """Of equal length, but for rounding; neighbours share the overlap at least."""
    count = _count(length)
    size = min(length, SIDE)
    for number in range(count):
        begin = round(number * (length - size) / max(1, count - 1))
        yield begin, begin + size


def _is_same(box: Box, other: Box) -> bool:
    """Overlapping, and of one height along a line, or of one width down a line that is turned."""
    across = min(box.right, other.right) - max(box.left, other.left)
    down = min(box.bottom, other.bottom) - max(box.top, other.top)
    if across <= 0 or down <= 0:
        return False
    (width, height), (other_width, other_height) = _size(box), _size(other)
    if width >= height and other_width >= other_height:
        return down >= _ALIKE * max(height, other_height)
    return width < height and other_width < other_height and across >= _ALIKE * max(width, other_width)


def _size(box: Box) -> tuple[float, float]:
    return box.right - box.left, box.bottom - box.top


def _middle(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _is_beside(box: Box, other: Box) -> bool:
    """Whether the middle of each lies within the height of the other."""
    return other.top < _middle(box) < other.bottom and box.top < _middle(other) < box.bottom
