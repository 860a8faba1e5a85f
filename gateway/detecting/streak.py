"""Whether more than a share of what comes fails, and goes on failing: a sum that rises with each failure, falls with each success, and is
never below nothing (CUSUM).
"""

from dataclasses import dataclass

NEEDED = 5.0
"""Failures in a row, at least, that are told."""
LASTS_S = 10.0
"""For so long, at least: what is over sooner is told by nobody."""
APART_S = 120.0
"""Failures that are further apart are no one streak."""
_MOST = 2 * NEEDED


@dataclass(slots=True)
class Streak:
    """``since``: when the first of these failures began; ``last``: when the last one was seen."""

    score: float = 0.0
    since: float = 0.0
    last: float = 0.0

    def failed(self, begun: float, at: float) -> bool:
        """Whether a streak begins with it."""
        begins = self.score <= 0 or at - self.last > APART_S
        if begins:
            self.score, self.since = 0.0, begun
        self.score = min(self.score + 1, _MOST)
        self.last = max(self.last, at)
        return begins

    def worked(self, begun: float, share: float) -> None:
        """What began before the failures did says nothing of them. ``share``: of failures, above which the sum rises."""
        if self.score > 0 and begun >= self.since:
            self.score = max(0.0, self.score - share / (1 - share))

    def as_json(self) -> list[float]:
        return [self.score, self.since, self.last]

    @property
    def level(self) -> float:
        """1 where it is told."""
        return self.score / NEEDED if self.last - self.since >= LASTS_S else 0.0
