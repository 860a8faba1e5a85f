"""Exports and their answers, in either encoding."""

import json

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway.errors import BadRequest
from gateway.wire.otlp.exports import SIGNALS, Encoding, decode, encoding_of, rejected_of, render_answer, render_status

LOGS, TRACES, METRICS = (SIGNALS[f"/v1/{name}"] for name in ("logs", "traces", "metrics"))
BEGIN = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": '
TRACE_ID, SPAN_ID = bytes(range(16)), bytes(range(8))


def span() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    made = request.resource_spans.add().scope_spans.add().spans.add(name="n", trace_id=TRACE_ID, span_id=SPAN_ID, kind=3)
    made.start_time_unix_nano = 2**63 - 1
    made.links.add(trace_id=TRACE_ID, span_id=SPAN_ID)
    made.attributes.add(key="d").value.double_value = 0.5
    made.attributes.add(key="b").value.bytes_value = b"\x00\xff"
    return request


def as_json(request: ExportTraceServiceRequest) -> bytes:
    """As OTLP has it: ids in hexadecimal, numbers for names."""
    body = json_format.MessageToDict(request, use_integers_for_enums=True)
    made = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    for each in (made, made["links"][0]):
        each["traceId"], each["spanId"] = TRACE_ID.hex().upper(), SPAN_ID.hex()
    return json.dumps(body).encode()


def test_both_encodings_are_one_message():
    """Ids, enumerations, large numbers, bytes: what is said in JSON is what is said in protobuf."""
    expected = span()
    assert decode(expected.SerializeToString(), TRACES, Encoding.PROTOBUF) == (expected, 0)
    assert decode(as_json(expected), TRACES, Encoding.JSON) == (expected, 0)


def test_an_attribute_named_like_an_id_is_none():
    """Only the protocol's own ids are in hexadecimal digits."""
    body = {"resourceLogs": [{"resource": {"attributes": [{"key": "traceId", "value": {"stringValue": "zz"}}]}}]}
    message, _ = decode(json.dumps(body).encode(), LOGS, Encoding.JSON)
    assert message.resource_logs[0].resource.attributes[0].value.string_value == "zz"


def test_unknown_fields_go_no_further():
    """What a later version of OTLP may have, nobody could read: it is left out, and how much that was is said."""
    raw = span().SerializeToString() + b"\xfa\x3e\x05hello"
    message, left_out = decode(raw, TRACES, Encoding.PROTOBUF)
    assert (message, left_out) == (span(), 8)
    body = json.dumps({"resourceLogs": [], "later": "hello"}).encode()
    assert decode(body, LOGS, Encoding.JSON)[0] == ExportLogsServiceRequest()


@pytest.mark.parametrize(
    ("raw", "encoding", "code"),
    [
        (b"\xff\xff", Encoding.PROTOBUF, "invalid_body"),
        (b"\x0a\x05ab", Encoding.PROTOBUF, "invalid_body"),
        (b"\x0a\x02\x1a\x01\xff" + b"\x0a\x03\x1a\x01\xff", Encoding.PROTOBUF, "invalid_body"),
        (b"{", Encoding.JSON, "invalid_json"),
        (b'{"a": 1, "a": 2}', Encoding.JSON, "duplicate_key"),
        (b"null", Encoding.JSON, "invalid_body"),
        (b'"secret"', Encoding.JSON, "invalid_body"),
        (b'{"resourceLogs": "secret"}', Encoding.JSON, "invalid_body"),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "secret"}]}]}]}', Encoding.JSON, "invalid_body"),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": "secret"}]}]}]}', Encoding.JSON, "invalid_body"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, Encoding.JSON, "too_deep"),
        (BEGIN + b'{"arrayValue": {"values": [' * 60 + b"{}" + b"]}}" * 60 + b"}]}]}]}", Encoding.JSON, "invalid_body"),
    ],
)
def test_what_is_no_export(raw: bytes, encoding: Encoding, code: str):
    """Is refused, with none of its text."""
    with pytest.raises(BadRequest) as error:
        decode(raw, LOGS, encoding)
    assert error.value.code == code
    assert "secret" not in str(error.value)


@given(st.binary(max_size=200), st.sampled_from(Encoding), st.sampled_from([LOGS, TRACES, METRICS]))
def test_whatever_bytes_come(raw, encoding, signal):
    """They are an export, which is then the same when it is read again, or they are refused."""
    try:
        message, _ = decode(raw, signal, encoding)
    except BadRequest:
        return
    assert decode(message.SerializeToString(), signal, Encoding.PROTOBUF) == (message, 0)


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json; charset=utf-8", Encoding.JSON),
        ("Application/X-Protobuf", Encoding.PROTOBUF),
        ("application/protobuf", None),
        ("text/json", None),
        ("", None),
    ],
)
def test_content_types(content_type: str, encoding: Encoding | None):
    """The two of the protocol, and no others."""
    assert encoding_of(content_type) is encoding


def test_answers():
    """An answer says nothing where all was taken, else what was not, under the signal's own name, in the request's encoding."""
    assert render_answer(LOGS, Encoding.PROTOBUF, 0, "unused") == b""
    assert render_answer(LOGS, Encoding.JSON, 0, "unused") == b"{}"
    said = ExportLogsServiceResponse.FromString(render_answer(LOGS, Encoding.PROTOBUF, 2, "why")).partial_success
    assert (said.rejected_log_records, said.error_message) == (2, "why")
    names = {LOGS: "rejectedLogRecords", TRACES: "rejectedSpans", METRICS: "rejectedDataPoints"}
    for signal, name in names.items():
        assert json.loads(render_answer(signal, Encoding.JSON, 3, "why"))["partialSuccess"] == {name: "3", "errorMessage": "why"}


def test_what_a_collector_rejects():
    """Is read from its answer, which may also be none."""
    assert rejected_of(LOGS, render_answer(LOGS, Encoding.PROTOBUF, 7, "")) == 7
    assert rejected_of(LOGS, b"") == rejected_of(LOGS, b"\xff") == rejected_of(LOGS, b"<html>") == 0


def test_errors():
    """A status of Google's, as the protocol wants it, with our code."""
    assert Status.FromString(render_status("invalid_body", "No.", Encoding.PROTOBUF)).message == "invalid_body: No."
    assert json.loads(render_status("invalid_body", "No.", Encoding.JSON)) == {"message": "invalid_body: No."}
