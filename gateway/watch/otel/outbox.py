"""A sink of the watch's: what the journal says, as spans, log records and measures, to a collector.

A span is sent at least once, and is the same each time; so is a log record. What is measured is counted once it is written how far the
journal was sent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from gateway.telemetry.tailing import Offsets
from gateway.watch.otel.measures import Measure
from gateway.watch.otel.spans import Log, Span
from gateway.watch.otel.telling import Teller
from gateway.watch.row import Label, Record
from gateway.watch.store import SinkError

MAX_BYTES = 1 << 20
"""Of what says how far the journal was sent."""


@dataclass(slots=True)
class Posted:
    """Spans and log records, since the start."""

    sent: int = 0
    dropped: int = 0
    """A collector will never take them, or the record is none of which this version can make any: then it counts as one."""


class Collector(Protocol):
    def send(self, batch: Iterable[Span]) -> int:
        """How many of them it took; the others it will never take. Raises ``SinkError`` where it takes none now.

        All of the batch is read before any of it is sent; it is not asked for nothing.
        """

    def tell(self, batch: Iterable[Log]) -> int:
        """As ``send``."""


class Meters(Protocol):
    def record(self, measures: Iterable[Measure]) -> None: ...


class Outbox:
    """``load`` and ``save`` keep how far the journal was sent; both may raise OSError. Where that is lost, all of it is sent again."""

    def __init__(
        self,
        collector: Collector,
        meters: Meters,
        teller: Teller,
        load: Callable[[], bytes | None],
        save: Callable[[bytes], None],
        posted: Posted,
    ) -> None:
        self._collector = collector
        self._meters = meters
        self._teller = teller
        self._load = load
        self._save = save
        self._posted = posted

    def offsets(self) -> Offsets:
        try:
            said = orjson.loads(self._load() or b"{}")
        except orjson.JSONDecodeError:
            return {}
        except OSError as error:
            raise SinkError(f"how far it was sent cannot be read: {error.strerror}") from None
        return {name: size for name, size in said.items() if type(size) is int and size >= 0} if isinstance(said, dict) else {}

    def keep(self, records: Sequence[Record], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        telling = _Telling(self._teller, records)
        sent = self._collector.send(telling.spans())
        sent += self._collector.tell(telling.logs)
        try:
            self._save(orjson.dumps(offsets))
        except OSError as error:
            raise SinkError(f"how far it was sent cannot be written: {error.strerror}") from None
        self._posted.sent += sent
        self._posted.dropped += telling.made + len(telling.logs) - sent + telling.unmade
        self._meters.record(telling.measures)
        return len(records)

    def prune(self, now: float) -> int:
        """Nothing is kept."""
        return 0

    def close(self) -> None:
        """Nothing is held."""


class _Telling:
    """Of records one after the other, so that spans live no longer than it takes to encode them: what lives long, Python's garbage
    collector looks at again and again. What else is told of them is known once all spans are taken.
    """

    def __init__(self, teller: Teller, records: Sequence[Record]) -> None:
        self._teller = teller
        self._records = records
        self.logs: list[Log] = []
        self.measures: list[Measure] = []
        self.made = self.unmade = 0
        """Spans, and records of which nothing can be made."""

    def spans(self) -> Iterator[Span]:
        for record in self._records:
            try:
                told = self._teller.tell(record)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
                self.unmade += 1
                continue
            self.made += len(told.spans)
            self.logs += told.logs
            self.measures += told.measures
            yield from told.spans
