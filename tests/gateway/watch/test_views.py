"""What people see of the store, and how they ask."""

from pathlib import Path

import pytest

from gateway.storage.exchanges import SqlStore
from gateway.storage.sqlite import open_sqlite
from gateway.watch.row import parse
from gateway.watch.store import Place, Query
from gateway.watch.views import QueryError, asked, exchange, page
from tests.gateway.watch.records import NOW, feedback, line, record


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    store = open_sqlite(tmp_path / "a.db", 30)
    store.keep([parse(line(number, rules=["pii"])) for number in range(3)], [parse(feedback(1, "bad", score=2))], {}, NOW)
    return store


def test_page_after_page(store: SqlStore):
    """Each page names the next, the last none; a row has no record, and its rules are a list."""
    first = page(store, {"limit": "2"})
    second = page(store, {"limit": "2", "after": first["next"]})
    assert [row["ts"] - NOW for row in (*first["exchanges"], *second["exchanges"])] == [2, 1, 0]
    assert second["next"] is None
    assert first["exchanges"][0]["rules"] == ["pii"]
    assert "record" not in first["exchanges"][0]


def test_one(store: SqlStore):
    """Its record, with what was said of it since."""
    found = exchange(store, f"req_{1:024x}")
    assert found == {
        **record(1, rules=["pii"]),
        "labels": [
            {"request_id": f"req_{1:024x}", "app": "shop", "kind": "feedback", "rule": "answer", "ts": NOW, "label": "bad", "score": 2.0}
        ],
    }
    assert exchange(store, "req_none") is None


def test_one_with_texts(store: SqlStore):
    """Redacted texts are with it; of sealed ones it says that there are some, and not what they are sealed to."""
    texts = {"input": [{"place": "messages.0.content", "scope": "user", "text": "hello <NAME>"}], "output": []}
    store.keep([parse(line(7, texts=texts)), parse(line(8, sealed_texts="c2VhbGVk"))], [], {}, NOW)
    assert exchange(store, f"req_{7:024x}") == {**record(7), "texts": texts, "labels": []}
    assert exchange(store, f"req_{8:024x}") == {**record(8), "has_sealed_texts": True, "labels": []}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, (Query(), None, 50)),
        ({"limit": "1000", "app": "shop", "rule": "pii"}, (Query(app="shop", rule="pii"), None, 1000)),
        ({"since": "17.5", "until": "1970-01-01T00:01:00+00:00"}, (Query(since=17.5, until=60.0), None, 50)),
        ({"after": "17.5~req_1"}, (Query(), Place(17.5, "req_1"), 50)),
    ],
)
def test_questions(params: dict[str, str], expected: tuple):
    """Every field has its parameter."""
    assert asked(params) == expected


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"after": "1"}, "after"),
        ({"after": "e~req_1"}, "after"),
        ({"after": "1e999~req_1"}, "after"),
        ({"since": "yesterday"}, "since"),
        ({"until": "nan"}, "until"),
        ({"secret": "x"}, "secret"),
        ({"app": "x" * 201}, "app"),
    ],
)
def test_what_is_not_understood(params: dict[str, str], named: str):
    """It is an error that names the parameter, and what is allowed; nothing of a value is in it."""
    with pytest.raises(QueryError, match="allowed: ") as caught:
        asked(params)
    assert named in str(caught.value)
    assert not params[named] or f"{params[named]!r}" not in str(caught.value)
