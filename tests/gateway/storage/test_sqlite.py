"""The SQLite store itself: its file, its damage, its days. What every store does is in tests/contracts."""

import secrets
import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.storage.exchanges import SqlStore
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import apart, parse
from gateway.watch.store import BrokenStoreError, Query, StoreError
from tests.gateway.watch.records import NOW, line


def keep(store: SqlStore, *numbers: int, now: float = NOW) -> int:
    return store.keep([parse(line(number)) for number in numbers], [], {"1.jsonl": 1}, now)


def test_for_its_owner_alone(tmp_path: Path):
    """Nobody else may read the file."""
    open_sqlite(tmp_path / "new" / "a.db", 30).close()
    assert (tmp_path / "new" / "a.db").stat().st_mode & 0o077 == 0


def test_reading_beside_the_writer(tmp_path: Path):
    """A reader sees what is committed, never waits, and cannot write."""
    writer = open_sqlite(tmp_path / "a.db", 30)
    keep(writer, 1)
    reader = open_sqlite(tmp_path / "a.db", 30, read_only=True)
    writer._rows._rows.execute("BEGIN IMMEDIATE")
    assert len(reader.page(Query(), None, 10)) == 1
    writer._rows._rows.execute("ROLLBACK")
    with pytest.raises(StoreError, match="READONLY"):
        keep(reader, 2)


def test_no_file(tmp_path: Path):
    """A reader makes none."""
    with pytest.raises(StoreError):
        open_sqlite(tmp_path / "none.db", 30, read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """While another process writes, the store says that it cannot, and nothing of the batch is in it."""
    monkeypatch.setattr("gateway.storage.sqlite._BUSY_S", 0.05)
    store = open_sqlite(tmp_path / "a.db", 30)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="SQLITE_BUSY"):
        keep(store, 1)
    other.execute("ROLLBACK")
    assert keep(store, 1) == 1


@pytest.mark.parametrize("is_replaced", [False, True])
def test_taken_away(tmp_path: Path, is_replaced: bool):
    """Nothing is kept in a file that nobody finds any more: the store fails, and the next one begins anew, as a reader sees."""
    path = tmp_path / "a.db"
    store = open_sqlite(path, 30)
    keep(store, 1)
    path.unlink()
    if is_replaced:
        path.touch()
    with pytest.raises(StoreError, match="taken away") as caught:
        keep(store, 2)
    assert not isinstance(caught.value, BrokenStoreError)
    store.close()
    anew = open_sqlite(path, 30)
    assert anew.offsets() == {}
    assert keep(anew, 1, 2) == 2
    assert len(open_sqlite(path, 30, read_only=True).page(Query(), None, 10)) == 2


def test_full(tmp_path: Path):
    """Where there is no more room, what was kept before stays, and the batch is in it whole or not at all."""
    store = open_sqlite(tmp_path / "a.db", 30)
    keep(store, 1)
    (pages,) = store._rows._rows.execute("PRAGMA page_count").fetchone()
    store._rows._rows.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="SQLITE_FULL"):
        keep(store, *range(2, 500))
    assert [row.request_id for row in store.page(Query(), None, 10)] == [f"req_{1:024x}"]
    assert store.offsets() == {"1.jsonl": 1}


@pytest.mark.parametrize("content", [b"this is no database " * 300, b"SQLite format 3\0" + b"\xff" * 8000])
def test_damaged(tmp_path: Path, content: bytes):
    """A file that is no database is told apart from one that cannot be used now."""
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(BrokenStoreError):
        open_sqlite(tmp_path / "a.db", 30)


def test_damaged_within(tmp_path: Path):
    """What turns out to be damaged only when it is read is told apart too, whoever reads it, and no text of it is in the error."""
    store = open_sqlite(tmp_path / "a.db", 30)
    keep(store, *range(500))
    store.close()
    with (tmp_path / "a.db").open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(size // 4)
        file.write(b"somebody@example.org " * (size // 40))
    damaged = open_sqlite(tmp_path / "a.db", 30)
    for ask in (lambda: damaged.page(Query(), None, 1000), lambda: keep(damaged, *range(1000))):
        with pytest.raises(BrokenStoreError) as caught:
            ask()
        assert "somebody" not in str(caught.value)
    damaged.close()


def test_what_is_dropped_gives_its_room_back(tmp_path: Path):
    """The file shrinks when days go."""
    store = open_sqlite(tmp_path / "a.db", 1)
    keep(store, *range(3000))
    before = store._rows._rows.execute("PRAGMA page_count").fetchone()[0]
    assert store.prune(NOW + 3 * 86_400) == 1
    assert store._rows._rows.execute("PRAGMA page_count").fetchone()[0] < before / 2


def test_one_at_a_time_in_any_thread(tmp_path: Path):
    """Who looks may do so in whatever thread it opens the store in."""
    keep(open_sqlite(tmp_path / "a.db", 30), 1)
    found: list[int] = []

    def look() -> None:
        store = open_sqlite(tmp_path / "a.db", 30, read_only=True)
        found.append(len(store.page(Query(), None, 10)))
        store.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [1]


def test_texts_that_are_dropped_are_gone(tmp_path: Path):
    """Nothing of them is left in the file, in room that is free."""
    store = open_sqlite(tmp_path / "a.db", 30, 1)
    texts = {"input": [{"text": secrets.token_hex(20)} for _ in range(500)], "output": []}
    row = parse(line(1, texts=texts))
    sample = apart(row.record)[1][1000:1100]
    store.keep([row, parse(line(2))._replace(ts=NOW + 86_400)], [], {}, NOW)
    store._rows.do("PRAGMA wal_checkpoint(TRUNCATE)")
    assert sample in (tmp_path / "a.db").read_bytes()
    store._rows.give_back = lambda: None
    assert store.prune(NOW + 86_400) == 1
    store.close()
    assert sample not in (tmp_path / "a.db").read_bytes()
