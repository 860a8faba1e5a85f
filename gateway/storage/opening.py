"""The store of exchanges behind a URL of the settings."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from gateway.storage.clickhouse import open_clickhouse
from gateway.storage.exchanges import TEXT_DAYS
from gateway.storage.postgres import open_postgres
from gateway.storage.sqlite import open_sqlite
from gateway.watch.store import ExchangeStore, StoreError

_FILE = "sqlite:///"
_ID = "reader.id"
_ID_BYTES = 16


def open_store(url: str, journal: Path, retain_days: int, text_retain_days: int = TEXT_DAYS, *, read_only: bool = False) -> ExchangeStore:
    """``journal`` is the folder that is read into it. Raises ``StoreError``, and RuntimeError where what it needs is not installed."""
    if url.startswith(_FILE):
        return open_sqlite(Path(url.removeprefix(_FILE)), retain_days, text_retain_days, read_only=read_only)
    open_server = open_clickhouse if url.startswith("clickhouse") else open_postgres
    return open_server(url, "" if read_only else reader_name(journal), retain_days, text_retain_days, read_only=read_only)


def reader_name(folder: Path) -> str:
    """Whose folder, of all those that share a server. It goes with the folder, wherever that is. Raises ``StoreError``."""
    path = folder / _ID
    try:
        if not path.exists():
            _make(path)
        found = path.read_bytes()
    except OSError as error:
        raise StoreError(error.strerror or "OSError") from None
    if not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * _ID_BYTES), found):
        raise StoreError(f"{_ID} is none")
    return found.decode()


def _make(path: Path) -> None:
    """Whole, and once, whoever else makes one at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(secrets.token_hex(_ID_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(beside)
    finally:
        beside.unlink(missing_ok=True)
