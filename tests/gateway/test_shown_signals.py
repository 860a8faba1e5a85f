"""What is shown of what the watch tells."""

import math
from pathlib import Path

import orjson
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from gateway.config import Config
from gateway.proxy.signals import NAME, seal
from gateway.shown_signals import Levels, ReportError, ShownSignals, board_reader
from policies.signals import Board, Level, render

KEY = bytes(32)
NOW = 1_795_000_000.0


class World:
    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.folder = folder
        self.shown = ShownSignals(Config.model_validate({"watch": {"dir": folder}}, strict=False), KEY, lambda: self.now)

    def leave(self, *levels: Level, **until: float) -> None:
        (self.folder / NAME).write_bytes(seal(render(Board(self.now, self.now + 120, levels, until=until)), KEY))

    def metrics(self) -> str:
        registry = CollectorRegistry()
        registry.register(Levels(self.shown))
        return generate_latest(registry).decode()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def level(name: str, value: float, app: str = "shop") -> Level:
    return Level("drift", name, value, NOW + 120, app)


async def test_signals(world: World):
    """What is told, until when, and what is known of each key."""
    world.leave(level("topics", 0.3))
    (world.folder / "drift.json").write_bytes(orjson.dumps({"ts": NOW, "evicted": 2, "keys": [{"app": "shop", "state": "drifting"}]}))
    said = await world.shown.signals()
    assert [(each["name"], each["level"], each["app"]) for each in said["levels"]] == [("topics", 0.3, "shop")]
    assert (said["ts"], said["expires"], said["stale"]) == (NOW, NOW + 120, False)
    assert said["drift"] == {"ts": NOW, "evicted": 2, "keys": [{"app": "shop", "state": "drifting"}]}
    world.now += 121
    assert (await world.shown.signals())["stale"] is True


@pytest.mark.parametrize("content", [None, b"", b"[]", b"no JSON"])
async def test_nothing_that_can_be_read(world: World, content: bytes | None):
    """Nothing is shown, and nothing fails."""
    if content is not None:
        (world.folder / "drift.json").write_bytes(content)
    assert (await world.shown.signals())["drift"]["keys"] == []
    assert (await world.shown.reports({}))["episodes"] == []


async def test_reports(world: World):
    """The last drifts, and no more of them than a page."""
    (world.folder / "drift.json").write_bytes(orjson.dumps({"ts": NOW, "episodes": [{"id": f"drift-{at}"} for at in range(300)]}))
    said = await world.shown.reports({"kind": "drift"})
    assert (said["episodes"][0], len(said["episodes"])) == ({"id": "drift-0"}, 100)
    for params in ({"kind": "weather"}, {"kind": "drift", "app": "x"}):
        with pytest.raises(ReportError):
            await world.shown.reports(params)


def test_metrics(world: World):
    """The highest level of each feature over all keys, 0 where none is told or all are stale; and no client's name."""
    world.leave(level("topics", 0.3), level("topics", 0.6, "bank-canary"), level("lengths", 0.1), level("made-up", 0.9))
    said = world.metrics()
    assert 'oddgate_drift_level{feature="topics"} 0.6' in said
    assert 'oddgate_drift_level{feature="lengths"} 0.1' in said
    assert 'oddgate_drift_level{feature="cost"} 0.0' in said
    assert "canary" not in said
    assert "made-up" not in said
    world.now += 121
    assert 'oddgate_drift_level{feature="topics"} 0.0' in world.metrics()
    world.leave(level("topics", 0.3))
    assert 'oddgate_drift_level{feature="topics"} 0.0' in world.metrics()  # it expired before the board


def test_age(world: World):
    """Of what was told last, by who has been silent for longest; not a number while nothing was."""
    world.metrics()
    assert math.isnan(world.shown.age_s())
    world.leave()
    world.metrics()
    world.now += 30
    assert world.shown.age_s() == 30
    world.leave(drift=world.now + 120, disparity=world.now - 80, anomaly=0.0)
    world.metrics()
    assert world.shown.age_s() == 200


def test_what_was_left_long_ago(world: World):
    """A board that had expired before this gateway began is no word of the watch that begins with it."""
    world.leave(level("topics", 0.3))
    world.now += 1000
    later = ShownSignals(Config.model_validate({"watch": {"dir": world.folder}}, strict=False), KEY, lambda: world.now)
    assert later.levels() == ()
    assert not later._in_force.is_stale
    world.now += 61
    assert later._in_force.is_stale


def test_a_shared_watch():
    """Where journals are shared, what is told comes from the Redis."""
    shape = {"watch": {"shared": True}, "state": {"url": "redis://127.0.0.1:1/0"}}
    read = board_reader(Config.model_validate(shape, strict=False, context={"env": {}}))
    with pytest.raises(OSError, match="redis"):
        read()
