"""From what many gateways have sent into one store, a batch at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.watch.row import Label, Row, UnreadableError, parse, read, unpack
from gateway.watch.store import Sink
from gateway.watch.worker import Tally, Worker

BATCH = 500


class Entry(NamedTuple):
    """A record on its way, packed as in a row."""

    id: bytes
    packed: bytes


class Shared(Protocol):
    """What several watches read. Every method may raise ``SinkError``."""

    def resume(self) -> None:
        """What was read and not kept is read again, before anything else."""

    def read(self, limit: int) -> Sequence[Entry]:
        """Entries that are this watch's alone until they are kept, for the most part."""

    def kept(self, entries: Sequence[Entry]) -> None: ...

    def waiting(self) -> int:
        """Entries that nobody has kept."""


class SendingWorker(Worker[Row]):
    """Asks at each step how far it was sent, so that a sink which lost what was sent says so, also where there is nothing to send.

    ``waiting`` tells the entries, of all gateways, that nobody has kept; it may raise ``SinkError``.
    """

    def __init__(self, folder: Path, sink: Sink[Row], clock: Callable[[], float], tally: Tally, waiting: Callable[[], int]) -> None:
        super().__init__(folder, sink, clock, tally, parse)
        self._waiting = waiting

    def step(self) -> bool:
        self._sink.offsets()
        has_more = super().step()
        self._tally.waiting = self._waiting()
        return has_more


class SharedWorker:
    """Keeps first and takes out then: what comes again since it died between is in the store already.

    Of no use after a step that failed.
    """

    def __init__(self, shared: Shared, sink: Sink[Row], clock: Callable[[], float], tally: Tally, batch: int = BATCH) -> None:
        self._shared = shared
        self._sink = sink
        self._clock = clock
        self._tally = tally
        self._batch = batch
        shared.resume()
        self.lag = 0
        """Entries that nobody had kept at the last look."""

    def look(self) -> None:
        self.lag = self._shared.waiting()

    def step(self) -> bool:
        """Whether there may be more at once. Raises ``SinkError``: then what was read comes again, to the next worker."""
        entries = self._shared.read(self._batch)
        rows: list[Row] = []
        labels: list[Label] = []
        for entry in entries:
            try:
                found = read(unpack(entry.packed))
            except UnreadableError:
                self._tally.unreadable += 1
                continue
            if isinstance(found, Row):
                rows.append(found)
            else:
                labels.append(found)
        if entries:
            new = self._sink.keep(rows, labels, self._sink.offsets(), self._clock())
            self._shared.kept(entries)
            self._tally.kept += new
            self._tally.known += len(rows) - new
        self.look()
        return len(entries) == self._batch
