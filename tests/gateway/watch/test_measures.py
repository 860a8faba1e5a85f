"""What a record says of times and tokens, by the conventions' names."""

import json

import opentelemetry.semconv._incubating.metrics.gen_ai_metrics as gen_ai
import pytest

from gateway.watch.measures import HISTOGRAMS, Measure, measures
from gateway.watch.providers import Endpoint
from tests.gateway.watch.records import record, traced

ENDPOINTS = {"openai": Endpoint("api.openai.com", 443, "openai")}
ASKED = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
    "server.address": "api.openai.com", "server.port": 443,
}  # fmt: skip


def made(**fields) -> list[Measure]:
    return list(measures(json.loads(json.dumps(traced(7, **fields))), ENDPOINTS))


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
    assert [measure.name for measure in measures(record(1), {})] == ["gen_ai.server.request.duration"]


def test_names():
    """Every name is one of the conventions', as their package has it; bounds are those of their specification."""
    known = {value for value in vars(gen_ai).values() if isinstance(value, str)}
    assert set(HISTOGRAMS) <= known
    assert {measure.name for measure in made()} == set(HISTOGRAMS)
    assert HISTOGRAMS["gen_ai.client.token.usage"].bounds[:3] == (1, 4, 16)
    assert HISTOGRAMS["gen_ai.client.token.usage"].bounds[-1] == 67_108_864
    seconds = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
    assert {histogram.bounds for histogram in HISTOGRAMS.values() if histogram.unit == "s"} == {seconds}
