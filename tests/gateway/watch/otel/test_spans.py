"""A record as spans: names and times of the conventions, ids of the record, and no text."""

import json
from collections.abc import Iterator

import opentelemetry.semconv._incubating.attributes.gen_ai_attributes as gen_ai
import pytest
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes

from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.providers import OPERATIONS, Endpoint
from gateway.watch.otel.spans import Span, spans
from tests.gateway.watch.records import NOW, record, traced

ENDPOINTS = {"openai": Endpoint("api.openai.com", 443, "openai")}
TRACE, OURS = f"{8:032x}", f"{8:016x}"


def made(**fields) -> list[Span]:
    return spans(json.loads(json.dumps(traced(7, **fields))), ENDPOINTS, ModelNames())


def at(ms: float) -> int:
    return int((NOW + 7) * 10**9) + round(ms * 10**6)


def test_the_trace():
    """The exchange is below its caller's span; guards and calls are below the exchange, each when it was."""
    assert [(span.name, span.kind, span.parent_id, span.start_ns, span.end_ns) for span in made()] == [
        ("POST /v1/chat/completions", "server", "b7ad6b7169203331", at(0), at(500)),
        ("guard input", "internal", OURS, at(0.25), at(1.75)),
        ("guard stream", "internal", OURS, at(300), at(490)),
        ("chat gpt-4o", "client", OURS, at(2), at(3)),
        ("chat gpt-4o", "client", OURS, at(3.5), at(483.5)),
    ]
    assert {span.trace_id for span in made()} == {TRACE}
    ids = [span.span_id for span in made()]
    assert (ids[0], ids[3:]) == (OURS, [f"1{8:015x}", OURS[::-1]])
    assert len(set(ids)) == 5


def test_the_same_each_time():
    """A record that is sent again is not another."""
    assert made() == made()


def test_the_exchange():
    """What was asked, what became of it, and by which policy."""
    server = made()[0]
    assert server.attributes == {
        "http.request.method": "POST", "http.route": "/v1/chat/completions", "http.response.status_code": 200,
        "oddgate.request.id": f"req_{7:024x}", "oddgate.app": "shop", "oddgate.surface": "chat", "oddgate.unguarded": False,
        "oddgate.decision": "redact", "oddgate.policy.name": "default", "oddgate.policy.digest": "0123456789ab",
        "oddgate.overhead_ms": 500.0, "oddgate.guards_ms": 0.0,
    }  # fmt: skip
    assert not server.is_error


@pytest.mark.parametrize(
    ("status", "outcome", "is_error", "error"),
    [(400, "content_filter", False, "content_filter"), (502, "upstream_reset", True, "upstream_reset"), (200, "completed", False, None)],
)
def test_what_failed(status: int, outcome: str, is_error: bool, error: str | None):
    """Only what is a server's fault is a server's error; what else went wrong has its name."""
    server = made(status=status, outcome=outcome)[0]
    assert (server.is_error, server.attributes.get("error.type")) == (is_error, error)


def test_a_guard():
    """What it did and why, with each score as an evaluation; a check that could not run is one that failed."""
    first, second = made()[1:3]
    assert first.attributes == {
        "oddgate.guardrail.stage": "input", "oddgate.guardrail.action": "tokenize", "oddgate.guardrail.busy_ms": 1.25,
        "oddgate.guardrail.policy.name": "default", "oddgate.guardrail.policy.digest": "0123456789ab",
        "oddgate.guardrail.rules": ["pii"], "oddgate.guardrail.findings": 1,
    }  # fmt: skip
    (event,) = first.events
    assert (event.name, event.at_ns) == ("gen_ai.evaluation.result", at(1.75))
    assert event.attributes == {
        "gen_ai.evaluation.name": "pii.EMAIL_ADDRESS", "gen_ai.evaluation.score.value": 0.95, "gen_ai.evaluation.score.label": "match",
        "oddgate.guardrail.rule": "pii", "oddgate.guardrail.action": "tokenize", "oddgate.guardrail.shadow": False,
        "oddgate.guardrail.scope": "user",
    }  # fmt: skip
    assert second.attributes["oddgate.guardrail.shadow_rules"] == ["later"]
    assert (second.events[0].attributes["error.type"], "gen_ai.evaluation.score.value" in second.events[0].attributes) == ("timeout", False)


