"""The texts of exports: every one of them is found, in its unit, and can be written back at its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from gateway.errors import TooLarge
from gateway.wire.model import Form, Kind, put
from gateway.wire.otlp import units as module
from gateway.wire.otlp.units import MAX_ATTRIBUTES, Fields, drop, read
from policies.vocabulary import Scope

RECORD = ("resource_logs", 0, "scope_logs", 0, "log_records", 0)


def logs(*bodies: str) -> ExportLogsServiceRequest:
    message = ExportLogsServiceRequest()
    scope = message.resource_logs.add().scope_logs.add()
    for body in bodies:
        scope.log_records.add().body.string_value = body
    return message


def points() -> ExportMetricsServiceRequest:
    message = ExportMetricsServiceRequest()
    scope = message.resource_metrics.add().scope_metrics.add()
    for name in ("a", "b"):
        metric = scope.metrics.add(name=name, unit="s", description=f"of {name}")
        for number in range(3):
            point = metric.sum.data_points.add(as_int=number)
            point.attributes.add(key="k").value.string_value = f"{name}{number}"
            point.exemplars.add().filtered_attributes.add(key="e").value.string_value = "x"
    return message


def texts(message) -> dict[str, str]:
    return {module_place(segment.place): segment.text for unit in read(message).units for segment in unit.segments}


def module_place(place) -> str:
    return ".".join(map(str, place))


def test_a_trace():
    """A span with its events and links is one unit; what spans have in common are others, to which they belong."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add(schema_url="u1")
    group.resource.attributes.add(key="r").value.string_value = "resource"
    scope = group.scope_spans.add(schema_url="u2")
    scope.scope.name, scope.scope.version = "lib", "1"
    span = scope.spans.add(name="n", trace_state="a=b", trace_id=b"\xff" * 16, span_id=b"\xfe" * 8)
    span.status.message = "m"
    event = span.events.add(name="e")
    event.attributes.add(key="k").value.array_value.values.add().string_value = "deep"
    span.links.add(trace_id=b"\xff" * 16, trace_state="c=d")
    found = [("/".join(map(str, unit.place)), unit.is_record, sorted(each.text for each in unit.segments)) for unit in read(message).units]
    assert found == [
        ("resource_spans/0", False, ["resource", "u1"]),
        ("resource_spans/0/scope_spans/0", False, ["1", "lib", "u2"]),
        ("resource_spans/0/scope_spans/0/spans/0", True, ["a=b", "c=d", "deep", "e", "m", "n"]),
    ]
    assert {segment.scope for unit in read(message).units for segment in unit.segments} == {Scope.TELEMETRY}


def test_metrics():
    """A metric's own words are a unit, and so is each of its points, with its exemplars."""
    export = read(points())
    assert export.records == 6
    assert [(unit.place[4:], unit.is_record, len(unit.segments)) for unit in export.units[:2]] == [
        (("metrics", 0), False, 3), (("metrics", 0, "sum", "data_points", 0), True, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"string_value": ""}, None),
        ({"string_value": "a"}, ("a", Form.TEXT)),
        ({"bytes_value": "ä".encode()}, ("ä", Form.TEXT)),
        ({"int_value": 4111111111111111}, ("4111111111111111", Form.TEXT)),
        ({"int_value": 42}, None),
        ({"double_value": 4155550132.0}, ("4155550132", Form.TEXT)),
        ({"bool_value": True}, None),
    ],
)
def test_values(value: dict, expected: tuple[str, Form] | None):
    """What a value says as text; a number that could be somebody's is one."""
    message = ExportLogsServiceRequest()
    message.resource_logs.add().scope_logs.add().log_records.add().body.CopyFrom(AnyValue(**value))
    found = [(each.text, each.form) for unit in read(message).units for each in unit.segments]
    assert found == ([expected] if expected else [])


def test_bytes_that_are_no_text():
    """Cannot be read, which is for the policy to decide about."""
    message = logs("")
    message.resource_logs[0].scope_logs[0].log_records[0].body.bytes_value = b"\xff"
    (unit,) = read(message).units
    assert [(part.kind, part.place) for part in unit.uninspectable] == [(Kind.UNKNOWN, (*RECORD, "body", "bytes_value"))]


