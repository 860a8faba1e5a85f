"""Telemetry of applications through the real gateway: sent by OpenTelemetry's own exporters, or by hand; redacted; sent on to a sink."""

import gzip
import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, Status, StatusCode

from bench.processes import free_port
from policies.load import library
from tests.support.collector import running_collector
from tests.support.gateway import Gateway, running_gateway
from tests.support.telemetry_sink import Sink
from tests.support.waiting import eventually

JANE = "jane.canary@example.com"
KEPT = "nobody's business"
UNGUARDED = "name: silent\napplies_to: {apps: [silent]}\nrules:\n  - {id: chat, detect: pii, entities: [EMAIL_ADDRESS], action: redact}\n"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with running_collector(Sink()) as running:
        yield running


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[tuple[Gateway, str]]:
    """The gateway, and where it takes telemetry."""
    port = free_port()
    settings = {
        "receive": True,
        "receive_port": port,
        "receive_max_mb": 2,
        "forward": sink.url,
        "forward_headers": {"Authorization": "x y"},
    }
    policies = {name: (library() / f"{name}.yaml").read_text() for name in ("default", "telemetry")}
    folder = tmp_path_factory.mktemp("telemetry")
    with running_gateway(
        folder, {"*": "http://127.0.0.1:1"}, policies=policies | {"silent": UNGUARDED}, telemetry=settings,
        labels={"trust": ["app"]},
    ) as gateway:  # fmt: skip
        yield gateway, f"http://127.0.0.1:{port}"


@pytest.fixture
def resource() -> Resource:
    return Resource.create({"service.name": "shop", "owner": f"mail {JANE}"})


