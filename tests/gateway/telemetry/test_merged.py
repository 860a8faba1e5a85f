"""The metrics of several workers as one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from gateway.telemetry import instruments as module
from gateway.telemetry.instruments import Instruments, Reading
from gateway.telemetry.merged import Merged, told


class Worker:
    """Counts as a worker does, and says so as its link carries it."""

    def __init__(self) -> None:
        self.instruments = Instruments(CollectorRegistry())
        self.waiting = self.level = self.hits = 0.0
        self.readings = [
            Reading("oddgate_waiting", "Waits.", lambda: self.waiting),
            Reading("oddgate_level", "Highest.", lambda: self.level, over_workers="max"),
            Reading("oddgate_hits", "Hits.", lambda: self.hits, is_counter=True),
        ]

    def says(self) -> dict:
        return json.loads(json.dumps(told(self.instruments, self.readings)))


def samples(registry: CollectorRegistry) -> dict[str, float]:
    """Those with their labels' values, but for buckets and what is zero."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.value and not sample.name.endswith("_bucket")
    }


def test_workers_add_up():
    """Counters and histograms are sums; other numbers are sums or the largest, as each says."""
    registry, workers = CollectorRegistry(), (Worker(), Worker())
    merged = Merged(registry)
    for number, worker in enumerate(workers, 1):
        worker.instruments.reviewed("inside")
        worker.instruments.journal_errors.add((), number)
        worker.instruments.scanned("pii", "inline", 0.5 * number)
        worker.waiting = worker.level = worker.hits = number
        merged.take(str(number), worker.says())
    found = samples(registry)
    assert {name: found[name] for name in found if "detector" in name} == {
        "oddgate_detector_seconds_count pii inline": 2,
        "oddgate_detector_seconds_sum pii inline": 1.5,
    }
    assert found["oddgate_reviews_total inside"] == 2
    assert found["oddgate_journal_errors_total"] == 3
    assert (found["oddgate_waiting"], found["oddgate_level"], found["oddgate_hits_total"]) == (3, 2, 3)


def test_buckets_add_up():
    """Each bucket of a histogram is the sum of the workers'."""
    registry, workers = CollectorRegistry(), (Worker(), Worker())
    merged = Merged(registry)
    for worker, seconds in zip(workers, (0.2, 2.0), strict=True):
        worker.instruments.scanned("pii", "pool", seconds)
        merged.take(str(seconds), worker.says())
    buckets = {
        sample.labels["le"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "oddgate_detector_seconds_bucket"
    }
    assert (buckets["0.1"], buckets["0.25"], buckets["1.0"], buckets["2.5"], buckets["+Inf"]) == (0, 1, 1, 2, 2)


def test_a_worker_that_died():
    """What it had counted stays, what it was is over, and the one in its place begins at zero."""
    registry = CollectorRegistry()
    merged = Merged(registry)
    first, second = Worker(), Worker()
    first.instruments.reviewed("inside")
    first.waiting = first.hits = 5
    merged.take("first", first.says())
    merged.forget("first")
    assert "oddgate_waiting" not in samples(registry)
    second.instruments.reviewed("inside")
    second.hits = 1
    merged.take("second", second.says())
    found = samples(registry)
    assert (found["oddgate_reviews_total inside"], found["oddgate_hits_total"]) == (2, 6)


def test_the_cap_is_the_wholes(monkeypatch: pytest.MonkeyPatch):
    """Workers whose series differ have no more of them together than one may have, and nothing goes uncounted."""
    monkeypatch.setattr(module, "MAX_SERIES", 3)
    registry, workers = CollectorRegistry(), (Worker(), Worker())
    merged = Merged(registry)
    for worker, labels in zip(workers, ("abc", "cde"), strict=True):
        for label in labels:
            worker.instruments.reviewed(label)
            worker.instruments.scanned(label, "pool", 0.5)
        merged.take(labels, worker.says())
    found = samples(registry)
    assert {name: count for name, count in found.items() if name.startswith("oddgate_reviews")} == {
        "oddgate_reviews_total a": 1, "oddgate_reviews_total b": 1, "oddgate_reviews_total c": 2, "oddgate_reviews_total other": 2,
    }  # fmt: skip
    assert found["oddgate_detector_seconds_count other other"] == 2
    assert found["oddgate_metric_series_overflow_total oddgate_reviews_total"] == 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["label", "die", "say"]), st.integers(1, 5)), max_size=40))
def test_nothing_goes_down(course: list[tuple[str, str, int]]):
    """Whatever workers count, and whenever they speak and die, the whole is what was said, and never less than before."""
    registry = CollectorRegistry()
    merged, workers, names = Merged(registry), {name: Worker() for name in "abc"}, dict.fromkeys("abc", 0)
    said, unsaid, before = 0, dict.fromkeys("abc", 0), 0.0
    for name, what, number in course:
        worker, key = workers[name], f"{name}{names[name]}"
        if what == "label":
            for _ in range(number):
                worker.instruments.reviewed(name)
            unsaid[name] += number
        elif what == "say":
            merged.take(key, worker.says())
            said, unsaid[name] = said + unsaid[name], 0
        else:
            merged.forget(key)
            workers[name], unsaid[name], names[name] = Worker(), 0, names[name] + 1
        total = sum(count for each, count in samples(registry).items() if each.startswith("oddgate_reviews"))
        assert total == said >= before
        before = total
