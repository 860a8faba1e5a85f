"""Traces through the real gateway: what upstreams are told, what a collector receives, and that nobody waits for it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.processes import free_port
from tests.support.collector import Collector, Seen, running_collector
from tests.support.faulty_upstream import FaultyUpstream
from tests.support.gateway import Gateway, running_gateway
from tests.support.processes import watches_of
from tests.support.raw_client import ask, chat, post
from tests.support.waiting import eventually

POLICY = (
    "name: plain\nrules:\n"
    "  - {id: mail, detect: pii, entities: [EMAIL_ADDRESS], scope: [user], action: tokenize}\n"
    "  - {id: cards, detect: pii, entities: [CREDIT_CARD], scope: [user], action: block}\n"
)
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CANARY = "canary.quux@example.org"

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "300")


@pytest.fixture
async def upstream():
    async with FaultyUpstream({}).running() as running:
        yield running


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@contextmanager
def gateway(folder: Path, upstreams: Mapping[str, object], url: str, **settings: object) -> Iterator[Gateway]:
    told = {"otlp_endpoint": url, **dict(settings.pop("telemetry", {}))}
    with running_gateway(folder, upstreams, policies={"plain": POLICY}, telemetry=told, **settings) as running:
        yield running


def trace_of(collector: Collector, trace_id: str) -> dict[str, list[Seen]]:
    """Its spans by their kind, in order of time."""
    spans = sorted((span for span in collector.by_id().values() if span.trace_id == trace_id), key=lambda span: span.start_ns)
    return {kind: [span for span in spans if span.kind == kind] for kind in ("server", "internal", "client")}


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_trace_through_the_gateway(tmp_path: Path, upstream: FaultyUpstream, collector: Collector, streamed: bool):
    """The client's span is the parent of the gateway's, and that of the guards' and of the call's, of which the upstream has heard."""
    with gateway(tmp_path, {"*": upstream.url}, collector.url) as running:
        told = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=1,b=Anna Miller", "baggage": "tenant=shop"}
        answer = await ask(running.port, post(chat("well", f"write to {CANARY}", stream=streamed), **told))
        assert answer.status == 200
        await eventually(lambda: len(trace_of(collector, TRACE)["client"]) == 1)
        metrics = await eventually(lambda: "otlp_sent_total 4.0" in (text := running.admin("/metrics")[1]) and text)
        await eventually(lambda: "gen_ai.server.request.duration" in collector.histograms)
    spans = trace_of(collector, TRACE)
    (server,), (asked, answered), (call,) = spans["server"], spans["internal"], spans["client"]
    heard = upstream.last.headers
    assert heard["traceparent"] == f"00-{TRACE}-{call.span_id}-01"
    assert (heard["tracestate"], heard["baggage"]) == ("a=1", "tenant=shop")
    assert server.parent_id == PARENT
    assert {span.state for span in (server, asked, answered, call)} == {"a=1"}
    assert {span.parent_id for span in (asked, answered, call)} == {server.span_id}
    assert (server.name, asked.name, answered.name, call.name) == (
        "POST /v1/chat/completions", "guard input", "guard stream" if streamed else "guard output", "chat well",
    )  # fmt: skip
    assert server.start_ns <= asked.start_ns <= asked.end_ns <= call.start_ns <= answered.end_ns <= server.end_ns
    assert server.attributes["oddgate.decision"] == "redact"
    assert asked.events[0][2]["gen_ai.evaluation.name"] == "pii.EMAIL_ADDRESS"
    assert call.attributes["server.port"] == upstream.port
    assert ("gen_ai.usage.output_tokens" in call.attributes, "gen_ai.request.stream" in call.attributes) == (not streamed, streamed)
    assert collector.faults == []
    assert "canary" not in repr((collector.spans, collector.histograms))
    (served,), (asked_for,) = (collector.histograms[f"gen_ai.{name}.duration"] for name in ("server.request", "client.operation"))
    assert served.total == pytest.approx((server.end_ns - server.start_ns) / 1e9)
    assert asked_for.total == pytest.approx((call.end_ns - call.start_ns) / 1e9)
    assert "oddgate_watch_otlp_lag_bytes 0.0" in metrics


@pytest.mark.parametrize("keep", ["none", "redacted"])
async def test_texts_that_are_asked_for(
    tmp_path: Path, upstream: FaultyUpstream, collector: Collector, monkeypatch: pytest.MonkeyPatch, keep: str
):
    """Where they are kept they are on the call's span and in its event, redacted; where they are not, that is said, and nothing is told.

    What the gateway and the watch log is at the collector, too.
    """
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_AND_EVENT")
    with gateway(tmp_path, {"*": upstream.url}, collector.url, telemetry={"otlp_logs": True}, store={"keep_text": keep}) as running:
        await ask(running.port, post(chat("well", f"write to {CANARY}"), traceparent=f"00-{TRACE}-{PARENT}-01"))
        details = "gen_ai.client.inference.operation.details"
        event = await eventually(lambda: next((log for log in collector.logs if log.event == details), None))
        (call,) = await eventually(lambda: trace_of(collector, TRACE)["client"])
    assert (event.trace_id, event.span_id) == (TRACE, call.span_id)
    assert "canary" not in repr((collector.spans, collector.logs))
    assert collector.faults == []
    asked = [{"role": "user", "parts": [{"type": "text", "content": "write to <EMAIL_ADDRESS>"}]}]
    if keep == "redacted":
        assert event.attributes["gen_ai.input.messages"] == asked == json.loads(call.attributes["gen_ai.input.messages"])
    else:
        assert "gen_ai.input.messages" not in event.attributes.keys() | call.attributes.keys()
        assert any("set store.keep_text: redacted" in str(log.body) for log in collector.logs)
    assert {"gateway", "watch"} >= {log.attributes["oddgate.part"] for log in collector.logs if not log.event}
    assert any(log.attributes.get("oddgate.part") == "gateway" for log in collector.logs)


async def test_without_a_callers_trace(tmp_path: Path, upstream: FaultyUpstream, collector: Collector):
    """Each exchange begins one of its own; a caller's that is none, and prose beside it, goes nowhere; a caller may keep none."""
    with gateway(tmp_path, {"*": upstream.url}, collector.url) as running:
        await ask(running.port, post(chat("well"), traceparent="00-none", tracestate="a=1", baggage="user=Anna%20Miller"))
        first = upstream.last.headers
        await ask(running.port, post(chat("well"), traceparent=f"00-{TRACE}-{PARENT}-00"))
        unkept = upstream.last.headers
        await ask(running.port, post(chat("well")))
        second = upstream.last.headers
        traces = [headers["traceparent"].split("-")[1] for headers in (first, second)]
        await eventually(lambda: all(trace_of(collector, trace)["client"] for trace in traces))
    assert len(set(traces)) == 2
    assert not {"tracestate", "baggage"} & first.keys()
    assert unkept["traceparent"].split("-")[3] == "00"
    assert not trace_of(collector, TRACE)["server"]
    assert {trace_of(collector, trace)["server"][0].parent_id for trace in traces} == {""}


