"""Exchanges in an SQL database: a table for each day (UTC), so that what is too old goes by dropping a table.

What databases say differently is a ``Database``'s. Rows and how far the journal was read are written in one transaction.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row, unpack
from gateway.watch.store import MAX_PAGE, Place, Query

PREFIX = "exchanges_"
_DAY_S = 86_400
_COLUMNS = ", ".join(Row._fields)
_LABEL_COLUMNS = ", ".join(Label._fields)
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS offsets (
        reader TEXT NOT NULL, segment TEXT NOT NULL, bytes BIGINT NOT NULL, PRIMARY KEY (reader, segment)
    )""",
    """CREATE TABLE IF NOT EXISTS labels (
        request_id TEXT NOT NULL, app TEXT NOT NULL, kind TEXT NOT NULL, rule TEXT NOT NULL, ts DOUBLE PRECISION NOT NULL,
        label TEXT NOT NULL, score DOUBLE PRECISION, PRIMARY KEY (request_id, app, kind, rule)
    )""",
)
_DAY = (
    """CREATE TABLE IF NOT EXISTS {table} (
        request_id TEXT NOT NULL, ts DOUBLE PRECISION NOT NULL, app TEXT NOT NULL, surface TEXT NOT NULL, model TEXT NOT NULL,
        policy TEXT NOT NULL, decision TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL, upstream TEXT NOT NULL,
        rules TEXT NOT NULL, total_ms DOUBLE PRECISION NOT NULL, overhead_ms DOUBLE PRECISION NOT NULL, input_tokens BIGINT NOT NULL,
        output_tokens BIGINT NOT NULL, record {bytes} NOT NULL, PRIMARY KEY (ts, request_id)
    )""",
    "CREATE UNIQUE INDEX IF NOT EXISTS {table}_id ON {table} (request_id)",
)
_LABEL = f"""INSERT INTO labels ({_LABEL_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (request_id, app, kind, rule) DO UPDATE SET ts = excluded.ts, label = excluded.label, score = excluded.score
    WHERE excluded.ts > labels.ts"""  # noqa: S608 our own names


class Database(Protocol):
    """A connection, whose every method raises ``StoreError`` alone. A ``?`` in a statement stands for a value."""

    bytes_type: str
    contains: str
    """A condition: the column ``rules`` has the value in it."""

    def ask(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]: ...

    def do(self, statement: str, values: Iterable[Sequence[object]] = ((),)) -> None:
        """Once for each of these."""

    def insert(self, table: str, columns: str, rows: Sequence[Sequence[object]]) -> int:
        """Those that are new; how many were."""

    def transaction(self) -> AbstractContextManager[None]: ...

    def tables(self) -> list[str]:
        """Whose names begin with ``PREFIX``, in order."""

    def give_back(self) -> None:
        """The room of what was dropped."""

    def close(self) -> None: ...


class SqlStore:
    """``reader`` names who reads which journal, where several share a database. ``retain_days``: how many days are kept, with today.

    An exchange that its clock made strange is put to the nearest day that is kept.
    """

    def __init__(self, database: Database, reader: str, retain_days: int) -> None:
        self._rows = database
        self._reader = reader
        self._retain_days = retain_days

    def make(self) -> None:
        """The tables, where there are none."""
        for statement in _SCHEMA:
            self._rows.do(statement)

    def offsets(self) -> Offsets:
        return dict(self._rows.ask("SELECT segment, bytes FROM offsets WHERE reader = ?", (self._reader,)))

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        days: dict[str, list[Row]] = {}
        for row in rows:
            days.setdefault(self._day(row.ts, now), []).append(row)
        with self._rows.transaction():
            new = sum([self._insert(f"{PREFIX}{day}", those) for day, those in days.items()])
            self._rows.do(_LABEL, labels)
            self._rows.do("DELETE FROM offsets WHERE reader = ?", [(self._reader,)])
            read = [(self._reader, segment, size) for segment, size in offsets.items()]
            self._rows.do("INSERT INTO offsets (reader, segment, bytes) VALUES (?, ?, ?)", read)
        return new

    def _insert(self, table: str, rows: Sequence[Row]) -> int:
        for statement in _DAY:
            self._rows.do(statement.format(table=table, bytes=self._rows.bytes_type))
        return self._rows.insert(table, _COLUMNS, rows)

    def prune(self, now: float) -> int:
        oldest = self._first_day(now)
        old = [table for table in self._rows.tables() if table < f"{PREFIX}{oldest:%Y%m%d}"]
        for table in old:
            self._rows.do(f"DROP TABLE {table}")
        if old:
            self._rows.do("DELETE FROM labels WHERE ts < ?", [(oldest.timestamp(),)])
            self._rows.give_back()
        return len(old)

    def page(self, query: Query, after: Place | None, limit: int) -> list[Row]:
        found: list[Row] = []
        where, values = self._conditions(query, after)
        for table in reversed(self._rows.tables()):
            wanted = min(limit, MAX_PAGE) - len(found)
            if wanted <= 0:
                break
            statement = f"SELECT {_COLUMNS} FROM {table} WHERE {where} ORDER BY ts DESC, request_id DESC LIMIT ?"  # noqa: S608 our own names
            found += map(Row._make, self._rows.ask(statement, (*values, wanted)))
        return found

    def record(self, request_id: str) -> Record | None:
        for table in reversed(self._rows.tables()):
            for (packed,) in self._rows.ask(f"SELECT record FROM {table} WHERE request_id = ?", (request_id,)):  # noqa: S608 our own name
                return unpack(packed)
        return None

    def labels(self, request_id: str) -> list[Label]:
        statement = f"SELECT {_LABEL_COLUMNS} FROM labels WHERE request_id = ? ORDER BY ts"  # noqa: S608 our own names
        return list(map(Label._make, self._rows.ask(statement, (request_id,))))

    def close(self) -> None:
        self._rows.close()

    def _first_day(self, now: float) -> datetime:
        today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today - timedelta(days=self._retain_days - 1)

    def _day(self, ts: float, now: float) -> str:
        nearest = min(max(ts, self._first_day(now).timestamp()), now + _DAY_S)
        return f"{datetime.fromtimestamp(nearest, UTC):%Y%m%d}"

    def _conditions(self, query: Query, after: Place | None) -> tuple[str, list[object]]:
        names = ("app", "surface", "model", "decision", "outcome", "upstream")
        named = [(name, value) for name in names if (value := getattr(query, name))]
        where, values = [f"{name} = ?" for name, _ in named], [value for _, value in named]
        if query.policy:
            where.append("(policy = ? OR substr(policy, 1, ?) = ?)")
            values += [query.policy, len(query.policy) + 1, f"{query.policy}@"]
        if query.rule:
            where.append(self._rows.contains)
            values.append(f",{query.rule},")
        if query.since is not None:
            where.append("ts >= ?")
            values.append(query.since)
        if query.until is not None:
            where.append("ts < ?")
            values.append(query.until)
        if after is not None:
            where.append("(ts, request_id) < (?, ?)")
            values += after
        return " AND ".join(where) or "1 = 1", values
