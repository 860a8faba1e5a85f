"""What many spans have alike, or many events: a name, and attributes which are the same from exchange to exchange.

What was made of the same values is remembered, as far as there is room, and is the same object then: whoever encodes a shape needs to do so
once. Values of other types are told apart where they are equal (200 and 200.0). Nobody changes what a shape holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.watch.otel.providers import OPERATIONS, Endpoint, provider_of
from gateway.wire.walk import is_structural

Value = str | bool | int | float | list[str]
Attributes = Mapping[str, Value]

MAX_REMEMBERED = 1024
"""Shapes of each sort."""
_MAX_NAMES = 64
_RESULT = "gen_ai.evaluation.result"
_MAX_INT = 1 << 63
_NUMBERS = frozenset({bool, int, float})


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Known by its identity."""

    name: str
    attributes: Attributes


@lru_cache(MAX_REMEMBERED)
def bare(name: str) -> Shape:
    """Of what has nothing in common but its name."""
    return Shape(name, {})


@lru_cache(MAX_REMEMBERED, typed=True)
def of_an_exchange(
    method: str, route: str, surface: str, status: int, outcome: str, app: str, unguarded: bool, decision: str, policy: str
) -> Shape:
    name, _, digest = policy.partition("@")
    attributes: dict[str, Value | None] = {
        "http.request.method": method or "_OTHER",
        "http.route": route,
        "http.response.status_code": status,
        "error.type": outcome if outcome != "completed" else None,
        "oddgate.app": app if is_structural(app) else "",
        "oddgate.surface": surface,
        "oddgate.unguarded": unguarded,
        "oddgate.decision": decision,
        "oddgate.policy.name": name,
        "oddgate.policy.digest": digest,
    }
    return Shape(f"{method or 'HTTP'} {route or surface}", known(attributes))


@lru_cache(MAX_REMEMBERED, typed=True)
def of_a_guard(named: str, stage: str, action: str, policy: str, rules: tuple[tuple[str, bool], ...], findings: int) -> Shape:
    """``rules`` are those that found anything, and of each whether it is a shadow rule."""
    name, _, digest = policy.partition("@")
    attributes: dict[str, Value | None] = {
        "oddgate.guardrail.stage": stage,
        "oddgate.guardrail.action": action,
        "oddgate.guardrail.policy.name": name,
        "oddgate.guardrail.policy.digest": digest,
        "oddgate.guardrail.rules": [rule for rule, is_shadow in rules if not is_shadow][:_MAX_NAMES],
        "oddgate.guardrail.shadow_rules": [rule for rule, is_shadow in rules if is_shadow][:_MAX_NAMES],
        "oddgate.guardrail.findings": findings,
    }
    return Shape(named, known(attributes))


@lru_cache(MAX_REMEMBERED, typed=True)
def of_a_call(
    method: str, status: int | None, endpoint: Endpoint, upstream: str, error: str, surface: str, model: str, is_stream: bool,
    answered: str, ends: tuple[str, ...],
) -> Shape:  # fmt: skip
    operation = OPERATIONS.get(surface)
    attributes: dict[str, Value | None] = {
        "http.request.method": method,
        "http.response.status_code": status,
        "server.address": endpoint.host,
        "server.port": endpoint.port if endpoint.host else None,
        "error.type": error,
        "oddgate.upstream": upstream,
    }
    if operation:
        attributes |= {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": provider_of(endpoint, surface),
            "gen_ai.request.model": model,
            "gen_ai.request.stream": True if is_stream else None,
            "gen_ai.response.model": answered,
            "gen_ai.response.finish_reasons": list(ends),
        }
    return Shape(f"{operation or surface} {model}".rstrip(), known(attributes))


@lru_cache(MAX_REMEMBERED, typed=True)
def of_a_finding(kind: str, rule: str, action: str, shadow: bool, scope: str, why: str) -> Shape:
    """A detector's score is an evaluation; what could not be checked is one that failed."""
    attributes: dict[str, Value] = {
        "gen_ai.evaluation.name": kind,
        "oddgate.guardrail.rule": rule,
        "oddgate.guardrail.action": action,
        "oddgate.guardrail.shadow": shadow,
        "oddgate.guardrail.scope": scope,
        "gen_ai.evaluation.score.label" if why == "match" else "error.type": why,
    }
    return Shape(_RESULT, attributes)


@lru_cache(MAX_REMEMBERED)
def of_a_score(rule: str) -> Shape:
    """How strange a calibrated rule found the request, whether it fired or not."""
    return Shape(_RESULT, {"gen_ai.evaluation.name": rule, "oddgate.guardrail.rule": rule})


def known(attributes: Mapping[str, Value | None]) -> Attributes:
    """Without what is empty; and an endpoint may say any number of its tokens."""
    return {
        key: value
        for key, value in attributes.items()
        if value is not None and (value or type(value) in _NUMBERS) and (type(value) is not int or -_MAX_INT < value < _MAX_INT)
    }
