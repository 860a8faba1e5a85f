"""The watch with its real files: one at a time, and a damaged store put away."""

import asyncio
import fcntl
import threading
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from bench.processes import free_port
from gateway.config import Config
from gateway.storage.sqlite import open_sqlite
from gateway.watch.otel.outbox import Outbox
from gateway.watch.status import parse
from gateway.watch.store import Query, StoreError
from gateway.watcher import watch
from tests.gateway.watch.records import line, traced
from tests.support.collector import running_collector
from tests.support.redis_server import running_redis
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
        with closing(open_sqlite(config.store.path, 1, read_only=True)) as store:
            return len(store.page(Query(), None, 10))
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
        await eventually(lambda: kept(config) == 2)
    finally:
        stop.set()
        thread.join(60)
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


async def test_a_damaged_store_of_many(config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """What was in it is sent again by all who have sent it, and fills another."""
    with running_redis(tmp_path) as redis:
        state = config.state.model_copy(update={"url": SecretStr(redis.url)})
        shared = {"watch": config.watch.model_copy(update={"shared": True}), "state": state}
        told = config.model_copy(update=shared)
        stop = threading.Event()
        sending = threading.Thread(target=watch, args=(told, stop), kwargs={"is_beside": True})
        sending.start()
        try:
            await run(told)
            config.store.path.write_bytes(b"this is no database " * 300)
            await run(told)
        finally:
            stop.set()
            sending.join(60)
        assert not sending.is_alive()
    assert config.store.path.with_name("a.db.broken").read_bytes().startswith(b"this is no database")
    assert "not sent again" not in caplog.text
    assert "what their journals no longer have (journal.keep_mb) is lost" in caplog.text
    reader = parse((config.watch.dir / "watch-reader.json").read_bytes())
    assert (reader.kept, reader.store_rebuilt, reader.lag_records, reader.lag_bytes) == (2, 1, 0, 0)
    assert said(config)["lag_records"] == 0


@pytest.mark.parametrize("shared", [False, True])
async def test_it_shows_how_it_is(config: Config, tmp_path: Path, shared: bool):
    """Where the settings say so, and only without a gateway beside it, which would show it."""
    with running_redis(tmp_path) as redis:
        port = free_port()
        settings = config.watch.model_copy(update={"metrics_port": port, "shared": shared})
        told = config.model_copy(update={"watch": settings, "state": config.state.model_copy(update={"url": SecretStr(redis.url)})})
        stop = threading.Event()
        both = [threading.Thread(target=watch, args=(told, stop), kwargs={"is_beside": is_beside}) for is_beside in (True, False)]
        for each in both if shared else both[1:]:
            each.start()
        try:
            await eventually(lambda: "\noddgate_watch_kept_total 2.0\n" in metrics(port))
            assert ("oddgate_watch_series" in metrics(port)) is not shared
        finally:
            stop.set()
            for each in both if shared else both[1:]:
                each.join(60)
    assert metrics(port) == ""


def metrics(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
            return response.read().decode()
    except OSError:
        return ""


async def test_one_at_a_time(config: Config):
    """A second watch waits until the first has gone, and then goes on."""
    with (config.watch.dir / "watch.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        stop = threading.Event()
        second = threading.Thread(target=watch, args=(config, stop))
        second.start()
        await asyncio.sleep(0.7)
        assert not config.store.path.exists()
    await eventually(lambda: kept(config) == 2)
    stop.set()
    second.join(60)
    assert not second.is_alive()


async def test_a_collector(config: Config, monkeypatch: pytest.MonkeyPatch):
    """It gets every exchange with a trace, and each once as long as nothing fails; the file says how many, and the store has all."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "100")
    with (config.journal.dir / "2.jsonl").open("wb") as journal:
        journal.writelines(orjson.dumps(traced(number)) + b"\n" for number in (3, 4))
    with running_collector() as collector:
        told = config.model_copy(update={"telemetry": config.telemetry.model_copy(update={"otlp_endpoint": collector.url})})
        for _ in range(2):
            stop = threading.Event()
            thread = threading.Thread(target=watch, args=(told, stop))
            thread.start()
            await eventually(lambda: kept(config) == 4 and len(collector.spans) >= 10)
            stop.set()
            thread.join(60)
            assert not thread.is_alive()
    assert (len(collector.spans), len(collector.by_id()), collector.faults) == (10, 10, [])
    assert collector.histograms
    assert (said(config)["otlp_sent"], said(config)["otlp_lag_bytes"]) == (0, 0)
    assert (config.watch.dir / "otlp-sent.json").stat().st_mode & 0o077 == 0


async def test_a_fault_of_ours(config: Config, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """What breaks on the way to the collector begins again, and the store has everything meanwhile."""
    monkeypatch.setattr("gateway.watch.threads._AGAIN_S", 0.01)
    faults, real = iter([RuntimeError("a text"), KeyError("a text")]), Outbox.keep

    def keep(self: Outbox, *batch: Any) -> int:
        for fault in faults:
            raise fault
        return real(self, *batch)

    monkeypatch.setattr(Outbox, "keep", keep)
    with (config.journal.dir / "2.jsonl").open("wb") as journal:
        journal.write(orjson.dumps(traced(3)) + b"\n")
    with running_collector() as collector:
        told = config.model_copy(update={"telemetry": config.telemetry.model_copy(update={"otlp_endpoint": collector.url})})
        stop = threading.Event()
        thread = threading.Thread(target=watch, args=(told, stop))
        thread.start()
        await eventually(lambda: kept(config) == 3 and len(collector.spans) == 5)
        stop.set()
        thread.join(60)
    assert (said(config)["otlp_errors"], said(config)["otlp_sent"], said(config)["store_errors"]) == (2, 5, 0)
    assert "a text" not in caplog.text


async def test_no_collector(config: Config):
    """Nothing of it is said, and nothing is kept for it."""
    await run(config)
    assert "otlp_sent" not in said(config)
    assert not (config.watch.dir / "otlp-sent.json").exists()
