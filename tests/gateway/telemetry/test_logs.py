"""The gateway's own log."""

import json
import logging

import pytest

from gateway.telemetry.logs import JsonLines, set_up


@pytest.fixture(autouse=True)
def as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_for_machines(capsys: pytest.CaptureFixture):
    """One object a line, whatever the message holds, with what the exchange is found by."""
    set_up("json")
    logging.getLogger("oddgate.x").warning("it\nfailed: %s", "y", extra={"request_id": "req_1", "trace_id": "ab", "other": "no"})
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert said.pop("ts").endswith("+00:00")
    assert said == {"level": "warning", "logger": "oddgate.x", "message": "it\nfailed: y", "request_id": "req_1", "trace_id": "ab"}


def test_for_people(capsys: pytest.CaptureFixture):
    """A line with the time, how grave it is, and what it is; the last style that was set is the one."""
    set_up("json")
    set_up()
    logging.getLogger("oddgate").error("it failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" ERROR it failed")


def test_an_exception():
    """Its type alone."""
    try:
        raise ValueError("somebody@example.org")
    except ValueError as error:
        info = (type(error), error, None)
    record = logging.LogRecord("oddgate", logging.ERROR, "", 0, "it failed", (), info)
    assert json.loads(JsonLines().format(record))["error"] == "ValueError"
    assert "somebody" not in JsonLines().format(record)
