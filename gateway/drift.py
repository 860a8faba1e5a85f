"""What the watch does about drift, put together: with its files, its clocks, and a thread of its own, so that the store is not held up."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from detectors.series.drift import Settings
from detectors.series.reference import Reference
from gateway.config import Config
from gateway.config.watch import DriftReference, WatchDrift, moment
from gateway.proxy.keeping import read_file, replace_file
from gateway.shown import open_to_read
from gateway.watch.beside import beside
from gateway.watch.bulletin import LASTS_S, Bulletin
from gateway.watch.drift.drifting import MAX_STATE, STATE, Drifting
from gateway.watch.drift.episodes import Episode
from gateway.watch.drift.reporting import is_installed, report
from gateway.watch.drift.roster import OTHERS, Limits, Roster
from gateway.watch.drift.second_opinion import SecondOpinion
from gateway.watch.drift.windows import read
from gateway.watch.loop import Loop
from gateway.watch.row import Record, Row, Said, parse_said
from gateway.watch.sentiment import Sentiment
from gateway.watch.status import DRIFT_NAME
from gateway.watch.store import Query, Sink
from gateway.watch.threads import Threads
from gateway.watch.worker import Tally, Worker

PART = "drift"
"""What it is called on the bulletin."""
_BATCH_BYTES = 256 << 10
_MOST_BEHIND = 16 << 20
"""Bytes of the journal: what is known of exchanges so long ago is not told as if it were so now."""
_FALSE_ALARMS = {"low": 10_000_000, "normal": 1_000_000, "high": 100_000}

log = logging.getLogger("oddgate.watch")


class Drift:
    """``wall`` and ``clock`` give seconds, since 1970 and never going back; ``read`` makes of a line of the journal what it says."""

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
        self._drifting: Drifting | None = None
        self._second = SecondOpinion(partial(_asked, config), clock) if _confirms(config) else None
        self._is_behind = False
        self._threads = Threads()

    def start(self, stop: threading.Event) -> None:
        """Where others' records are read, they come by ``beside`` and ``beat``."""
        if not self._config.watch.shared:
            self._threads.start("looking for drift", lambda: self._loop().run(stop), stop)

    def end(self) -> None:
        """What is not written down by now, the next watch learns from the journal."""
        self._threads.end()

    def ongoing(self) -> Sequence[Episode]:
        """Drifts that go on."""
        return self._drifting.ongoing if self._drifting else ()

    def figures(self) -> dict[str, float]:
        figures = self._drifting.figures() if self._drifting else {}
        return {**figures, "drift_errors": figures.get("drift_errors", 0) + self._bulletin.errors + self._threads.faults}

    def open(self) -> Drifting:
        """Where it was when its state was last written down."""
        folder, settings = self._config.watch.dir, self._config.watch.drift
        self._drifting = Drifting(
            partial(roster, settings),
            partial(read_file, folder / STATE, MAX_STATE),
            partial(replace_file, folder / STATE),
            partial(replace_file, folder / DRIFT_NAME),
            self._tell,
            self._sentiment.of,
            self._clock,
        )
        return self._drifting

    def beside(self, open_sink: Callable[[], Sink[Row]]) -> Callable[[], Sink[Row]]:
        """Opens what takes all that the other sink takes, for those that read no journal. Whoever ends this process costs half a minute."""
        return beside(open_sink, lambda: self._drifting or self.open())

    def beat(self) -> None:
        """It goes on, where it has no thread of its own."""
        if self._drifting:
            self._drifting.beat(self._wall())
            if self._second:
                self._second.look(self._drifting.roster.episodes)

    def _loop(self) -> Loop[Record]:
        def work(sink: Sink[Record], tally: Tally) -> Worker[Record]:
            return Worker(self._config.journal.dir, sink, self._wall, tally, self._read, _BATCH_BYTES)

        return Loop("drift", work, self.open, _nothing, self._say, self._wall, self._clock)

    def _say(self, figures: dict[str, float]) -> None:
        self._is_behind = figures["lag"] > _MOST_BEHIND
        self.beat()

    def _tell(self, known: Roster, now: float) -> None:
        if not self._is_behind:
            self._bulletin.tell(PART, known.levels(now + LASTS_S), now)


def _confirms(config: Config) -> bool:
    """Raises RuntimeError where what it needs is not installed."""
    if config.watch.drift.confirm and not is_installed():
        raise RuntimeError("watch.drift.confirm asks for what is not installed: pip install 'oddgate[reports]'")
    return config.watch.drift.confirm


def _asked(config: Config, episode: Episode) -> bool | None:
    """Whether the library finds a drift where one was found. Raises ``StoreError`` and ``ReportError``."""
    with closing(open_to_read(config)) as store:
        model = "" if episode.model == OTHERS else episode.model
        tables = read(store, Query(episode.app, episode.surface, model), episode.since)
    if tables is None:
        return None
    said = report(tables).get(episode.feature)
    found: bool | None = said["drifted"] if said else None
    return found


def roster(settings: WatchDrift) -> Roster:
    """One that knows nothing yet."""
    judged = Settings(_reference(settings.reference), _FALSE_ALARMS[settings.sensitivity], settings.utc_offset_h * 3600)
    return Roster(judged, Limits(settings.max_keys, settings.max_models), frozenset(settings.features))


def _reference(said: DriftReference) -> Reference:
    start, end = (moment(text) if text else None for text in (said.start, said.end))
    return Reference("first" if said.kind == "frozen" else said.kind, said.least, said.size, start, end)


def _nothing() -> None: ...
