"""A sink of the watch's: what the journal says, as spans and measures, to a collector.

A span is sent at least once, and is the same each time. What is measured is counted once it is written how far the journal was sent.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from gateway.telemetry.tailing import Offsets
from gateway.watch.guardrails import Draft
from gateway.watch.measures import Measure, measures
from gateway.watch.providers import Endpoint
from gateway.watch.row import Label, Row, UnreadableError, unpack
from gateway.watch.spans import Span, spans
from gateway.watch.store import SinkError

MAX_BYTES = 1 << 20
"""Of what says how far the journal was sent."""


@dataclass(slots=True)
class Posted:
    """Spans, since the start."""

    sent: int = 0
    dropped: int = 0
    """A collector will never take them, or the record is none that this version can make spans of: then it counts as one."""


class Collector(Protocol):
    def send(self, batch: Sequence[Span]) -> int:
        """How many of them it took; the others it will never take. Raises ``SinkError`` where it takes none now."""


class Meters(Protocol):
    def record(self, measures: Iterable[Measure]) -> None: ...


class Outbox:
    """``load`` and ``save`` keep how far the journal was sent; both may raise OSError. Where that is lost, all of it is sent again."""

    def __init__(
        self,
        collector: Collector,
        meters: Meters,
        endpoints: Mapping[str, Endpoint],
        load: Callable[[], bytes | None],
        save: Callable[[bytes], None],
        posted: Posted,
        draft: Draft = "none",
    ) -> None:
        self._collector = collector
        self._meters = meters
        self._endpoints = endpoints
        self._load = load
        self._save = save
        self._posted = posted
        self._draft = draft

    def offsets(self) -> Offsets:
        try:
            said = orjson.loads(self._load() or b"{}")
        except orjson.JSONDecodeError:
            return {}
        except OSError as error:
            raise SinkError(f"how far it was sent cannot be read: {error.strerror}") from None
        return {name: size for name, size in said.items() if type(size) is int and size >= 0} if isinstance(said, dict) else {}

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        batch, measured, unmade = self._made(rows)
        sent = self._collector.send(batch) if batch else 0
        try:
            self._save(orjson.dumps(offsets))
        except OSError as error:
            raise SinkError(f"how far it was sent cannot be written: {error.strerror}") from None
        self._posted.sent += sent
        self._posted.dropped += len(batch) - sent + unmade
        self._meters.record(measured)
        return len(rows)

    def prune(self, now: float) -> int:
        """Nothing is kept."""
        return 0

    def close(self) -> None:
        """Nothing is held."""

    def _made(self, rows: Sequence[Row]) -> tuple[list[Span], list[Measure], int]:
        """With how many records nothing can be made of."""
        batch: list[Span] = []
        measured: list[Measure] = []
        unmade = 0
        for row in rows:
            try:
                record = unpack(row.record)
                made = spans(record, self._endpoints, self._draft), list(measures(record, self._endpoints))
            except (UnreadableError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
                unmade += 1
                continue
            batch += made[0]
            measured += made[1]
        return batch, measured, unmade
