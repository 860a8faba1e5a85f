"""Send times inside a stream: as a number in a field that every proxy passes on, and as letters inside the text itself.

The number says when an event arrived, the letters when its *text* did: a guard may hold text back and still forward the event.
Letters, because digits in running text look like the numbers that a guard searches for.
"""

import re
from time import perf_counter

_DIGITS = "0123456789abcdef"
_TO_LETTERS = str.maketrans(_DIGITS, "abcdefghijklmnop")
_FROM_LETTERS = str.maketrans("abcdefghijklmnop", _DIGITS)

IN_TEXT = re.compile(r"q([a-p]{12})")


def now_us() -> int:
    """Microseconds on the clock that all processes of this machine share."""
    return int(perf_counter() * 1e6)


def to_letters(stamp_us: int) -> str:
    return "q" + f"{stamp_us:012x}".translate(_TO_LETTERS)


def from_letters(letters: str) -> int:
    return int(letters.translate(_FROM_LETTERS), 16)