async def test_what_was_refused_and_what_was_tried(tmp_path: Path, upstream: FaultyUpstream, collector: Collector):
    """A blocked request has no call; one that goes to another upstream has a call of each, and both were told of themselves."""
    routes = [{"models": ["*"], "to": ["upstream0", "upstream1"]}]
    dead = f"http://127.0.0.1:{free_port()}"
    with gateway(tmp_path, {"m*": dead, "*": upstream.url}, collector.url, routes=routes) as running:
        blocked = await ask(running.port, post(chat("well", "4111 1111 1111 1111"), traceparent=f"00-{TRACE[::-1]}-{PARENT}-01"))
        assert blocked.status == 400
        assert (await ask(running.port, post(chat("well"), traceparent=f"00-{TRACE}-{PARENT}-01"))).status == 200
        await eventually(lambda: len(trace_of(collector, TRACE)["client"]) == 2)
    failed, good = trace_of(collector, TRACE)["client"]
    assert (failed.attributes["error.type"], failed.is_error) == ("upstream_unreachable", True)
    assert (good.attributes["oddgate.upstream"], good.is_error) == ("upstream1", False)
    assert upstream.last.headers["traceparent"] == f"00-{TRACE}-{good.span_id}-01"
    refused = trace_of(collector, TRACE[::-1])
    assert (refused["client"], refused["server"][0].attributes["oddgate.decision"]) == ([], "block")
    assert refused["server"][0].attributes["error.type"] == "content_filter"


def kill_watch(running: Gateway) -> None:
    (watch,) = watches_of(running.pid)
    watch.kill()


async def test_a_collector_that_comes_back(tmp_path: Path, upstream: FaultyUpstream):
    """While it is down the store goes on; whoever is killed meanwhile, each exchange is received in the end, the same each time."""
    port, asked = free_port(), 6
    with gateway(tmp_path, {"*": upstream.url}, f"http://127.0.0.1:{port}") as running:
        for number in range(asked):
            await ask(running.port, post(chat("well")))
            if number == 2:
                await eventually(lambda: "oddgate_watch_kept_total 3.0" in running.admin("/metrics")[1])
                kill_watch(running)
        shown = '"request_id"'
        await eventually(lambda: running.admin("/api/v1/exchanges")[1].count(shown) == asked)
        await eventually(lambda: "oddgate_watch_otlp_errors_total 0.0" not in running.admin("/metrics")[1])
        collector = Collector(answers=[429, 500, 503])
        with running_collector(collector, port):
            ids = {record["trace"]["span"] for record in running.records().values()}
            await eventually(lambda: ids <= collector.by_id().keys())
            kill_watch(running)
            await ask(running.port, post(chat("well")))
            ids = {record["trace"]["span"] for record in running.records().values()}
            await eventually(lambda: ids <= collector.by_id().keys())
    assert len(ids) == asked + 1
    assert {span.span_id for span in collector.spans if span.kind == "server"} == ids
    assert {repr(span) for span in collector.spans} == {repr(span) for span in collector.by_id().values()}
    assert collector.faults == []


async def test_a_collector_that_is_slow(tmp_path: Path, upstream: FaultyUpstream, collector: Collector):
    """The store does not wait for it, nor does the end of the watch; and what it never takes is counted."""
    collector.is_open.clear()
    collector.rejects = 4
    with gateway(tmp_path, {"*": upstream.url}, collector.url) as running:
        await ask(running.port, post(chat("well")))
        await eventually(lambda: collector.asked == 1)
        for _ in range(3):
            await ask(running.port, post(chat("well")))
        await eventually(lambda: json.loads(running.admin("/api/v1/exchanges")[1])["exchanges"][3:])
        assert collector.spans == []
        collector.is_open.set()
        await eventually(lambda: "oddgate_watch_otlp_dropped_total 0.0" not in running.admin("/metrics")[1])
        collector.rejects = 0
        await eventually(lambda: len(collector.by_id()) == 16)
