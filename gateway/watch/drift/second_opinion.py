"""A second method's word on drifts that were found: both windows of each, whole, in a process of its own, one at a time."""

import logging
import threading
from collections import Counter
from collections.abc import Callable

from gateway.watch.drift.episodes import Episode, Episodes
from gateway.watch.drift.reporting import ReportError
from gateway.watch.store import StoreError

_EVERY_S = 60.0
_TRIES = 3
_MAX_TRIED = 1000

log = logging.getLogger("oddgate.watch")

Ask = Callable[[Episode], bool | None]
"""Whether the feature has drifted; None: there is too little to tell. May raise ``StoreError`` and ``ReportError``."""


class SecondOpinion:
    """``clock`` gives seconds that never go back. Whoever asks is never kept waiting."""

    def __init__(self, ask: Ask, clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._next = clock()
        self._tried: Counter[str] = Counter()
        self._asking: threading.Thread | None = None
        self._answer: tuple[str, bool | None] | None = None

    def look(self, episodes: Episodes) -> None:
        """Notes what has been answered, and asks about the next one that goes on, if it is time to."""
        if self._asking and not self._asking.is_alive():
            self._asking = None
            if self._answer:
                episodes.confirm(self._answer[0], confirmed=self._answer[1])
                self._answer = None
        if self._asking is None and self._clock() >= self._next:
            self._begin(episodes)

    def _begin(self, episodes: Episodes) -> None:
        episode = next((each for each in episodes.unconfirmed() if self._tried[each.id] < _TRIES), None)
        if episode is None:
            return
        self._next = self._clock() + _EVERY_S
        if len(self._tried) >= _MAX_TRIED:
            self._tried.clear()
        self._tried[episode.id] += 1
        self._asking = threading.Thread(target=self._run, args=(episode,), name="second opinion", daemon=True)
        self._asking.start()

    def _run(self, episode: Episode) -> None:
        try:
            self._answer = (episode.id, self._ask(episode))
        except (StoreError, ReportError) as error:
            log.warning("no second opinion on %s: %s", episode.id, error)
