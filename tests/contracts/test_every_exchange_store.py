"""What every store of exchanges does, whatever it is made of."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.storage import exchanges
from gateway.storage.postgres import _Postgres, open_postgres
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import Label, Row, parse
from gateway.watch.store import MAX_PAGE, ExchangeStore, Place, Query
from tests.gateway.watch.records import NOW, feedback, line
from tests.support.postgres_server import running_postgres

DAY = 86_400
Open = Callable[[], ExchangeStore]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same store, anew each time, which keeps three days."""
    opened: list[ExchangeStore] = []

    def make() -> ExchangeStore:
        where = tmp_path / "a.db"
        opened.append(open_sqlite(where, 3) if request.param == "sqlite" else open_postgres(request.getfixturevalue("postgres"), "me", 3))
        return opened[-1]

    if request.param == "postgres":
        empty(request.getfixturevalue("postgres"))
    yield make
    for store in opened:
        store.close()


def empty(url: str) -> None:
    database = _Postgres(url)
    for table in (*database.tables(), "offsets", "labels", "days"):
        database.do(f"DROP TABLE IF EXISTS {table}")
    database.close()


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Says how many days every store has been open by now."""
    seconds = [0.0]
    monkeypatch.setattr(exchanges, "monotonic", lambda: seconds[0])

    def passes(days: float) -> None:
        seconds[0] = days * DAY

    return passes


@pytest.fixture
def store(passed: Callable[[float], None], reopened: Open) -> ExchangeStore:
    return reopened()


def rows(*numbers: int, **fields) -> list[Row]:
    return [row for number in numbers if isinstance(row := parse(line(number, **fields)), Row)]


def label(number: int, said: str, ts: float = NOW, **fields) -> Label:
    read = parse(feedback(number, said, ts, **fields))
    assert isinstance(read, Label)
    return read


def ids(found: list[Row]) -> list[int]:
    return [int(row.request_id[4:], 16) for row in found]


def test_it_begins_empty(store: ExchangeStore):
    """Nothing read, nothing there."""
    assert (store.offsets(), store.page(Query(), None, 10), store.record("req_1"), store.labels("req_1")) == ({}, [], None, [])


def test_rows_and_how_far(reopened: Open):
    """What was kept is there for whoever opens it next, with how far the journal was read."""
    first = reopened()
    assert first.keep(rows(1, 2), [], {"1.jsonl": 700}, NOW) == 2
    again = reopened()
    assert again.offsets() == {"1.jsonl": 700}
    assert again.page(Query(), None, 10) == rows(2, 1)
    assert again.record(rows(1)[0].request_id)["request_id"] == rows(1)[0].request_id


def test_again(store: ExchangeStore):
    """What is given twice is there once, as it was first; offsets are the last, without segments that are gone."""
    store.keep(rows(1, 2), [], {"1.jsonl": 700, "0.jsonl": 3}, NOW)
    assert store.keep(rows(2, 3), [], {"1.jsonl": 900}, NOW) == 1
    assert ids(store.page(Query(), None, 10)) == [3, 2, 1]
    assert store.offsets() == {"1.jsonl": 900}


def test_twice_in_one_batch(store: ExchangeStore):
    """Also within one batch."""
    assert store.keep(rows(1, 1), [], {}, NOW) == 1


def test_pages(store: ExchangeStore):
    """Page after page, newest first, over days: each once, also of one moment, and also while new ones come."""
    moment = rows(*range(5))
    other_days = [row._replace(ts=row.ts + day * DAY, request_id=f"req_{100 + day:024x}") for day, row in enumerate(rows(5, 6, 7))]
    store.keep([row._replace(ts=NOW) for row in moment] + other_days, [], {}, NOW + 2 * DAY)
    seen: list[Row] = []
    after = None
    while found := store.page(Query(), after, 2):
        seen += found
        after = Place(found[-1].ts, found[-1].request_id)
        store.keep([moment[0]._replace(ts=NOW + 2 * DAY + 60 + len(seen), request_id=f"req_new{len(seen)}")], [], {}, NOW + 2 * DAY)
    assert ids(seen) == [102, 101, 100, 4, 3, 2, 1, 0]


def test_a_page_is_bounded(store: ExchangeStore):
    """However much is asked for."""
    store.keep(rows(*range(MAX_PAGE + 5)), [], {}, NOW)
    assert len(store.page(Query(), None, 10**9)) == MAX_PAGE
    assert store.page(Query(), None, 0) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(app="shop"), [2, 1]),
        (Query(app="other"), [3]),
        (Query(app="%"), []),
        (Query(app="' OR 1=1 --"), []),
        (Query(policy="default"), [3, 2, 1]),
        (Query(policy="default@0123456789ab"), [3, 2, 1]),
        (Query(policy="defaul"), []),
        (Query(rule="pii"), [2]),
        (Query(rule="pi"), []),
        (Query(rule="pii,secrets"), [2]),
        (Query(decision="block"), [3]),
        (Query(since=NOW + 2), [3, 2]),
        (Query(until=NOW + 2), [1]),
        (Query(since=NOW + 2, until=NOW + 3, app="shop"), [2]),
        (Query(surface="chat", model="gpt-4o", outcome="completed", upstream=""), [3, 2, 1]),
    ],
)
def test_questions(store: ExchangeStore, query: Query, expected: list[int]):
    """Only what fits all that is asked; what is asked is never more than a value."""
    found = [*rows(1), *rows(2, rules=["pii", "secrets"]), *rows(3, app="other", decision="block")]
    store.keep(found, [], {}, NOW)
    assert ids(store.page(query, None, 10)) == expected


def test_what_is_said_later(store: ExchangeStore):
    """The last word counts, in whatever order words come; others' words stand beside it."""
    store.keep([], [label(1, "bad", NOW + 5), label(1, "good", NOW + 3, score=0.5), label(1, "good", app="other")], {}, NOW)
    said = [(each.app, each.label) for each in store.labels(label(1, "bad").request_id)]
    assert said == [("other", "good"), ("shop", "bad")]