def ask(url: str, body: bytes, content_type: str = "application/json", **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, body, {"Content-Type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def log(body: Any, *attributes: tuple[str, Any]) -> bytes:
    """A record of each, in JSON."""
    record = {
        "timeUnixNano": "1795428000000000000",
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "body": body,
    }
    record["attributes"] = [{"key": key, "value": value} for key, value in attributes]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


async def newest(sink: Sink, count: int, path: str) -> Any:
    """The export that follows these; whoever sends one waits for it, so that the next test has its own."""

    def found() -> Any:
        return next((message for at, message in sink.exports[count:] if at == path), None)

    return await eventually(found)


async def test_spans(received: tuple[Gateway, str], sink: Sink, resource: Resource):
    """An address is cut out of every place of a span where it can stand, and all else of the span arrives as it was."""
    count = len(sink.exports)
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{received[1]}/v1/traces")))
    tracer = provider.get_tracer(f"scope of {JANE}", "1.0", attributes={"who": JANE})
    with tracer.start_as_current_span("first") as first:
        pass
    with tracer.start_as_current_span(
        f"find {JANE}",
        attributes={"to": JANE, "all": ["a", JANE], "n": 7, "kept": KEPT},
        links=[Link(first.get_span_context(), {"l": JANE})],
    ) as span:
        span.add_event(f"event {JANE}", {"e": JANE})
        span.set_status(Status(StatusCode.ERROR, f"no such user {JANE}"))
    provider.shutdown()
    await newest(sink, count + 1, "/v1/traces")
    (sent,) = [found for at, message in sink.exports[count:] if at == "/v1/traces" for found in message.resource_spans
               if found.scope_spans[0].spans[0].name.startswith("find")]  # fmt: skip
    found = sent.scope_spans[0].spans[0]
    assert (found.name, found.status.message) == ("find [EMAIL_ADDRESS]", "no such user [EMAIL_ADDRESS]")
    attributes = {each.key: each.value for each in found.attributes}
    assert attributes["to"].string_value == "[EMAIL_ADDRESS]"
    assert [each.string_value for each in attributes["all"].array_value.values] == ["a", "[EMAIL_ADDRESS]"]
    assert (attributes["n"].int_value, attributes["kept"].string_value) == (7, KEPT)
    assert found.trace_id.hex() == f"{span.get_span_context().trace_id:032x}"
    assert (found.start_time_unix_nano, found.end_time_unix_nano) == (span.start_time, span.end_time)
    assert str(sent).count("[EMAIL_ADDRESS]") == 10
    assert JANE not in sink.text()


async def test_logs(received: tuple[Gateway, str], sink: Sink, resource: Resource):
    """Of a log: its body, whatever its form, its attributes and those of its resource and scope."""
    count = len(sink.exports)
    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{received[1]}/v1/logs")))
    logger = provider.get_logger("app", attributes={"a": JANE})
    body = {"user": {"mail": JANE}, "list": ["x", {"y": JANE}], "raw": JANE.encode(), "card": 4111111111111111, "n": 12}
    logger.emit(body=body, attributes={"kept": KEPT, "to": JANE}, severity_number=SeverityNumber.WARN, severity_text="WARN", timestamp=5)
    provider.shutdown()
    message = await newest(sink, count, "/v1/logs")
    (record,) = message.resource_logs[0].scope_logs[0].log_records
    values = {each.key: each.value for each in record.body.kvlist_value.values}
    assert values["user"].kvlist_value.values[0].value.string_value == "[EMAIL_ADDRESS]"
    assert values["list"].array_value.values[1].kvlist_value.values[0].value.string_value == "[EMAIL_ADDRESS]"
    assert values["raw"].bytes_value == b"[EMAIL_ADDRESS]"
    assert values["card"].string_value == "[CREDIT_CARD]"
    assert (values["n"].int_value, record.severity_text, record.time_unix_nano) == (12, "WARN", 5)
    assert str(message).count("[EMAIL_ADDRESS]") == 6
    assert JANE not in sink.text()


async def test_metrics(received: tuple[Gateway, str], sink: Sink, resource: Resource):
    """Of a metric: its description, unit and the attributes of its points; its numbers arrive as they were."""
    count = len(sink.exports)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{received[1]}/v1/metrics"), export_interval_millis=float("inf"))
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter("m")
    meter.create_counter("orders", description=f"of {JANE}").add(3, {"user": JANE, "kept": KEPT})
    meter.create_histogram("time", unit="s").record(0.25, {"user": JANE})
    provider.force_flush()
    provider.shutdown()
    message = await newest(sink, count, "/v1/metrics")
    found = {metric.name: metric for metric in message.resource_metrics[0].scope_metrics[0].metrics}
    assert found["orders"].description == "of [EMAIL_ADDRESS]"
    (point,) = found["orders"].sum.data_points
    assert point.as_int == 3
    assert {each.key: each.value.string_value for each in point.attributes} == {"user": "[EMAIL_ADDRESS]", "kept": KEPT}
    (timed,) = found["time"].histogram.data_points
    assert (timed.sum, timed.attributes[0].value.string_value) == (0.25, "[EMAIL_ADDRESS]")
    assert JANE not in sink.text()


async def test_json(received: tuple[Gateway, str], sink: Sink):
    """JSON is read by the same eyes: ids stay what they were, the collector is given the same in protobuf, and the answer is in JSON."""
    count = len(sink.exports)
    status, headers, answer = ask(f"{received[1]}/v1/logs", log({"stringValue": f"hello {JANE}"}, ("n", {"intValue": "12"})))
    assert (status, headers["Content-Type"], answer) == (200, "application/json", b"{}")
    assert headers["x-oddgate-decision"] == "redact"
    message = await newest(sink, count, "/v1/logs")
    (record,) = message.resource_logs[0].scope_logs[0].log_records
    assert (record.body.string_value, record.attributes[0].value.int_value) == ("hello [EMAIL_ADDRESS]", 12)
    assert (record.trace_id.hex(), record.span_id.hex()) == ("5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174")
    assert sink.headers[-1]["authorization"] == "x y"


async def test_blocked_records(received: tuple[Gateway, str], sink: Sink):
    """A record that is blocked, cannot be read, or has a value where it cannot be rewritten, is dropped and said to be; others go on."""
    count = len(sink.exports)
    bodies = [
        {"stringValue": "-----BEGIN RSA PRIVATE KEY-----\nMIIE"}, {"stringValue": "fine"}, {"bytesValue": "/w=="},
        {"kvlistValue": {"values": [{"key": JANE, "value": {"stringValue": "x"}}]}},
    ]  # fmt: skip
    records = [{"body": body} for body in bodies]
    status, _, answer = ask(f"{received[1]}/v1/logs", json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode())
    assert status == 200
    said = json.loads(answer)["partialSuccess"]
    assert said["rejectedLogRecords"] == "3"
    assert re.fullmatch("3 of 4 records are blocked by the policy telemetry.", said["errorMessage"])
    message = await newest(sink, count, "/v1/logs")
    assert [each.body.string_value for each in message.resource_logs[0].scope_logs[0].log_records] == ["fine"]


async def test_a_resource_that_is_blocked(received: tuple[Gateway, str], sink: Sink):
    """Takes all that it reports with it, and nothing is sent on of an export of which nothing is left."""
    asked = sink.asked
    key = {"key": JANE, "value": {"stringValue": "x"}}
    body = {"resourceLogs": [{"resource": {"attributes": [key]}, "scopeLogs": [{"logRecords": [{}, {}]}]}]}
    _, _, answer = ask(f"{received[1]}/v1/logs", json.dumps(body).encode())
    assert json.loads(answer)["partialSuccess"]["rejectedLogRecords"] == "2"
    assert sink.asked == asked


async def test_gzip(received: tuple[Gateway, str], sink: Sink):
    """What is packed is unpacked, within bounds: a small body that becomes a large one is refused."""
    count = len(sink.exports)
    assert ask(f"{received[1]}/v1/logs", gzip.compress(log({"stringValue": JANE})), Content_Encoding="gzip")[0] == 200
    await newest(sink, count, "/v1/logs")
    status, _, answer = ask(f"{received[1]}/v1/logs", gzip.compress(log({"stringValue": "a" * (3 << 20)})), Content_Encoding="gzip")
    assert (status, json.loads(answer)["message"].partition(":")[0]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("path", "content_type", "body", "status", "code"),
    [
        ("/v1/logs", "application/x-protobuf", b"\xff\xff\xff", 400, "invalid_body"),
        ("/v1/logs", "application/json", b'{"resourceLogs": ', 400, "invalid_json"),
        ("/v1/logs", "application/json", b"[]", 400, "invalid_body"),
        ("/v1/logs", "application/json", b'{"resourceLogs": [{"scopeLogs": 5}]}', 400, "invalid_body"),
        ("/v1/logs", "application/json", log({"stringValue": "x"}).replace(b"5b8e", b"zzzz"), 400, "invalid_body"),
        ("/v1/logs", "text/plain", b"x", 415, "unsupported_media_type"),
        ("/v1/logs", "application/x-protobuf", b"x" * (50 << 20), 413, "body_too_large"),
        ("/v1/events", "application/json", b"{}", 404, "unsupported_path"),
        ("/v1/logs?a=b", "application/json", b"{}", 400, "unsupported_query"),
    ],
    ids=["no protobuf", "no json", "no object", "wrong form", "no id", "another type", "50 MB", "another path", "a query"],
)
def test_bad_exports(received: tuple[Gateway, str], path: str, content_type: str, body: bytes, status: int, code: str):
    """Each is refused in the protocol's own words, in the encoding that it came in."""
    said = ask(f"{received[1]}{path}", body, content_type)
    assert said[0] == status
    assert code.encode() in said[2]
    assert said[1]["Content-Type"] == (content_type if content_type != "text/plain" else "application/json")


async def test_a_policy_that_is_silent(received: tuple[Gateway, str], sink: Sink):
    """An export for which the policy has no rules is refused: it would go on as it is."""
    asked = sink.asked
    status, _, answer = ask(f"{received[1]}/v1/logs", log({"stringValue": JANE}), x_oddgate_app="silent")
    assert (status, json.loads(answer)["message"].partition(":")[0]) == (403, "telemetry_unguarded")
    assert sink.asked == asked


async def test_one_record_each(received: tuple[Gateway, str], sink: Sink):
    """The journal has a line for an export like for any exchange, with what became of its records, and no text of it."""
    count = len(sink.exports)
    _, headers, _ = ask(f"{received[1]}/v1/logs", log({"stringValue": JANE}))
    record = received[0].records()[headers["x-oddgate-request-id"]]
    assert (record["surface"], record["route"], record["status"], record["decision"]) == ("otlp", "/v1/logs", 200, "redact")
    assert record["rules"] == ["telemetry-pii"]
    assert record["findings"][0]["place"] == "resource_logs.0.scope_logs.0.log_records.0.body.string_value"
    assert {**record["rows"], "policies": []} == {"read": 1, "edited": 1, "blocked": 0, "policies": []}
    assert record["coverage"]["request"][0]["scope"] == "telemetry"
    assert "canary" not in received[0].journal_text()
    assert "canary" not in received[0].output
    await newest(sink, count, "/v1/logs")


async def test_counts(received: tuple[Gateway, str], sink: Sink):
    """Metrics say what became of records by signal, and no key or value of an attribute becomes a label."""
    keys = [(f"key.of.bomb.{number}", {"stringValue": "x"}) for number in range(1050)]
    count = len(sink.exports)
    assert ask(f"{received[1]}/v1/logs", log({"stringValue": "x"}, *keys))[0] == 200
    message = await newest(sink, count, "/v1/logs")
    (record,) = message.resource_logs[0].scope_logs[0].log_records
    assert (len(record.attributes), record.dropped_attributes_count) == (1000, 50)
    shown = received[0].admin("/metrics")[1]
    assert re.search(r'oddgate_telemetry_records_total\{result="accepted",signal="logs"\} [1-9]', shown)
    assert 'oddgate_telemetry_left_out_total{signal="logs",what="attributes"} 50.0' in shown
    assert "bomb" not in shown


async def test_a_collector_that_is_busy(received: tuple[Gateway, str], sink: Sink):
    """The sender has its answer at once; the collector has the export as soon as it takes it."""
    count = len(sink.exports)
    sink.answers[:] = [429]
    assert ask(f"{received[1]}/v1/logs", log({"stringValue": "later"}))[0] == 200
    message = await newest(sink, count, "/v1/logs")
    assert message.resource_logs[0].scope_logs[0].log_records[0].body.string_value == "later"
    assert sink.faults == []
