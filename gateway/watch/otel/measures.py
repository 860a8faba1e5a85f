"""What a record says of times and tokens, as the GenAI conventions measure them.

``gen_ai.client.*`` is what the gateway saw of endpoints, ``gen_ai.server.*`` what applications saw of the gateway: the difference is what
the gateway has added. A model's name is said only where it may be (``models``), so that clients make up no series.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.providers import NOBODY, OPERATIONS, Endpoint, provider_of
from gateway.watch.row import Record

_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_FIRST = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_EACH = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_TOKENS = tuple(float(4**power) for power in range(14))
_MAX_TOKENS = 1 << 53
_REMEMBERED = 1024
"""Attributes of each sort, which are the same from exchange to exchange; nobody changes them."""

Attributes = Mapping[str, str | int]


class Histogram(NamedTuple):
    """``bounds`` are the conventions' own."""

    unit: str
    description: str
    bounds: tuple[float, ...]


HISTOGRAMS = {
    "gen_ai.client.operation.duration": Histogram("s", "GenAI operation duration.", _SECONDS),
    "gen_ai.client.operation.time_to_first_chunk": Histogram("s", "Time to receive the first chunk of a streamed answer.", _SECONDS),
    "gen_ai.client.token.usage": Histogram("{token}", "Number of input and output tokens used.", _TOKENS),
    "gen_ai.server.request.duration": Histogram("s", "Generative AI server request duration, until the last byte.", _SECONDS),
    "gen_ai.server.time_to_first_token": Histogram("s", "Time to the first byte of a streamed answer.", _FIRST),
    "gen_ai.server.time_per_output_token": Histogram("s", "Time of each token of a streamed answer, after the first.", _EACH),
}


class Measure(NamedTuple):
    name: str
    value: float
    attributes: Attributes


def measures(record: Record, endpoints: Mapping[str, Endpoint], models: ModelNames) -> Iterator[Measure]:
    """Of an exchange with a model: none of any other. Raises ValueError, KeyError, TypeError or AttributeError where it is no record."""
    surface = record["surface"]
    if surface not in OPERATIONS:
        return
    attempts, model, error, endpoint = record["attempts"], "", "", NOBODY
    for attempt in attempts:
        error, endpoint = _error(attempt), endpoints.get(attempt["upstream"], NOBODY)
        model = "" if error else models.counted(record["model"], is_answered=True)
        yield from _of_a_call(record, attempt, _of_an_endpoint(surface, model, error, endpoint))
    outcome = record["outcome"]
    served = _of_the_gateway(surface, model, "" if outcome == "completed" else outcome, endpoint)
    yield Measure("gen_ai.server.request.duration", record["timings_ms"]["total"] / 1000, served)
    if record["stream"] and outcome == "completed":
        yield from _of_a_stream(record["timings_ms"], record["tokens"].get("output"), served)
    if attempts and not error:
        for kind in ("input", "output"):
            count = record["tokens"].get(kind)
            if count is not None and 0 <= count <= _MAX_TOKENS:
                yield Measure("gen_ai.client.token.usage", count, _of_tokens(surface, model, endpoint, kind))


def _of_a_call(record: Record, attempt: Mapping[str, Any], said: Attributes) -> Iterator[Measure]:
    yield Measure("gen_ai.client.operation.duration", attempt["ms"] / 1000, said)
    if record["stream"] and attempt["first"] is not None and not _error(attempt):
        yield Measure("gen_ai.client.operation.time_to_first_chunk", attempt["first"] / 1000, said)


def _of_a_stream(timings: Mapping[str, Any], tokens: int | None, said: Attributes) -> Iterator[Measure]:
    """As the gateway's client saw it."""
    first = timings["first_byte"]
    if first is None:
        return
    yield Measure("gen_ai.server.time_to_first_token", first / 1000, said)
    if tokens is not None and 1 < tokens <= _MAX_TOKENS:
        yield Measure("gen_ai.server.time_per_output_token", max(0.0, timings["total"] - first) / 1000 / (tokens - 1), said)


@lru_cache(_REMEMBERED)
def _of_the_gateway(surface: str, model: str, error: str, endpoint: Endpoint) -> Attributes:
    said = {
        "gen_ai.operation.name": OPERATIONS[surface],
        "gen_ai.provider.name": provider_of(endpoint, surface),
        "gen_ai.request.model": model,
        "error.type": error,
    }
    return {name: value for name, value in said.items() if value}


@lru_cache(_REMEMBERED)
def _of_an_endpoint(surface: str, model: str, error: str, endpoint: Endpoint) -> Attributes:
    place: Attributes = {"server.address": endpoint.host, "server.port": endpoint.port} if endpoint.host else {}
    return {**_of_the_gateway(surface, model, error, endpoint), **place}


@lru_cache(_REMEMBERED)
def _of_tokens(surface: str, model: str, endpoint: Endpoint, kind: str) -> Attributes:
    """Of all answers to one exchange together, as they are charged for."""
    return {**_of_an_endpoint(surface, model, "", endpoint), "gen_ai.token.type": kind}


def _error(attempt: Mapping[str, Any]) -> str:
    status: int | None = attempt["status"]
    return attempt["error"] or (str(status) if status and status >= 400 else "")
