"""Whether a source that has been heard of regularly is still heard of."""

import statistics
from collections import deque
from typing import Any

SHORTEST_S = 120.0
_GAPS = 50
_ENOUGH = 20
_REGULAR, _LONGER = 4.0, 3.0
_MOST_S = 30.0
"""Of silence, between two looks: where nobody looked for longer, it is not known that there was any."""


class Pulse:
    """``heard`` when anything came; ``look`` every step."""

    def __init__(self) -> None:
        self.silent_s = 0.0
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._looked: float | None = None
        self._is_heard = False

    @property
    def gaps(self) -> int:
        """Of late, between two steps in which something came."""
        return len(self._gaps)

    def heard(self) -> None:
        self._is_heard = True

    def skip(self, now: float) -> None:
        """Since the last look nothing is known, but for what was heard."""
        self._looked = now
        if self._is_heard:
            self.silent_s, self._is_heard = 0.0, False

    def look(self, now: float) -> bool:
        """Whether it has fallen silent: for much longer than it was of late, where that is about the same each time."""
        passed = min(max(now - self._looked, 0.0), _MOST_S) if self._looked is not None else 0.0
        self._looked = now
        self.silent_s += passed
        if self._is_heard:
            if self.silent_s:
                self._gaps.append(self.silent_s)
            self.silent_s, self._is_heard = 0.0, False
            return False
        if len(self._gaps) < _ENOUGH:
            return False
        longest = max(self._gaps)
        is_regular = longest <= _REGULAR * statistics.median(self._gaps)
        return is_regular and self.silent_s > max(SHORTEST_S, _LONGER * longest)

    def usual_s(self) -> float:
        return statistics.median(self._gaps) if self._gaps else 0.0

    def as_json(self) -> list[Any]:
        return [self.silent_s, list(self._gaps)]

    def read_json(self, saved: list[Any]) -> None:
        """From the time of a snapshot to the next look nothing is known."""
        self.silent_s, gaps = float(saved[0]), saved[1]
        self._gaps.extend(float(gap) for gap in gaps)
