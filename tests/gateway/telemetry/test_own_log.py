"""A program's own log, put by for the watch."""

import logging
import threading
from collections.abc import Iterable, Iterator

import pytest

from gateway.telemetry.observed import MAX_BODY, OWN, LogSeen
from gateway.telemetry.own_log import WRITER, OwnLog


@pytest.fixture
def put() -> Iterator[list[LogSeen]]:
    found: list[LogSeen] = []

    def keep(seen: Iterable[LogSeen], size: int) -> None:
        found.extend(seen)
        assert size == len(found[-1].body)

    root = logging.getLogger()
    handler, level = OwnLog(keep, lambda: None), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield found
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(("level", "severity"), [(logging.INFO, 9), (logging.WARNING, 13), (logging.ERROR, 17), (logging.CRITICAL, 21)])
def test_a_line(put: list[LogSeen], level: int, severity: int):
    """What it says, how grave it is, and the trace that it is of."""
    logging.getLogger("oddgate.x").log(level, "it failed: %s", "y", extra={"trace_id": "a" * 32})
    (seen,) = put
    assert (seen.source, seen.severity, seen.body, seen.trace_id) == (OWN, severity, "it failed: y", "a" * 32)


def test_others(put: list[LogSeen]):
    """Of what a library says only whose it is, and of an exception its type and place: their texts may be anybody's."""
    try:
        raise ValueError("somebody@example.org")
    except ValueError:
        logging.getLogger("asyncio").exception("it failed: somebody@example.org")
    assert put[0].body.startswith("asyncio (ValueError at test_own_log.py:")
    assert "somebody" not in repr(put)


@pytest.mark.parametrize("trace_id", ["x", "A" * 32, 7, None])
def test_ids_that_are_none(put: list[LogSeen], trace_id: object):
    """The line is put by without them."""
    logging.getLogger("oddgate").warning("w", extra={"trace_id": trace_id})
    assert [seen.trace_id for seen in put] == [""]


def test_a_long_one(put: list[LogSeen]):
    """It is cut."""
    logging.getLogger("oddgate").warning("w" * 10_000)
    assert len(put[0].body) == MAX_BODY


def test_in_putting_by(put: list[LogSeen]):
    """What the thread that puts by says itself is not put by."""
    thread = threading.Thread(target=lambda: logging.getLogger("oddgate").warning("it cannot be put by"), name=WRITER)
    thread.start()
    thread.join()
    assert put == []


def test_a_message_that_is_none(put: list[LogSeen], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Whoever logs it goes on."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logging.getLogger("oddgate").warning("%d", "x")
    assert put == []


def test_its_end():
    """What is left is put by."""
    ended: list[bool] = []
    OwnLog(lambda seen, size: None, lambda: ended.append(True)).close()
    assert ended == [True]
