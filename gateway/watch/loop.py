"""The watch's loop: step after step until it is told to stop, saying every second how it is."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Generic, Protocol, TypeVar

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label
from gateway.watch.store import BrokenStoreError, Sink, SinkError
from gateway.watch.worker import Tally

_IDLE_S = 0.5
_SAY_S = 1.0
_PRUNE_S = 600.0
_RETRY_S, _MAX_RETRY_S = 0.5, 30.0

log = logging.getLogger("oddgate.watch")

T = TypeVar("T")


class Work(Protocol):
    """After a step that failed it can still look, and is of no other use."""

    @property
    def lag(self) -> int:
        """What was there at the last look and is not taken, in units of its own."""

    def look(self) -> None:
        """See how much there is, as each step does. May raise ``SinkError``."""

    def step(self) -> bool:
        """Whether there may be more at once. Raises ``SinkError``."""


class _NowhereYet:
    """A sink that was never reached: nothing is known to be taken."""

    def offsets(self) -> Offsets:
        return {}

    def keep(self, rows: Sequence[object], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        raise SinkError("it was never reached")

    def prune(self, now: float) -> int:
        raise SinkError("it was never reached")

    def close(self) -> None:
        """Nothing is held."""


class Loop(Generic[T]):
    """``put_away`` takes what cannot be read out of the way, so that ``open_sink`` makes another, which the journal fills again.

    ``name`` is what the sink is called; ``make_worker`` gives it what is there. ``say`` takes the figures of ``figures``. The clocks give
    seconds: ``wall`` since 1970, ``clock`` never going back.
    """

    def __init__(
        self,
        name: str,
        make_worker: Callable[[Sink[T], Tally], Work],
        open_sink: Callable[[], Sink[T]],
        put_away: Callable[[], None],
        say: Callable[[dict[str, float]], None],
        wall: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._make_worker = make_worker
        self._open_sink = open_sink
        self._put_away = put_away
        self._say = say
        self._wall = wall
        self._clock = clock
        self._tally = Tally()
        self._worker: Work | None = None
        self._errors = self._rebuilt = 0
        self._lag = 0
        self._said = self._pruned = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Returns once ``stop`` is set, and what is there by then is taken, if it can be."""
        retry_s = _RETRY_S
        while True:
            try:
                with closing(self._open_sink()) as sink:
                    self._worker = worker = self._make_worker(sink, self._tally)
                    while not stop.is_set():
                        self._turn(worker, sink, stop)
                        retry_s = _RETRY_S
                    return self._finish(worker)
            except SinkError as error:
                self._failed(error)
                if self._wait(stop, retry_s):
                    return None
                retry_s = min(retry_s * 2, _MAX_RETRY_S)

    def figures(self) -> dict[str, float]:
        return {"ts": self._wall(), "lag": self._lag, "errors": self._errors, "rebuilt": self._rebuilt, **self._tally.figures()}

    def _turn(self, worker: Work, sink: Sink[T], stop: threading.Event) -> None:
        has_more = worker.step()
        self._lag = worker.lag
        if self._clock() - self._pruned >= _PRUNE_S:
            self._pruned = self._clock()
            sink.prune(self._wall())
        self._tell()
        if not has_more:
            stop.wait(_IDLE_S)

    def _finish(self, worker: Work) -> None:
        while worker.step():
            pass
        self._lag = worker.lag
        self._say(self.figures())

    def _failed(self, error: SinkError) -> None:
        self._errors += 1
        log.warning("the %s failed: %s; what is to be kept waits for it", self._name, error)
        if isinstance(error, BrokenStoreError):
            log.error("the %s cannot be read; it is put away, and filled again from what is left of the journal", self._name)
            self._put_away()
            self._rebuilt += 1
        self._said = float("-inf")
        self._look()
        self._tell()

    def _wait(self, stop: threading.Event, seconds: float) -> bool:
        """Whether it is to stop. It says how it is meanwhile: it is alive, and what is to be taken grows."""
        while seconds > 0:
            if stop.wait(min(seconds, _SAY_S)):
                return True
            seconds -= _SAY_S
            self._look()
            self._tell()
        return False

    def _look(self) -> None:
        """By the last worker, which knows how far the sink was."""
        with suppress(SinkError):
            self._worker = self._worker or self._make_worker(_NowhereYet(), self._tally)
            self._worker.look()
            self._lag = self._worker.lag

    def _tell(self) -> None:
        if self._clock() - self._said >= _SAY_S:
            self._said = self._clock()
            self._say(self.figures())
