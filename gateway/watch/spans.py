"""A record as the spans of a trace, with its own ids and times: the same record gives the same spans, however often it is sent.

    POST /v1/chat/completions      SERVER     the exchange
      guard input                  INTERNAL   what the guards did with the request: ``oddgate.guardrail.*``, each score an event
      chat gpt-4o                  CLIENT     each call of an upstream: ``gen_ai.*``
      guard stream                 INTERNAL   what the guards did with the answer

No text of an exchange is in a span, and what a client has chosen only where it is an identifier.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from gateway.watch.guardrails import Draft, drafted
from gateway.watch.models import ModelNames
from gateway.watch.providers import NOBODY, OPERATIONS, Endpoint, provider_of
from gateway.watch.row import Record
from gateway.wire.walk import is_structural

Value = str | bool | int | float | list[str]
Attributes = Mapping[str, Value]

_SAMPLED = 1
_MAX_EVENTS = 128
_MAX_NAMES = 64
_MAX_INT = 1 << 63
_TRACE_ID, _SPAN_ID = re.compile(r"(?!0{32})[0-9a-f]{32}"), re.compile(r"(?!0{16})[0-9a-f]{16}")
_ASKED = {
    "max_tokens": "gen_ai.request.max_tokens", "temperature": "gen_ai.request.temperature", "top_p": "gen_ai.request.top_p",
    "n": "gen_ai.request.choice.count",
}  # fmt: skip
_INTEGERS = ("max_tokens", "n")
_NUMBERS = frozenset({bool, int, float})
_MAX_STATE = 512


class Event(NamedTuple):
    name: str
    at_ns: int
    attributes: Attributes


class Span(NamedTuple):
    """``parent_id`` is empty at the beginning of a trace, and ``state`` where its caller sent none. Times are nanoseconds since 1970."""

    name: str
    kind: Literal["server", "internal", "client"]
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    attributes: Attributes
    events: Sequence[Event] = ()
    is_error: bool = False
    state: str = ""


class Log(NamedTuple):
    """An event that is told by itself, and of which span it is."""

    trace_id: str
    span_id: str
    event: Event


def spans(record: Record, endpoints: Mapping[str, Endpoint], models: ModelNames, draft: Draft = "none") -> list[Span]:
    """Of a record without a trace, or of a trace that its caller does not keep: none. ``endpoints`` are the upstreams, by name; ``draft``
    is that of guardrails' conventions.

    Raises ValueError, KeyError, TypeError or AttributeError where it is no record as this version knows them.
    """
    trace = record.get("trace")
    if not trace or not trace["flags"] & _SAMPLED:
        return []
    mapping = _Mapping(record, endpoints, models, draft)
    return [mapping.server(), *mapping.guards(), *mapping.clients()]


class _Mapping:
    """One record."""

    def __init__(self, record: Record, endpoints: Mapping[str, Endpoint], models: ModelNames, draft: Draft) -> None:
        trace = record["trace"]
        self._draft = draft
        self._record = record
        self._endpoints = endpoints
        self._models = models
        self._model = models.told(record["model"], is_answered=any(not _error(attempt) for attempt in record["attempts"]))
        self._trace_id = _checked(_TRACE_ID, trace["id"])
        self._span_id = _checked(_SPAN_ID, trace["span"])
        self._policy, _, self._digest = record["policy"].partition("@")
        self._parent_id = _checked(_SPAN_ID, trace["parent"]) if trace["parent"] else ""
        self._state = _stated(trace.get("state", ""))
        self._start_ns: int = round(record["ts"] * 1e6) * 1000

    def server(self) -> Span:
        record = self._record
        status, outcome = record["status"], record["outcome"]
        attributes: dict[str, Value | None] = {
            "http.request.method": record["method"] or "_OTHER",
            "http.route": record["route"],
            "http.response.status_code": status,
            "error.type": outcome if outcome != "completed" else None,
            "oddgate.request.id": record["request_id"],
            "oddgate.app": _identifier(record["app"]),
            "oddgate.surface": record["surface"],
            "oddgate.unguarded": record["unguarded"],
            "oddgate.decision": record["decision"],
            "oddgate.policy.name": self._policy,
            "oddgate.policy.digest": self._digest,
            "oddgate.overhead_ms": record["timings_ms"]["overhead"],
            "oddgate.guards_ms": record["timings_ms"]["guards"],
        }
        named = f"{record['method'] or 'HTTP'} {record['route'] or record['surface']}"
        return self._span(named, "server", self._span_id, 0.0, record["timings_ms"]["total"], attributes, is_error=status >= 500)

    def guards(self) -> Iterator[Span]:
        findings, done = self._record["findings"], 0
        for stage in self._record["stages"]:
            found = findings[done : done + stage["findings"]]
            done += stage["findings"]
            yield self._guard(stage, found)

    def _guard(self, stage: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> Span:
        name = stage["stage"]
        attributes: dict[str, Value | None] = {
            "oddgate.guardrail.stage": name,
            "oddgate.guardrail.action": stage["action"],
            "oddgate.guardrail.busy_ms": stage["busy"],
            "oddgate.guardrail.policy.name": self._policy,
            "oddgate.guardrail.policy.digest": self._digest,
            "oddgate.guardrail.rules": _names([each["rule"] for each in found if not each["shadow"]]),
            "oddgate.guardrail.shadow_rules": _names([each["rule"] for each in found if each["shadow"]]),
            "oddgate.guardrail.findings": len(found),
        }
        span_id = sha256(f"{self._span_id}/{name}".encode()).hexdigest()[:16]
        at_ns = self._at(stage["at"] + stage["ms"])
        scores = self._record.get("scores", {}) if name == "input" else {}
        events = [*_found(found, at_ns), *_scored(scores, at_ns)][:_MAX_EVENTS]
        also = drafted(self._draft, name, stage["action"], self._record["policy"], found)
        events += [Event(also.event, at_ns, _known(said)) for said in also.findings[:_MAX_EVENTS]]
        attributes |= also.attributes
        return self._span(also.name or f"guard {name}", "internal", span_id, stage["at"], stage["ms"], attributes, events=events)

    def clients(self) -> Iterator[Span]:
        attempts = self._record["attempts"]
        for attempt in attempts:
            yield self._client(attempt, is_last=attempt is attempts[-1])

    def _client(self, attempt: Mapping[str, Any], *, is_last: bool) -> Span:
        record = self._record
        operation, model = OPERATIONS.get(record["surface"]), self._model
        endpoint = self._endpoints.get(attempt["upstream"], NOBODY)
        error = _error(attempt)
        attributes: dict[str, Value | None] = {
            "http.request.method": record["method"],
            "http.response.status_code": attempt["status"],
            "server.address": endpoint.host,
            "server.port": endpoint.port if endpoint.host else None,
            "error.type": error,
            "oddgate.upstream": attempt["upstream"],
        }
        if operation:
            provider = provider_of(endpoint, record["surface"])
            attributes |= {"gen_ai.operation.name": operation, "gen_ai.provider.name": provider, "gen_ai.request.model": model}
            attributes |= self._asked()
            attributes |= self._answered(attempt) if is_last and not error else {}
        name = f"{operation or record['surface']} {model}".rstrip()
        return self._span(
            name, "client", _checked(_SPAN_ID, attempt["span"]), attempt["at"], attempt["ms"], attributes, is_error=bool(error)
        )

    def _asked(self) -> dict[str, Value | None]:
        asked = self._record.get("asked", {})
        said: dict[str, Value | None] = {
            name: int(asked[key]) if key in _INTEGERS else float(asked[key]) for key, name in _ASKED.items() if key in asked
        }
        return {**said, "gen_ai.request.stream": True} if self._record["stream"] else said

    def _answered(self, attempt: Mapping[str, Any]) -> dict[str, Value | None]:
        """What was used is known of all attempts together: it is said where there was one answer."""
        tokens = {} if self._record.get("reasks") else self._record["tokens"]
        first, answer = attempt["first"], self._record.get("answer", {})
        return {
            "gen_ai.usage.input_tokens": tokens.get("input"),
            "gen_ai.usage.output_tokens": tokens.get("output"),
            "gen_ai.usage.cache_read.input_tokens": tokens.get("cached"),
            "gen_ai.usage.cache_creation.input_tokens": tokens.get("cache_write"),
            "gen_ai.response.model": self._models.told(answer.get("model", ""), is_answered=True),
            "gen_ai.response.finish_reasons": list(answer.get("finish", ())),
            "gen_ai.response.time_to_first_chunk": round(first / 1000, 6) if first is not None and self._record["stream"] else None,
        }

    def _at(self, ms: float) -> int:
        return self._start_ns + round(ms * 1e6)

    def _span(
        self,
        name: str,
        kind: Literal["server", "internal", "client"],
        span_id: str,
        at: float,
        ms: float,
        attributes: Mapping[str, Value | None],
        *,
        events: Sequence[Event] = (),
        is_error: bool = False,
    ) -> Span:
        parent_id = self._parent_id if kind == "server" else self._span_id
        start_ns, end_ns = self._at(at), self._at(at + ms)
        if not 0 <= start_ns <= end_ns < _MAX_INT:
            raise ValueError("no time")
        return Span(name, kind, self._trace_id, span_id, parent_id, start_ns, end_ns, _known(attributes), events, is_error, self._state)


def _found(found: Sequence[Mapping[str, Any]], at_ns: int) -> Iterator[Event]:
    """A detector's score is an evaluation; what could not be checked is one that failed."""
    for each in found:
        attributes: dict[str, Value] = {
            "gen_ai.evaluation.name": each["kind"],
            "oddgate.guardrail.rule": each["rule"],
            "oddgate.guardrail.action": each["action"],
            "oddgate.guardrail.shadow": each["shadow"],
            "oddgate.guardrail.scope": each["scope"],
        }
        if each["why"] == "match":
            attributes |= {"gen_ai.evaluation.score.value": float(each["score"]), "gen_ai.evaluation.score.label": "match"}
        else:
            attributes["error.type"] = each["why"]
        yield Event("gen_ai.evaluation.result", at_ns, attributes)


