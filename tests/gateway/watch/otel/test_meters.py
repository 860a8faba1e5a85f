"""Measures to a collector that decodes them."""

from collections.abc import Iterator

import pytest

from gateway.watch.otel.collector import OtlpCollector
from gateway.watch.otel.measures import HISTOGRAMS, Measure, measures
from gateway.watch.otel.meters import OtlpMeters
from gateway.watch.otel.models import ModelNames
from tests.gateway.watch.records import traced
from tests.support.collector import Collector, running_collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


def meters(url: str) -> OtlpMeters:
    return OtlpMeters(url, "1", OtlpCollector(url, "1").resource)


def test_what_arrives(collector: Collector):
    """At the latest at its end: sums and counts for each set of attributes, in the conventions' own units and buckets."""
    made = meters(collector.url)
    for number in range(3):
        timings = {**traced(number)["timings_ms"], "first_byte": 300.0}
        made.record(measures(traced(number, timings_ms=timings), {}, ModelNames()))
    made.close()
    assert collector.faults == []
    assert {name: (points[0].unit, tuple(points[0].bounds)) for name, points in collector.histograms.items()} == {
        name: (histogram.unit, histogram.bounds) for name, histogram in HISTOGRAMS.items()
    }
    failed, good = sorted(collector.histograms["gen_ai.client.operation.duration"], key=lambda point: point.total)
    assert (failed.count, failed.attributes["error.type"]) == (3, "upstream_unreachable")
    assert (good.count, good.total, good.attributes["gen_ai.request.model"]) == (3, pytest.approx(1.44), "gpt-4o")
    tokens = {point.attributes["gen_ai.token.type"]: point.total for point in collector.histograms["gen_ai.client.token.usage"]}
    assert tokens == {"input": 21, "output": 27}


@pytest.mark.parametrize(("preference", "counts"), [("", [3, 4]), ("cumulative", [3, 4]), ("delta", [3, 1])])
def test_sums_since_when(preference: str, counts: list[int], monkeypatch: pytest.MonkeyPatch):
    """Since the start, or since the last time, as exporters' variable says."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.3")
    made = meters("http://127.0.0.1:1")
    seen = []
    for number in (3, 1):
        made.record([Measure("gen_ai.server.request.duration", 1.0, {})] * number)
        (metric,) = made._collect()
        seen.append(metric.data.data_points[0].count)
    assert seen == counts
    made.close()


def test_a_collector_that_is_down(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """Nobody hears of it here, and the end comes all the same."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.3")
    with running_collector() as gone:
        url = gone.url
    made = meters(url)
    made.record(measures(traced(1), {}, ModelNames()))
    made.close()
    assert caplog.records == []
