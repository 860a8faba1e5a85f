"""What the watch does about drift, with its files: told to policies, and beside a store that reads no journal."""

import sys
import threading
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from gateway.config import Config
from gateway.config.watch import WatchDrift
from gateway.drift import Drift, roster
from gateway.storage.sqlite import open_sqlite
from gateway.telemetry.tailing import Offsets
from gateway.watch.bulletin import Bulletin
from gateway.watch.drift.reporting import is_installed
from gateway.watch.drift.windows import Tables
from gateway.watch.row import Label, Row, read
from policies.signals import Board, parse
from tests.gateway.watch.drifts import CHANGE, exchange, exchanges
from tests.gateway.watch.records import NOW
from tests.support.waiting import eventually

DRIFT = {
    "reference": {
        "kind": "period", "least": 200, "size": 1000, "start": "2026-11-18T00:00:00+00:00", "end": "2026-11-18T11:11:40+00:00",
    },
    "sensitivity": "high",
    "features": ["input.language"],
}  # fmt: skip


class Desk(list):
    def save(self, content: bytes) -> None:
        self.append(parse(content))

    @property
    def last(self) -> Board:
        return self[-1]


def config(folder: Path) -> Config:
    shape = {"journal": {"dir": folder / "journal"}, "watch": {"dir": folder, "drift": DRIFT}}
    return Config.model_validate(shape, strict=False, context={"env": {}})


def drift(folder: Path, desk: Desk) -> Drift:
    return Drift(config(folder), Bulletin(("drift",), desk.save), lambda: NOW, lambda: 0.0)


