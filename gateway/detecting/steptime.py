"""Steps of ten seconds, by the times of records: when one is over, whatever order records come in and whatever times they say.

What comes late counts in the step that is open. One record of a time far ahead moves nothing; many in a row do, or who reads them does.
"""

from typing import Any

STEP_S = 10.0
_GRACE_S = 2.0
_AHEAD_S, _AHEAD_RECORDS = 60.0, 20
_LATE_S = 600.0
_NONE = range(0)
_MOST_STEPS = 12
"""Of a time in which nothing came, so many steps are gone through."""


class StepTime:
    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0
        """That is open. 0: none is yet."""
        self.late = 0
        self._ahead = 0

    def heard(self, at: float) -> range | None:
        """The steps that are over because something ended at that time. None: that is too long ago to count."""
        if not self.step:
            self.now, self.step = at, int(at // STEP_S)
        if at < self.now - _LATE_S:
            self.late += 1
            return None
        if at <= self.now:
            self._ahead = 0
            return _NONE
        if at > self.now + _AHEAD_S and self._ahead < _AHEAD_RECORDS:
            self._ahead += 1
            return _NONE
        self._ahead = 0
        return self._until(at, at)

    def tick(self, now: float) -> range:
        """The steps that are over because all was read up to that time; by which it is set right where it was far ahead."""
        if not self.step:
            return _NONE
        if now < self.now - _AHEAD_S:
            self.now, self.step = now, int(now // STEP_S)
            return _NONE
        return self._until(max(self.now, now), now - _GRACE_S)

    def _until(self, now: float, at: float) -> range:
        self.now = now
        begun, step = self.step, int(at // STEP_S)
        if step <= begun:
            return _NONE
        self.step = step
        return range(max(begun, step - _MOST_STEPS), step)

    def as_json(self) -> list[Any]:
        return [self.now, self.step, self.late, self._ahead]

    def read_json(self, saved: list[Any]) -> None:
        self.now, self.step, self.late, self._ahead = saved
