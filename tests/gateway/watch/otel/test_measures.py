"""What a record says of times and tokens, by the conventions' names."""

import json

import opentelemetry.semconv._incubating.metrics.gen_ai_metrics as gen_ai
import pytest

from gateway.watch.otel.measures import HISTOGRAMS, Measure, measures
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.providers import Endpoint
from tests.gateway.watch.records import record, traced

ENDPOINTS = {"openai": Endpoint("api.openai.com", 443, "openai")}
ASKED = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "server.address": "api.openai.com", "server.port": 443,
}  # fmt: skip


TIMINGS = {"total": 500.0, "first_byte": 300.0}


def made(**fields) -> list[Measure]:
    return list(measures(json.loads(json.dumps(traced(7, **fields))), ENDPOINTS, ModelNames()))


def test_an_exchange():
    """Each call of an endpoint, what the gateway's own client waited for, and what was used."""
    failed = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "error.type": "upstream_unreachable"}
    served = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    assert made() == [
        ("gen_ai.client.operation.duration", 0.001, failed),
        ("gen_ai.client.operation.duration", 0.48, ASKED),
        ("gen_ai.client.operation.time_to_first_chunk", 0.29, ASKED),
        ("gen_ai.server.request.duration", 0.5, served),
        ("gen_ai.client.token.usage", 7, {**ASKED, "gen_ai.token.type": "input"}),
        ("gen_ai.client.token.usage", 9, {**ASKED, "gen_ai.token.type": "output"}),
    ]


def test_what_no_endpoint_has_answered_to():
    """A model that a client has made up is no name of a series, whether it was refused here or there."""
    refused = {**traced(7)["attempts"][1], "status": 404}
    for fields in ({"attempts": [], "outcome": "content_filter"}, {"attempts": [refused], "outcome": "upstream_error"}):
        found = made(**fields)
        assert not any("gen_ai.request.model" in measure.attributes for measure in found)
        assert [measure.attributes["error.type"] for measure in found][-1] == fields["outcome"]
        assert "gen_ai.client.token.usage" not in [measure.name for measure in found]


def test_a_whole_answer():
    """Its first piece is no measure of a stream."""
    assert "gen_ai.client.operation.time_to_first_chunk" not in [measure.name for measure in made(stream=False)]


@pytest.mark.parametrize("tokens", [{"input": None, "output": None}, {"input": -1, "output": 10**30}, {}])
def test_tokens_that_are_not_known(tokens: dict):
    """Nothing is said of them."""
    assert "gen_ai.client.token.usage" not in [measure.name for measure in made(tokens=tokens)]


def test_an_exchange_without_a_model():
    """It is none of the conventions'."""
    assert made(surface="files") == []
    assert [measure.name for measure in measures(record(1), {}, ModelNames())] == ["gen_ai.server.request.duration"]


def test_names():
    """Every name is one of the conventions', as their package has it; bounds are those of their specification."""
    known = {value for value in vars(gen_ai).values() if isinstance(value, str)}
    assert set(HISTOGRAMS) <= known
    assert {measure.name for measure in made(timings_ms=TIMINGS)} == set(HISTOGRAMS)
    assert HISTOGRAMS["gen_ai.client.token.usage"].bounds[:3] == (1, 4, 16)
    assert HISTOGRAMS["gen_ai.client.token.usage"].bounds[-1] == 67_108_864
    seconds = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
    assert {histogram.bounds for name, histogram in HISTOGRAMS.items() if name.endswith((".duration", "_chunk"))} == {seconds}
    assert (HISTOGRAMS["gen_ai.server.time_to_first_token"].bounds[0], len(HISTOGRAMS["gen_ai.server.time_to_first_token"].bounds)) == (
        0.001,
        16,
    )
    assert HISTOGRAMS["gen_ai.server.time_per_output_token"].bounds[-1] == 2.5


@pytest.mark.parametrize("output", [None, 0, 1, 9])
def test_a_stream(output: int | None):
    """What the gateway's client waited for the first of it, and for each token then, if there were several."""
    found = {measure.name: measure.value for measure in made(timings_ms=TIMINGS, tokens={"input": 1, "output": output})}
    assert found["gen_ai.server.time_to_first_token"] == 0.3
    assert found.get("gen_ai.server.time_per_output_token") == (pytest.approx(0.025) if output == 9 else None)


@pytest.mark.parametrize("fields", [{"stream": False}, {"outcome": "upstream_reset"}, {"timings_ms": {"total": 5.0, "first_byte": None}}])
def test_what_is_no_stream(fields: dict):
    """Of a whole answer, of one that broke off, and of one that never began, nothing is said of its tokens' times."""
    assert not {measure.name for measure in made(**{"timings_ms": TIMINGS} | fields)} & {
        "gen_ai.server.time_to_first_token", "gen_ai.server.time_per_output_token",
    }  # fmt: skip


def test_a_key_at_the_model():
    """It is no label, whatever answered to it."""
    assert "sk-" not in str(made(model="sk-abcdefghijklmnop", timings_ms=TIMINGS))