async def test_from_the_journal(tmp_path: Path):
    """What is in the journal is told, and what is known outlasts the thread."""
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1.jsonl").write_bytes(exchanges(range(700)))
    desk, stop = Desk(), threading.Event()
    made = drift(tmp_path, desk)
    made.start(stop)
    await eventually(lambda: desk and desk.last.levels)
    stop.set()
    made.end()
    assert {level.name for level in desk.last.levels} == {"input", "languages"}
    assert desk.last.expires == NOW + 120
    assert made.figures() == {"drift_keys": 1, "drift_begun": 1, "drift_evicted": 0, "drift_errors": 0}
    assert [each["exchanges"] for each in orjson.loads((tmp_path / "drift.json").read_bytes())["keys"]] == [700]
    assert drift(tmp_path, desk).open().offsets() == {"1.jsonl": len(exchanges(range(700)))}
    for name in ("drift-state", "drift.json"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


async def test_far_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is known of exchanges of long ago is not told as if it were so now."""
    monkeypatch.setattr("gateway.drift._MOST_BEHIND", -1)
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1.jsonl").write_bytes(exchanges(range(10)))
    desk, stop = Desk(), threading.Event()
    made = drift(tmp_path, desk)
    made.start(stop)
    await eventually(lambda: (tmp_path / "drift.json").exists())
    stop.set()
    made.end()
    assert [board.levels for board in desk] in ([], [()])  # the first look comes before anything is known


async def test_a_fault_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """It is said by its type alone, and it begins again."""
    monkeypatch.setattr("gateway.watch.threads._AGAIN_S", 0.01)
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "1.jsonl").write_bytes(exchanges(range(3)))
    stop = threading.Event()
    made = Drift(config(tmp_path), Bulletin(("drift",), Desk().save), lambda: NOW, lambda: 0.0, read=lambda _: 1 / 0)
    made.start(stop)
    await eventually(lambda: made.figures()["drift_errors"] > 1)
    stop.set()
    made.end()
    assert "looking for drift broke off (ZeroDivisionError), and begins again" in caplog.text


class Store:
    """Takes so many rows as it is told are new."""

    def __init__(self) -> None:
        self.new: int | None = None
        self.is_closed = False

    def offsets(self) -> Offsets:
        return {"a": 1}

    def keep(self, rows: list[Row], labels: list[Label], offsets: Offsets, now: float) -> int:
        return len(rows) if self.new is None else self.new

    def prune(self, now: float) -> int:
        return 3

    def close(self) -> None:
        self.is_closed = True


def rows(first: int, count: int) -> list[Row]:
    found = [read(exchange(number, "fr" if number >= CHANGE else None)) for number in range(first, first + count)]
    return [row for row in found if isinstance(row, Row)]


def test_beside_a_store(tmp_path: Path):
    """What the store takes is watched; what it had taken before is not counted again, and a new connection to it forgets nothing."""
    desk, store = Desk(), Store()
    made = drift(tmp_path, desk)
    open_sink = made.beside(lambda: store)
    sink = open_sink()
    assert (sink.offsets(), sink.prune(NOW), sink.keep(rows(0, 300), [], {}, NOW)) == ({"a": 1}, 3, 300)
    store.new = 0
    assert sink.keep(rows(0, 300), [], {}, NOW) == 0
    store.new = None
    sink = open_sink()
    sink.keep([*rows(300, 400), rows(0, 1)[0]._replace(record=b"no record")], [], {}, NOW)
    made.beat()
    assert {level.name for level in desk.last.levels} == {"input", "languages"}
    sink.close()
    assert store.is_closed
    assert drift(tmp_path, desk).open().roster.overview()[0]["exchanges"] == 700


def confirming(folder: Path) -> Drift:
    shape = {
        "journal": {"dir": folder / "journal"},
        "store": {"url": f"sqlite:///{folder}/a.db", "retain_days": 3660},
        "watch": {"dir": folder, "drift": {**DRIFT, "confirm": True}},
    }
    settings = Config.model_validate(shape, strict=False, context={"env": {}})
    return Drift(settings, Bulletin(("drift",), lambda _: None), lambda: NOW, lambda: 0.0)


async def test_a_second_opinion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What a second method says of the exchanges before and after stands with the drift."""
    asked: list[tuple[int, int]] = []

    def report(tables: Tables) -> dict[str, dict[str, bool]]:
        asked.append(tables.sizes)
        return {"input.language": {"drifted": True}}

    monkeypatch.setattr("gateway.drift.report", report)
    monkeypatch.setattr("gateway.drift.is_installed", lambda: True)
    with closing(open_sqlite(tmp_path / "a.db", 3660)) as store:
        store.keep(rows(0, 700), [], {}, NOW)
    made = confirming(tmp_path)
    sink = made.beside(Store)()
    sink.keep(rows(0, 700), [], {}, NOW)

    def confirmed() -> bool | None:
        made.beat()
        return made._drifting.roster.episodes.newest_first()[0].confirmed

    assert await eventually(confirmed)
    ((early, late),) = asked
    assert early + late == 700
    assert abs(early - CHANGE) <= 50


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="needs the extra reports (evidently)")
async def test_a_second_opinion_of_the_library(tmp_path: Path):
    """Evidently itself, in its process, finds the drift that was found, and this process has loaded nothing of it."""
    before = set(sys.modules)
    with closing(open_sqlite(tmp_path / "a.db", 3660)) as store:
        store.keep(rows(0, 700), [], {}, NOW)
    made = confirming(tmp_path)
    made.beside(Store)().keep(rows(0, 700), [], {}, NOW)

    def confirmed() -> bool | None:
        made.beat()
        return made._drifting.roster.episodes.newest_first()[0].confirmed

    assert await eventually(confirmed) is True
    assert not {"evidently", "pandas"} & (sys.modules.keys() - before)


def test_a_second_opinion_that_nobody_can_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The watch does not start without what it is asked to use."""
    monkeypatch.setattr("gateway.drift.is_installed", lambda: False)
    with pytest.raises(RuntimeError, match=r"oddgate\[reports\]"):
        confirming(tmp_path)


def test_settings():
    """As they are without any: a frozen reference of 1,000 exchanges at least, and a false alarm in a million."""
    made = roster(WatchDrift())
    assert (made._settings.reference.kind, made._settings.reference.least, made._settings.exchanges_per_false_alarm) == (
        "first",
        1000,
        1_000_000,
    )