def test_what_is_too_old_goes(store: ExchangeStore, passed: Callable[[float], None]):
    """Whole days, with what was said of them; what is kept stays."""
    store.keep(rows(1), [label(1, "bad")], {"1.jsonl": 5}, NOW)
    store.keep([row._replace(ts=NOW + DAY) for row in rows(2)], [], {"1.jsonl": 9}, NOW + DAY)
    passed(3)
    assert store.prune(NOW + 2 * DAY) == 0
    assert store.prune(NOW + 3 * DAY) == 1
    assert ids(store.page(Query(), None, 10)) == [2]
    assert store.labels(rows(1)[0].request_id) == []
    assert store.offsets() == {"1.jsonl": 9}


@pytest.mark.parametrize("ts", [0.0, -1e9, 4e9, 1e15])
def test_a_clock_that_jumped(store: ExchangeStore, passed: Callable[[float], None], ts: float):
    """An exchange with a strange time is kept, with its time, as long as others of now, and no longer than those of tomorrow."""
    store.keep([row._replace(ts=ts) for row in rows(1)], [], {}, NOW)
    store.prune(NOW)
    assert [row.ts for row in store.page(Query(), None, 10)] == [ts]
    passed(5)
    store.prune(NOW + 5 * DAY)
    assert store.page(Query(), None, 10) == []


@pytest.mark.parametrize("ts", [0.0, NOW - 10 * DAY, NOW + 5 * DAY, 4e9, 1e15])
def test_again_another_day(reopened: Open, ts: float):
    """What a strange clock wrote is there once, on whatever day it comes again."""
    store = reopened()
    assert store.keep([row._replace(ts=ts) for row in rows(1)], [], {}, NOW) == 1
    assert reopened().keep([row._replace(ts=ts) for row in rows(1)], [], {}, NOW + 2 * DAY) == 0
    assert [row.ts for row in store.page(Query(), None, 10)] == [ts]


def test_pages_of_strange_clocks(store: ExchangeStore):
    """Newest first, by the times that they said, and those to come before all."""
    times = [-1e9, 0.0, NOW, NOW + 5 * DAY, NOW + 6 * DAY, 4e9, 5e9, 1e15]
    store.keep([row._replace(ts=ts) for row, ts in zip(rows(*range(len(times))), times, strict=True)], [], {}, NOW)
    seen: list[Row] = []
    while found := store.page(Query(), Place(seen[-1].ts, seen[-1].request_id) if seen else None, 3):
        seen += found
    assert [row.ts for row in seen] == times[::-1]


def test_a_clock_that_jumps_ahead(store: ExchangeStore):
    """What is kept stays until there are newer exchanges, and then goes a day at a time."""
    for day in range(3):
        store.keep([row._replace(ts=NOW + day * DAY) for row in rows(day)], [], {}, NOW + day * DAY)
    later = NOW + 400 * DAY
    assert [store.prune(later) for _ in range(5)] == [1, 0, 0, 0, 0]
    store.keep([row._replace(ts=later) for row in rows(9)], [], {}, later)
    assert [store.prune(later), ids(store.page(Query(), None, 10))] == [1, [9, 2]]


@pytest.mark.parametrize(("then", "kept"), [(0.0, [1, 2]), (NOW - 500 * DAY, [1]), (NOW + 500 * DAY, [2, 1])])
def test_the_watch_had_a_strange_clock(store: ExchangeStore, passed: Callable[[float], None], then: float, kept: list[int]):
    """Once it is right, exchanges of now stay as long as others, and so do those of no day or a day to come; none is kept for ever."""
    store.keep(rows(1), [], {}, then)
    store.keep([row._replace(ts=then) for row in rows(2)], [], {}, then)
    passed(4)
    days = [NOW + day * DAY for day in range(5)]
    for now in days[:3]:
        store.prune(now)
    assert ids(store.page(Query(), None, 10)) == kept
    for now in (*days[3:], days[4]):
        store.prune(now)
    assert store.page(Query(), None, 10) == []


def test_nothing_new_comes(store: ExchangeStore, passed: Callable[[float], None]):
    """What is too old goes all the same, while the store is open."""
    store.keep(rows(1), [], {}, NOW)
    passed(10)
    assert [store.prune(NOW + 10 * DAY), store.page(Query(), None, 10)] == [1, []]


def test_a_day_that_is_dropped_comes_again(store: ExchangeStore, passed: Callable[[float], None]):
    """Its table is made anew."""
    store.keep(rows(1), [], {}, NOW)
    passed(10)
    store.prune(NOW + 10 * DAY)
    assert store.keep(rows(1), [], {}, NOW + 10 * DAY) == 1


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=6))
def test_any_redelivery(tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]):
    """However batches overlap, each exchange is there once."""
    store = open_sqlite(tmp_path_factory.mktemp("store") / "a.db", 3)
    new = sum(store.keep(rows(*batch), [], {}, NOW) for batch in batches)
    given_ = {number for batch in batches for number in batch}
    assert ids(store.page(Query(), None, 100)) == sorted(given_, reverse=True)
    assert new == len(given_)
    store.close()
