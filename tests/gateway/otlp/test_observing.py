"""What an export says in short: what is kept of it, and what is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guard.outcome import Findings
from gateway.otlp.observing import Observing, is_clean
from gateway.telemetry.observed import MAX_BODY, MAX_NAME, Buckets, Kind, LogSeen, Sample, Seen, SpanSeen
from gateway.wire.otlp.exports import SIGNALS

NOW = 1_795_000_000.0
NANO = int(NOW) * 10**9
CANARY = "jane.canary@example.com"


def resource(service: str | None = "shop") -> dict[str, Any]:
    return {"attributes": [] if service is None else [{"key": "service.name", "value": {"string_value": service}}]}


def export(path: str, **parts: Any) -> Any:
    return SIGNALS[path].request(**parts)


def metric(service: str | None = "shop", **fields: Any) -> Any:
    scopes = [{"metrics": [{"name": "queue.depth", **fields}]}]
    return export("/v1/metrics", resource_metrics=[{"resource": resource(service), "scope_metrics": scopes}])


def log(service: str | None = "shop", **fields: Any) -> Any:
    return export("/v1/logs", resource_logs=[{"resource": resource(service), "scope_logs": [{"log_records": [fields]}]}])


def span(**fields: Any) -> Any:
    return export("/v1/traces", resource_spans=[{"resource": resource(), "scope_spans": [{"spans": [fields]}]}])


def seen(message: Any, app: str = "", *, keeps_text: bool = True, key: bytes = b"k" * 32) -> list[Seen]:
    return list(Observing(key, app, NOW, keeps_text).seen(message))


def point(value: float = 1.0, seconds: float = 0.0, *attributes: tuple[str, Any]) -> dict[str, Any]:
    said = [{"key": key, "value": value} for key, value in attributes]
    return {"as_double": value, "time_unix_nano": NANO + int(seconds * 1e9), "attributes": said}


def labels(*attributes: tuple[str, Any], key: bytes = b"k" * 32) -> dict[str, str]:
    (sample,) = seen(metric(gauge={"data_points": [point(1.0, 0.0, *attributes)]}), key=key)
    assert isinstance(sample, Sample)
    return dict(sample.labels)


HISTOGRAM = {
    "count": 6, "sum": 9.5, "explicit_bounds": [1, 2], "bucket_counts": [1, 2, 3], "time_unix_nano": NANO, "start_time_unix_nano": NANO,
}  # fmt: skip
BARE = {"count": 6, "sum": 9.5, "time_unix_nano": NANO}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"gauge": {"data_points": [{"as_int": 7, "time_unix_nano": NANO}]}}, (Kind.GAUGE, 7, None)),
        ({"sum": {"is_monotonic": True, "aggregation_temporality": 2, "data_points": [point(5)]}}, (Kind.COUNTER, 5, None)),
        ({"sum": {"is_monotonic": True, "aggregation_temporality": 1, "data_points": [point(5)]}}, (Kind.COUNTER_DELTA, 5, None)),
        ({"sum": {"aggregation_temporality": 2, "data_points": [point(-5)]}}, (Kind.GAUGE, -5, None)),
        (
            {"histogram": {"aggregation_temporality": 2, "data_points": [HISTOGRAM]}},
            (Kind.HISTOGRAM, 9.5, Buckets(6, (1.0, 2.0), (1, 3))),
        ),
        ({"histogram": {"aggregation_temporality": 1, "data_points": [BARE]}}, (Kind.HISTOGRAM_DELTA, 9.5, Buckets(6))),
        ({"exponential_histogram": {"aggregation_temporality": 2, "data_points": [BARE]}}, (Kind.HISTOGRAM, 9.5, Buckets(6))),
        ({"summary": {"data_points": [BARE]}}, (Kind.HISTOGRAM, 9.5, Buckets(6))),
    ],
)
def test_points(fields: dict[str, Any], expected: tuple[Kind, float, Buckets | None]):
    """Of each form of metric, what it says."""
    (sample,) = seen(metric(**fields))
    assert isinstance(sample, Sample)
    assert (sample.source, sample.name, sample.ts) == ("otlp/shop", "queue.depth", NOW)
    assert (sample.kind, sample.value, sample.buckets) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"name": f"of {CANARY}", "gauge": {"data_points": [point()]}},
        {"name": "n" * 129, "gauge": {"data_points": [point()]}},
        {"name": "", "gauge": {"data_points": [point()]}},
        {"sum": {"aggregation_temporality": 1, "data_points": [point()]}},
        {"sum": {"is_monotonic": True, "data_points": [point()]}},
        {"histogram": {"data_points": [HISTOGRAM]}},
        {"gauge": {"data_points": [point(float("nan")), point(float("inf")), {"time_unix_nano": NANO}, {**point(), "flags": 1}]}},
        {},
    ],
)
def test_what_is_not_kept(fields: dict[str, Any]):
    """A name that is none, changes of a level, numbers that are none, points that say that there is none: none of them is nothing."""
    assert seen(metric(**fields)) == []


@pytest.mark.parametrize(
    ("service", "app", "source"),
    [("shop", "", "otlp/shop"), ("shop", "web", "otlp/web/shop"), (None, "", "otlp"), (CANARY, "web", "otlp/web"), ("s" * 65, "", "otlp")],
)
def test_sources(service: str | None, app: str, source: str):
    """By the application of the settings, and the name that a service gives itself, if it is a word."""
    (one,) = seen(log(service), app)
    assert one.source == source


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, 0), (-3000, -3000), (200, 200), (-4000, 0), (400, 0), (-NOW, 0)]
)  # fmt: skip
def test_times(seconds: float, expected: float):
    """As they are said, unless nobody can have meant it: then it is of now."""
    (sample,) = seen(metric(gauge={"data_points": [point(1, seconds)]}))
    assert sample.ts == NOW + expected


def test_labels():
    """Words, small numbers and yes or no are kept; no prose, no long number and nothing nested is."""
    given = [
        ("http.route", {"string_value": "/a/b"}), ("code", {"int_value": 200}), ("ok", {"bool_value": True}),
        ("who", {"string_value": CANARY}), ("prose", {"string_value": "two words"}), ("card", {"int_value": 4111111111111111}),
        ("a key", {"string_value": "x"}), ("list", {"array_value": {"values": [{"string_value": "x"}]}}), ("rest", {"string_value": "x"}),
        ("long", {"string_value": "x" * 65}),
    ]  # fmt: skip
    found = labels(*given)
    rest = found.pop("rest")
    assert found == {"http.route": "/a/b", "code": "200", "ok": "true"}
    assert (len(rest), set(rest) <= set("0123456789abcdef")) == (12, True)


def test_what_is_not_kept_tells_series_apart():
    """By a hash that nobody makes without the key, whatever the order; where all is kept there is none."""
    one, two = ("a", {"string_value": "x y"}), ("b", {"string_value": "y z"})
    assert labels(one, two) == labels(two, one)
    assert labels(one) != labels(two)
    assert labels(one, key=b"a" * 32) != labels(one, key=b"b" * 32)
    assert labels(("c", {"string_value": "x"})) == {"c": "x"}


def test_many_attributes():
    """Ten thousand are eight and a hash."""
    assert len(labels(*[(f"k{number}", {"string_value": "v"}) for number in range(10_000)])) == 9


def test_logs():
    """Severity, trace and body; a body that is no text, or may not be kept, is empty, and none is long."""
    record = {
        "severity_number": 17, "body": {"string_value": "no such user: [EMAIL_ADDRESS]"}, "trace_id": b"\x01" * 16, "time_unix_nano": NANO,
        "attributes": [{"key": "who", "value": {"string_value": CANARY}}],
    }  # fmt: skip
    expected = LogSeen(NOW, "otlp/shop", 17, "no such user: [EMAIL_ADDRESS]", "01" * 16)
    assert seen(log(**record)) == [expected]
    assert [each.body for each in seen(log(**record), keeps_text=False)] == [""]
    assert [each.body for each in seen(log(body={"kvlist_value": {}}))] == [""]
    assert [each.ts for each in seen(log(observed_time_unix_nano=NANO - 10**9))] == [NOW - 1]
    assert [len(each.body) for each in seen(log(body={"string_value": "x" * 10_000}))] == [MAX_BODY]


def test_spans():
    """What it is called, of what kind, how long it took, whether it failed, and where it hangs; nothing else of it."""
    given = {
        "name": "GET /users/{id}", "kind": 2, "start_time_unix_nano": NANO - 5 * 10**8, "end_time_unix_nano": NANO, "status": {"code": 2},
        "trace_id": b"\x01" * 16, "span_id": b"\x02" * 8, "parent_span_id": b"\x03" * 8,
        "attributes": [{"key": "who", "value": {"string_value": CANARY}}], "events": [{"name": CANARY}],
    }  # fmt: skip
    expected = SpanSeen(NOW, "otlp/shop", "GET /users/{id}", 2, 0.5, True, "01" * 16, "02" * 8, "03" * 8)
    assert seen(span(**given)) == [expected]
    assert [each.name for each in seen(span(**given), keeps_text=False)] == [""]
    backwards = seen(span(name="n" * 1000, start_time_unix_nano=NANO, end_time_unix_nano=NANO - 1, trace_id=b"\x01" * 99))
    assert [(each.duration_s, len(each.name), len(each.trace_id)) for each in backwards] == [(0, MAX_NAME, 32)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, True),
        ({("pii", "redact", False, "match"): 3, ("pii", "block", False, "timeout"): 1}, True),
        ({("pii", "flag", False, "match"): 1}, False),
        ({("pii", "allow", False, "timeout"): 1}, False),
        ({("pii", "redact", True, "match"): 1}, False),
    ],
)
def test_clean(counts: dict[tuple[str, str, bool, str], int], *, expected: bool):
    """Texts are kept where all that was found was taken out, and all was checked."""
    assert is_clean(Findings(counts=counts)) is expected


@given(st.sampled_from(sorted(SIGNALS)), st.binary(max_size=300))
def test_whatever_comes(path: str, raw: bytes):
    """Whatever a message is that was read, it is observed."""
    try:
        message = SIGNALS[path].request.FromString(raw)
    except Exception:  # noqa: BLE001 it is none
        return
    for each in seen(message):
        assert isinstance(each, Sample | SpanSeen | LogSeen)
