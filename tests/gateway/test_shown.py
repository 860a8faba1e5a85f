"""What the gateway shows of the watch, and what it shows without one."""

import sys
from pathlib import Path

import pytest

from gateway import shown as module
from gateway.config import Config
from gateway.shown import Shown, watch_readings
from gateway.storage.sqlite import open_sqlite
from gateway.telemetry.instruments import Readings
from gateway.watch.row import parse
from gateway.watch.status import render
from gateway.watch.store import StoreError
from tests.gateway.watch.records import NOW, line


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    shape = {"store": {"url": f"sqlite:///{tmp_path}/a.db"}, "watch": {"dir": tmp_path}}
    return Shown(Config.model_validate(shape, strict=False, context={"env": {}}))


def readings(shown: Shown, now: float) -> dict[str, float]:
    return {reading.name.removeprefix("oddgate_watch_"): reading.read() for reading in watch_readings(shown, lambda: now)}


def test_one_look(shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """All metrics of one scrape are of one moment, and the file is read once; the next scrape reads it anew."""
    asked = []
    real = module.read_file
    monkeypatch.setattr(module, "read_file", lambda *given: (asked.append(given), real(*given))[1])
    collector = Readings(watch_readings(shown, lambda: NOW))
    for kept in (3, 4):
        (tmp_path / "watch.json").write_bytes(render(7, {"ts": NOW, "kept": kept, "lag_bytes": kept}))
        values = {metric.name: metric.samples[0].value for metric in collector.collect()}
        assert [values[f"oddgate_watch_{name}"] for name in ("up", "kept", "lag_bytes")] == [1, kept, kept]
    assert len(asked) == 2


async def test_exchanges(shown: Shown, tmp_path: Path):
    """Those of the store."""
    open_sqlite(tmp_path / "a.db", 30).keep([parse(line(1))], [], {}, NOW)
    (row,) = (await shown.page({}))["exchanges"]
    assert (await shown.exchange(row["request_id"]))["request_id"] == row["request_id"]


async def test_no_store(shown: Shown):
    """It is an error, and none is made."""
    with pytest.raises(StoreError):
        await shown.page({})
    assert not shown._config.store.path.exists()


async def test_a_store_whose_library_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is an error like others of the store's, which says what to install."""
    monkeypatch.setitem(sys.modules, "pg8000", None)
    shape = {"store": {"url": "postgresql://me@host/db"}, "watch": {"dir": tmp_path}}
    with pytest.raises(StoreError, match=r"oddgate\[postgres\]"):
        await Shown(Config.model_validate(shape, strict=False, context={"env": {}})).page({})


def test_metrics(shown: Shown, tmp_path: Path):
    """What the watch said last, and whether that was just now."""
    of_spans = ("otlp_lag_bytes", "otlp_sent", "otlp_dropped", "otlp_errors")
    names = ("up", "lag_bytes", "kept", "unreadable", "store_errors", "missed_bytes", "lag_records", "store_rebuilt", *of_spans)
    others = [f"oddgate_{name}" for name in ("drift_keys", "drift_begun", "drift_evicted", "drift_errors", "bias_errors")]
    assert readings(shown, NOW) == dict.fromkeys((*names, *others), 0.0)
    (tmp_path / "watch.json").write_bytes(render(7, {"ts": NOW, "kept": 3, "lag_bytes": 9}))
    assert readings(shown, NOW + 1) | {"kept": 3, "lag_bytes": 9, "up": 1.0} == readings(shown, NOW + 1)
    assert readings(shown, NOW + 60)["up"] == 0.0
    (tmp_path / "watch.json").write_bytes(b"x" * 5000)
    assert readings(shown, NOW)["up"] == 0.0
