"""A bounded sample of what was seen, in order of size: how unusual a value is by rank, with no guess of a distribution.

When it is full, what is added takes the place of one of the others, whichever: so it knows the recent past best and forgets slowly.
"""

from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left, insort
from math import log
from typing import Any

LEAST = 50
"""With fewer, nothing is unusual."""
_FURTHEST = 5.0
_FLOAT = array("f").itemsize
_STEP, _ADD, _MODULUS = 1_664_525, 1_013_904_223, 1 << 32


class Reservoir:
    __slots__ = ("_at", "_most", "ordered")

    def __init__(self, most: int = 1000) -> None:
        self.ordered = array("f")
        self._most = most
        self._at = 1

    def __len__(self) -> int:
        return len(self.ordered)

    def add(self, value: float) -> None:
        if len(self.ordered) >= self._most:
            self._at = (self._at * _STEP + _ADD) % _MODULUS
            del self.ordered[self._at * self._most // _MODULUS]
        insort(self.ordered, value)

    def surprise(self, value: float) -> float:
        """Minus the logarithm of the share of values that are at least as large.

        Beyond the largest, it goes on with the logarithm of how many times as far the value is from the middle.
        """
        ordered = self.ordered
        count = len(ordered)
        if count < LEAST:
            return 0.0
        larger = count - bisect_left(ordered, value)
        found = log((count + 1) / (larger + 1))
        if larger:
            return found
        middle, largest = ordered[count // 2], ordered[-1]
        if largest <= middle:
            return found
        return found + min(_FURTHEST, log((value - middle) / (largest - middle)))

    def as_json(self) -> list[Any]:
        return [self._at, b64encode(self.ordered.tobytes()).decode()]

    def restore(self, saved: list[Any]) -> None:
        """Raises ValueError for what is no reservoir of this size."""
        at, packed = saved
        data = b64decode(packed, validate=True)
        if len(data) > self._most * _FLOAT or len(data) % _FLOAT:
            raise ValueError("values of another size")
        self._at = int(at) % _MODULUS
        self.ordered = array("f", data)
