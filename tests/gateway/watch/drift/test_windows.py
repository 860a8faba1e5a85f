"""Two windows of what is in the store."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from detectors.series.observation import Observation
from gateway.storage.sqlite import open_sqlite
from gateway.watch.drift.windows import LEAST, read, tables
from gateway.watch.row import read as read_row
from gateway.watch.store import ExchangeStore, Query
from tests.gateway.watch.drifts import exchange
from tests.gateway.watch.records import NOW

NUMBERS = 150


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeStore]:
    with closing(open_sqlite(tmp_path_factory.mktemp("store") / "a.db", 3660)) as opened:
        rows = [read_row(exchange(number, "fr" if number >= 100 else "en")) for number in range(NUMBERS)]
        opened.keep([*rows, read_row(exchange(500, surface="files"))], [], {}, NOW)
        yield opened


def test_from_a_time_on(store: ExchangeStore):
    """What came since is set beside what was before; what is no exchange with a model is in neither."""
    found = read(store, Query(app="shop"), NOW + 100)
    assert found is not None
    assert (found.sizes, found.since) == ((100, 50), NOW + 100)
    assert (set(found.reference["input.language"]), set(found.current["input.language"])) == ({"en"}, {"fr"})
    assert set(found.numeric) | set(found.categorical) == found.reference.keys() == found.current.keys()


def test_without_a_time(store: ExchangeStore):
    """The later half is set beside the earlier one."""
    found = read(store, Query(), None)
    assert found is not None
    assert found.sizes == (75, 75)


def test_bounded(store: ExchangeStore):
    """No window has more than so many, the newest."""
    found = read(store, Query(), NOW + 90, most=60)
    assert found is not None
    assert found.sizes == (60, 60)
    assert (found.reference["input.language"].count("en"), found.current["input.language"].count("fr")) == (60, 50)


@pytest.mark.parametrize(("query", "since"), [(Query(app="bank"), None), (Query(), NOW + NUMBERS - LEAST + 1), (Query(), NOW - 1)])
def test_too_few(store: ExchangeStore, query: Query, since: float | None):
    """There is nothing to compare, and it says so."""
    assert read(store, query, since) is None


def test_columns():
    """Only those that both windows have; categories beyond the most frequent are one, and what is missing is a category."""
    early = [
        Observation(f"a{at}", ts=1.0, numeric={"input.tokens": at, "cost.usd": 0.1}, categorical={"output.tool": f"t{at}"})
        for at in range(60)
    ]
    late = [Observation(f"b{at}", ts=2.0, numeric={"input.tokens": None if at else 5}, sketches={"input.topics": 7}) for at in range(60)]
    found = tables(early, [*late, Observation("c", ts=2.0, categorical={"output.tool": "t1"})])
    assert (found.numeric, found.categorical) == (("input.tokens",), ("output.tool",))
    assert found.current["input.tokens"][:2] == [5, None]
    assert found.current["output.tool"][-2:] == ["missing", "t1"]
    assert len(set(found.reference["output.tool"])) <= 31
    assert "other" in found.reference["output.tool"]
