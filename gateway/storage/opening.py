"""The store of exchanges behind a URL of the settings."""

import re
import secrets
from pathlib import Path

from gateway.proxy.keeping import made_once
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
    try:
        found = made_once(folder / _ID, lambda: secrets.token_hex(_ID_BYTES).encode())
    except OSError as error:
        raise StoreError(error.strerror or "OSError") from None
    if not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * _ID_BYTES), found):
        raise StoreError(f"{_ID} is none")
    return found.decode()