def test_calibrated_scores():
    """How strange a rule found a request is an evaluation too, whether it fired or not."""
    first, second = made(findings=[], scores={"domain.topics": {"score": 0.125, "by": "topics:1"}}, stages=traced(7)["stages"])[1:3]
    assert [(event.attributes["gen_ai.evaluation.name"], event.attributes["gen_ai.evaluation.score.value"]) for event in first.events] == [
        ("domain.topics", 0.125)
    ]
    assert second.events == []


def test_a_call():
    """By the conventions for clients of models: what was asked of whom, what it took, and how it failed."""
    failed, good = made()[3:]
    assert good.attributes == {
        "http.request.method": "POST", "http.response.status_code": 200, "server.address": "api.openai.com", "server.port": 443,
        "oddgate.upstream": "openai", "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.stream": True, "gen_ai.request.max_tokens": 50, "gen_ai.request.temperature": 0.5,
        "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 9, "gen_ai.response.time_to_first_chunk": 0.29,
    }  # fmt: skip
    assert (failed.is_error, failed.attributes["error.type"], good.is_error) == (True, "upstream_unreachable", False)
    assert not {"gen_ai.usage.input_tokens", "http.response.status_code", "server.address"} & failed.attributes.keys()


@pytest.mark.parametrize(
    ("fields", "name", "provider"),
    [
        ({"surface": "messages"}, "chat gpt-4o", "openai"),
        ({"surface": "embeddings", "model": ""}, "embeddings", "openai"),
        ({"surface": "files", "model": ""}, "files", None),
    ],
)
def test_other_surfaces(fields: dict[str, str], name: str, provider: str | None):
    """What is no operation of the conventions' has none of their names."""
    call = made(**fields)[-1]
    assert (call.name, call.attributes.get("gen_ai.provider.name")) == (name, provider)
    assert provider or not any(key.startswith("gen_ai.") for key in call.attributes)


def test_an_upstream_that_is_not_known():
    """Its API tells the provider, and nothing its address."""
    for surface, provider in (("messages", "anthropic"), ("chat", "openai")):
        attributes = spans(traced(7, surface=surface), {}, ModelNames())[-1].attributes
        assert (attributes["gen_ai.provider.name"], "server.address" in attributes) == (provider, False)


def test_what_was_answered():
    """Which model it was, under which id, why it ended, what of the tokens came from a cache or went into one, and what was thought."""
    tokens = {"input": 7, "output": 9, "cached": 3, "cache_write": 2, "reasoning": 5}
    call = made(answer={"model": "gpt-4o-2024-08-06", "id": "chatcmpl-7", "finish": ["stop", "length"]}, tokens=tokens)[-1]
    assert call.attributes.items() >= {
        "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.response.finish_reasons": ["stop", "length"],
        "gen_ai.usage.input_tokens": 7, "gen_ai.usage.cache_read.input_tokens": 3, "gen_ai.usage.cache_creation.input_tokens": 2,
        "gen_ai.usage.reasoning.output_tokens": 5, "gen_ai.response.id": "chatcmpl-7",
    }.items()  # fmt: skip
    assert "gen_ai.response.model" not in made(answer={"model": "sk-abcdefghijklmn", "finish": []})[-1].attributes


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"model": "sk-proj-abcdefghijklmnop"}, "chat"),
        ({"attempts": traced(7)["attempts"][:1]}, "chat"),
        ({"attempts": traced(7)["attempts"][:1], "model": "configured"}, "chat configured"),
    ],
)
def test_a_model_that_may_be_none(fields: dict, name: str):
    """What looks like a key, or what no endpoint has answered to, is neither a name nor an attribute; what the settings name is both."""
    said = spans(traced(7, **fields), ENDPOINTS, ModelNames(["configured"]))
    assert said[-1].name == name
    assert said[-1].attributes.get("gen_ai.request.model", "") == name.removeprefix("chat").strip()
    assert "sk-" not in repr(said)


