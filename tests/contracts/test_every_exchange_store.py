"""What every store of exchanges does, whatever it is made of."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.storage import clickhouse as clickhouse_store
from gateway.storage import exchanges
from gateway.storage.clickhouse import ClickHouseStore, open_clickhouse
from gateway.storage.exchanges import SqlStore
from gateway.storage.postgres import _Postgres, open_postgres
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import Label, Row, parse
from gateway.watch.store import MAX_PAGE, ExchangeStore, Place, Query
from tests.gateway.watch.records import NOW, feedback, line, record
from tests.support.clickhouse_server import running_clickhouse
from tests.support.postgres_server import running_postgres

DAY = 86_400
Open = Callable[[], ExchangeStore]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[str]:
    with running_clickhouse() as url:
        yield url


SERVERS = {"postgres": open_postgres, "clickhouse": open_clickhouse}


@pytest.fixture(params=["sqlite", *SERVERS])
def reopened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same store, anew each time, which keeps three days, and texts for two."""
    opened: list[ExchangeStore] = []
    url = request.getfixturevalue(request.param) if request.param in SERVERS else ""

    def make() -> ExchangeStore:
        opened.append(SERVERS[request.param](url, "me", 3, 2) if url else open_sqlite(tmp_path / "a.db", 3, 2))
        return opened[-1]

    if request.param == "postgres":
        empty(url)
    elif request.param == "clickhouse":
        empty_clickhouse(url)
    yield make
    for store in opened:
        store.close()


def empty(url: str) -> None:
    database = _Postgres(url)
    for table in (*database.tables("exchanges_"), *database.tables("texts_"), "offsets", "labels", "days"):
        database.do(f"DROP TABLE IF EXISTS {table}")
    database.close()


def empty_clickhouse(url: str) -> None:
    store = ClickHouseStore(url, "", 1, 1, read_only=False)
    for table in ("exchanges", "texts", "labels", "offsets", "days"):
        store._do(f"DROP TABLE IF EXISTS {table} SYNC")
    store.close()


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Says how many days every store has been open by now."""
    seconds = [0.0]
    for module in (exchanges, clickhouse_store):
        monkeypatch.setattr(module, "monotonic", lambda: seconds[0])

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
    assert first.keep(rows(3, cost_usd=0.001234), [], {}, NOW) == 1
    assert again.page(Query(), None, 1)[0].cost_usd == 0.001234
    assert again.record(rows(1)[0].request_id)["request_id"] == rows(1)[0].request_id


def test_a_record_of_a_newer_version(store: ExchangeStore):
    """It is kept as it is, with what nobody knows here, and found by what is known."""
    (newer,) = rows(1, v=99, news={"a": [1, None]})
    store.keep([newer], [], {}, NOW)
    assert store.record(newer.request_id) == record(1, v=99, news={"a": [1, None]})
    assert ids(store.page(Query(app="shop"), None, 10)) == [1]


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


def test_pages_the_other_way_round(store: ExchangeStore):
    """Oldest first, page after page, over days and strange times: what pages newest first give, backwards."""
    times = [-1e9, NOW, NOW, NOW + DAY, NOW + 4 * DAY, 1e15]
    store.keep([row._replace(ts=ts) for row, ts in zip(rows(*range(6)), times, strict=True)], [], {}, NOW)
    seen: list[Row] = []
    while found := store.page(Query(), Place(seen[-1].ts, seen[-1].request_id) if seen else None, 2, is_oldest_first=True):
        seen += found
    assert ids(seen) == list(range(6))
    assert seen[::-1] == list(store.page(Query(), None, 10))
    assert ids(store.page(Query(since=NOW), None, 2, is_oldest_first=True)) == [1, 2]


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


def test_tables_of_an_earlier_version(reopened: Open):
    """What they lack is not known of their rows, is there for those that come after, and nothing that they had is lost."""
    first = reopened()
    if not isinstance(first, SqlStore):
        pytest.skip("no earlier version had others")
    first.keep(rows(1, 2, cost_usd=0.5), [], {}, NOW)
    first._rows.do(f"ALTER TABLE {first._rows.tables('exchanges_')[0]} DROP COLUMN cost_usd")
    reader = reopened()
    assert [(row.request_id, row.cost_usd) for row in reader.page(Query(), None, 10)] == [(row.request_id, None) for row in rows(2, 1)]
    assert reopened().keep(rows(2, 3, cost_usd=0.25), [], {}, NOW) == 1
    for store in (reader, reopened()):
        assert [row.cost_usd for row in store.page(Query(), None, 10)] == [0.25, None, None]


def test_what_is_said_later(store: ExchangeStore):
    """The last word counts, in whatever order words come; others' words stand beside it."""
    store.keep([], [label(1, "bad", NOW + 5), label(1, "good", NOW + 3, score=0.5), label(1, "good", app="other")], {}, NOW)
    said = [(each.app, each.label) for each in store.labels(label(1, "bad").request_id)]
    assert said == [("other", "good"), ("shop", "bad")]


def test_all_that_is_said(store: ExchangeStore):
    """Page after page, each word once; no more than a page, however much is asked for."""
    said = [label(number, word, app=app) for number in range(3) for app in ("a", "b") for word in ("bad", "false_positive")]
    store.keep([], said, {}, NOW)
    seen: list[Label] = []
    while found := store.all_labels(seen[-1] if seen else None, 5):
        seen += found
    assert sorted(seen, key=str) == sorted(said, key=str)
    assert [each.request_id for each in seen] == sorted(each.request_id for each in said)
    store.keep([], [label(number, "bad") for number in range(MAX_PAGE + 5)], {}, NOW)
    assert len(store.all_labels(None, 10**9)) == MAX_PAGE


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


def with_texts(number: int, said: str = "hello", at: float = 0.0) -> Row:
    texts = {"input": [{"place": "messages.0.content", "scope": "user", "text": said}], "output": []}
    row = parse(line(number, texts=texts))
    assert isinstance(row, Row)
    return row._replace(ts=row.ts + at)


def test_texts_stand_apart(reopened: Open):
    """The row of an exchange has none of its texts, which are kept beside it, once, and are asked for by themselves."""
    store = reopened()
    rows = [with_texts(1), parse(line(2)), with_texts(3, "x" * 20_000)]
    assert store.keep(rows, [], {"a": 1}, NOW) == 3
    assert store.keep([with_texts(1, "another")], [], {"a": 1}, NOW) == 0
    assert "texts" not in store.record(rows[0].request_id)
    assert [len(row.record) < 1000 for row in store.page(Query(), None, 10)] == [True] * 3
    assert store.texts(rows[0].request_id)["texts"]["input"][0]["text"] == "hello"
    assert store.texts(rows[1].request_id) == store.texts("req_none") == {}
    assert len(reopened().texts(rows[2].request_id)["texts"]["input"][0]["text"]) == 20_000


def test_texts_go_sooner(reopened: Open, passed: Callable[[float], None]):
    """Two days of texts are kept where three of exchanges are, also when no more texts come."""
    store = reopened()
    store.keep([with_texts(1), with_texts(2, at=DAY), parse(line(3))._replace(ts=NOW + 2 * DAY)], [], {}, NOW)
    ids = [f"req_{number:024x}" for number in (1, 2, 3)]
    assert store.prune(NOW + 2 * DAY) == 1
    assert [bool(store.texts(each)) for each in ids] == [False, True, False]
    assert all(map(store.record, ids))
    passed(1.0)
    assert store.prune(NOW + 3 * DAY) == 2
    assert [bool(store.record(each)) for each in ids] == [False, True, True]
    assert not any(map(store.texts, ids))