def test_ids_that_are_text():
    """Somebody may write where nobody looks: an id is random bytes, and where it is readable it is read, and not rewritten."""
    message = logs("")
    record = message.resource_logs[0].scope_logs[0].log_records[0]
    record.trace_id, record.span_id = b"jane@example.com", b"\0" * 8
    (unit,) = read(message).units
    assert [(each.text, each.form) for each in unit.segments] == [("jane@example.com", Form.KEY)]


def test_keys():
    """A key that is more than a name is read, and cannot be rewritten."""
    message = logs("")
    attributes = message.resource_logs[0].scope_logs[0].log_records[0].attributes
    attributes.add(key="http.route")
    attributes.add(key="jane@example.com")
    (unit,) = read(message).units
    assert [(each.text, each.form, each.place[-3:]) for each in unit.segments] == [("jane@example.com", Form.KEY, ("attributes", 1, "key"))]


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=6), st.data())
def test_writing(bodies, data):
    """What is written at the place of a text stands there, and nothing else has changed."""
    message = logs(*bodies)
    segments = [segment for unit in read(message).units for segment in unit.segments]
    chosen = data.draw(st.integers(0, len(bodies) - 1))
    assert [segment.text for segment in segments] == bodies
    put(Fields(message), segments[chosen].place, "new")
    assert message == logs(*[*bodies[:chosen], "new", *bodies[chosen + 1 :]])


@pytest.mark.parametrize("value", [{"int_value": 4111111111111111}, {"bytes_value": b"abc"}, {"double_value": 4155550132.0}])
def test_writing_over_what_is_no_string(value: dict):
    """Bytes stay bytes; a number becomes a text."""
    message = logs("")
    body = message.resource_logs[0].scope_logs[0].log_records[0].body
    body.CopyFrom(AnyValue(**value))
    (segment,) = read(message).units[0].segments
    put(Fields(message), segment.place, "[CUT]")
    expected = AnyValue(bytes_value=b"[CUT]") if "bytes_value" in value else AnyValue(string_value="[CUT]")
    assert message.resource_logs[0].scope_logs[0].log_records[0].body == expected


@given(st.sets(st.integers(0, 5)))
def test_dropping(numbers):
    """Those that are dropped are gone, the others stand as they stood, and so many records are gone."""
    message = points()
    places = [unit.place for unit in read(message).units if unit.is_record]
    before = sorted(text for place, text in texts(message).items() if place.endswith("value.string_value") and "exemplars" not in place)
    assert drop(message, [places[number] for number in numbers]) == len(numbers)
    after = sorted(text for place, text in texts(message).items() if place.endswith("value.string_value") and "exemplars" not in place)
    assert after == [text for number, text in enumerate(before) if number not in numbers]


def test_dropping_what_holds_others():
    """All records below go with it, and each is counted once."""
    message = points()
    inner = ("resource_metrics", 0, "scope_metrics", 0, "metrics", 1)
    assert drop(message, [inner, (*inner, "sum", "data_points", 2), (*inner[:-1], 0, "sum", "data_points", 0)]) == 4
    assert read(message).records == 2
    assert drop(message, [()]) == 2
    assert message == ExportMetricsServiceRequest()


def test_too_many_attributes():
    """Those beyond the bound are dropped, and the record says how many, with those that its sender had dropped."""
    message = logs("x")
    record = message.resource_logs[0].scope_logs[0].log_records[0]
    record.dropped_attributes_count = 2
    for number in range(MAX_ATTRIBUTES + 5):
        record.attributes.add(key=f"k{number}").value.string_value = "v"
    assert read(message).trimmed == 5
    assert (len(record.attributes), record.dropped_attributes_count) == (MAX_ATTRIBUTES, 7)


@pytest.mark.parametrize(("bound", "value"), [("MAX_TEXTS", 2), ("MAX_PARTS", 9)])
def test_bounds(bound: str, value: int, monkeypatch: pytest.MonkeyPatch):
    """An export of more texts, or of more parts, is refused as it is read."""
    monkeypatch.setattr(module, bound, value)
    read(logs("a", "b"))
    with pytest.raises(TooLarge):
        read(logs("a", "b", "c", "d"))
