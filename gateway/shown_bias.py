"""What the gateway shows of what the watch knows of bias: its numbers, without any name that a client may choose."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.shown_signals import Json, known
from policies.signals import DISPARITY, Level

_RESULTS = (
    "probed", "rejected", "timeout", "busy", "refused", "unreachable", "unusable", "not_kept", "left_no_text", "left_value", "left_no_swap",
    "left_old", "left_waiting", "left_paused", "left_room", "left_no_price", "left_budget", "left_guarded",
)  # fmt: skip


class BiasFigures(Collector):
    """``path`` is the file in which the watch says what it knows; ``levels`` are those that policies are told."""

    def __init__(self, path: Path, levels: Callable[[], Sequence[Level]]) -> None:
        self._path = path
        self._levels = levels

    def collect(self) -> Iterator[Metric]:
        highest = dict.fromkeys(DISPARITY, 0.0)
        for level in self._levels():
            if level.kind == "disparity" and level.name in highest:
                highest[level.name] = max(highest[level.name], level.level)
        family = GaugeMetricFamily(
            "oddgate_disparity_level", "The largest disparity in this outcome; 0: none was found.", labels=["outcome"]
        )
        for name, value in highest.items():
            family.add_metric([name], value)
        yield family
        said = known(self._path)
        yield GaugeMetricFamily("oddgate_bias_apps", "Applications that are watched for disparities.", len(said.get("apps", ())))
        yield CounterMetricFamily("oddgate_bias_exchanges", "Exchanges that were looked at for bias.", said.get("exchanges", 0))
        yield CounterMetricFamily("oddgate_bias_grouped", "Those of which it is known whom they were about.", said.get("with_groups", 0))
        yield CounterMetricFamily("oddgate_bias_evicted", "Applications that went for want of room.", said.get("evicted", 0))
        yield from _of_probes(said.get("probes") or {})


def _of_probes(said: Json) -> Iterator[Metric]:
    counts, today = said.get("counts", {}), said.get("today", {})
    results = CounterMetricFamily("oddgate_probes", "Exchanges that fit a probe, by what became of it.", labels=["result"])
    for name in _RESULTS:
        results.add_metric([name], counts.get(name, 0))
    yield results
    yield CounterMetricFamily("oddgate_probe_calls", "Calls of endpoints that probes made.", counts.get("calls", 0))
    yield GaugeMetricFamily("oddgate_probe_usd_today", "What probes have cost since midnight (UTC), in dollars.", today.get("usd", 0.0))
    yield GaugeMetricFamily("oddgate_probe_tokens_today", "Tokens that probes have used since midnight (UTC).", today.get("tokens", 0))
