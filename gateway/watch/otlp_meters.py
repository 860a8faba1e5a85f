"""Measures to a collector, by OTLP over HTTP: histograms with the conventions' own bounds, sent at the interval that exporters know
(``OTEL_METRIC_EXPORT_INTERVAL``), by a thread of the library's, which nobody waits for.
"""

import logging
from collections.abc import Iterable
from typing import Any

from gateway.watch.measures import HISTOGRAMS, Measure

_PATH = "/v1/metrics"
_MAX_SERIES = 1000
"""Of each histogram; what comes beyond it is counted together (``otel.metric.overflow``)."""
_END_MS = 2000


class OtlpMeters:
    """``url`` is the collector's, without ``/v1/metrics``; ``resource`` is whose the measures are. Needs the extra ``otel``."""

    def __init__(self, url: str, version: str, resource: Any) -> None:  # noqa: ANN401 the library's, which is not loaded with this module
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View

        logging.getLogger("opentelemetry.sdk.metrics").setLevel(logging.CRITICAL)  # a collector that is down is said once, by its spans
        views = [
            View(
                instrument_name=name,
                aggregation=ExplicitBucketHistogramAggregation(boundaries=histogram.bounds),
                aggregation_cardinality_limit=_MAX_SERIES,
            )
            for name, histogram in HISTOGRAMS.items()
        ]
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}{_PATH}"))
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False, views=views)
        meter = self._provider.get_meter("oddgate", version)
        self._histograms = {
            name: meter.create_histogram(name, histogram.unit, histogram.description) for name, histogram in HISTOGRAMS.items()
        }

    def record(self, measures: Iterable[Measure]) -> None:
        for name, value, attributes in measures:
            self._histograms[name].record(value, attributes)

    def close(self) -> None:
        """Sends what there is, if the collector takes it at once."""
        self._provider.shutdown(_END_MS)
