"""Spans to a collector that decodes them, and that fails as collectors do."""

import builtins
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.watch.otlp import OtlpCollector
from gateway.watch.spans import Span, spans
from gateway.watch.store import SinkError
from tests.gateway.watch.records import traced
from tests.support.collector import Collector, running_collector


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.3")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


def batch(number: int = 1) -> list[Span]:
    return spans(traced(number), {})


def test_what_arrives(collector: Collector):
    """Every span as it was made, of a service that is named."""
    sent = batch()
    assert OtlpCollector(collector.url, "1.2.3").send(sent) == len(sent)
    assert collector.faults == []
    assert [
        (span.name, span.kind, span.trace_id, span.span_id, span.parent_id, span.start_ns, span.end_ns, span.is_error) for span in sent
    ] == [
        (seen.name, seen.kind, seen.trace_id, seen.span_id, seen.parent_id, seen.start_ns, seen.end_ns, seen.is_error)
        for seen in collector.spans
    ]
    assert [seen.attributes for seen in collector.spans] == [span.attributes for span in sent]
    assert [seen.events for seen in collector.spans] == [
        [(each.name, each.at_ns, each.attributes) for each in span.events] for span in sent
    ]
    (resource,) = collector.resources
    assert (resource["service.name"], resource["service.version"]) == ("oddgate", "1.2.3")


def test_what_the_environment_says(collector: Collector, monkeypatch: pytest.MonkeyPatch):
    """Headers and attributes of the resource, by the variables that exporters know."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "our-gateway")
    OtlpCollector(collector.url, "1").send(batch())
    assert collector.headers[0]["x-team"] == "blue"
    assert collector.resources[0].items() >= {"deployment.environment.name": "test", "service.name": "our-gateway"}.items()


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_it_will_never_take(collector: Collector, status: int):
    """Its word about what was sent is final, and is asked for once."""
    collector.answers = [status]
    assert OtlpCollector(collector.url, "1").send(batch()) == 0
    assert collector.asked == 1


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 502, 503, 504])
def test_what_it_may_take_later(collector: Collector, status: int):
    """It is sent again, and taken then."""
    collector.answers = [status] * 9
    sender = OtlpCollector(collector.url, "1")
    with pytest.raises(SinkError, match=f"it answered {status}"):
        sender.send(batch())
    collector.answers = []
    assert sender.send(batch()) == 5


def test_a_collector_that_takes_a_part(collector: Collector):
    """It says how many spans it has not taken; more than there were are as many as there were."""
    collector.rejects = 2
    assert OtlpCollector(collector.url, "1").send(batch()) == 3
    collector.rejects = 100
    assert OtlpCollector(collector.url, "1").send(batch()) == 0


def test_a_collector_that_is_slow(collector: Collector):
    """It is not waited for any longer than the variable says."""
    collector.delay_s = 1.5
    with pytest.raises(SinkError, match="it cannot be reached"):
        OtlpCollector(collector.url, "1").send(batch())


def test_a_collector_that_is_down():
    """The error has nothing of its address."""
    with running_collector() as gone:
        url = gone.url
    with pytest.raises(SinkError) as caught:
        OtlpCollector(url, "1").send(batch())
    assert str(caught.value) == "it cannot be reached"


@pytest.mark.parametrize("changes", [{"start_ns": -1}, {"end_ns": 10**30}, {"name": "\ud800"}])
def test_what_cannot_be_encoded(collector: Collector, changes: dict[str, Any]):
    """What no collector could ever take is passed over."""
    broken = [replace(batch()[0], **changes)]
    assert OtlpCollector(collector.url, "1").send(broken) == 0
    assert collector.asked == 0


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch):
    """What is to be installed is said."""
    real = builtins.__import__

    def missing(name: str, *args: Any, **keys: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *args, **keys)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(RuntimeError, match=r"pip install 'oddgate\[otel\]'"):
        OtlpCollector("http://127.0.0.1:1", "1")
