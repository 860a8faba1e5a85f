"""From the journal into the store: each record once, whatever happens in between."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.storage.exchanges import SqlStore
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import parse
from gateway.watch.store import Query, StoreError
from gateway.watch.worker import Tally, Worker
from tests.gateway.watch.records import NOW, feedback, line


def write(folder: Path, segment: str, content: bytes) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / f"{segment}.jsonl").open("ab") as file:
        file.write(content)


def ids(store: SqlStore) -> list[int]:
    return sorted(int(row.request_id[4:], 16) for row in store.page(Query(), None, 1000))


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    return open_sqlite(tmp_path / "a.db", 30)


def worker(tmp_path: Path, store: SqlStore, tally: Tally, batch_bytes: int = 10**6) -> Worker:
    return Worker(tmp_path / "journal", store, lambda: NOW, tally, parse, batch_bytes)


def test_everything_is_kept(tmp_path: Path, store: SqlStore):
    """Exchanges and what is said of them; what is no record is counted and passed over."""
    write(tmp_path / "journal", "1", line(1) + b"no record\n" + line(2) + feedback(1, "bad") + b'{"torn')
    working = worker(tmp_path, store, tally := Tally())
    assert working.step() is False
    assert ids(store) == [1, 2]
    assert [each.label for each in store.labels(f"req_{1:024x}")] == ["bad"]
    assert tally == Tally(kept=2, unreadable=1)
    assert working.lag == len(b'{"torn')


def test_batches(tmp_path: Path, store: SqlStore):
    """As much as a batch takes; whether there is more is said."""
    write(tmp_path / "journal", "1", line(1) + line(2))
    working = worker(tmp_path, store, Tally(), batch_bytes=10)
    assert [working.step() for _ in range(3)] == [True, True, False]
    assert ids(store) == [1, 2]


def test_no_journal(tmp_path: Path, store: SqlStore):
    """Before the gateway's first start there is nothing to read."""
    assert worker(tmp_path, store, Tally()).step() is False


def test_what_was_removed_unread(tmp_path: Path, store: SqlStore):
    """It is counted."""
    write(tmp_path / "journal", "1", line(1) + line(2))
    working = worker(tmp_path, store, tally := Tally(), batch_bytes=10)
    working.step()
    (tmp_path / "journal" / "1.jsonl").unlink()
    working.step()
    assert tally.missed_bytes == len(line(2))
    assert store.offsets() == {}


class Faulty:
    """A store that fails as it is told: before it keeps a batch, or after, as when the answer is lost."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.fails = ""

    def offsets(self):
        return self.store.offsets()

    def keep(self, *batch) -> int:
        if self.fails == "before":
            raise StoreError("locked")
        kept = self.store.keep(*batch)
        if self.fails == "after":
            raise StoreError("lost")
        return kept


class AnyCourse(RuleBasedStateMachine):
    """Writers write, segments change, the watch steps, fails, dies and begins again, in any order."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.faulty = Faulty(open_sqlite(self.folder / "a.db", 30))
        self.written, self.segment, self.torn = 0, 1, b""
        self.restart()

    @rule()
    def restart(self) -> None:
        self.tally = Tally()
        self.worker = Worker(self.folder / "journal", self.faulty, lambda: NOW, self.tally, parse, 1500)

    @rule(cut=st.integers(1, 300))
    def write_a_record_in_two(self, cut: int) -> None:
        content = self.torn + line(self.written)
        self.written += 1
        write(self.folder / "journal", str(self.segment), content[:-cut])
        self.torn = content[-cut:]

    @rule()
    def write_the_rest(self) -> None:
        write(self.folder / "journal", str(self.segment), self.torn)
        self.torn = b""

    @rule()
    def change_segment(self) -> None:
        self.write_the_rest()
        self.segment += 1

    @rule(fails=st.sampled_from(["", "", "before", "after"]))
    def step(self, fails: str) -> None:
        self.faulty.fails = fails
        try:
            self.worker.step()
        except StoreError:
            self.restart()

    @invariant()
    def nothing_is_there_that_was_not_written(self) -> None:
        found = ids(self.faulty.store)
        assert found == list(range(len(found)))
        assert len(found) <= self.written

    def teardown(self) -> None:
        if hasattr(self, "faulty"):
            self.write_the_rest()
            self.faulty.fails = ""
            while self.worker.step():
                pass
            assert ids(self.faulty.store) == list(range(self.written))
            self.faulty.store.close()


TestAnyCourse = AnyCourse.TestCase
TestAnyCourse.settings = settings(max_examples=25, stateful_step_count=25, suppress_health_check=list(HealthCheck))
TestAnyCourse.__doc__ = "In the end each record is in the store, once."
