"""What the watch asks of whoever takes what the journal says, and what a store of exchanges gives to whoever looks."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row

MAX_PAGE = 1000


class SinkError(OSError):
    """It cannot be taken now, and is to be taken later."""


class StoreError(SinkError):
    """The store cannot do it now: it is locked, full, or cannot be reached. What was to be kept is kept later."""


class BrokenStoreError(StoreError):
    """What the store holds cannot be read any more."""


class Place(NamedTuple):
    """Of a row among all, newest first; also the cursor of a page, which begins after it."""

    ts: float
    request_id: str


class Query(NamedTuple):
    """Which exchanges: None and an empty text are no condition. Times are seconds since 1970, ``until`` not included."""

    app: str = ""
    surface: str = ""
    model: str = ""
    policy: str = ""
    """``NAME`` or ``NAME@DIGEST``."""
    decision: str = ""
    outcome: str = ""
    upstream: str = ""
    rule: str = ""
    """One that fired."""
    since: float | None = None
    until: float | None = None


class Sink(Protocol):
    """Takes what the journal says. Used by one thread at a time. Every method may raise ``SinkError``."""

    def offsets(self) -> Offsets:
        """How far the journal is taken. It raises where it finds that what it took is lost, and another is to be asked."""

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        """All of it or nothing; how many rows are new. What is there already stays as it is."""

    def prune(self, now: float) -> int:
        """Drop the oldest part, where it is older than is to be kept, and no other until the next call; how many parts went."""

    def close(self) -> None: ...


class ExchangeStore(Sink, Protocol):
    """Every method may raise ``StoreError``."""

    def page(self, query: Query, after: Place | None, limit: int) -> Sequence[Row]:
        """Newest first, no more than ``MAX_PAGE``."""

    def record(self, request_id: str) -> Record | None: ...

    def labels(self, request_id: str) -> Sequence[Label]:
        """Oldest first."""
