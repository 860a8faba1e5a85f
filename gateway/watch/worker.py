"""From the journal into a sink, a batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.telemetry.tailing import JournalReader
from gateway.watch.row import Label, Row, UnreadableError, parse
from gateway.watch.store import Sink, SinkError

BATCH_BYTES = 4 << 20


@dataclass(slots=True)
class Tally:
    """Since the start."""

    kept: int = 0
    known: int = 0
    """Read again, and there already."""
    unreadable: int = 0
    """Lines that are no records."""
    missed_bytes: int = 0
    """Removed from the journal before they were read."""
    seen: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    """Sizes of the journal's segments, as its readers know them."""

    def figures(self) -> dict[str, float]:
        return {"kept": self.kept, "known": self.known, "unreadable": self.unreadable, "missed_bytes": self.missed_bytes}


class Worker:
    """``sink`` says where it was; ``clock`` gives seconds since 1970."""

    def __init__(self, folder: Path, sink: Sink, clock: Callable[[], float], tally: Tally, batch_bytes: int = BATCH_BYTES) -> None:
        self._folder = folder
        self._sink = sink
        self._clock = clock
        self._batch_bytes = batch_bytes
        self._reader = JournalReader(folder, sink.offsets(), tally.seen)
        self._tally = tally

    @property
    def lag(self) -> int:
        """Bytes that were in the journal at the last look and are not taken."""
        return self._reader.lag_bytes

    def look(self) -> None:
        self._reader.look()

    def step(self) -> bool:
        """Whether there may be more at once. Raises ``SinkError``: then nothing of the batch is kept."""
        before = self._reader.offsets
        rows: list[Row] = []
        labels: list[Label] = []
        taken = unreadable = 0
        for line in self._reader.read(self._batch_bytes):
            taken += len(line)
            try:
                read = parse(line)
            except UnreadableError:
                unreadable += 1
                continue
            if isinstance(read, Row):
                rows.append(read)
            elif read:
                labels.append(read)
        if self._reader.offsets != before:
            try:
                new = self._sink.keep(rows, labels, self._reader.offsets, self._clock())
            except SinkError:
                self._reader.go_back(before)
                raise
            self._tally.kept += new
            self._tally.known += len(rows) - new
            self._tally.unreadable += unreadable
        self._tally.missed_bytes += self._reader.take_missed()
        return taken >= self._batch_bytes
