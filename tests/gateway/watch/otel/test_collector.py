"""Spans to a collector that decodes them, and that fails as collectors do."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from gateway.watch.otel import collector as otlp
from gateway.watch.otel.collector import MAX_POSTS, OtlpCollector, require
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.shapes import Shape, bare
from gateway.watch.otel.spans import Event, Log, Span, spans
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
    return spans(traced(number), {}, ModelNames())


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


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_it_will_never_take(collector: Collector, status: int):
    """Its word about one span is final, and is asked for once."""
    collector.answers = [status]
    assert OtlpCollector(collector.url, "1").send(batch()[:1]) == 0
    assert collector.asked == 1


@pytest.mark.parametrize("bad", [0, 3, 4])
def test_one_bad_span(collector: Collector, bad: int):
    """What a collector refuses for one span's sake is sent by halves, until that one is alone; all others arrive, in order, once."""
    sent = [span._replace(shape=Shape(f"s{number}", {})) for number, span in enumerate(batch())]
    collector.refuses = frozenset({f"s{bad}"})
    assert OtlpCollector(collector.url, "1").send(sent) == 4
    assert [seen.name for seen in collector.spans] == [f"s{number}" for number in range(5) if number != bad]
    assert collector.asked <= 7


def test_a_collector_that_refuses_everything(collector: Collector):
    """It is asked so often and no more, about each span at least once."""
    collector.refuses = frozenset({"chat gpt-4o"})
    sent = batch()[-1:] * 500
    assert OtlpCollector(collector.url, "1").send(sent) == 0
    assert collector.asked <= MAX_POSTS


def test_a_collector_that_goes_away_between(collector: Collector):
    """What is refused in part and then not taken is sent again, all of it."""
    collector.answers = [400, 200, 503]
    with pytest.raises(SinkError, match="it answered 503"):
        OtlpCollector(collector.url, "1").send(batch())


@pytest.mark.parametrize("state", ["", "ot=th:8,vendor=00f067aa0ba902b7"])
def test_what_callers_say_to_each_other(collector: Collector, state: str):
    """A trace's state goes on with every span of it."""
    fields = {"trace": {**traced(1)["trace"], **({"state": state} if state else {})}}
    OtlpCollector(collector.url, "1").send(spans(traced(1, **fields), {}, ModelNames()))
    assert {seen.state for seen in collector.spans} == {state}


def test_events_of_their_own(collector: Collector):
    """They are log records with the event's name, of the span that they belong to, with what is in them as it is."""
    said = {"gen_ai.evaluation.name": "pii", "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "x"}]}]}
    assert OtlpCollector(collector.url, "1").tell([Log("a" * 32, "b" * 16, Event(bare("gen_ai.evaluation.result"), 5, said))]) == 1
    (seen,) = collector.logs
    assert (seen.event, seen.trace_id, seen.span_id, seen.at_ns, seen.attributes) == (
        "gen_ai.evaluation.result",
        "a" * 32,
        "b" * 16,
        5,
        said,
    )


@pytest.mark.parametrize("status", [301, 401, 403, 404, 415, 429, 500, 502, 503, 504])
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
    collector.is_open.clear()
    with pytest.raises(SinkError, match="it cannot be reached"):
        OtlpCollector(collector.url, "1").send(batch())
    collector.is_open.set()


def test_a_collector_that_is_down():
    """The error has nothing of its address."""
    with running_collector() as gone:
        url = gone.url
    with pytest.raises(SinkError) as caught:
        OtlpCollector(url, "1").send(batch())
    assert str(caught.value) == "it cannot be reached"


@pytest.mark.parametrize("changes", [{"start_ns": -1}, {"end_ns": 10**30}, {"shape": Shape("\ud800", {})}])
def test_what_cannot_be_encoded(collector: Collector, changes: dict[str, Any]):
    """What no collector could ever take is passed over."""
    broken = [batch()[0]._replace(**changes)]
    assert OtlpCollector(collector.url, "1").send(broken) == 0
    assert collector.asked == 0


def test_nothing(collector: Collector):
    """Nobody is asked to take nothing."""
    assert (OtlpCollector(collector.url, "1").send([]), OtlpCollector(collector.url, "1").tell([])) == (0, 0)
    assert collector.asked == 0


@pytest.mark.parametrize("missing", ["opentelemetry.sdk", "opentelemetry", "requests"])
def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, missing: str):
    """What is to be installed is said."""

    def find(name: str) -> object:
        if name == missing:
            return None
        if name.startswith(f"{missing}."):
            raise ModuleNotFoundError(missing)
        return find_spec(name)

    monkeypatch.setattr(otlp, "find_spec", find)
    for start in (require, lambda: OtlpCollector("http://127.0.0.1:1", "1")):
        with pytest.raises(RuntimeError, match=r"pip install 'oddgate\[otel\]'"):
            start()
