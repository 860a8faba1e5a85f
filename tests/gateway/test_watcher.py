"""The watch with its real files: one at a time, and a damaged store put away."""

import asyncio
import fcntl
import threading
from pathlib import Path

import orjson
import pytest

from gateway.config import Config
from gateway.storage.sqlite import SqliteStore
from gateway.watch.store import Query, StoreError
from gateway.watcher import watch
from tests.gateway.watch.records import line
from tests.support.waiting import eventually


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1.jsonl").write_bytes(line(1) + line(2))
    shape = {
        "journal": {"dir": tmp_path / "journal"},
        "store": {"url": f"sqlite:///{tmp_path}/a.db", "retain_days": 3660},
        "watch": {"dir": tmp_path},
    }
    return Config.model_validate(shape, strict=False, context={"env": {}})


def kept(config: Config) -> int:
    try:
        return len(SqliteStore(config.store.path, 1, read_only=True).page(Query(), None, 10))
    except StoreError:
        return 0


def said(config: Config) -> dict:
    return orjson.loads((config.watch.dir / "watch.json").read_bytes())


async def run(config: Config) -> None:
    """Until all is kept."""
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(config, stop))
    thread.start()
    try:
        await eventually(lambda: kept(config) == 2, within_s=20)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


async def test_it_keeps_and_says(config: Config):
    """The journal is in the store, and the file says so, for its owner alone."""
    await run(config)
    assert (kept(config), said(config)["kept"]) == (2, 2)
    assert (config.watch.dir / "watch.json").stat().st_mode & 0o077 == 0


async def test_a_damaged_store(config: Config):
    """What was there is put beside, and the journal fills another."""
    config.store.path.write_bytes(b"this is no database " * 300)
    await run(config)
    assert config.store.path.with_name("a.db.broken").read_bytes().startswith(b"this is no database")


async def test_one_at_a_time(config: Config):
    """A second watch waits until the first has gone, and then goes on."""
    with config.store.path.with_name("a.db.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        stop = threading.Event()
        second = threading.Thread(target=watch, args=(config, stop))
        second.start()
        await asyncio.sleep(0.7)
        assert not config.store.path.exists()
    await eventually(lambda: kept(config) == 2, within_s=10)
    stop.set()
    second.join(20)
    assert not second.is_alive()
