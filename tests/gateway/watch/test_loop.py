"""The watch's loop: it goes on whatever its store does, and says how it is."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.storage.sqlite import open_sqlite
from gateway.watch import loop as module
from gateway.watch.loop import Loop
from gateway.watch.store import ExchangeStore, Query, Sink, StoreError
from gateway.watch.worker import Tally, Worker
from tests.gateway.watch.records import NOW, line


class Course:
    """A loop on a real store, which is told to stop when the journal is kept, or after so many words about itself."""

    def __init__(self, folder: Path, kept: int) -> None:
        self.folder, self.kept = folder, kept
        self.stop = threading.Event()
        self.said: list[dict[str, float]] = []
        self.put_away = 0
        self.seconds = 0.0

    def open_store(self) -> ExchangeStore:
        return open_sqlite(self.folder / "a.db", 30)

    def run(self, open_store: Callable[[], ExchangeStore] | None = None) -> list[dict[str, float]]:
        opened = open_store or self.open_store
        Loop("store", self._work, opened, self._put_away, self._say, lambda: NOW, self._clock).run(self.stop)
        return self.said

    def _work(self, sink: Sink, tally: Tally) -> Worker:
        return Worker(self.folder / "journal", sink, lambda: NOW, tally)

    def _put_away(self) -> None:
        self.put_away += 1
        (self.folder / "a.db").rename(self.folder / "a.db.broken")

    def _say(self, figures: dict[str, float]) -> None:
        self.said.append(figures)
        if figures["kept"] >= self.kept or len(self.said) > 20:
            self.stop.set()

    def _clock(self) -> float:
        self.seconds += 0.7
        return self.seconds


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_RETRY_S", 0.001)
    monkeypatch.setattr(module, "_IDLE_S", 0.001)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1.jsonl").write_bytes(line(1) + line(2))
    return Course(tmp_path, kept=2)


def test_it_keeps_and_says(course: Course):
    """What the journal has is in the store, and the last word says so."""
    last = course.run()[-1]
    assert (last["kept"], last["lag"], last["errors"], last["ts"]) == (2, 0, 0, NOW)
    assert len(course.open_store().page(Query(), None, 10)) == 2


def test_a_store_that_comes_back(course: Course):
    """While it cannot be opened, each try is counted; then nothing is missing."""
    tries = iter([StoreError("locked"), StoreError("locked")])

    def open_store() -> ExchangeStore:
        for error in tries:
            raise error
        return course.open_store()

    last = course.run(open_store)[-1]
    assert (last["kept"], last["errors"], course.put_away) == (2, 2, 0)


def test_a_damaged_store(course: Course):
    """It is put away, not deleted, and another is filled from the journal."""
    (course.folder / "a.db").write_bytes(b"this is no database " * 300)
    last = course.run()[-1]
    assert (last["kept"], last["errors"], course.put_away) == (2, 1, 1)
    assert (course.folder / "a.db.broken").exists()


def test_what_comes_last(course: Course):
    """What is in the journal when it is told to stop is kept before it ends."""
    course.kept = 0

    class Late:
        """A store in which another record is written while it keeps the first."""

        def __init__(self) -> None:
            self._store = course.open_store()

        def __getattr__(self, name: str):
            return getattr(self._store, name)

        def keep(self, *batch) -> int:
            if not course.stop.is_set():
                course.stop.set()
                (course.folder / "journal" / "2.jsonl").write_bytes(line(3))
            return self._store.keep(*batch)

    last = course.run(Late)[-1]
    assert last["kept"] == 3
