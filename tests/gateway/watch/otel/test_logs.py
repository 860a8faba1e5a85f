"""A program's own log, to a collector."""

import logging
import queue
from collections.abc import Iterator, Sequence

import pytest

from gateway.telemetry.logs import set_up
from gateway.watch.otel import logs as module
from gateway.watch.otel.encoding import Line
from gateway.watch.otel.logs import OtlpLogs, send_logs
from gateway.watch.store import SinkError
from tests.support.collector import Collector, running_collector
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_RETRY_S", 0.05)
    monkeypatch.setattr(module, "_IDLE_S", 0.05)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    set_up()
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


def closed() -> None:
    next(handler for handler in logging.getLogger().handlers if isinstance(handler, OtlpLogs)).close()


def test_what_arrives(collector: Collector):
    """The line, how grave it is, who said it, and what it belongs to; at the latest at the end."""
    send_logs(collector.url, "watch")
    logging.getLogger("oddgate.x").error("it failed: %s", "y", extra={"request_id": "req_1", "trace_id": "a" * 32, "span_id": "b" * 16})
    closed()
    (seen,) = collector.logs
    assert (seen.body, seen.severity, seen.trace_id, seen.span_id) == ("it failed: y", "ERROR", "a" * 32, "b" * 16)
    assert seen.attributes == {"oddgate.part": "watch", "oddgate.logger": "oddgate.x", "oddgate.request.id": "req_1"}
    assert collector.faults == []


def test_an_exception(collector: Collector):
    """Its type and place, never its text."""
    send_logs(collector.url, "gateway")
    try:
        raise ValueError("somebody@example.org")
    except ValueError:
        logging.getLogger("asyncio").exception("it failed")
    closed()
    assert collector.logs[0].attributes["oddgate.error"].startswith("ValueError at test_logs.py:")
    assert "somebody" not in repr(collector.logs)


@pytest.mark.parametrize("trace_id", ["x", "A" * 32, 7, None])
def test_ids_that_are_none(collector: Collector, trace_id: object):
    """The line arrives without them."""
    send_logs(collector.url, "gateway")
    logging.getLogger().warning("w", extra={"trace_id": trace_id, "span_id": "b" * 16})
    closed()
    assert [(seen.trace_id, seen.span_id) for seen in collector.logs] == [("", "")]


async def test_a_collector_that_fails_at_first(collector: Collector, caplog: pytest.LogCaptureFixture):
    """Lines wait for it, and it is said once that they do."""
    collector.answers = [503, 503]
    send_logs(collector.url, "gateway")
    logging.getLogger("oddgate").info("hello")
    await eventually(lambda: "hello" in [seen.body for seen in collector.logs])
    closed()
    assert caplog.text.count("it answered 503 to logs") == 1


class Stuck:
    """Takes nothing until it is told to."""

    def __init__(self) -> None:
        self.is_down = True
        self.taken: list[str] = []
        self.asked = 0

    def send(self, batch: Sequence[Line]) -> int:
        self.asked += 1
        if self.is_down:
            raise SinkError("no")
        self.taken += [line.text for line in batch]
        return len(batch)


async def test_more_than_can_wait():
    """Whoever logs goes on; how many were dropped is said once there is room."""
    stuck = Stuck()
    handler = OtlpLogs(stuck, "gateway")  # type: ignore[arg-type]
    handler._lines = queue.Queue(3)
    logging.getLogger().addHandler(handler)
    logging.getLogger("oddgate").info("first")
    await eventually(lambda: stuck.asked > 0)
    for number in range(10):
        logging.getLogger("oddgate").info("line %d", number)
    stuck.is_down = False
    await eventually(lambda: any("did not reach the collector" in text for text in stuck.taken))
    handler.close()
    assert stuck.taken[0] == "first"
    assert sum(text.startswith("line ") for text in stuck.taken) + int(stuck.taken[-1].partition(" ")[0]) == 10


def test_an_end_without_a_collector():
    """It comes all the same."""
    handler = OtlpLogs(Stuck(), "gateway")  # type: ignore[arg-type]
    logging.getLogger().addHandler(handler)
    logging.getLogger("oddgate").info("lost")
    handler.close()
    assert not handler._thread.is_alive()


def test_a_long_line(collector: Collector):
    """Only its beginning is sent."""
    send_logs(collector.url, "gateway")
    logging.getLogger("oddgate").info("x" * 10_000)
    closed()
    assert collector.logs[0].body == "x" * 4096
