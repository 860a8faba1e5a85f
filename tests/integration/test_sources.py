"""Other sources than exchanges, through a real gateway and its watch: servers' pages of metrics, and applications' own telemetry."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from bench.processes import free_port
from gateway.telemetry.observed import OWN, LogSeen, SpanSeen, from_line
from policies.load import library
from tests.integration.test_telemetry import ask
from tests.support.gateway import Gateway, running_gateway
from tests.support.waiting import eventually

JANE = "jane.canary@example.com"
MODEL = "meta-llama/Llama-3.1-8B-Instruct"
DEAD = "http://127.0.0.1:1/metrics"

pytestmark = pytest.mark.slow


class Vllm:
    """Metrics as its server has them, by Prometheus's own client."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.running = Gauge("vllm:num_requests_running", "x", ["model_name", "engine"], registry=registry).labels(MODEL, "0")
        self.tokens = Counter("vllm:generation_tokens", "x", ["model_name", "engine"], registry=registry).labels(MODEL, "0")


@pytest.fixture(scope="module")
def vllm() -> Iterator[tuple[Vllm, str]]:
    registry = CollectorRegistry()
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield Vllm(registry), f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, vllm: tuple[Vllm, str]) -> Iterator[tuple[Gateway, str]]:
    """The gateway, and where it takes telemetry."""
    port = free_port()
    scrape = [{"name": "vllm-a", "url": vllm[1], "kind": "vllm", "interval_s": 1}, {"name": "dead", "url": DEAD, "interval_s": 1}]
    policies = {name: (library() / f"{name}.yaml").read_text() for name in ("default", "telemetry")}
    with running_gateway(
        tmp_path_factory.mktemp("sources"), {"*": "http://127.0.0.1:1"}, policies=policies,
        telemetry={"receive": True, "receive_port": port, "receive_max_mb": 16, "scrape": scrape},
    ) as gateway:  # fmt: skip
        yield gateway, f"http://127.0.0.1:{port}"


@pytest.fixture
def resource() -> Resource:
    return Resource.create({"service.name": "shop", "owner": f"mail {JANE}"})


def series(gateway: Gateway, query: str) -> dict[tuple[str, str], Any]:
    """By name and statistic."""
    status, text = gateway.admin(f"/api/v1/series?{query}")
    assert status == 200
    return {(each["name"], each["statistic"]): each for each in json.loads(text)["series"]}


def metric(gateway: Gateway, name: str) -> float:
    lines = [line for line in gateway.admin("/metrics")[1].splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def spooled(gateway: Gateway) -> str:
    return "".join(path.read_text() for path in sorted((gateway.folder / "var" / "received").glob("*.jsonl")))


async def test_a_server(watched: tuple[Gateway, str], vllm: tuple[Vllm, str]):
    """Its levels and rates are shown by our names, its being up by a metric; one that is not there is down, and says nothing else."""
    gateway, (server, _) = watched[0], vllm
    server.running.set(3)

    def rate() -> float:
        server.tokens.inc(10)
        return series(gateway, "source=vllm-a").get(("output_tokens", "rate"), {}).get("value", 0)

    assert await eventually(rate) > 0
    running = await eventually(lambda: not (found := series(gateway, "source=vllm-a")["requests_running", "value"])["is_stale"] and found)
    assert (running["value"], running["labels"]) == (3, {"engine": "0", "model": MODEL})
    assert set(series(gateway, "source=dead")) == {("up", "value")}
    metrics = gateway.admin("/metrics")[1]
    assert 'oddgate_watch_source_up{source="vllm-a"} 1.0' in metrics
    assert 'oddgate_watch_source_up{source="dead"} 0.0' in metrics
    assert metric(gateway, "oddgate_watch_scrape_errors_total") >= 1
    sources = {each["source"]: each["error"] for each in json.loads(gateway.admin("/api/v1/series")[1])["sources"]}
    assert sources == {"vllm-a": "", "dead": "unreachable"}


async def test_measures_of_an_application(watched: tuple[Gateway, str], resource: Resource):
    """What OpenTelemetry's own exporter sends becomes series, with its words as labels and no prose."""
    gateway, url = watched
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}/v1/metrics"), export_interval_millis=300)
    provider = MeterProvider([reader], resource, shutdown_on_exit=False)
    meter = provider.get_meter("app")
    orders, took = meter.create_counter("orders"), meter.create_histogram("took", "s")

    def found() -> dict[tuple[str, str], Any]:
        orders.add(5, {"region": "eu-1", "who": f"of {JANE}"})
        took.record(0.25, {"region": "eu-1"})
        shown = series(gateway, "source=otlp/shop")
        return shown if shown.get(("orders", "rate"), {}).get("value", 0) > 0 and ("took", "mean") in shown else {}

    shown = await eventually(found)
    provider.shutdown()
    assert shown["took", "mean"]["value"] == pytest.approx(0.25)
    assert shown["took", "mean"]["labels"] == {"region": "eu-1"}
    assert (set(shown["orders", "rate"]["labels"]), shown["orders", "rate"]["labels"]["region"]) == ({"region", "rest"}, "eu-1")


