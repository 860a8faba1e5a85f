"""Exchanges in an SQL database: a table for each day (UTC), so that what is too old goes by dropping a table. Their texts, where they are
kept, have tables of their own, which go sooner.

What databases say differently is a ``Database``'s. Rows and how far the journal was read are written in one transaction.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import Any, Protocol

from gateway.storage.days import DAY_S, FIRST, day_of, first_kept, kept_from
from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row, apart, unpack
from gateway.watch.store import MAX_PAGE, Place, Query

PREFIX = "exchanges_"
TEXTS = "texts_"
TEXT_DAYS = 7
_DAY_NAME = re.compile(rf"({PREFIX}|{TEXTS})\d{{8}}")
_COLUMNS = ", ".join(Row._fields)
_ADDED = {"cost_usd": "DOUBLE PRECISION"}
"""Columns that the tables of earlier versions lack."""
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
        output_tokens BIGINT NOT NULL, record {bytes} NOT NULL, cost_usd DOUBLE PRECISION, PRIMARY KEY (ts, request_id),
        UNIQUE (request_id)
    )"""
_DAY_OF_TEXTS = """CREATE TABLE IF NOT EXISTS {table} (
        request_id TEXT NOT NULL PRIMARY KEY, ts DOUBLE PRECISION NOT NULL, texts {bytes} NOT NULL
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

    def tables(self, prefix: str) -> list[str]:
        """Whose names begin so, in order."""

    def columns(self, table: str) -> set[str]: ...

    def shred(self, table: str) -> None:
        """Drop it so that nothing of it is left in the room that it took."""

    def give_back(self) -> None:
        """The room of what was dropped."""

    def close(self) -> None: ...


class SqlStore:
    """``reader`` names who reads which journal, where several share a database. ``retain_days``: how many days are kept, with today;
    ``text_retain_days``: of texts.

    The table of an exchange is told by its time alone, so that one that comes again finds itself. A table whose day is none, or still to
    come, is kept as long as those of the day when it was made: what a strange clock wrote is not lost at once, and not kept for ever.
    """

    def __init__(self, database: Database, reader: str, retain_days: int, text_retain_days: int = TEXT_DAYS) -> None:
        self._rows = database
        self._reader = reader
        self._retain_days = {PREFIX: retain_days, TEXTS: text_retain_days}
        self._made: set[str] = set()
        self._whole: set[str] = set()
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
        texts: dict[str, list[tuple[str, float, bytes]]] = {}
        for row in sorted(rows, key=lambda row: (row.ts, row.request_id)):
            told, texts_of = apart(row.record)
            days.setdefault(f"{PREFIX}{day_of(row.ts)}", []).append(row._replace(record=told) if texts_of else row)
            if texts_of:
                texts.setdefault(f"{TEXTS}{day_of(row.ts)}", []).append((row.request_id, row.ts, texts_of))
        for table in (days.keys() | texts.keys()) - self._made:
            self._make_day(table, now)
        said = sorted(labels, key=_of_what)
        with self._rows.transaction():
            new = sum([self._rows.insert(table, _COLUMNS, those) for table, those in days.items()])
            for table, kept in texts.items():
                self._rows.insert(table, "request_id, ts, texts", kept)
            self._rows.do(_LABEL, said)
            self._rows.do("DELETE FROM offsets WHERE reader = ?", [(self._reader,)])
            read = [(self._reader, segment, size) for segment, size in offsets.items()]
            self._rows.do("INSERT INTO offsets (reader, segment, bytes) VALUES (?, ?, ?)", read)
        return new

    def _make_day(self, table: str, now: float) -> None:
        """Not in the transaction of a batch, where others would wait for it until the end."""
        with self._rows.alone():
            if table.startswith(TEXTS):
                self._rows.do(_DAY_OF_TEXTS.format(table=table, bytes=self._rows.bytes_type))
            else:
                self._rows.do(_DAY.format(table=table, bytes=self._rows.bytes_type))
                for column in _ADDED.keys() - self._rows.columns(table):
                    self._rows.do(f"ALTER TABLE {table} ADD COLUMN {column} {_ADDED[column]}")
            self._rows.do("INSERT INTO days (name, made) VALUES (?, ?) ON CONFLICT DO NOTHING", [(table, now)])
        self._made.add(table)

    def prune(self, now: float) -> int:
        """The oldest table of each kind at most, so that a clock that jumps ahead does not empty the store before somebody sees it.

        It is no later than the day after the newest table's, but for the time that this store has been open.
        """
        self._rows.do("UPDATE days SET made = ? WHERE made < ? OR made > ?", [(now, FIRST, now + DAY_S)])  # by a clock that was strange
        days = self._days(now)
        if not days:
            return 0
        newest = max(days.values()) + DAY_S + monotonic() - self._opened
        return sum([self._prune(prefix, days, min(now, newest)) for prefix in (PREFIX, TEXTS)])

    def _prune(self, prefix: str, days: Mapping[str, float], now: float) -> int:
        oldest = first_kept(now, self._retain_days[prefix])
        day, table = min([(day, table) for table, day in days.items() if table.startswith(prefix)], default=(oldest, ""))
        if day >= oldest:
            return 0
        with self._rows.alone():
            if prefix == TEXTS:
                self._rows.shred(table)
            else:
                self._rows.do(f"DROP TABLE IF EXISTS {table}")
            self._rows.do("DELETE FROM days WHERE name = ?", [(table,)])
        self._made.discard(table)
        self._whole.discard(table)
        if prefix == PREFIX:
            self._rows.do("DELETE FROM labels WHERE ts < ?", [(oldest,)])
        self._rows.give_back()
        return 1

    def page(self, query: Query, after: Place | None, limit: int, *, is_oldest_first: bool = False) -> list[Row]:
        found: list[Row] = []
        order, beyond = ("ASC", ">") if is_oldest_first else ("DESC", "<")
        where, values = self._conditions(query, after, beyond)
        tables = self._tables(PREFIX)
        for table in tables if is_oldest_first else reversed(tables):
            wanted = min(limit, MAX_PAGE) - len(found)
            if wanted <= 0:
                break
            columns = self._selected(table)
            statement = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY ts {order}, request_id {order} LIMIT ?"  # noqa: S608 our own names
            found += map(Row._make, self._rows.ask(statement, (*values, wanted)))
        return found

    def _selected(self, table: str) -> str:
        """Of a table that an earlier version made, what it lacks is not known."""
        if table in self._made or table in self._whole:
            return _COLUMNS
        missing = _ADDED.keys() - self._rows.columns(table)
        if not missing:
            self._whole.add(table)
        return ", ".join([f"NULL AS {column}" if column in missing else column for column in Row._fields])

    def record(self, request_id: str) -> Record | None:
        for table in reversed(self._tables(PREFIX)):
            for (packed,) in self._rows.ask(f"SELECT record FROM {table} WHERE request_id = ?", (request_id,)):  # noqa: S608 our own name
                return unpack(packed)
        return None

    def texts(self, request_id: str) -> Record:
        for table in reversed(self._tables(TEXTS)):
            for (packed,) in self._rows.ask(f"SELECT texts FROM {table} WHERE request_id = ?", (request_id,)):  # noqa: S608 our own name
                return unpack(packed)
        return {}

    def labels(self, request_id: str) -> list[Label]:
        statement = f"SELECT {_LABEL_COLUMNS} FROM labels WHERE request_id = ? ORDER BY ts"  # noqa: S608 our own names
        return list(map(Label._make, self._rows.ask(statement, (request_id,))))

    def all_labels(self, after: Label | None, limit: int) -> list[Label]:
        where = "WHERE (request_id, app, kind, rule) > (?, ?, ?, ?) " if after else ""
        statement = f"SELECT {_LABEL_COLUMNS} FROM labels {where}ORDER BY request_id, app, kind, rule LIMIT ?"  # noqa: S608 our own names
        return list(map(Label._make, self._rows.ask(statement, (*(_of_what(after) if after else ()), min(limit, MAX_PAGE)))))

    def close(self) -> None:
        self._rows.close()

    def _tables(self, prefix: str) -> list[str]:
        return [table for table in self._rows.tables(prefix) if _DAY_NAME.fullmatch(table)]

    def _days(self, now: float) -> dict[str, float]:
        """From when on each table is kept."""
        made = dict(self._rows.ask("SELECT name, made FROM days"))
        tables = (*self._tables(PREFIX), *self._tables(TEXTS))
        return {table: kept_from(table.rpartition("_")[2], made.get(table, now), now) for table in tables}

    def _conditions(self, query: Query, after: Place | None, beyond: str) -> tuple[str, list[object]]:
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
            where.append(f"(ts, request_id) {beyond} (?, ?)")
            values += after
        return " AND ".join(where) or "1 = 1", values


def _of_what(label: Label) -> tuple[str, ...]:
    return label.request_id, label.app, label.kind, label.rule
