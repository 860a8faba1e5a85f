"""What the gateway shows of the watch, and what it shows without one."""

from pathlib import Path

import pytest

from gateway.config import Config
from gateway.shown import Shown, watch_readings
from gateway.storage.sqlite import open_sqlite
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


def test_metrics(shown: Shown, tmp_path: Path):
    """What the watch said last, and whether that was just now."""
    of_spans = ("otlp_lag_bytes", "otlp_sent", "otlp_dropped", "otlp_errors")
    names = ("up", "lag_bytes", "kept", "unreadable", "store_errors", "missed_bytes", *of_spans)
    assert readings(shown, NOW) == dict.fromkeys(names, 0.0)
    (tmp_path / "watch.json").write_bytes(render(7, {"ts": NOW, "kept": 3, "lag_bytes": 9}))
    assert readings(shown, NOW + 1) | {"kept": 3, "lag_bytes": 9, "up": 1.0} == readings(shown, NOW + 1)
    assert readings(shown, NOW + 60)["up"] == 0.0
    (tmp_path / "watch.json").write_bytes(b"x" * 5000)
    assert readings(shown, NOW)["up"] == 0.0
