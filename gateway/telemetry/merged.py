"""The metrics of several workers as one, in the process that watches over them.

What a worker counts is taken up as it grows: so nothing goes down when a worker dies, and one that begins again begins at zero. The cap on
series holds for the whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.telemetry.instruments import Instruments, Reading

Said = Mapping[str, Any]
"""What a worker says of its metrics (``told``)."""


def told(instruments: Instruments, readings: Iterable[Reading]) -> Said:
    numbers = [[each.name, each.help, each.is_counter, each.over_workers, each.read()] for each in readings]
    return {"instruments": instruments.state(), "readings": numbers}


def figures(instruments: Instruments, readings: Collector) -> dict[str, float]:
    """What the watch is told of a gateway, by the metrics' names without what all of them begin with."""
    found = {metric.name.removeprefix("oddgate_"): sample.value for metric in readings.collect() for sample in metric.samples}
    return found | {"journal_errors": instruments.journal_errors.total}


class Merged(Collector):
    """``take`` what each worker says, by a name that no other worker has had; ``forget`` one that is gone: what it counted stays."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._instruments = Instruments(registry)
        self._last: dict[str, Said] = {}
        self._shapes: dict[str, tuple[str, bool, str]] = {}
        self._counted: dict[str, float] = {}
        registry.register(self)

    def take(self, worker: str, said: Said) -> None:
        before = self._last.get(worker, {"instruments": {}, "readings": []})
        self._instruments.grow(said["instruments"], before["instruments"])
        known = {name: value for name, *_, value in before["readings"]}
        for name, text, is_counter, over_workers, value in said["readings"]:
            self._shapes[name] = (text, is_counter, over_workers)
            if is_counter:
                self._counted[name] = self._counted.get(name, 0.0) + max(0.0, value - known.get(name, 0.0))
        self._last[worker] = said

    def forget(self, worker: str) -> None:
        self._last.pop(worker, None)

    def figures(self) -> dict[str, float]:
        return figures(self._instruments, self)

    def collect(self) -> Iterator[Metric]:
        """What is not counted is added up over the workers that there are, or the largest of them is taken."""
        now: dict[str, list[float]] = {}
        for said in self._last.values():
            for name, *_, value in said["readings"]:
                now.setdefault(name, []).append(value)
        for name, (text, is_counter, over_workers) in self._shapes.items():
            if is_counter:
                yield CounterMetricFamily(name, text, value=self._counted[name])
            else:
                values = now.get(name, [0.0])
                yield GaugeMetricFamily(name, text, value=max(values) if over_workers == "max" else sum(values))
