"""A sink that takes what another one takes and shows it to somebody besides, where no journal is read: each exchange at most once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row, UnreadableError, unpack
from gateway.watch.store import Sink


class View(Protocol):
    """Who is shown it."""

    def take(self, records: Sequence[Record], labels: Sequence[Label]) -> None: ...

    def close(self) -> None: ...


def beside(open_sink: Callable[[], Sink[Row]], view: Callable[[], View]) -> Callable[[], Sink[Row]]:
    """Opens a sink, with the view beside it."""
    return lambda: _Beside(open_sink(), view())


class _Beside:
    def __init__(self, sink: Sink[Row], view: View) -> None:
        self._sink = sink
        self._view = view

    def offsets(self) -> Offsets:
        return self._sink.offsets()

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        new = self._sink.keep(rows, labels, offsets, now)
        if new == len(rows):  # else some of it was taken before
            self._view.take(list(_records(rows)), labels)
        return new

    def prune(self, now: float) -> int:
        return self._sink.prune(now)

    def close(self) -> None:
        self._view.close()
        self._sink.close()


def _records(rows: Sequence[Row]) -> Iterator[Record]:
    for row in rows:
        with suppress(UnreadableError):
            yield unpack(row.record)
