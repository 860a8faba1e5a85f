"""The watch's other sources with real servers and files."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import sourcing
from gateway.config import Config
from gateway.sourcing import Sources
from gateway.telemetry.observed import Kind, LogSeen, Point, Sample, SpanSeen, to_line
from gateway.watch.sources.spool import SpoolReader
from gateway.watcher import watch
from tests.support.metrics_pages import running_pages
from tests.support.waiting import eventually

NOW = 1_795_000_000.0


class Observed(list):
    def observe(self, seen: Point | SpanSeen | LogSeen) -> None:
        self.append(seen)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the watch is, with a spool of two lines; it says how it is often."""
    monkeypatch.setattr("gateway.watch.threads._AGAIN_S", 0.05)
    for name in ("_SAY_S", "_IDLE_S"):
        monkeypatch.setattr(sourcing, name, 0.05)
    (tmp_path / "received").mkdir()
    sample = Sample(time.time(), "otlp/shop", "queue", (), Kind.GAUGE, 4.0)
    (tmp_path / "received" / "1.jsonl").write_bytes(to_line(LogSeen(NOW, "otlp/shop", 9, "done", "")) + to_line(sample))
    return tmp_path


def settings(folder: Path, **telemetry: Any) -> Config:
    shape = {
        "journal": {"dir": folder / "journal"}, "store": {"url": f"sqlite:///{folder}/a.db"}, "watch": {"dir": folder},
        "telemetry": {"receive": True, **telemetry},
    }  # fmt: skip
    return Config.model_validate(shape, strict=False, context={"env": {}})


async def run(sources: Sources, until: Callable[[], object]) -> None:
    stop = threading.Event()
    sources.start(stop)
    try:
        await eventually(until)
    finally:
        stop.set()
        sources.end()
    assert not sources._threads.are_alive


def said(folder: Path, name: str = "sources.json") -> Any:
    return orjson.loads((folder / name).read_bytes())


async def test_both_sources(folder: Path):
    """What servers say and what was received is observed, and files say so, for their owner alone."""
    with running_pages() as pages:
        scrape = [{"name": "a", "url": pages.url, "interval_s": 1, "bearer_token": "hush", "headers": {"x-org": "o"}}]
        observed = Observed()
        sources = Sources(settings(folder, scrape=scrape), time.time, time.monotonic, [observed])
        await run(sources, lambda: len(observed) >= 4)
    assert {(each.source, each.name, each.value) for each in observed if isinstance(each, Point)} == {
        ("a", "up", 1.0), ("a", "g", 1.0), ("otlp/shop", "queue", 4.0),
    }  # fmt: skip
    assert [each.body for each in observed if isinstance(each, LogSeen)] == ["done"]
    assert (pages.asked[0]["authorization"], pages.asked[0]["x-org"]) == ("Bearer hush", "o")
    assert said(folder)["targets"]["a"]["up"] is True
    assert (said(folder)["figures"]["received_logs"], said(folder)["figures"]["series"]) == (1, 3)
    assert {each[0] for each in said(folder, "series.json")} == {"a", "otlp/shop"}
    for name in ("sources.json", "series.json", "received-read.json"):
        assert (folder / name).stat().st_mode & 0o077 == 0
        assert "hush" not in (folder / name).read_text()


async def test_again(folder: Path):
    """The next watch goes on where this one was."""
    first, second = Observed(), Observed()
    await run(Sources(settings(folder), time.time, time.monotonic, [first]), lambda: len(first) == 2)
    with (folder / "received" / "1.jsonl").open("ab") as spool:
        spool.write(to_line(LogSeen(NOW, "otlp/shop", 9, "more", "")))
    await run(Sources(settings(folder), time.time, time.monotonic, [second]), lambda: len(second) == 1)
    assert [each.body for each in second] == ["more"]


async def test_a_fault_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    """What breaks begins again, without a text of it in the log."""
    faults, real = iter([KeyError("a text")]), SpoolReader.step

    def step(self: SpoolReader) -> bool:
        for fault in faults:
            raise fault
        return real(self)

    monkeypatch.setattr(SpoolReader, "step", step)
    observed = Observed()
    sources = Sources(settings(folder), time.time, time.monotonic, [observed])
    await run(sources, lambda: len(observed) == 2)
    assert sources.figures()["source_faults"] == 1
    assert "a text" not in caplog.text


async def test_a_folder_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """It goes on; and where nobody can say how far it was, everything is read."""
    (folder / "received-read.json").write_bytes(b"x" * (1 << 20))

    def fails(*_: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(sourcing, "replace_file", fails)
    observed = Observed()
    await run(Sources(settings(folder), time.time, time.monotonic, [observed]), lambda: len(observed) == 2)


async def test_within_the_watch(folder: Path):
    """The watch reads other sources beside the journal, and ends with all of it."""
    (folder / "journal").mkdir()
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(settings(folder), stop))
    thread.start()
    try:
        await eventually(lambda: (folder / "sources.json").exists() and said(folder)["figures"]["received_logs"] == 1)
    finally:
        stop.set()
        thread.join(60)
    assert not thread.is_alive()
