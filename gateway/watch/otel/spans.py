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

from gateway.watch.otel.guardrails import Draft, drafted
from gateway.watch.otel.models import ModelNames
from gateway.watch.otel.providers import NOBODY, OPERATIONS, Endpoint
from gateway.watch.otel.shapes import Attributes, Shape, Value, bare, known, of_a_call, of_a_finding, of_a_guard, of_a_score, of_an_exchange
from gateway.watch.row import Record

Kind = Literal["server", "internal", "client"]

_SAMPLED = 1
_MAX_EVENTS = 128
_MAX_INT = 1 << 63
_TRACE_ID, _SPAN_ID = re.compile(r"(?!0{32})[0-9a-f]{32}"), re.compile(r"(?!0{16})[0-9a-f]{16}")
_ASKED = {
    "max_tokens": "gen_ai.request.max_tokens", "temperature": "gen_ai.request.temperature", "top_p": "gen_ai.request.top_p",
    "n": "gen_ai.request.choice.count",
}  # fmt: skip
_INTEGERS = ("max_tokens", "n")
_MAX_STATE = 512


class Event(NamedTuple):
    """``own`` are its attributes besides those of its shape."""

    shape: Shape
    at_ns: int
    own: Attributes

    @property
    def name(self) -> str:
        return self.shape.name

    @property
    def attributes(self) -> Attributes:
        return {**self.shape.attributes, **self.own}


