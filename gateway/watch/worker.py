"""From the journal into a sink, a batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from gateway.telemetry.tailing import JournalReader
from gateway.watch.row import Label, UnreadableError
from gateway.watch.store import Sink, SinkError

BATCH_BYTES = 4 << 20

T = TypeVar("T")


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
    waiting: int | None = None
    """Records of all gateways on their way to watches elsewhere, at the last look; None where none are sent."""
    seen: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    """Sizes of the journal's segments, as its readers know them."""

    def figures(self) -> dict[str, float]:
        waiting = {} if self.waiting is None else {"lag_records": self.waiting}
        return {"kept": self.kept, "known": self.known, "unreadable": self.unreadable, "missed_bytes": self.missed_bytes, **waiting}


class Worker(Generic[T]):
    """``sink`` says where it was; ``clock`` gives seconds since 1970; ``read`` makes of a line what the sink takes, or nothing, and raises
    ``UnreadableError``.
    """

    def __init__(
        self,
        folder: Path,
        sink: Sink[T],
        clock: Callable[[], float],
        tally: Tally,
        read: Callable[[bytes], T | Label | None],
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self._folder = folder
        self._sink = sink
        self._clock = clock
        self._read = read
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
        rows: list[T] = []
        labels: list[Label] = []
        taken = unreadable = 0
        for line in self._reader.read(self._batch_bytes):
            taken += len(line)
            try:
                read = self._read(line)
            except UnreadableError:
                unreadable += 1
                continue
            if isinstance(read, Label):
                labels.append(read)
            elif read is not None:
                rows.append(read)
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
