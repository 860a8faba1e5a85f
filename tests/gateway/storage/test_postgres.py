"""The store in PostgreSQL itself: who else reads and writes, and what it says when it cannot. The rest is in tests/contracts."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from gateway.storage.postgres import open_postgres
from gateway.watch.row import parse
from gateway.watch.store import Query, StoreError
from tests.gateway.watch.records import NOW, line
from tests.support.postgres_server import running_postgres


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


def test_reading_alone(url: str):
    """Who only looks can change nothing, and sees what is committed."""
    writer, reader = open_postgres(url, "a", 30), open_postgres(url, "a", 30, read_only=True)
    writer.keep([parse(line(1))], [], {"1.jsonl": 1}, NOW)
    assert len(reader.page(Query(), None, 10)) == 1
    with pytest.raises(StoreError, match="SQLSTATE 25006"):
        reader.keep([parse(line(2))], [], {}, NOW)
    writer.close()
    reader.close()


def test_several_journals(url: str):
    """Each reader has its own place in its own journal, and what both deliver is there once."""
    first, second = open_postgres(url, "first", 30), open_postgres(url, "second", 30)
    first.keep([parse(line(5)), parse(line(6))], [], {"1.jsonl": 10}, NOW)
    assert second.keep([parse(line(6)), parse(line(7))], [], {"1.jsonl": 20}, NOW) == 1
    assert (first.offsets(), second.offsets()) == ({"1.jsonl": 10}, {"1.jsonl": 20})
    first.close()
    second.close()


@pytest.mark.parametrize("is_known", [False, True])
def test_many_at_once(url: str, is_known: bool):
    """Who opens and keeps at the same moment as others waits for them, and nobody fails, whether there are tables of the days or not."""
    first = NOW + (2e7 if is_known else 1e7)
    days = range(0, 40 * 86_400, 86_400)
    at_once = threading.Barrier(4)
    if is_known:
        before = open_postgres(url, "before", 3660)
        before.keep([parse(line(0))._replace(ts=first + day, request_id=f"req_{day}") for day in days], [], {}, NOW)
        before.close()

    def keep(watch: int) -> int:
        at_once.wait()
        store, new = open_postgres(url, f"many{watch}", 3660), 0
        for day in days:
            those = [parse(line(number))._replace(ts=first + day + late * 86_400) for number, late in ((10, 0), (11, 1), (12, 2))]
            known = [row._replace(request_id=f"{row.request_id}{row.ts}") for row in those]
            own = [row._replace(request_id=f"{row.request_id}{watch}") for row in known]
            new += store.keep((known + own)[:: (-1) ** watch], [], {}, NOW)
        store.close()
        return new

    with ThreadPoolExecutor(4) as threads:
        kept = list(threads.map(keep, range(4)))
    seen = open_postgres(url, "", 3660, read_only=True)
    found = seen.page(Query(since=first, until=first + 50 * 86_400), None, 1000)
    assert sum(kept) + (len(days) if is_known else 0) == len({row.request_id for row in found}) == len(found)
    seen.close()


def test_more_than_one_statement_takes(url: str):
    """A large batch is kept whole."""
    store = open_postgres(url, "many", 30)
    assert store.keep([parse(line(number)) for number in range(100, 1400)], [], {}, NOW) == 1300
    store.close()


def test_what_fails_leaves_nothing(url: str):
    """A batch that the database refuses is not in it, and nothing of it is in the error; the next one is kept."""
    store = open_postgres(url, "bad", 30)
    with pytest.raises(StoreError) as caught:
        store.keep([parse(line(2000)), parse(line(2001))._replace(status="somebody@example.org")], [], {"1.jsonl": 5}, NOW)
    assert "somebody" not in str(caught.value)
    assert store.offsets() == {}
    assert store.keep([parse(line(2000))], [], {"1.jsonl": 5}, NOW) == 1
    store.close()


def test_the_wrong_password(url: str):
    """It is the server's code that is told, and no password."""
    with pytest.raises(StoreError, match="SQLSTATE 28P01") as caught:
        open_postgres(url.replace("se%20cret", "wrong"), "a", 30)
    assert "wrong" not in str(caught.value)


def test_nobody_there():
    """A server that cannot be reached is an error of the store's."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(StoreError):
            open_postgres(f"postgresql://odd:x@127.0.0.1:{taken.getsockname()[1]}/postgres", "a", 30)


def test_a_connection_that_breaks(url: str):
    """It is an error of the store's, whatever is asked next, and closing it is none."""
    store = open_postgres(url, "broken", 30)
    store._rows._rows._usock.shutdown(socket.SHUT_RDWR)
    for ask in (store.offsets, lambda: store.keep([parse(line(1))], [], {}, NOW)):
        with pytest.raises(StoreError):
            ask()
    store.close()
    assert urlsplit(url).port
