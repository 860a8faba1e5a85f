"""Looks at how our own rules treat groups, from time to time: when so many exchanges have come that it may differ, or an hour has gone."""

import threading
from collections.abc import Callable
from typing import Any

from gateway.watch.store import StoreError

EXCHANGES = 5000
"""It takes a second or two for 10,000; so each is looked at twice, about."""
_HOUR_S, _ASK_S = 3600.0, 5.0

Json = dict[str, Any]


class Judging:
    """``look`` says what is found, and may raise ``StoreError``; ``seen`` how many exchanges have come that it may tell something of.
    ``clock`` gives seconds that never go back.
    """

    def __init__(self, look: Callable[[], Json], seen: Callable[[], int], clock: Callable[[], float]) -> None:
        self._look, self._seen, self._clock = look, seen, clock
        self._count, self._at = 0, float("-inf")
        self.found: Json | None = None
        """At the last look; None: there was none."""

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(_ASK_S):
            self.step()

    def step(self) -> None:
        """A store that is not there is looked at again."""
        count = self._seen()
        if not (count - self._count >= EXCHANGES or (count != self._count and self._clock() - self._at >= _HOUR_S)):
            return
        try:
            self.found = self._look()
        except StoreError:
            return
        self._count, self._at = count, self._clock()
