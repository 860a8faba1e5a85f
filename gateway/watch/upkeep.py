"""What a view of the journal does beside taking it: looking, telling, showing, writing down, each in its time and none too often."""

import logging
from collections.abc import Callable

_SPARE = 20
"""Of its time, what one kind of work may take: a part in so many."""

log = logging.getLogger("oddgate.watch")


class Upkeep:
    """``what`` is known of is named in the log, once, where it cannot be written. ``clock`` gives seconds and never goes back."""

    def __init__(self, what: str, clock: Callable[[], float]) -> None:
        self._what = what
        self._clock = clock
        self.errors = 0

    def again(self, every_s: float, work: Callable[[], None]) -> float:
        """Does it, and says when to do it again: after ``every_s``, or later where it took long. OSError is counted."""
        begun = self._clock()
        try:
            work()
        except OSError as error:
            self.errors += 1
            if self.errors == 1:
                log.warning("what is known of %s cannot be written down: %s", self._what, error.strerror)
        return self._clock() + max(every_s, _SPARE * (self._clock() - begun))
