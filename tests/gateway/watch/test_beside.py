"""A sink with somebody beside it."""

from collections.abc import Sequence

from gateway.telemetry.tailing import Offsets
from gateway.watch.beside import beside
from gateway.watch.row import Label, Record, Row, read
from tests.gateway.watch.records import NOW, record


class Store:
    """Takes so many rows as it is told are new."""

    def __init__(self) -> None:
        self.new: int | None = None
        self.is_closed = False

    def offsets(self) -> Offsets:
        return {"a": 1}

    def keep(self, rows: Sequence[Row], labels: Sequence[Label], offsets: Offsets, now: float) -> int:
        return len(rows) if self.new is None else self.new

    def prune(self, now: float) -> int:
        return 3

    def close(self) -> None:
        self.is_closed = True


class View:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.labels: list[Label] = []
        self.is_closed = False

    def take(self, records: Sequence[Record], labels: Sequence[Label]) -> None:
        self.seen += [each["request_id"] for each in records]
        self.labels += labels

    def close(self) -> None:
        self.is_closed = True


def test_what_is_new_is_shown():
    """Whatever the store takes for the first time, but for what is no record; and all is closed with it."""
    store, view = Store(), View()
    sink = beside(lambda: store, lambda: view)()
    row, label = read(record(1)), Label("req_1", "shop", "review", "pii", NOW, "inside", None)
    assert isinstance(row, Row)
    assert sink.keep([row, row._replace(record=b"no record")], [label], {}, NOW) == 2
    store.new = 0
    assert sink.keep([row], [label], {}, NOW) == 0
    assert (view.seen, view.labels) == ([record(1)["request_id"]], [label])
    assert (sink.offsets(), sink.prune(NOW)) == ({"a": 1}, 3)
    sink.close()
    assert store.is_closed
    assert view.is_closed
