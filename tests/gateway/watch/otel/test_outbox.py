"""From the journal to a collector: everything at least once, whatever fails in between."""

from collections.abc import Iterable

import orjson
import pytest

from gateway.watch.otel.measures import Measure
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.outbox import Outbox, Posted
from gateway.watch.otel.spans import Log, Span
from gateway.watch.otel.switches import OFF, Switches
from gateway.watch.otel.telling import Teller
from gateway.watch.row import Record, as_record, parse_said
from gateway.watch.store import SinkError
from tests.gateway.watch.records import NOW, line, traced


class World:
    """A collector, and a file."""

    def __init__(self, switches: Switches = OFF) -> None:
        self.taken: list[list[Span]] = []
        self.told: list[Log] = []
        self.file: bytes | None = None
        self.takes: int | None = None
        self.is_down = self.is_full = False
        self.posted = Posted()
        self.measured: list[Measure] = []
        self.outbox = Outbox(self, self, Teller({}, ModelNames(), switches=switches), self.load, self.save, self.posted)

    def send(self, batch: Iterable[Span]) -> int:
        spans = list(batch)
        if not spans:
            return 0
        if self.is_down:
            raise SinkError("it cannot be reached")
        self.taken.append(spans)
        return len(spans) if self.takes is None else self.takes

    def tell(self, batch: Iterable[Log]) -> int:
        logs = list(batch)
        self.told += logs
        return len(logs)

    def record(self, measures: Iterable[Measure]) -> None:
        self.measured += measures

    def load(self) -> bytes | None:
        if self.is_full:
            raise PermissionError(13, "no")
        return self.file

    def save(self, content: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.file = content


def records(*numbers: int, **fields) -> list[Record]:
    return [record for number in numbers if (record := as_record(parse_said(orjson.dumps(traced(number, **fields)))))]


def test_a_batch():
    """All spans go at once, and then it is written how far that was."""
    world = World()
    assert world.outbox.keep(records(1, 2), [], {"a.jsonl": 700}, NOW) == 2
    assert [len(batch) for batch in world.taken] == [10]
    assert len(world.measured) == 12
    assert (world.posted, world.outbox.offsets()) == (Posted(sent=10), {"a.jsonl": 700})


def test_events_of_their_own():
    """Where they are switched on, they are sent and counted beside the spans, which have none then."""
    world = World(Switches(has_events=True))
    world.outbox.keep(records(1), [], {}, NOW)
    assert [log.event.name for log in world.told] == ["gen_ai.evaluation.result"] * 2 + ["gen_ai.client.inference.operation.details"] * 2
    assert (world.posted.sent, [span.events for span in world.taken[0]]) == (9, [()] * 5)


def test_a_collector_that_is_down():
    """Nothing is counted, and the place stays."""
    world = World()
    world.outbox.keep(records(1), [], {"a.jsonl": 1}, NOW)
    world.is_down = True
    with pytest.raises(SinkError):
        world.outbox.keep(records(2), [], {"a.jsonl": 2}, NOW)
    assert (world.posted.sent, len(world.measured), world.outbox.offsets()) == (5, 6, {"a.jsonl": 1})


def test_what_is_not_taken():
    """It is counted, and passed over for good."""
    world = World()
    world.takes = 2
    world.outbox.keep(records(1), [], {"a.jsonl": 1}, NOW)
    assert (world.posted, world.outbox.offsets()) == (Posted(sent=2, dropped=3), {"a.jsonl": 1})


def test_what_cannot_be_a_span():
    """It is counted, and holds nothing up; what has no trace is neither sent nor dropped."""
    world = World()
    untraced = as_record(parse_said(line(5)))
    assert untraced
    damaged = [*records(1, stages=7), {"request_id": 7}, *records(3, ts=1e18)]
    world.outbox.keep([*damaged, *records(4), untraced], [], {}, NOW)
    assert world.posted == Posted(sent=5, dropped=3)
    assert {span.trace_id for span in world.taken[0]} == {f"{5:032x}"}


def test_nothing_to_send():
    """A collector is not asked for nothing, but the place goes on."""
    world = World()
    world.is_down = True
    world.outbox.keep([], [], {"a.jsonl": 9}, NOW)
    assert world.outbox.offsets() == {"a.jsonl": 9}


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"7", b'{"a.jsonl": -1, "b.jsonl": "x", "c.jsonl": true}'])
def test_a_place_that_is_lost(content: bytes | None):
    """Then all of the journal is sent again."""
    world = World()
    world.file = content
    assert world.outbox.offsets() == {}


def test_a_disk_that_is_full():
    """What was sent is sent again, once it can be written how far that was."""
    world = World()
    world.is_full = True
    with pytest.raises(SinkError, match="No space left"):
        world.outbox.keep(records(1), [], {"a.jsonl": 1}, NOW)
    with pytest.raises(SinkError, match="cannot be read: no"):
        world.outbox.offsets()
    world.is_full = False
    world.outbox.keep(records(1), [], {"a.jsonl": 1}, NOW)
    assert world.posted == Posted(sent=5)
    assert world.taken[0] == world.taken[1]
    assert len(world.measured) == 6


def test_it_holds_nothing():
    """There is nothing to drop, and nothing to close."""
    world = World()
    world.outbox.close()
    assert world.outbox.prune(NOW) == 0
