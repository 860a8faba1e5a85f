"""What the gateway shows of other sources, and what it shows without any."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from gateway.config import Config
from gateway.shown_sources import EachSource, ShownSources, SourceFigures
from gateway.telemetry.observed import Point
from gateway.watch.sources.scraping import State
from gateway.watch.sources.shown import render, render_series

NOW = 1_795_000_000.0


@pytest.fixture
def shown(tmp_path: Path) -> ShownSources:
    return ShownSources(Config.model_validate({"watch": {"dir": tmp_path}}, strict=False, context={"env": {}}), lambda: NOW)


def scraped(shown: ShownSources) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(SourceFigures(shown))
    registry.register(EachSource(shown))
    return {
        sample.name.removeprefix("oddgate_watch_") + "".join(sample.labels.values()): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }


def test_metrics(shown: ShownSources, tmp_path: Path):
    """What the watch said last, of all together and of each server."""
    states = {"a": State("vllm", is_up=True, error="", samples=9, left_out=1), "b": State("tgi", error="timeout", errors=4)}
    (tmp_path / "sources.json").write_bytes(render(NOW - 5, {"series": 7, "samples": 90, "received_logs": 2}, states))
    found = scraped(shown)
    assert (found["series"], found["samples_total"], found["received_logs_total"]) == (7, 90, 2)
    assert (found["source_upa"], found["source_upb"], found["scrape_errors_totalb"]) == (1, 0, 4)
    assert (found["source_samplesa"], found["source_left_outa"]) == (9, 1)


def test_a_watch_that_is_silent(shown: ShownSources, tmp_path: Path):
    """Nobody takes its servers for up: how they are is not known."""
    (tmp_path / "sources.json").write_bytes(render(NOW - 60, {"series": 7}, {"a": State("vllm", is_up=True)}))
    assert "source_upa" not in scraped(shown)
    assert scraped(shown)["series"] == 7


async def test_nothing(shown: ShownSources, tmp_path: Path):
    """Without a watch every figure is 0 and there is no source; a file that is too large is as if there were none."""
    assert set(scraped(shown).values()) == {0}
    (tmp_path / "sources.json").write_bytes(b"x" * (300 << 10))
    assert await shown.page({}) == {"sources": [], "series": [], "left_out": 0}


async def test_a_page(shown: ShownSources, tmp_path: Path):
    """Of series, as the watch wrote them."""
    (tmp_path / "series.json").write_bytes(render_series([Point(NOW, "a", "up", (), "value", 1.0)]))
    (found,) = (await shown.page({"name": "up"}))["series"]
    assert (found["source"], found["is_stale"]) == ("a", False)