@pytest.mark.parametrize("state", [None, 7, "x" * 513])
def test_a_state_that_is_none(state: object):
    """A record that says something else there has none."""
    trace = {**traced(7)["trace"], "state": state}
    assert {span.state for span in made(trace=trace)} == {""}


def test_usage_of_several_answers():
    """It is known of all together, and so of none."""
    assert "gen_ai.usage.input_tokens" not in made(reasks=1)[-1].attributes


@pytest.mark.parametrize("fields", [{"trace": None}, {"trace": {"id": TRACE, "span": OURS, "parent": "", "flags": 0}}])
def test_no_trace(fields: dict):
    """A record without one has no spans, nor one whose caller keeps none."""
    assert made(**fields) == []
    assert spans(record(1), {}, ModelNames()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"trace": {"id": "0" * 32, "span": OURS, "parent": "", "flags": 1}},
        {"trace": {"id": "x", "span": OURS, "parent": "", "flags": 1}},
        {"trace": {"id": TRACE, "span": None, "parent": "", "flags": 1}},
        {"trace": "x"},
        {"ts": 1e300},
        {"ts": -5.0},
        {"ts": None},
        {"stages": {}, "attempts": 7},
        {"policy": None},
        {"decision": ["allow"]},
        {"timings_ms": {}},
    ],
)
def test_what_is_no_record(fields: dict):
    """It is an error of a kind that the caller knows."""
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError, OverflowError)):
        made(**fields)


def test_numbers_beyond_all_bounds():
    """What an endpoint says of its tokens may not fit, nor what was asked for."""
    said = made(tokens={"input": 10**30, "output": 1}, asked={"messages": 1, "max_tokens": 1e30})[-1].attributes
    assert not {"gen_ai.usage.input_tokens", "gen_ai.request.max_tokens"} & said.keys()


def test_many_findings():
    """A span's events and names are bounded."""
    found = [{**traced(7)["findings"][0], "rule": f"r{number}"} for number in range(500)]
    guard = made(findings=found, stages=[{**traced(7)["stages"][0], "findings": 500}])[1]
    assert (len(guard.events), len(guard.attributes["oddgate.guardrail.rules"])) == (128, 64)


def test_an_application_that_is_no_name():
    """Clients may be trusted to name it; only an identifier goes on."""
    assert "oddgate.app" not in made(app="anna@example.org")[0].attributes


def test_what_clients_say_of_themselves():
    """Nothing of it is in a span, nor are the places and fingerprints of what was found."""
    said = repr(made(user="quux", session="quux", group="quux"))
    assert not {word for word in ("quux", "messages.0.content", "6c1f0a2b3c4d5e6f") if word in said}


def names(span: Span) -> Iterator[str]:
    yield from span.attributes
    for event in span.events:
        yield event.name
        yield from event.attributes


KNOWN = {
    value
    for module in (gen_ai, http_attributes, error_attributes, server_attributes)
    for value in vars(module).values()
    if isinstance(value, str)
} | {"gen_ai.evaluation.result"}


def test_names():
    """Every attribute is one of the conventions', as their package has it, or our own."""
    used = {
        name
        for span in made(
            asked={"messages": 1, "max_tokens": 5.0, "temperature": 1.0, "top_p": 1.0, "n": 2.0},
            answer={"model": "m", "finish": ["stop"]},
            tokens={"input": 1, "output": 1, "cached": 1, "cache_write": 1},
        )
        for name in names(span)
    }
    assert {name for name in used if not name.startswith("oddgate.")} - KNOWN == set()
    assert {name for name in used if name.startswith("gen_ai.request.")} >= {"gen_ai.request.choice.count", "gen_ai.request.top_p"}
    assert set(OPERATIONS.values()) <= {each.value for each in gen_ai.GenAiOperationNameValues}
