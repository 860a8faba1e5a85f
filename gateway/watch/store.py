"""What the watch asks of whoever takes what the journal says, and what a store of exchanges gives to whoever looks."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row

MAX_PAGE = 1000

T_contra = TypeVar("T_contra", contravariant=True)


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


class Sink(Protocol[T_contra]):
    """Takes what the journal says: an exchange as a ``Row``, or in whatever form it asks for. Used by one thread at a time. Every method
    may raise ``SinkError``.
    """

    def offsets(self) -> Offsets:
        """How far the journal is taken. It raises where it finds that what it took is lost, and another is to be asked."""

    def keep(self, rows: Sequence[T_contra], labels: Sequence[Label], offsets: Offsets, now: float, /) -> int:
        """All of it or nothing; how many rows are new. What is there already stays as it is."""

    def prune(self, now: float) -> int:
        """Drop the oldest part, where it is older than is to be kept, and no other until the next call; how many parts went."""

    def close(self) -> None: ...


class ExchangeStore(Sink[Row], Protocol):
    """Every method may raise ``StoreError``."""

    def page(self, query: Query, after: Place | None, limit: int, *, is_oldest_first: bool = False) -> Sequence[Row]:
        """Newest first, or the other way round, no more than ``MAX_PAGE``."""

    def record(self, request_id: str) -> Record | None:
        """Without the exchange's texts."""

    def texts(self, request_id: str) -> Record:
        """``texts`` or ``sealed_texts`` of the record; nothing where none are kept, or no more."""

    def labels(self, request_id: str) -> Sequence[Label]:
        """Oldest first."""

    def all_labels(self, after: Label | None, limit: int) -> Sequence[Label]:
        """By request ids, apps, kinds and rules, from the one after ``after`` on; no more than ``MAX_PAGE``."""
