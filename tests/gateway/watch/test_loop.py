"""The watch's loop: it goes on whatever its store does, and says how it is."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.storage.sqlite import open_sqlite
from gateway.watch import loop as module
from gateway.watch.loop import Loop
from gateway.watch.row import parse
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
        return Worker(self.folder / "journal", sink, lambda: NOW, tally, parse)

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
    assert (last["kept"], last["errors"], last["rebuilt"], course.put_away) == (2, 1, 1, 1)
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


class Recording(Course):
    """One whose journal changes while the store is down, as ``during`` says, try by try."""

    def __init__(self, folder: Path, kept: int, during: list[Callable[[], object]]) -> None:
        super().__init__(folder, kept)
        self.during = iter(during)

    def store(self) -> ExchangeStore:
        """Down until nothing changes any more."""
        for change in self.during:
            change()
            raise StoreError("down")
        return self.open_store()


def test_behind_while_the_store_is_down(course: Course):
    """What is not taken is told also then, and what was removed unread meanwhile counts once the store is back."""
    journal = course.folder / "journal"
    second = journal / "2.jsonl"
    during = [lambda: second.write_bytes(line(3)), lambda: None, second.unlink]
    working = Recording(course.folder, 2, during)
    said = working.run(working.store)
    both = len(line(1) + line(2))
    assert [each["lag"] for each in said if not each["kept"]][:3] == [both + len(line(3)), both + len(line(3)), both]
    assert (said[-1]["missed_bytes"], said[-1]["lag"], said[-1]["errors"]) == (len(line(3)), 0, 3)


def test_a_store_that_fails_half_way(course: Course):
    """What it had taken before is not counted as lag, nor as missed when it goes; the rest is."""
    journal, tries = course.folder / "journal", iter(range(9))

    class Failing:
        """Keeps what there is, then nothing for a while, in which the journal is removed."""

        def __init__(self) -> None:
            self._store = course.open_store()

        def __getattr__(self, name: str):
            return getattr(self._store, name)

        def keep(self, *batch) -> int:
            number = next(tries)
            if number == 0:
                kept = self._store.keep(*batch)
                (journal / "1.jsonl").write_bytes(line(1) + line(2) + line(3))
                return kept
            if number == 1:
                raise StoreError("full")
            return self._store.keep(*batch)

    def down(figures: dict[str, float]) -> None:
        course.said.append(figures)
        if figures["errors"]:
            (journal / "1.jsonl").unlink(missing_ok=True)
        if figures["missed_bytes"]:
            course.stop.set()

    course._say = down
    said = course.run(Failing)
    assert next(each["lag"] for each in said if each["errors"]) == len(line(3))
    assert (said[-1]["kept"], said[-1]["missed_bytes"], said[-1]["lag"]) == (2, len(line(3)), 0)


def test_alive_while_it_waits(course: Course, monkeypatch: pytest.MonkeyPatch):
    """However long the next try is off, it says every second that it is there."""
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            return self.is_set()

    def down() -> ExchangeStore:
        raise StoreError("down")

    monkeypatch.setattr(module, "_RETRY_S", 30.0)
    course.stop = Stop()
    course._clock = lambda: float(len(waits))
    said = course.run(down)
    assert (max(waits), len(said), said[-1]["errors"]) == (1.0, 21, 1)
