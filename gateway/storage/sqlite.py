"""A store of exchanges in a SQLite file. One process writes; others read beside it (write-ahead log)."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from gateway.storage.exchanges import TEXT_DAYS, SqlStore
from gateway.watch.store import BrokenStoreError, StoreError

_BUSY_S = 2.0
_PAGES_FREED = 4000
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def open_sqlite(path: Path, retain_days: int, text_retain_days: int = TEXT_DAYS, *, read_only: bool = False) -> SqlStore:
    """Raises ``StoreError``."""
    if read_only:
        return SqlStore(_Sqlite(f"{path.absolute().as_uri()}?mode=ro"), "", retain_days)
    database = _Sqlite(_made(path), path)
    store = SqlStore(database, "", retain_days, text_retain_days)
    try:
        for pragma in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = NORMAL"):
            database.do(f"PRAGMA {pragma}")
        store.make()
    except StoreError:
        store.close()
        raise
    return store


def _made(path: Path) -> str:
    """For its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    except OSError as error:
        raise StoreError(error.strerror or "OSError") from None
    return path.absolute().as_uri()


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file it is, whatever is done to its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Sqlite:
    """``path`` is that of the file that is written to: once another one is there, or none, nothing more goes into the old one."""

    bytes_type = "BLOB"
    contains = "instr(rules, ?) > 0"

    def __init__(self, uri: str, path: Path | None = None) -> None:
        self._path, self._file = path, path and _file_at(path)
        with _raised():
            self._rows = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)

    def ask(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with _raised():
            return self._rows.execute(statement, tuple(values)).fetchall()

    def do(self, statement: str, values: Iterable[Sequence[object]] = ((),)) -> None:
        with _raised():
            for each in values:
                self._rows.execute(statement, tuple(each))

    def insert(self, table: str, columns: str, rows: Sequence[Sequence[object]]) -> int:
        marks = ", ".join("?" * len(rows[0]))
        with _raised():
            return self._rows.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", rows).rowcount  # noqa: S608 our own names

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._path and _file_at(self._path) != self._file:
            raise StoreError("its file was taken away")
        self.do("BEGIN IMMEDIATE")
        try:
            yield
            self.do("COMMIT")
        except BaseException:
            if self._rows.in_transaction:
                self._rows.rollback()
            raise

    def alone(self) -> AbstractContextManager[None]:
        return self.transaction()

    def tables(self, prefix: str) -> list[str]:
        found = self.ask("SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, ?) = ?", (len(prefix), prefix))
        return sorted(name for (name,) in found)

    def columns(self, table: str) -> set[str]:
        return {name for (name,) in self.ask("SELECT name FROM pragma_table_info(?)", (table,))}

    def shred(self, table: str) -> None:
        """Freed pages are overwritten, which costs as much as to write them did."""
        self.do("PRAGMA secure_delete = ON")
        try:
            self.do(f"DROP TABLE IF EXISTS {table}")
        finally:
            self.do("PRAGMA secure_delete = OFF")

    def give_back(self) -> None:
        with _raised():
            self._rows.executescript(f"PRAGMA incremental_vacuum({_PAGES_FREED})")

    def close(self) -> None:
        self._rows.close()


@contextmanager
def _raised() -> Iterator[None]:
    """The store's own errors, by which nothing that is in the store is told."""
    try:
        yield
    except sqlite3.Error as error:
        kind = BrokenStoreError if getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN else StoreError
        raise kind(getattr(error, "sqlite_errorname", type(error).__name__)) from None
