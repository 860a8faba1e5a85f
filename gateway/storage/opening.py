"""The store of exchanges behind a URL of the settings."""

import socket
from pathlib import Path

from gateway.storage.exchanges import SqlStore
from gateway.storage.postgres import open_postgres
from gateway.storage.sqlite import open_sqlite

_FILE = "sqlite:///"


def open_store(url: str, journal: Path, retain_days: int, *, read_only: bool = False) -> SqlStore:
    """``journal`` is the folder that is read into it. Raises ``StoreError``, and RuntimeError where what it needs is not installed."""
    if url.startswith(_FILE):
        return open_sqlite(Path(url.removeprefix(_FILE)), retain_days, read_only=read_only)
    return open_postgres(url, reader_name(journal), retain_days, read_only=read_only)


def reader_name(folder: Path) -> str:
    """Whose folder, of all those that share a server."""
    return f"{socket.gethostname()}:{folder.absolute()}"
