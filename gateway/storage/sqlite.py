"""Exchanges in a SQLite file: a table for each day (UTC), so that what is too old goes by dropping a table.

One process writes; others read beside it (write-ahead log). Rows and how far the journal was read are written in one transaction.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.telemetry.tailing import Offsets
from gateway.watch.row import Label, Record, Row, unpack
from gateway.watch.store import MAX_PAGE, BrokenStoreError, Place, Query, StoreError

_BUSY_S = 2.0
_DAY_S = 86_400
_PREFIX = "exchanges_"
_COLUMNS = ", ".join(Row._fields)
_PAGES_FREED = 4000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS offsets (segment TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS labels (
    request_id TEXT, app TEXT, kind TEXT, rule TEXT, ts REAL NOT NULL, label TEXT NOT NULL, score REAL,
    PRIMARY KEY (request_id, app, kind, rule)
) WITHOUT ROWID;
"""
_DAY = """
CREATE TABLE IF NOT EXISTS {table} (
    request_id TEXT NOT NULL, ts REAL NOT NULL, app TEXT NOT NULL, surface TEXT NOT NULL, model TEXT NOT NULL, policy TEXT NOT NULL,
    decision TEXT NOT NULL, outcome TEXT NOT NULL, status INTEGER NOT NULL, upstream TEXT NOT NULL, rules TEXT NOT NULL,
    total_ms REAL NOT NULL, overhead_ms REAL NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (ts DESC, request_id DESC)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS {table}_id ON {table} (request_id);
"""
_LABEL = """
INSERT INTO labels (request_id, app, kind, rule, ts, label, score) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET ts = excluded.ts, label = excluded.label, score = excluded.score WHERE excluded.ts > labels.ts
"""
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SqliteStore:
    """``retain_days``: how many days are kept, with today. A day that its clock made strange is put to the nearest that is kept."""

    def __init__(self, path: Path, retain_days: int, *, read_only: bool = False) -> None:
        self._retain_days = retain_days
        with _raised():
            if read_only:
                self._rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S, isolation_level=None)
                return
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._rows = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            self._rows.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._rows.execute("PRAGMA synchronous = NORMAL")
            self._rows.executescript(_SCHEMA)

    def offsets(self) -> dict[str, int]:
        with _raised():
            return dict(self._rows.execute("SELECT segment, bytes FROM offsets"))

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        days: dict[str, list[Row]] = {}
        for row in rows:
            days.setdefault(self._day(row.ts, now), []).append(row)
        with _raised(), self._transaction():
            new = sum([self._insert(f"{_PREFIX}{day}", those) for day, those in days.items()])
            self._rows.executemany(_LABEL, labels)
            self._rows.execute("DELETE FROM offsets")
            self._rows.executemany("INSERT INTO offsets (segment, bytes) VALUES (?, ?)", offsets.items())
        return new

    def _insert(self, table: str, rows: Sequence[Row]) -> int:
        for statement in _DAY.format(table=table).split(";"):
            self._rows.execute(statement)
        marks = ", ".join("?" * len(Row._fields))
        return self._rows.executemany(f"INSERT OR IGNORE INTO {table} ({_COLUMNS}) VALUES ({marks})", rows).rowcount  # noqa: S608

    def prune(self, now: float) -> int:
        oldest = self._first_day(now)
        with _raised():
            old = [table for table in self._tables() if table < f"{_PREFIX}{oldest:%Y%m%d}"]
            for table in old:
                self._rows.execute(f"DROP TABLE {table}")
            if old:
                self._rows.execute("DELETE FROM labels WHERE ts < ?", (oldest.timestamp(),))
                self._rows.executescript(f"PRAGMA incremental_vacuum({_PAGES_FREED})")
        return len(old)

    def page(self, query: Query, after: Place | None, limit: int) -> list[Row]:
        found: list[Row] = []
        where, values = _conditions(query, after)
        with _raised():
            for table in reversed(self._tables()):
                wanted = min(limit, MAX_PAGE) - len(found)
                if wanted <= 0:
                    break
                sql = f"SELECT {_COLUMNS} FROM {table} WHERE {where} ORDER BY ts DESC, request_id DESC LIMIT ?"  # noqa: S608
                found += map(Row._make, self._rows.execute(sql, (*values, wanted)))
        return found

    def record(self, request_id: str) -> Record | None:
        with _raised():
            for table in reversed(self._tables()):
                row = self._rows.execute(f"SELECT record FROM {table} WHERE request_id = ?", (request_id,)).fetchone()  # noqa: S608
                if row:
                    return unpack(row[0])
        return None

    def labels(self, request_id: str) -> list[Label]:
        columns = ", ".join(Label._fields)
        with _raised():
            rows = self._rows.execute(f"SELECT {columns} FROM labels WHERE request_id = ? ORDER BY ts", (request_id,))  # noqa: S608
            return list(map(Label._make, rows))

    def close(self) -> None:
        self._rows.close()

    def _tables(self) -> list[str]:
        found = self._rows.execute(r"SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'exchanges\_%' ESCAPE '\'")
        return sorted(name for (name,) in found)

    def _first_day(self, now: float) -> datetime:
        today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today - timedelta(days=self._retain_days - 1)

    def _day(self, ts: float, now: float) -> str:
        nearest = min(max(ts, self._first_day(now).timestamp()), now + _DAY_S)
        return f"{datetime.fromtimestamp(nearest, UTC):%Y%m%d}"

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._rows.execute("COMMIT")
        except BaseException:
            if self._rows.in_transaction:
                self._rows.execute("ROLLBACK")
            raise


def _conditions(query: Query, after: Place | None) -> tuple[str, list[object]]:
    named = [(name, value) for name in ("app", "surface", "model", "decision", "outcome", "upstream") if (value := getattr(query, name))]
    where, values = [f"{name} = ?" for name, _ in named], [value for _, value in named]
    if query.policy:
        where.append("(policy = ? OR substr(policy, 1, ?) = ?)")
        values += [query.policy, len(query.policy) + 1, f"{query.policy}@"]
    if query.rule:
        where.append("instr(rules, ?)")
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
    return " AND ".join(where) or "1", values


@contextmanager
def _raised() -> Iterator[None]:
    """The store's own errors, by which nothing that is in the store is told."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        kind = BrokenStoreError if code in _BROKEN else StoreError
        raise kind(getattr(error, "sqlite_errorname", type(error).__name__)) from None
    except OSError as error:
        raise StoreError(error.strerror or "OSError") from None
