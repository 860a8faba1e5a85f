"""From what many have sent into one store: each record once, whoever fails in between."""

from pathlib import Path

import pytest

from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import Row, event_of, pack, parse
from gateway.watch.sharing import Entry, SendingWorker, SharedWorker
from gateway.watch.store import Query, SinkError
from gateway.watch.worker import Tally
from tests.gateway.watch.records import NOW, feedback, line


class Entries:
    """What was sent, as one reader sees it; it fails when it is told."""

    def __init__(self, *packed: bytes) -> None:
        self.left = [Entry(b"%d" % number, each) for number, each in enumerate(packed)]
        self.fails = False
        self.resumed = 0

    def resume(self) -> None:
        self.resumed += 1

    def read(self, limit: int) -> list[Entry]:
        return self.left[:limit]

    def kept(self, entries: list[Entry]) -> None:
        if self.fails:
            raise SinkError("lost")
        self.left = self.left[len(entries) :]

    def waiting(self) -> int:
        return len(self.left)


def packed(number: int) -> bytes:
    row = parse(line(number))
    assert isinstance(row, Row)
    return row.record


@pytest.fixture
def store(tmp_path: Path):
    store = open_sqlite(tmp_path / "a.db", 30)
    store.keep([], [], {"own.jsonl": 5}, NOW)
    yield store
    store.close()


def test_it_is_kept_and_taken_out(store):
    """A batch at a time; what is no record is counted; how far the store's own journal was read stays as it was."""
    entries = Entries(packed(1), b"nothing", pack(event_of(parse(feedback(1, "bad")))), packed(2))
    working = SharedWorker(entries, store, lambda: NOW, tally := Tally(), batch=2)
    assert [working.step() for _ in range(3)] == [True, True, False]
    assert (tally, working.lag) == (Tally(kept=2, unreadable=1), 0)
    assert [row.ts - NOW for row in store.page(Query(), None, 10)] == [2, 1]
    assert store.offsets() == {"own.jsonl": 5}
    assert [label.label for label in store.labels(f"req_{1:024x}")] == ["bad"]


def test_texts_that_are_kept(store):
    """They come with their record, and are kept beside it."""
    texts = {"input": [{"place": "messages.0.content", "scope": "user", "text": "hello"}], "output": []}
    row = parse(line(1, texts=texts))
    assert isinstance(row, Row)
    SharedWorker(Entries(row.record), store, lambda: NOW, Tally()).step()
    assert store.texts(row.request_id) == {"texts": texts}
    assert "texts" not in store.record(row.request_id)


def test_what_comes_again(store):
    """Kept, and then not taken out: it comes again, and is there once."""
    entries = Entries(packed(1))
    entries.fails = True
    with pytest.raises(SinkError):
        SharedWorker(entries, store, lambda: NOW, Tally()).step()
    entries.fails = False
    assert entries.resumed == 1
    working = SharedWorker(entries, store, lambda: NOW, tally := Tally())
    assert entries.resumed == 2
    assert (working.step(), tally.kept, tally.known) == (False, 0, 1)
    assert len(store.page(Query(), None, 10)) == 1


def test_what_was_sent_is_lost(tmp_path: Path, store, monkeypatch: pytest.MonkeyPatch):
    """It is seen also while there is nothing to send."""
    working = SendingWorker(tmp_path, store, lambda: NOW, tally := Tally(), lambda: 7)
    assert "lag_records" not in tally.figures()
    assert not working.step()
    assert tally.figures()["lag_records"] == 7

    def lost() -> None:
        raise SinkError("lost")

    monkeypatch.setattr(store, "offsets", lost)
    with pytest.raises(SinkError, match="lost"):
        working.step()
