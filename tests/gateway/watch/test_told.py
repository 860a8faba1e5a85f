"""What a store holds, told again: all of it, in order, and no more than was there."""

from pathlib import Path

import pytest

from gateway.storage.exchanges import SqlStore
from gateway.storage.sqlite import open_sqlite
from gateway.watch import told
from gateway.watch.row import parse, unpack
from gateway.watch.store import Query
from policies.labels import Labels
from tests.gateway.watch.records import NOW, feedback, line, record


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(told, "MAX_PAGE", 3)
    store = open_sqlite(tmp_path / "a.db", 3660)
    yield store
    store.close()


def test_rows(store: SqlStore):
    """Oldest first, over pages and days, each once; their records are those of the journal."""
    kept = [parse(line(number))._replace(ts=NOW + 40_000 * number) for number in range(8)]
    store.keep(kept, [], {}, NOW)
    assert list(told.rows(store, Query())) == kept
    assert list(told.rows(store, Query(app="other"))) == []
    assert unpack(next(told.rows(store, Query())).record) == record(0)


def test_what_comes_meanwhile(store: SqlStore):
    """It is left out, however much of it there is: the telling ends."""
    store.keep([parse(line(number)) for number in range(4)], [], {}, NOW)
    seen = []
    for row in told.rows(store, Query()):
        seen.append(row)
        store.keep([parse(line(100 + len(seen)))], [], {}, NOW)
    assert [row.ts - NOW for row in seen] == [0, 1, 2, 3]


def test_events(store: SqlStore):
    """All words on all exchanges, over pages; an app's word on the answer stands beside its word on what was found."""
    said = [("false_positive", 1), ("good", 2), ("false_negative", 3), ("bad", 4)]
    lines = [feedback(number, label, ts=NOW + after) for number in range(5) for label, after in said]
    store.keep([], [parse(each) for each in lines], {}, NOW)
    heard = list(told.events(store))
    assert len(heard) == 10
    labels = Labels()
    for event in heard:
        labels.note(event)
    ids = [f"req_{number:024x}" for number in range(5)]
    assert {labels.quality(each, "shop", "", is_blocked=False)[0] for each in ids} == {"bad"}
    assert {labels.of(each, "shop", "any", is_stopped=False, is_blocked=False)[0] for each in ids} == {"outside"}
