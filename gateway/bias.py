"""What the watch does about bias, put together: disparities that are seen in the traffic, and probes, where the settings ask for them.

Each has a thread of its own, so that neither the store nor the other is held up.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from gateway.config import Config
from gateway.probes import Probes
from gateway.proxy.keeping import read_file, replace_file
from gateway.shown import open_to_read
from gateway.watch.beside import beside
from gateway.watch.bias import biasing
from gateway.watch.bias.biasing import Biasing
from gateway.watch.bias.disparities import Disparities, method
from gateway.watch.bias.guard_treatment import guards
from gateway.watch.bias.judging import Judging
from gateway.watch.bulletin import LASTS_S, Bulletin
from gateway.watch.loop import Loop
from gateway.watch.probes.probing import Prober
from gateway.watch.row import Record, Row, Said, parse_said
from gateway.watch.sentiment import Sentiment
from gateway.watch.status import BIAS_NAME
from gateway.watch.store import Sink
from gateway.watch.threads import Threads
from gateway.watch.worker import Tally, Worker

PART = "bias"
"""What it is called on the bulletin."""
_BATCH_BYTES = 256 << 10
_MOST_BEHIND = 16 << 20
"""Bytes of the journal: what is known of exchanges so long ago is not told as if it were so now."""

log = logging.getLogger("oddgate.watch")


class Bias:
    """``bulletin`` takes what policies are told. ``wall`` and ``clock`` give seconds, since 1970 and never going back; ``read`` makes of a
    line of the journal what it says.
    """

    def __init__(
        self,
        config: Config,
        bulletin: Bulletin,
        wall: Callable[[], float],
        clock: Callable[[], float],
        sentiment: Sentiment | None = None,
        read: Callable[[bytes], Said] = parse_said,
    ) -> None:
        self._read = read
        self._sentiment = sentiment or Sentiment(config.store.keep_text)
        self._config = config
        self._bulletin = bulletin
        self._wall, self._clock = wall, clock
        self._probes = Probes(config, wall, clock) if config.watch.probes.enabled else None
        self._biasing: Biasing | None = None
        self._judging = Judging(self._guards, lambda: self._biasing.grouped if self._biasing else 0, clock)
        self._is_behind = False
        self._threads = Threads()

    def start(self, stop: threading.Event) -> None:
        """Where others' records are read, they come by ``beside`` and ``beat``."""
        works: list[tuple[str, Callable[[], None]]] = [] if self._config.watch.shared else [("bias", lambda: self._loop().run(stop))]
        works.append(("rules", partial(self._judging.run, stop)))
        if self._probes:
            works.append(("probes", partial(self._probes.run, stop)))
        for name, work in works:
            self._threads.start(name, work, stop)

    def end(self) -> None:
        """What is not written down by now, the next watch learns from the journal."""
        self._threads.end()

    def beside(self, open_sink: Callable[[], Sink[Row]]) -> Callable[[], Sink[Row]]:
        """Opens what takes all that the other sink takes, for those that read no journal. Whoever ends this process costs half a minute."""
        return beside(open_sink, lambda: self._biasing or self._open())

    def beat(self) -> None:
        """It goes on, where it has no thread of its own."""
        if self._biasing:
            self._biasing.beat(self._wall())

    def figures(self) -> dict[str, float]:
        return {"bias_errors": (self._biasing.errors if self._biasing else 0) + self._threads.faults}

    def _loop(self) -> Loop[Record]:
        def work(sink: Sink[Record], tally: Tally) -> Worker[Record]:
            return Worker(self._config.journal.dir, sink, self._wall, tally, self._read, _BATCH_BYTES)

        return Loop("bias", work, self._open, _nothing, self._say, self._wall, self._clock)

    def _open(self) -> Biasing:
        """Where it was when its state was last written down."""
        folder = self._config.watch.dir
        self._biasing = Biasing(
            lambda: Disparities(method()),
            self._sentiment.of,
            self._prober,
            lambda: self._judging.found,
            partial(read_file, folder / biasing.STATE, biasing.MAX_STATE),
            partial(replace_file, folder / biasing.STATE),
            partial(replace_file, folder / BIAS_NAME),
            self._tell,
            self._clock,
        )
        return self._biasing

    def _say(self, figures: dict[str, float]) -> None:
        self._is_behind = figures["lag"] > _MOST_BEHIND
        self.beat()

    def _guards(self) -> dict[str, Any]:
        with closing(open_to_read(self._config)) as store:
            return guards(store)

    def _prober(self) -> Prober | None:
        return self._probes.prober if self._probes else None

    def _tell(self, known: Disparities, now: float) -> None:
        if not self._is_behind:
            expires = now + LASTS_S
            asking = self._prober()
            probed = asking.levels(expires) if asking else []
            self._bulletin.tell(PART, [*known.levels(expires), *probed], now)


def _nothing() -> None: ...
