"""What the gateway shows of the watch's other sources: their metrics, and what their series said last."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.config import Config
from gateway.proxy.keeping import read_file
from gateway.watch.sources.shown import MAX_BYTES, MAX_SERIES_BYTES, NAME, SERIES_NAME, Json, Said, page, parse

_GAUGES = {
    "series": "Series of other sources that are followed.",
    "received_lag_bytes": "What was received of applications' telemetry and not read by the watch yet.",
}
_COUNTERS = {
    "samples": "Samples of other sources that were taken.",
    "samples_unusable": "Samples of other sources that are no numbers, or not after the one before.",
    "series_refused": "Samples of series for which there was no room.",
    "series_evicted": "Series that were forgotten, silent as they were.",
    "received_spans": "Spans of applications that the watch has read.",
    "received_logs": "Lines of applications' logs that the watch has read.",
    "received_missed_bytes": "What was received and removed before the watch read it.",
    "received_unreadable": "Lines of what was received that cannot be read.",
    "source_faults": "How often reading other sources, or making something of them, broke off.",
}
_FRESH_S = 30.0
"""What was said of sources longer ago is no longer so."""


class ShownSources:
    """``now`` gives seconds since 1970."""

    def __init__(self, config: Config, now: Callable[[], float]) -> None:
        self._dir = config.watch.dir
        self._now = now

    def said(self) -> Said:
        return parse(self._read(NAME, MAX_BYTES))

    def targets(self) -> Mapping[str, Json]:
        """None of a watch that has said nothing for a while: how they are is not known."""
        said = self.said()
        return said.targets if abs(self._now() - said.ts) <= _FRESH_S else {}

    async def page(self, params: Mapping[str, str]) -> Json:
        """Raises ValueError, which says what is allowed."""
        return await asyncio.to_thread(self._page, params)

    def _page(self, params: Mapping[str, str]) -> Json:
        return page(self.said(), self._read(SERIES_NAME, MAX_SERIES_BYTES), params, self._now())

    def _read(self, name: str, max_bytes: int) -> bytes | None:
        try:
            return read_file(self._dir / name, max_bytes)
        except OSError:
            return None


class SourceFigures(Collector):
    """Those of all sources together."""

    def __init__(self, shown: ShownSources) -> None:
        self._shown = shown

    def collect(self) -> Iterator[Metric]:
        figures = self._shown.said().figures
        for name, text in _GAUGES.items():
            yield GaugeMetricFamily(f"oddgate_watch_{name}", text, figures.get(name, 0.0))
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f"oddgate_watch_{name}", text, figures.get(name, 0.0))


class EachSource(Collector):
    """Those of each server that the settings name."""

    def __init__(self, shown: ShownSources) -> None:
        self._shown = shown
        self._labels = ("source",)

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("oddgate_watch_source_up", "1 where a server's page of metrics could be read.", labels=self._labels)
        errors = CounterMetricFamily("oddgate_watch_scrape_errors", "How often it could not be.", labels=self._labels)
        samples = GaugeMetricFamily("oddgate_watch_source_samples", "Samples of its last page.", labels=self._labels)
        left_out = GaugeMetricFamily("oddgate_watch_source_left_out", "What of its last page was not taken.", labels=self._labels)
        for name, state in self._shown.targets().items():
            up.add_metric((name,), float(state.get("up", 0)))
            errors.add_metric((name,), state.get("errors", 0))
            samples.add_metric((name,), state.get("samples", 0))
            left_out.add_metric((name,), state.get("left_out", 0))
        yield from (up, errors, samples, left_out)
