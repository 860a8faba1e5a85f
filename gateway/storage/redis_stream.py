"""Records on their way from many gateways to the watches that share a Redis or Valkey, by a stream that a consumer group reads.

What was sent and how far the journal was read are written in one transaction, so that a gateway that dies sends nothing twice. An entry is
taken out once its reader has kept it; what a reader that died had taken is given to another one. Nothing is trimmed: where readers do not
come, the stream fills, and what is in the journals waits there. Where the server lost what was sent, it lost with it how far, and the
journals are sent again.

All readers keep records in one store: as long as one reads for a store, none reads for another, so that no store has a part of them alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Row, event_of, pack
from gateway.watch.sharing import Entry
from gateway.watch.store import SinkError

MAX_ENTRIES = 1_000_000
_STREAM, _SENT, _STORE = "{oddgate}:journal", "{oddgate}:sent:", "{oddgate}:store"
"""One slot of a cluster, for the transaction."""
_GROUP = "watch"
_FIELD = b"record"
_ANSWER_S = 10
_DEAD_MS = 60_000
"""What a reader has had for longer than this, and has not kept, is another one's. So long the store of readers that are gone is theirs."""


class Stream:
    """Connects when it is first asked for something."""

    def __init__(self, url: str) -> None:
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.exceptions import RedisError
            from redis.retry import Retry
        except ImportError:
            raise RuntimeError("state.url names a Redis, whose client library is not installed; pip install 'oddgate[redis]'") from None
        self._errors = (RedisError, OSError)
        self._client: Any = Redis.from_url(
            url, socket_timeout=_ANSWER_S, socket_connect_timeout=_ANSWER_S, retry=Retry(NoBackoff(), 1), protocol=2
        )

    def close(self) -> None:
        self._client.close()

    def waiting(self) -> int:
        """Entries that nobody has kept."""
        with self._raised():
            length: int = self._client.xlen(_STREAM)
        return length

    @contextmanager
    def _raised(self) -> Iterator[None]:
        try:
            yield
        except SinkError:
            raise
        except self._errors as error:
            raise SinkError(f"redis: {type(error).__name__}") from None


class StreamSink(Stream):
    """Where one journal is sent. ``reader`` names it among all.

    It is of no use once the server says something else than was last read or written: then what was sent may be lost.
    """

    def __init__(self, url: str, reader: str, max_entries: int = MAX_ENTRIES) -> None:
        super().__init__(url)
        self._sent = _SENT + reader
        self._max_entries = max_entries
        self._last: Offsets | None = None

    def offsets(self) -> Offsets:
        with self._raised():
            return self._known(self._client.hgetall(self._sent))

    def _known(self, found: Mapping[bytes, bytes]) -> Offsets:
        offsets = {segment.decode(): int(size) for segment, size in found.items()}
        if self._last is not None and offsets != self._last:
            raise SinkError("redis: it has lost what was sent, and is sent it again")
        self._last = offsets
        return offsets

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        if self.waiting() >= self._max_entries:
            raise SinkError("redis: the stream is full; do watches read it?")
        with self._raised(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.watch(self._sent)
            self._known(pipeline.hgetall(self._sent))
            pipeline.multi()
            for packed in (*(row.record for row in rows), *(pack(event_of(label)) for label in labels)):
                pipeline.xadd(_STREAM, {_FIELD: packed})
            pipeline.delete(self._sent)
            if offsets:
                pipeline.hset(self._sent, mapping=dict(offsets))
            pipeline.execute()
        self._last = dict(offsets)
        return len(rows)

    def prune(self, now: float) -> int:
        """Entries go when they are kept."""
        return 0


class StreamReader(Stream):
    """One of those that share the work. ``name`` is its own among them, and the same after a restart; ``store`` names what they share."""

    def __init__(self, url: str, name: str, store: str, dead_ms: int = _DEAD_MS) -> None:
        super().__init__(url)
        self._name = name
        self._store = store
        self._dead_ms = dead_ms
        self._is_joined = False
        self._is_resumed = False

    def resume(self) -> None:
        self._is_resumed = False

    def read(self, limit: int) -> list[Entry]:
        """What it had taken before it died, then what others left behind, then what is new."""
        try:
            with self._raised():
                self._claim()
                self._join()
                return self._next(limit)
        except SinkError:
            self._is_joined = self._is_resumed = False  # the server may have lost everything, or this reader the answer
            raise

    def _claim(self) -> None:
        if self._client.set(_STORE, self._store, nx=True, px=_DEAD_MS):
            return
        if self._client.get(_STORE) != self._store.encode():
            raise SinkError("redis: others read for another store; watches on several hosts need one on a server (store.url)")
        self._client.pexpire(_STORE, _DEAD_MS)

    def _next(self, limit: int) -> list[Entry]:
        if not self._is_resumed:
            if found := self._asked("0", limit):
                return found
            self._is_resumed = True
        _, left, *_ = self._client.xautoclaim(_STREAM, _GROUP, self._name, self._dead_ms, count=limit)
        return _entries(left) or self._asked(">", limit)

    def kept(self, entries: Sequence[Entry]) -> None:
        """They are nobody's any more."""
        if not entries:
            return
        ids = [entry.id for entry in entries]
        with self._raised():
            pipeline = self._client.pipeline(transaction=True)
            pipeline.xack(_STREAM, _GROUP, *ids)
            pipeline.xdel(_STREAM, *ids)
            pipeline.execute()

    def ask_again(self) -> None:
        """All journals are sent from their beginnings: what was kept of them is lost."""
        with self._raised():
            for sent in self._client.scan_iter(match=f"{_SENT}*"):
                self._client.delete(sent)

    def _asked(self, since: str, limit: int) -> list[Entry]:
        answer = self._client.xreadgroup(_GROUP, self._name, {_STREAM: since}, count=limit)
        return _entries(answer[0][1]) if answer else []

    def _join(self) -> None:
        from redis.exceptions import ResponseError

        if self._is_joined:
            return
        try:
            self._client.xgroup_create(_STREAM, _GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        self._is_joined = True


def _entries(found: Sequence[tuple[bytes, Mapping[bytes, bytes] | None]]) -> list[Entry]:
    """An entry without fields was taken out while somebody had it."""
    return [Entry(each, (fields or {}).get(_FIELD, b"")) for each, fields in found]
