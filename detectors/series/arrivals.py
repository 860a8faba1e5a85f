"""When the points of a series come: in order, and whether they have stopped."""

from math import inf
from typing import Any

_TIMES_LONGER = 3.0
_FORGETS = 0.995
"""Of the longest gap, with each shorter one."""
_LEAST = 20
_OWN_TIME = 10
"""Points in a row that are late, after which it is the earlier time that was wrong."""


class Arrivals:
    def __init__(self) -> None:
        self.last = -inf
        self.late = 0
        self._longest = 0.0
        self._gaps = 0
        self._late_in_a_row = 0
        self._is_told = False

    def admits(self, ts: float) -> bool:
        """Whether a point is later than the last. One time that was far ahead does not shut out all that come after it."""
        if ts <= self.last:
            self.late += 1
            self._late_in_a_row += 1
            if self._late_in_a_row < _OWN_TIME:
                return False
            self._gaps = 0
            self._longest = 0.0
        elif self.last > -inf:
            self._gaps += 1
            if not self._is_told:
                self._longest = max(ts - self.last, self._longest * _FORGETS)
        self._late_in_a_row = 0
        self._is_told = False
        self.last = ts
        return True

    def silent(self, now: float) -> float | None:
        """The chance of so long a gap, where it has just become much longer than any before; told once for each."""
        if self._is_told or self._gaps < _LEAST or now - self.last <= _TIMES_LONGER * self._longest:
            return None
        self._is_told = True
        return 1 / (self._gaps + 1)

    def as_json(self) -> list[Any]:
        return [self.last if self.last > -inf else None, self.late, self._longest, self._gaps, self._late_in_a_row, self._is_told]

    def restore(self, saved: list[Any]) -> None:
        last, self.late, self._longest, self._gaps, self._late_in_a_row, self._is_told = saved
        self.last = -inf if last is None else last