class Span(NamedTuple):
    """``parent_id`` is empty at the beginning of a trace, and ``state`` where its caller sent none. Times are nanoseconds since 1970.
    ``own`` are its attributes besides those of its shape.
    """

    shape: Shape
    kind: Kind
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    own: Attributes
    events: Sequence[Event] = ()
    is_error: bool = False
    state: str = ""

    @property
    def name(self) -> str:
        return self.shape.name

    @property
    def attributes(self) -> Attributes:
        return {**self.shape.attributes, **self.own}


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
        self._model = models.told(record["model"], is_answered=not all(map(_error, record["attempts"])))
        self._trace_id = _checked(_TRACE_ID, trace["id"])
        self._span_id = _checked(_SPAN_ID, trace["span"])
        self._parent_id = _checked(_SPAN_ID, trace["parent"]) if trace["parent"] else ""
        self._state = _stated(trace.get("state", ""))
        self._start_ns: int = round(record["ts"] * 1e6) * 1000

    def server(self) -> Span:
        record, took = self._record, self._record["timings_ms"]
        status = record["status"]
        shape = of_an_exchange(
            record["method"], record["route"], record["surface"], status, record["outcome"], record["app"], record["unguarded"],
            record["decision"], record["policy"],
        )  # fmt: skip
        own = {"oddgate.request.id": record["request_id"], "oddgate.overhead_ms": took["overhead"], "oddgate.guards_ms": took["guards"]}
        return self._span(shape, "server", self._span_id, 0.0, took["total"], own, (), is_error=status >= 500)

    def guards(self) -> Iterator[Span]:
        findings, done = self._record["findings"], 0
        for stage in self._record["stages"]:
            found = findings[done : done + stage["findings"]]
            done += stage["findings"]
            yield self._guard(stage, found)

    def _guard(self, stage: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> Span:
        name, action, policy = stage["stage"], stage["action"], self._record["policy"]
        span_id = sha256(f"{self._span_id}/{name}".encode()).hexdigest()[:16]
        at_ns = self._at(stage["at"] + stage["ms"])
        events = [_found(each, at_ns) for each in found[:_MAX_EVENTS]]
        if name == "input" and (scores := self._record.get("scores")):
            events += [_scored(rule, each["score"], at_ns) for rule, each in scores.items()][: _MAX_EVENTS - len(events)]
        named, own = f"guard {name}", {"oddgate.guardrail.busy_ms": stage["busy"]}
        if self._draft != "none":
            also = drafted(self._draft, name, action, policy, found)
            named, own = also.name, {**own, **known(also.attributes)}
            events += [Event(bare(also.event), at_ns, known(said)) for said in also.findings[:_MAX_EVENTS]]
        rules = tuple(dict.fromkeys([(each["rule"], each["shadow"]) for each in found])) if found else ()
        shape = of_a_guard(named, name, action, policy, rules, len(found))
        return self._span(shape, "internal", span_id, stage["at"], stage["ms"], own, events, is_error=False)

    def clients(self) -> Iterator[Span]:
        attempts = self._record["attempts"]
        for attempt in attempts:
            yield self._client(attempt, is_last=attempt is attempts[-1])

    def _client(self, attempt: Mapping[str, Any], *, is_last: bool) -> Span:
        record, surface = self._record, self._record["surface"]
        error = _error(attempt)
        own: dict[str, Value | None] = {}
        answered, ends = "", ()
        if surface in OPERATIONS:
            own |= self._asked()
            if is_last and not error:
                own |= self._used(attempt)
                if answer := record.get("answer"):
                    answered, ends = self._models.told(answer.get("model", ""), is_answered=True), tuple(answer.get("finish", ()))
                    own["gen_ai.response.id"] = answer.get("id")
        shape = of_a_call(
            record["method"], attempt["status"], self._endpoints.get(attempt["upstream"], NOBODY), attempt["upstream"], error, surface,
            self._model, record["stream"], answered, ends,
        )  # fmt: skip
        span_id = _checked(_SPAN_ID, attempt["span"])
        return self._span(shape, "client", span_id, attempt["at"], attempt["ms"], known(own), (), is_error=bool(error))

    def _asked(self) -> Attributes:
        asked = self._record.get("asked")
        if not asked:
            return {}
        return {name: int(asked[key]) if key in _INTEGERS else float(asked[key]) for key, name in _ASKED.items() if key in asked}

    def _used(self, attempt: Mapping[str, Any]) -> dict[str, Value | None]:
        """What was used is known of all attempts together: it is said where there was one answer."""
        tokens = {} if self._record.get("reasks") else self._record["tokens"]
        first = attempt["first"]
        return {
            "gen_ai.usage.input_tokens": tokens.get("input"),
            "gen_ai.usage.output_tokens": tokens.get("output"),
            "gen_ai.usage.cache_read.input_tokens": tokens.get("cached"),
            "gen_ai.usage.cache_creation.input_tokens": tokens.get("cache_write"),
            "gen_ai.usage.reasoning.output_tokens": tokens.get("reasoning"),
            "gen_ai.response.time_to_first_chunk": round(first / 1000, 6) if first is not None and self._record["stream"] else None,
        }

    def _at(self, ms: float) -> int:
        return self._start_ns + round(ms * 1e6)

    def _span(
        self,
        shape: Shape,
        kind: Kind,
        span_id: str,
        at: float,
        ms: float,
        own: Attributes,
        events: Sequence[Event],
        *,
        is_error: bool,
    ) -> Span:
        parent_id = self._parent_id if kind == "server" else self._span_id
        start_ns, end_ns = self._at(at), self._at(at + ms)
        if not 0 <= start_ns <= end_ns < _MAX_INT:
            raise ValueError("no time")
        return Span(shape, kind, self._trace_id, span_id, parent_id, start_ns, end_ns, own, events, is_error, self._state)


def _found(found: Mapping[str, Any], at_ns: int) -> Event:
    why = found["why"]
    shape = of_a_finding(found["kind"], found["rule"], found["action"], found["shadow"], found["scope"], why)
    return Event(shape, at_ns, {"gen_ai.evaluation.score.value": float(found["score"])} if why == "match" else {})


def _scored(rule: str, score: float, at_ns: int) -> Event:
    return Event(of_a_score(rule), at_ns, {"gen_ai.evaluation.score.value": float(score)})


def _error(attempt: Mapping[str, Any]) -> str:
    status: int | None = attempt["status"]
    return attempt["error"] or (str(status) if status and status >= 400 else "")


def _stated(state: object) -> str:
    """What the trace's caller and those before it say to each other (``tracestate``), as the path has let it through."""
    return state if isinstance(state, str) and len(state) <= _MAX_STATE else ""


def _checked(form: "re.Pattern[str]", text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError("no id")
    return text
