"""A worker as a process: born with what it needs, started again, and ended."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.workers import process as module
from gateway.workers.born import Setup
from gateway.workers.link import UnansweredError
from gateway.workers.process import WorkerProcess
from tests.support.waiting import eventually

_CHILD = """
import asyncio, os, signal, sys
from gateway.workers.born import parent

async def main(how, number):
    if how == "never serves":
        sys.exit(3)
    over = await parent(number)
    setup = await over.setup()
    (listener,) = setup.sockets()
    async def said():
        secret = setup.config.secret_key
        return [setup.number, secret and secret.get_secret_value(), listener.getsockname()[1], os.get_inheritable(listener.fileno())]
    async def dies():
        os._exit(4)
    async def is_up():
        return None
    if how == "never ends":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    await over.serve({"is_up": is_up, "said": said, "dies": dies})

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def worker(how: str, listener: socket.socket) -> WorkerProcess:
    config = Config.model_validate({"secret_key": "env:not resolved again"}, context={"env": {"not resolved again": "file:a secret"}})
    return WorkerProcess([sys.executable, "-c", _CHILD, how], Setup(7, config, (listener.fileno(),)))


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "_END_S", 0.2)


async def test_what_it_is_born_with(listener: socket.socket):
    """The settings as they are, secrets and all, and sockets that its own children do not get."""
    made = worker("well", listener)
    running = asyncio.ensure_future(made.run(lambda _: None))
    await made.is_up.wait()
    assert await made.ask("said", within_s=10) == [7, "file:a secret", listener.getsockname()[1], False]
    made.end()
    await asyncio.wait_for(running, 60)
    assert made.pid is None


async def test_it_is_started_again(listener: socket.socket):
    """With another name each time; what it was asked when it died is answered by nobody."""
    made, ended = worker("well", listener), []
    running = asyncio.ensure_future(made.run(ended.append))
    names = []
    for _ in range(2):
        await made.is_up.wait()
        names.append(made.name)
        with pytest.raises(UnansweredError):
            await made.ask("dies", within_s=None)
        await eventually(lambda: ended == names, within_s=10)
        with pytest.raises(UnansweredError):
            await made.ask("said", within_s=10)
    assert names == ["7.1", "7.2"]
    await made.is_up.wait()
    made.end()
    await asyncio.wait_for(running, 60)
    assert ended == ["7.1", "7.2", "7.3"]


async def test_one_that_never_serves(listener: socket.socket):
    """Is not tried again: what is wrong with the first is wrong with the next."""
    made, ended = worker("never serves", listener), []
    await asyncio.wait_for(made.run(ended.append), 60)
    assert ended == ["7.1"]
    assert not made.is_up.is_set()


async def test_one_that_cannot_be_started(listener: socket.socket, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """It is said why."""
    made = WorkerProcess([str(tmp_path / "none")], Setup(7, Config(), (listener.fileno(),)))
    await asyncio.wait_for(made.run(lambda _: None), 60)
    assert "worker 7 cannot be started: No such file or directory" in caplog.text


async def test_one_that_does_not_end(listener: socket.socket):
    """Is made to, once its time is up."""
    made = worker("never ends", listener)
    running = asyncio.ensure_future(made.run(lambda _: None))
    await made.is_up.wait()
    made.end()
    await made.close(0.1)
    await asyncio.wait_for(running, 60)
    assert made.pid is None
