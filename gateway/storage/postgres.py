"""A store of exchanges in PostgreSQL, which several watches may write to. Its client library is an extra: ``oddgate[postgres]``."""

import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gateway.storage.exchanges import TEXT_DAYS, SqlStore
from gateway.watch.store import StoreError

_ANSWER_S = 20
"""How long the server may take for anything."""
_ROWS_AT_ONCE = 500  # times the columns: well within the 65,535 values of a statement
_OURS = 0x6F64_6467_6174_65
"""The lock of whoever makes and drops tables."""
_READ_ONLY = "SET default_transaction_read_only = on"


def open_postgres(url: str, reader: str, retain_days: int, text_retain_days: int = TEXT_DAYS, *, read_only: bool = False) -> SqlStore:
    """``postgresql://USER[:PASSWORD]@HOST[:PORT]/DATABASE``, with ``?sslmode=require`` by TLS. Raises ``StoreError`` and RuntimeError."""
    database = _Postgres(url)
    store = SqlStore(database, reader, retain_days, text_retain_days)
    try:
        if read_only:
            database.do(_READ_ONLY)
        else:
            store.make()
    except StoreError:
        store.close()
        raise
    return store


class _Postgres:
    bytes_type = "BYTEA"
    contains = "strpos(rules, ?) > 0"

    def __init__(self, url: str) -> None:
        try:
            from pg8000 import dbapi, exceptions
        except ImportError:
            raise RuntimeError(
                "store.url names a PostgreSQL, whose client library is not installed; pip install 'oddgate[postgres]'"
            ) from None
        self._errors = (exceptions.Error, OSError)
        parts = urlsplit(url)
        with self._raised():
            self._rows = dbapi.connect(
                user=unquote(parts.username or ""),
                password=unquote(parts.password) if parts.password else None,
                host=parts.hostname or "",
                port=parts.port or 5432,
                database=unquote(parts.path.removeprefix("/")),
                ssl_context=ssl.create_default_context() if parse_qs(parts.query).get("sslmode") == ["require"] else False,
                timeout=_ANSWER_S,
                application_name="oddgate",
            )
            self._rows.autocommit = True

    def ask(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._raised():
            cursor = self._rows.cursor()
            cursor.execute(_marked(statement), tuple(values))
            return [tuple(row) for row in cursor.fetchall()]

    def do(self, statement: str, values: Iterable[Sequence[object]] = ((),)) -> None:
        with self._raised():
            for each in values:
                self._rows.cursor().execute(_marked(statement), tuple(each))

    def insert(self, table: str, columns: str, rows: Sequence[Sequence[object]]) -> int:
        new = 0
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            those = rows[start : start + _ROWS_AT_ONCE]
            marks = ", ".join([f"({', '.join(['%s'] * len(row))})" for row in those])
            with self._raised():
                cursor = self._rows.cursor()
                statement = f"INSERT INTO {table} ({columns}) VALUES {marks} ON CONFLICT DO NOTHING"  # noqa: S608 our own names
                cursor.execute(statement, [value for row in those for value in row])
                new += cursor.rowcount
        return new

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.do("BEGIN")
        try:
            yield
            self.do("COMMIT")
        except BaseException:
            with suppress(StoreError):
                self.do("ROLLBACK")
            raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self.transaction():
            self.do("SELECT pg_advisory_xact_lock(?)", [(_OURS,)])
            yield

    def tables(self, prefix: str) -> list[str]:
        statement = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND substr(tablename, 1, ?) = ?"
        return sorted(name for (name,) in self.ask(statement, (len(prefix), prefix)))

    def columns(self, table: str) -> set[str]:
        statement = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?"
        return {name for (name,) in self.ask(statement, (table,))}

    def shred(self, table: str) -> None:
        """A table's files go with it."""
        self.do(f"DROP TABLE IF EXISTS {table}")

    def give_back(self) -> None:
        """It does that by itself."""

    def close(self) -> None:
        with suppress(*self._errors):
            self._rows.close()

    @contextmanager
    def _raised(self) -> Iterator[None]:
        """The store's own errors. The server's message may tell a value, its code does not."""
        try:
            yield
        except self._errors as error:
            said = error.args[0] if error.args else None
            raise StoreError(f"SQLSTATE {said.get('C')}" if isinstance(said, dict) else type(error).__name__) from None


def _marked(statement: str) -> str:
    return statement.replace("?", "%s")
