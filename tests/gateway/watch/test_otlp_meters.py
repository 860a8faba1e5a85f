"""Measures to a collector that decodes them."""

from collections.abc import Iterator

import pytest

from gateway.watch.measures import HISTOGRAMS, Measure, measures
from gateway.watch.otlp import OtlpCollector
from gateway.watch.otlp_meters import OtlpMeters
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
        made.record(measures(traced(number), {}))
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


def test_series_are_bounded(collector: Collector):
    """What comes beyond the bound is counted together."""
    made = meters(collector.url)
    made.record(Measure("gen_ai.server.request.duration", 1.0, {"gen_ai.request.model": f"m{number}"}) for number in range(1500))
    made.close()
    points = collector.histograms["gen_ai.server.request.duration"]
    assert (len(points), sum(point.count for point in points)) == (1001, 1500)


def test_a_collector_that_is_down(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """Nobody hears of it here, and the end comes all the same."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.3")
    with running_collector() as gone:
        url = gone.url
    made = meters(url)
    made.record(measures(traced(1), {}))
    made.close()
    assert caplog.records == []
