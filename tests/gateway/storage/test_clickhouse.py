"""The store in ClickHouse itself: who else writes, what dies in between, what it says when it cannot. The rest is in tests/contracts."""

import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.storage.clickhouse import ClickHouseStore, open_clickhouse
from gateway.watch.row import Label, parse
from gateway.watch.store import Query, StoreError
from tests.gateway.watch.records import NOW, feedback, line
from tests.support.clickhouse_server import running_clickhouse


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_clickhouse() as url:
        yield url


def ids(store: ClickHouseStore, since: int, until: int) -> list[int]:
    return [int(row.request_id[4:], 16) for row in store.page(Query(since=NOW + since, until=NOW + until), None, 1000)]


def test_reading_alone(url: str):
    """Who only looks can change nothing, and sees what is kept."""
    writer, reader = open_clickhouse(url, "a", 30), open_clickhouse(url, "a", 30, read_only=True)
    writer.keep([parse(line(1))], [], {"1.jsonl": 1}, NOW)
    assert ids(reader, 0, 10) == [1]
    with pytest.raises(StoreError, match="ClickHouse error 164"):
        reader.keep([parse(line(2))], [], {}, NOW)
    writer.close()
    reader.close()


def test_several_journals(url: str):
    """Each reader has its own place in its own journal, and what both deliver is there once."""
    first, second = open_clickhouse(url, "first", 30), open_clickhouse(url, "second", 30)
    first.keep([parse(line(15)), parse(line(16))], [], {"1.jsonl": 10}, NOW)
    assert second.keep([parse(line(16)), parse(line(17))], [], {"1.jsonl": 20}, NOW) == 1
    assert (first.offsets(), second.offsets()) == ({"1.jsonl": 10}, {"1.jsonl": 20})
    first.close()
    second.close()


def test_two_at_the_same_moment(url: str, monkeypatch: pytest.MonkeyPatch):
    """What two write since neither sees the other's is read once, on every page and either way round."""
    stores = [open_clickhouse(url, name, 30) for name in ("one", "other")]
    for store in stores:
        monkeypatch.setattr(store, "_new", list)
    batch = [parse(line(number)) for number in range(20, 25)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda store: store.keep(batch, [parse(feedback(20, "bad"))], {}, NOW), stores))
    ((doubled,),) = stores[0]._ask("SELECT count() FROM exchanges WHERE ts >= %(ts)s AND ts < %(ts)s + 5", {"ts": NOW + 20})
    assert doubled == 10
    assert ids(stores[0], 20, 30) == [24, 23, 22, 21, 20]
    query = Query(since=NOW + 20, until=NOW + 30)
    assert [row.ts - NOW for row in stores[0].page(query, None, 3, is_oldest_first=True)] == [20, 21, 22]
    assert len(stores[0].labels(f"req_{20:024x}")) == 1
    for store in stores:
        store.close()


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_what_dies_in_between(url: str, dies_at: int, monkeypatch: pytest.MonkeyPatch):
    """Wherever a batch breaks off, it comes again, and then all of it is there: exchanges once, their texts, what was said, and how far."""
    number = 100 * dies_at
    texts = {"input": [{"place": "messages.0.content", "scope": "user", "text": "hello"}], "output": []}
    batch = [parse(line(number, texts=texts)), parse(line(number + 1))]
    said, offsets = [parse(feedback(number, "bad"))], {"1.jsonl": number}
    store, written = open_clickhouse(url, f"dies{dies_at}", 30), [0]
    insert = store._insert

    def dies(table: str, rows: list) -> None:
        written[0] += 1
        if written[0] > dies_at:
            raise StoreError("killed")
        insert(table, rows)

    monkeypatch.setattr(store, "_insert", dies)
    with pytest.raises(StoreError, match="killed"):
        store.keep(batch, said, offsets, NOW)
    store.close()
    again = open_clickhouse(url, f"dies{dies_at}", 30)
    assert again.offsets() == {}
    again.keep(batch, said, offsets, NOW)
    assert (ids(again, number, number + 10), again.offsets()) == ([number + 1, number], offsets)
    assert again.texts(batch[0].request_id)["texts"] == texts
    assert [label.label for label in again.labels(batch[0].request_id)] == ["bad"]
    again.close()


def test_words_of_two_batches(url: str):
    """The last one counts, though it came first, and though it was said on another day."""
    store = open_clickhouse(url, "words", 30)
    for label, ts in (("bad", NOW + 90_000), ("good", NOW)):
        read = parse(feedback(500, label, ts))
        assert isinstance(read, Label)
        store.keep([], [read], {}, NOW)
    assert [label.label for label in store.labels(f"req_{500:024x}")] == ["bad"]
    store.close()


def test_many_rows(url: str):
    """A large batch is kept whole, and known when it comes again."""
    store = open_clickhouse(url, "many", 30)
    batch = [parse(line(number)) for number in range(1000, 3500)]
    assert [store.keep(batch, [], {}, NOW), store.keep(batch, [], {}, NOW)] == [2500, 0]
    store.close()


@pytest.mark.parametrize("value", ["'; DROP TABLE exchanges; --", "\\", "\\'", "{id:String}", "%(id)s", "é\n\t", "%s"])
def test_values_are_values(url: str, value: str):
    """Whatever stands in them."""
    store = open_clickhouse(url, "values", 30)
    row = parse(line(4000))._replace(request_id=f"req_{value}", app=value)
    store.keep([row], [], {}, NOW)
    assert store.page(Query(app=value), None, 10) == [row]
    assert store.page(Query(app=f"{value}'", rule=value, policy=value), None, 10) == []
    assert store.record(row.request_id)["request_id"] == f"req_{4000:024x}"
    assert (store.labels(value), store.texts(value)) == ([], {})
    store.close()


def test_what_fails(url: str):
    """An error has the server's code, or its kind, and nothing of what was to be kept; the next batch is kept."""
    store = open_clickhouse(url, "bad", 30)
    with pytest.raises(StoreError) as caught:
        store.keep([parse(line(5000))._replace(status="somebody@example.org")], [], {"1.jsonl": 5}, NOW)
    assert "somebody" not in str(caught.value)
    with pytest.raises(StoreError, match="ClickHouse error 60") as caught:
        store._ask("SELECT * FROM somebody", {})
    assert "somebody" not in str(caught.value)
    assert (store.offsets(), store.keep([parse(line(5000))], [], {"1.jsonl": 5}, NOW)) == ({}, 1)
    store.close()


def test_the_wrong_password(url: str):
    """It is the server's code that is told, and no password."""
    with pytest.raises(StoreError, match="ClickHouse error 516") as caught:
        open_clickhouse(url.replace("se%20cret", "wrong"), "a", 30)
    assert "wrong" not in str(caught.value)


def test_nobody_there():
    """A server that cannot be reached is an error of the store's."""
    pytest.importorskip("clickhouse_connect")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(StoreError):
            open_clickhouse(f"clickhouse://odd:x@127.0.0.1:{taken.getsockname()[1]}/default", "a", 30)


def test_without_its_library(monkeypatch: pytest.MonkeyPatch):
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "clickhouse_connect", None)
    with pytest.raises(RuntimeError, match=r"oddgate\[clickhouse\]"):
        open_clickhouse("clickhouse://odd:x@127.0.0.1/default", "a", 30)
