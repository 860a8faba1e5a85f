"""From what many gateways have sent into one store, a batch at a time."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from gateway.watch.row import Label, Row, UnreadableError, read, unpack
from gateway.watch.store import Sink
from gateway.watch.worker import Tally

BATCH = 500


class Entry(NamedTuple):
    """A record on its way, packed as in a row."""

    id: bytes
    packed: bytes


class Shared(Protocol):
    """What several watches read. Every method may raise ``SinkError``."""

    def read(self, limit: int) -> Sequence[Entry]:
        """Entries that are this watch's alone until they are kept, for the most part."""

    def kept(self, entries: Sequence[Entry]) -> None: ...

    def waiting(self) -> int:
        """Entries that nobody has kept."""


class SharedWorker:
    """Keeps first and takes out then: what comes again since it died between is in the store already."""

    def __init__(self, shared: Shared, sink: Sink, clock: Callable[[], float], tally: Tally, batch: int = BATCH) -> None:
        self._shared = shared
        self._sink = sink
        self._clock = clock
        self._tally = tally
        self._batch = batch
        self.lag = 0
        """Entries that nobody had kept at the last step."""

    def step(self) -> bool:
        """Whether there may be more at once. Raises ``SinkError``: then what was read comes again."""
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
        self.lag = self._shared.waiting()
        return len(entries) == self._batch
