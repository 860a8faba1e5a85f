"""The watch as a child: started again when it ends, and never there without the gateway."""

import asyncio
import sys
from pathlib import Path

import pytest

from gateway.proxy import watching as module
from gateway.proxy.watching import Watching
from tests.support.waiting import eventually

_CHILD = """
import os, sys
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
if sys.argv[2] == "dies":
    sys.exit(3)
sys.stdin.read()
with open(sys.argv[1], "a") as file:
    file.write("ended\\n")
if sys.argv[2] == "stuck":
    import time
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "_MAX_PAUSE_S", 0.02)
    monkeypatch.setattr(module, "_END_S", 0.5)


def child(log: Path, how: str) -> Watching:
    return Watching([sys.executable, "-c", _CHILD, str(log), how], {})


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


async def test_it_ends_with_the_gateway(tmp_path: Path):
    """Told by the end of its input, it may finish what it does."""
    watching = child(tmp_path / "log", "well")
    task = asyncio.ensure_future(watching.run())
    await eventually(lambda: len(lines(tmp_path / "log")) == 1)
    task.cancel()
    await watching.close()
    assert lines(tmp_path / "log")[1:] == ["ended"]


async def test_it_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """However often it ends by itself; its end is logged."""
    watching = child(tmp_path / "log", "dies")
    task = asyncio.ensure_future(watching.run())
    await eventually(lambda: len(lines(tmp_path / "log")) >= 3)
    task.cancel()
    await watching.close()
    assert len(set(lines(tmp_path / "log"))) >= 3
    assert "the watch ended with code 3" in caplog.text


async def test_one_that_does_not_end(tmp_path: Path):
    """It is made to."""
    watching = child(tmp_path / "log", "stuck")
    task = asyncio.ensure_future(watching.run())
    await eventually(lambda: len(lines(tmp_path / "log")) == 1)
    task.cancel()
    await watching.close()
    assert watching._process.returncode == -9


async def test_what_cannot_be_started(caplog: pytest.LogCaptureFixture):
    """It is tried again, and the gateway goes on."""
    watching = Watching(["/nowhere/at/all"], {})
    task = asyncio.ensure_future(watching.run())
    await eventually(lambda: caplog.text.count("cannot be started") >= 2)
    task.cancel()
    await watching.close()
