"""The watch's loop: step after step until it is told to stop, saying every second how it is."""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from gateway.watch.store import BrokenStoreError, ExchangeStore, StoreError
from gateway.watch.worker import Tally, Worker

_IDLE_S = 0.2
_SAY_S = 1.0
_PRUNE_S = 600.0
_RETRY_S, _MAX_RETRY_S = 0.5, 30.0

log = logging.getLogger("oddgate.watch")


class Loop:
    """``put_away`` takes what cannot be read out of the way, so that ``open_store`` makes another, which the journal fills again.

    ``say`` takes the figures of ``figures``. The clocks give seconds: ``wall`` since 1970, ``clock`` never going back.
    """

    def __init__(
        self,
        folder: Path,
        open_store: Callable[[], ExchangeStore],
        put_away: Callable[[], None],
        say: Callable[[dict[str, float]], None],
        wall: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._open_store = open_store
        self._put_away = put_away
        self._say = say
        self._wall = wall
        self._clock = clock
        self._tally = Tally()
        self._errors = 0
        self._lag_bytes = 0
        self._said = self._pruned = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Returns once ``stop`` is set, and what is in the journal by then is kept, if it can be."""
        retry_s = _RETRY_S
        while True:
            try:
                with closing(self._open_store()) as store:
                    worker = Worker(self._folder, store, self._wall, self._tally)
                    while not stop.is_set():
                        self._turn(worker, store, stop)
                        retry_s = _RETRY_S
                    return self._finish(worker)
            except StoreError as error:
                self._failed(error)
                if stop.wait(retry_s):
                    return None
                retry_s = min(retry_s * 2, _MAX_RETRY_S)

    def figures(self) -> dict[str, float]:
        return {"ts": self._wall(), "lag_bytes": self._lag_bytes, "store_errors": self._errors, **asdict(self._tally)}

    def _turn(self, worker: Worker, store: ExchangeStore, stop: threading.Event) -> None:
        has_more = worker.step()
        self._lag_bytes = worker.lag_bytes
        if self._clock() - self._pruned >= _PRUNE_S:
            self._pruned = self._clock()
            store.prune(self._wall())
        self._tell()
        if not has_more:
            stop.wait(_IDLE_S)

    def _finish(self, worker: Worker) -> None:
        while worker.step():
            pass
        self._lag_bytes = worker.lag_bytes
        self._say(self.figures())

    def _failed(self, error: StoreError) -> None:
        self._errors += 1
        log.warning("the store failed: %s; what is in the journal is kept later", error)
        if isinstance(error, BrokenStoreError):
            log.error("the store cannot be read; it is put away, and filled again from the journal")
            self._put_away()
        self._said = float("-inf")
        self._tell()

    def _tell(self) -> None:
        if self._clock() - self._said >= _SAY_S:
            self._said = self._clock()
            self._say(self.figures())
