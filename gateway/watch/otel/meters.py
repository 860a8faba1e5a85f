"""Measures to a collector, by OTLP over HTTP: histograms with the conventions' own bounds, sent by OpenTelemetry's exporter at the interval
that its SDK knows (``OTEL_METRIC_EXPORT_INTERVAL``), in a thread which nobody waits for.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable
from typing import Any

from gateway.watch.otel.histograms import Histograms
from gateway.watch.otel.measures import HISTOGRAMS, Measure

_PATH = "/v1/metrics"
_END_S = 2.0
_INTERVAL_S = 60.0
_DELTA = frozenset({"delta", "lowmemory"})


class OtlpMeters:
    """``url`` is the collector's, without ``/v1/metrics``; ``resource`` is whose the measures are. Needs the extra ``otel``."""

    def __init__(self, url: str, version: str, resource: Any) -> None:  # noqa: ANN401 the library's, which is not loaded with this module
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        self._histograms, self._lock = Histograms(), threading.Lock()
        self._is_delta = os.environ.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "").lower() in _DELTA
        self._begin_ns = time.time_ns()
        self._version, self._resource = version, resource
        for name in ("opentelemetry.sdk.metrics", "opentelemetry.exporter"):  # a collector that is down is said once, by its spans
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._exporter = OTLPMetricExporter(f"{url}{_PATH}")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(_interval_s(),), name="measures", daemon=True)
        self._thread.start()

    def record(self, measures: Iterable[Measure]) -> None:
        with self._lock:
            self._histograms.record(measures)

    def close(self) -> None:
        """Sends what there is, if the collector takes it at once."""
        self._ends.set()
        self._thread.join(_END_S)

    def _run(self, interval_s: float) -> None:
        while not self._ends.wait(interval_s):
            self._send()
        self._send()
        self._exporter.shutdown()

    def _send(self) -> None:
        from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        if metrics := self._collect():
            scoped = ScopeMetrics(InstrumentationScope("oddgate", self._version), metrics, "")
            self._exporter.export(MetricsData([ResourceMetrics(self._resource, [scoped], "")]))

    def _collect(self) -> list[Any]:
        """As the exporter takes them."""
        from opentelemetry.sdk.metrics.export import AggregationTemporality, Histogram, HistogramDataPoint, Metric

        with self._lock:
            begin_ns, now_ns = self._begin_ns, time.time_ns()
            sums = self._histograms.sums()
            if self._is_delta:
                self._histograms.forget()
                self._begin_ns = now_ns
        temporality = AggregationTemporality.DELTA if self._is_delta else AggregationTemporality.CUMULATIVE
        made = []
        for name, each in sums.items():
            points = [
                HistogramDataPoint(
                    said.attributes, begin_ns, now_ns, said.count, said.total, said.buckets, HISTOGRAMS[name].bounds, said.least,
                    said.greatest,
                )
                for said in each
            ]  # fmt: skip
            made.append(Metric(name, HISTOGRAMS[name].description, HISTOGRAMS[name].unit, Histogram(points, temporality)))
        return made


def _interval_s() -> float:
    try:
        seconds = float(os.environ.get("OTEL_METRIC_EXPORT_INTERVAL", "")) / 1000
    except ValueError:
        return _INTERVAL_S
    return seconds if 0 < seconds <= threading.TIMEOUT_MAX else _INTERVAL_S
