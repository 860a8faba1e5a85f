"""Exchanges in an SQL database: a table for each day (UTC), so that what is too old goes by dropping a table.

What databases say differently is a ``Database``'s. Rows and how far the journal was read are written in one transaction.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Protocol

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row, unpack
from gateway.watch.store import MAX_PAGE, Place, Query

PREFIX = "exchanges_"
_DAY_S = 86_400
_DAY_NAME = re.compile(rf"{PREFIX}\d{{8}}")
_FIRST, _END = datetime(2020, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_BEFORE, _AFTER = f"{PREFIX}00000000", f"{PREFIX}99999999"
"""Of times that no clock means. Names of tables have the order of the times in them."""
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
    "CREATE TABLE IF NOT EXISTS days (name TEXT PRIMARY KEY, made DOUBLE PRECISION NOT NULL)",
)
_DAY = """CREATE TABLE IF NOT EXISTS {table} (
        request_id TEXT NOT NULL, ts DOUBLE PRECISION NOT NULL, app TEXT NOT NULL, surface TEXT NOT NULL, model TEXT NOT NULL,
        policy TEXT NOT NULL, decision TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL, upstream TEXT NOT NULL,
        rules TEXT NOT NULL, total_ms DOUBLE PRECISION NOT NULL, overhead_ms DOUBLE PRECISION NOT NULL, input_tokens BIGINT NOT NULL,
        output_tokens BIGINT NOT NULL, record {bytes} NOT NULL, PRIMARY KEY (ts, request_id),
        UNIQUE (request_id)
    )"""
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

    def alone(self) -> AbstractContextManager[None]:
        """A transaction, beside which nobody else has one of these."""

    def tables(self) -> list[str]:
        """Whose names begin with ``PREFIX``, in order."""

    def give_back(self) -> None:
        """The room of what was dropped."""

    def close(self) -> None: ...


class SqlStore:
    """``reader`` names who reads which journal, where several share a database. ``retain_days``: how many days are kept, with today.

    The table of an exchange is told by its time alone, so that one that comes again finds itself. A table whose day is none, or still to
    come, is kept as long as those of the day when it was made: what a strange clock wrote is not lost at once, and not kept for ever.
    """

    def __init__(self, database: Database, reader: str, retain_days: int) -> None:
        self._rows = database
        self._reader = reader
        self._retain_days = retain_days
        self._made: set[str] = set()
        self._opened = monotonic()

    def make(self) -> None:
        """The tables, where there are none."""
        with self._rows.alone():
            for statement in _SCHEMA:
                self._rows.do(statement)

    def offsets(self) -> Offsets:
        return dict(self._rows.ask("SELECT segment, bytes FROM offsets WHERE reader = ?", (self._reader,)))

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        """In the same order whoever keeps it, so that nobody waits for one who waits for him."""
        days: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda row: (row.ts, row.request_id)):
            days.setdefault(_table(row.ts), []).append(row)
        for table in days.keys() - self._made:
            self._make_day(table, now)
        said = sorted(labels, key=_of_what)
        with self._rows.transaction():
            new = sum([self._rows.insert(table, _COLUMNS, those) for table, those in days.items()])
            self._rows.do(_LABEL, said)
            self._rows.do("DELETE FROM offsets WHERE reader = ?", [(self._reader,)])
            read = [(self._reader, segment, size) for segment, size in offsets.items()]
            self._rows.do("INSERT INTO offsets (reader, segment, bytes) VALUES (?, ?, ?)", read)
        return new

    def _make_day(self, table: str, now: float) -> None:
        """Not in the transaction of a batch, where others would wait for it until the end."""
        with self._rows.alone():
            self._rows.do(_DAY.format(table=table, bytes=self._rows.bytes_type))
            self._rows.do("INSERT INTO days (name, made) VALUES (?, ?) ON CONFLICT DO NOTHING", [(table, now)])
        self._made.add(table)

    def prune(self, now: float) -> int:
        """The oldest table at most, so that a clock that jumps ahead does not empty the store before somebody sees it.

        It is no later than the day after the newest table's, but for the time that this store has been open.
        """
        self._rows.do("UPDATE days SET made = ? WHERE made < ? OR made > ?", [(now, _FIRST, now + _DAY_S)])  # by a clock that was strange
        days = self._days(now)
        if not days:
            return 0
        oldest = self._first_day(min(now, max(days.values()) + _DAY_S + monotonic() - self._opened)).timestamp()
        day, table = min((day, table) for table, day in days.items())
        if day >= oldest:
            return 0
        with self._rows.alone():
            self._rows.do(f"DROP TABLE IF EXISTS {table}")
            self._rows.do("DELETE FROM days WHERE name = ?", [(table,)])
        self._made.discard(table)
        self._rows.do("DELETE FROM labels WHERE ts < ?", [(oldest,)])
        self._rows.give_back()
        return 1

    def page(self, query: Query, after: Place | None, limit: int) -> list[Row]:
        found: list[Row] = []
        where, values = self._conditions(query, after)
        for table in reversed(self._tables()):
            wanted = min(limit, MAX_PAGE) - len(found)
            if wanted <= 0:
                break
            statement = f"SELECT {_COLUMNS} FROM {table} WHERE {where} ORDER BY ts DESC, request_id DESC LIMIT ?"  # noqa: S608 our own names
            found += map(Row._make, self._rows.ask(statement, (*values, wanted)))
        return found

    def record(self, request_id: str) -> Record | None:
        for table in reversed(self._tables()):
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

    def _tables(self) -> list[str]:
        return [table for table in self._rows.tables() if _DAY_NAME.fullmatch(table)]

    def _days(self, now: float) -> dict[str, float]:
        """From when on each table is kept."""
        made = dict(self._rows.ask("SELECT name, made FROM days"))
        return {table: _kept_from(table, made.get(table, now), now) for table in self._tables()}

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


def _table(ts: float) -> str:
    if ts < _FIRST:
        return _BEFORE
    return f"{PREFIX}{datetime.fromtimestamp(ts, UTC):%Y%m%d}" if ts < _END else _AFTER


def _of_what(label: Label) -> tuple[str, ...]:
    return label.request_id, label.app, label.kind, label.rule


def _kept_from(table: str, made: float, now: float) -> float:
    if table in (_BEFORE, _AFTER):
        return made
    day = datetime.strptime(table, f"{PREFIX}%Y%m%d").replace(tzinfo=UTC).timestamp()
    return day if day <= now + _DAY_S else min(day, made + _DAY_S)
