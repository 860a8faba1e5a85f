"""The store of placeholders that several workers share: a real server of the gateway's own."""

import asyncio
import stat
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from gateway.proxy.vault import StoreUnavailable
from gateway.storage import embedded as module
from gateway.storage.embedded import EmbeddedStore
from gateway.storage.redis import RedisStore
from tests.support.redis_server import skip_without_redis
from tests.support.waiting import eventually

KB = b"x" * 1024


@pytest.fixture
async def store():
    skip_without_redis()
    made = EmbeddedStore(1)
    try:
        await made.start()
        yield made
    finally:
        await made.close()


def servers(store: EmbeddedStore) -> list[psutil.Process]:
    """Its own, and no other child of this process."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and child.cwd().startswith(str(store._folder)):
                found.append(child)
    return found


async def test_two_clients(store: EmbeddedStore):
    """What one puts, the other gets."""
    one, other = RedisStore(store.url, 5, 2**20), RedisStore(store.url, 5, 2**20)
    await one.put_many({"a": b"1"}, 60)
    assert await other.get_many(["a", "b"]) == [b"1", None]
    await one.close()
    await other.close()


async def test_it_is_nobody_elses(store: EmbeddedStore):
    """It has no port, its folder is for its owner alone, and without the password it says nothing."""
    (server,) = servers(store)
    assert server.net_connections() == []
    assert stat.S_IMODE(store._folder.stat().st_mode) == 0o700
    assert not [argument for argument in server.cmdline() if store._password in argument]
    stranger = RedisStore(store.url.partition("?")[0], 5, 2**20)
    with pytest.raises(StoreUnavailable):
        await stranger.get_many(["a"])
    await stranger.close()


async def test_its_bounds(store: EmbeddedStore):
    """It takes no more memory than it may: what is oldest goes; and nothing of it is on the disk."""
    client = RedisStore(store.url, 5, 2**20)
    for start in range(0, 8000, 500):
        await client.put_many({f"k{number}": KB for number in range(start, start + 500)}, 60 + start)
    found = await client.get_many([f"k{number}" for number in range(8000)])
    assert found[7999] == KB
    assert 100 < sum(each is not None for each in found) < 5000
    assert sum(each is not None for each in found[:4000]) < sum(each is not None for each in found[4000:])
    await client.close()
    assert [path.name for path in store._folder.iterdir()] == ["store.sock"]


async def test_it_is_started_again(store: EmbeddedStore):
    """Where it dies; those who use it get on with the next one."""
    client = RedisStore(store.url, 5, 2**20)
    await client.put_many({"a": b"1"}, 60)
    running = asyncio.ensure_future(store.run())
    (server,) = servers(store)
    server.kill()
    await asyncio.wait_for(running, 60)
    again = asyncio.ensure_future(store.run())
    await eventually(lambda: servers(store) not in ([], [server]))

    async def is_back() -> bool:
        try:
            return await client.get_many(["a"]) == [None]
        except StoreUnavailable:
            return False

    async with asyncio.timeout(60):
        while not await is_back():  # noqa: ASYNC110 (not ours to signal)
            await asyncio.sleep(0.05)
    await client.close()
    await store.close()
    await asyncio.wait_for(again, 60)


async def test_it_leaves_nothing(store: EmbeddedStore):
    """Neither a process nor a file."""
    await store.close()
    assert servers(store) == []
    assert not store._folder.exists()


def test_without_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """It is said what to install, or to set instead."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"install valkey-server or redis-server, or set state\.url"):
        EmbeddedStore(1)


def test_without_its_client(monkeypatch: pytest.MonkeyPatch):
    """Likewise."""
    monkeypatch.setattr(module.shutil, "which", lambda _: "/usr/bin/valkey-server")
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(RuntimeError, match=r"pip install 'oddgate\[redis\]'"):
        EmbeddedStore(1)


@pytest.mark.parametrize(("script", "said"), [("exit 3", "ended with code 3"), ("sleep 30", "does not listen in time")])
async def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str):
    """It is said that it ended, or took too long."""
    program = tmp_path / "valkey-server"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(module.shutil, "which", lambda _: str(program))
    monkeypatch.setattr(module, "_START_S", 2.0)
    made = EmbeddedStore(1)
    try:
        with pytest.raises(RuntimeError, match=said):
            await made.start()
    finally:
        await made.close()
