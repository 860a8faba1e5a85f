"""Where recorded exchanges come from: files of JSON lines, or the store of exchanges."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from gateway.watch.row import UnreadableError, unpack
from gateway.watch.store import ExchangeStore, Query
from gateway.watch.told import rows
from policies.rehearsal.recorded import LineError

_MAX_LINE = 64 * 1024 * 1024

Line = tuple[str, object]
"""Where it stands, and what it says; an error where it cannot be read."""


def of_files(files: Sequence[Path]) -> Iterator[Line]:
    """Raises OSError."""
    for path in files:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), b""), 1):
                if line.strip():
                    yield f"{path}:{number}", _parsed(line)


def of_store(store: ExchangeStore, query: Query) -> Iterator[Line]:
    """As the journal told them, by their times. Raises ``StoreError``."""
    for row in rows(store, query):
        yield f"store:{row.request_id}", _unpacked(row.record)


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return LineError("this is not JSON")


def _unpacked(record: bytes) -> object:
    try:
        return unpack(record)
    except UnreadableError as error:
        return LineError(str(error))
