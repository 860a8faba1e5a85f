"""The gateway's own log."""

import json
import logging

import pytest

from gateway.telemetry.logs import set_up


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


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_exception(style: str, capsys: pytest.CaptureFixture):
    """Its type and place alone, whoever logs it: its text may be an exchange's."""
    set_up(style)
    try:
        raise ValueError("somebody@example.org")
    except ValueError:
        logging.getLogger("asyncio").exception("it failed")
    said = capsys.readouterr().err
    assert "ValueError at test_logs.py:" in said
    assert "somebody" not in said
