"""Questions and answers between a process and its child."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.workers import link as module
from gateway.workers.link import Link, UnansweredError, answer, send


async def _echo(*args: object) -> object:
    return list(args)


async def _unknown(name: str) -> None:
    raise KeyError(name)


async def _full() -> None:
    raise OSError("no space")


async def _fault() -> None:
    raise ZeroDivisionError("a secret")


async def _slow() -> str:
    await asyncio.sleep(0.2)
    return "late"


ANSWERS = {"echo": _echo, "unknown": _unknown, "full": _full, "fault": _fault, "slow": _slow}


@asynccontextmanager
async def ends() -> AsyncIterator[tuple[Link, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A link that runs, and its other end."""
    ours, theirs = socket.socketpair()
    link = Link(*await asyncio.open_unix_connection(sock=ours))
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    running = asyncio.ensure_future(link.run())
    yield link, reader, writer
    writer.close()
    await running


@asynccontextmanager
async def linked() -> AsyncIterator[Link]:
    """To somebody who answers."""
    async with ends() as (link, reader, writer):
        answering = asyncio.ensure_future(answer(reader, writer, ANSWERS))
        yield link
        answering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await answering


async def test_answers():
    """Each question has its own answer, however many are asked at once, and as it was given."""
    async with linked() as link:
        answers = await asyncio.gather(*(link.ask("echo", number, {"a": [None, "é"]}, within_s=5) for number in range(50)))
    assert answers == [[number, {"a": [None, "é"]}] for number in range(50)]


@pytest.mark.parametrize(("name", "error"), [("unknown", KeyError), ("full", OSError), ("fault", UnansweredError), ("none", KeyError)])
async def test_what_goes_wrong(name: str, error: type[Exception], caplog: pytest.LogCaptureFixture):
    """It comes back as what it was, as far as it says something; a fault is logged by its type alone, and the next answer comes."""
    async with linked() as link:
        with pytest.raises(error):
            await link.ask(name, *(["x"] if name == "unknown" else []), within_s=5)
        assert await link.ask("echo", within_s=5) == []
    assert "secret" not in caplog.text
    assert ("ZeroDivisionError" in caplog.text) is (name == "fault")


async def test_a_late_answer():
    """Whoever asked is told in time that there is none; what comes later is no answer to the next question."""
    async with linked() as link:
        with pytest.raises(UnansweredError):
            await link.ask("slow", within_s=0.01)
        assert await link.ask("echo", 1, within_s=5) == [1]


async def test_the_other_end_goes():
    """Who waits is told, and so is everybody who asks afterwards."""
    async with ends() as (link, _, writer):
        waiting = asyncio.ensure_future(link.ask("echo", within_s=None))
        await asyncio.sleep(0)
        writer.close()
        with pytest.raises(UnansweredError):
            await waiting
        with pytest.raises(UnansweredError):
            await link.ask("echo", within_s=None)


@pytest.mark.parametrize("frame", [b"not JSON", b"5", b"[]"])
async def test_what_is_no_answer(frame: bytes, caplog: pytest.LogCaptureFixture):
    """It ends the link, and is said without its text."""
    caplog.set_level(logging.ERROR)
    async with ends() as (link, _, writer):
        send(writer, frame)
        with pytest.raises(UnansweredError):
            await link.ask("echo", within_s=5)
    assert "no answer" in caplog.text


async def test_too_much_at_once(monkeypatch: pytest.MonkeyPatch):
    """A frame beyond the bound ends the link."""
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    async with linked() as link:
        with pytest.raises(UnansweredError):
            await link.ask("echo", "x" * 200, within_s=5)


async def test_an_end_that_reads_nothing(monkeypatch: pytest.MonkeyPatch):
    """Once too much waits for it, it is asked no more."""
    monkeypatch.setattr(module, "_MAX_UNSENT", 1000)
    async with ends() as (link, _, _):
        for _ in range(2):
            with pytest.raises(UnansweredError):
                await link.ask("echo", "x" * 3_000_000, within_s=0.01)
        unsent = link._writer.transport.get_write_buffer_size()
        assert 0 < unsent < 3_100_000