async def test_spans_and_logs(watched: tuple[Gateway, str], resource: Resource):
    """They are put by after redaction, with nothing of their attributes, and the watch reads them."""
    gateway, url = watched
    spans = TracerProvider(resource=resource, shutdown_on_exit=False)
    spans.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
    with spans.get_tracer("app").start_as_current_span(f"find {JANE}", attributes={"kept": "nobody's business"}):
        pass
    logs = LoggerProvider(resource=resource, shutdown_on_exit=False)
    logs.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{url}/v1/logs")))
    logs.get_logger("app").emit(body=f"no such user: {JANE}", severity_number=SeverityNumber.ERROR, attributes={"to": JANE})
    for provider in (spans, logs):
        provider.shutdown()
    await eventually(lambda: metric(gateway, "oddgate_watch_received_logs_total") >= 1)
    await eventually(lambda: metric(gateway, "oddgate_watch_received_spans_total") >= 1)
    seen = [from_line(line.encode()) for line in spooled(gateway).splitlines()]
    told = [each.body for each in seen if isinstance(each, LogSeen) and each.source != OWN]
    assert told == ["no such user: [EMAIL_ADDRESS]"]
    assert [(each.name, each.source) for each in seen if isinstance(each, SpanSeen)] == [("find [EMAIL_ADDRESS]", "otlp/shop")]
    everything = "".join(path.read_text(errors="replace") for path in gateway.folder.rglob("*.json*"))
    assert JANE not in everything
    assert "nobody's business" not in everything


def bomb(points: int) -> bytes:
    """A metric with a series for each of so many users."""
    request = ExportMetricsServiceRequest()
    gauge = request.resource_metrics.add().scope_metrics.add().metrics.add(name="bomb").gauge
    for number in range(points):
        point = gauge.data_points.add(as_double=1.0)
        point.attributes.add(key="user").value.string_value = f"user-{number}"
    return request.SerializeToString()


async def test_a_bomb(watched: tuple[Gateway, str], vllm: tuple[Vllm, str]):
    """Twenty thousand series of one application: a thousand are followed, the rest is counted, and the servers' series stay."""
    gateway, url = watched
    status, _, _ = ask(f"{url}/v1/metrics", bomb(20_000), "application/x-protobuf")
    assert status == 200
    await eventually(lambda: metric(gateway, "oddgate_watch_series_refused_total") >= 19_000)
    assert metric(gateway, "oddgate_watch_series") < 1100
    assert ("requests_running", "value") in series(gateway, "source=vllm-a")
    assert "user-1" not in gateway.admin("/metrics")[1]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\x0a" + b"\xff" * 50, 400), (b" " * (50 << 20), 413), (b"\x0a\x03\x0a\x01", 400)],
    ids=["malformed", "50MB", "cut"],
)
async def test_bodies_that_are_none(watched: tuple[Gateway, str], body: bytes, status: int):
    """Each is refused, nothing of it is put by, and the next export is taken."""
    gateway, url = watched
    before = metric(gateway, "oddgate_telemetry_spool_kept_total")
    try:
        assert ask(f"{url}/v1/metrics", body, "application/x-protobuf")[0] == status
    except OSError:  # who is refused while it still sends may see no answer
        assert status == 413
    assert metric(gateway, "oddgate_telemetry_spool_kept_total") == before
    assert ask(f"{url}/v1/metrics", bomb(1), "application/x-protobuf")[0] == 200
    await eventually(lambda: metric(gateway, "oddgate_telemetry_spool_kept_total") > before)


async def test_ten_thousand_attributes(watched: tuple[Gateway, str]):
    """What is too many is dropped and counted, and what is put by is small."""
    gateway, url = watched
    before = metric(gateway, "oddgate_telemetry_left_out_total"), len(spooled(gateway))
    request = ExportMetricsServiceRequest()
    point = request.resource_metrics.add().scope_metrics.add().metrics.add(name="wide").gauge.data_points.add(as_double=1.0)
    for number in range(10_000):
        point.attributes.add(key=f"key-{number}").value.string_value = "v"
    assert ask(f"{url}/v1/metrics", request.SerializeToString(), "application/x-protobuf")[0] == 200
    assert metric(gateway, "oddgate_telemetry_left_out_total") == before[0] + 9000
    await eventually(lambda: '"wide"' in spooled(gateway))
    assert len(spooled(gateway)) - before[1] < 2000


async def test_a_watch_that_is_killed(watched: tuple[Gateway, str], vllm: tuple[Vllm, str]):
    """Another one goes on: what is received meanwhile is read, and servers are asked again."""
    gateway, url = watched
    pid = json.loads((gateway.folder / "var" / "watch.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    log = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "meanwhile"}}]}]}]}
    assert ask(f"{url}/v1/logs", json.dumps(log).encode())[0] == 200
    await eventually(lambda: json.loads((gateway.folder / "var" / "watch.json").read_text())["pid"] != pid)
    await eventually(lambda: metric(gateway, "oddgate_watch_received_logs_total") >= 1)
    await eventually(lambda: 'oddgate_watch_source_up{source="vllm-a"} 1.0' in gateway.admin("/metrics")[1])