def _scored(scores: Mapping[str, Any], at_ns: int) -> Iterator[Event]:
    """How strange a calibrated rule found the request, whether it fired or not."""
    for rule, each in scores.items():
        said: dict[str, Value] = {"gen_ai.evaluation.name": rule, "gen_ai.evaluation.score.value": float(each["score"])}
        yield Event("gen_ai.evaluation.result", at_ns, {**said, "oddgate.guardrail.rule": rule})


def _known(attributes: Mapping[str, Value | None]) -> Attributes:
    """Without what is empty; and an endpoint may say any number of its tokens."""
    return {
        key: value
        for key, value in attributes.items()
        if value is not None and (value or type(value) in _NUMBERS) and (type(value) is not int or -_MAX_INT < value < _MAX_INT)
    }


def _error(attempt: Mapping[str, Any]) -> str:
    status: int | None = attempt["status"]
    return attempt["error"] or (str(status) if status and status >= 400 else "")


def _names(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))[:_MAX_NAMES]


def _identifier(text: str) -> str:
    return text if is_structural(text) else ""


def _stated(state: object) -> str:
    """What the trace's caller and those before it say to each other (``tracestate``), as the path has let it through."""
    return state if isinstance(state, str) and len(state) <= _MAX_STATE else ""


def _checked(form: "re.Pattern[str]", text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError("no id")
    return text
