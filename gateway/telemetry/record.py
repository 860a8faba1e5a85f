"""The one record of an exchange (see ``journal``), from which everything else about it is derived. It holds no text of the exchange, but
where the settings keep texts, which are redacted then or sealed (``texts``).

What the client says of itself is in it as far as the settings trust its labels: ``user``, ``session`` and ``group``, of 128 characters each
at most. They are names that an application gives, and whoever reads the journal reads them. Of what a request asks for besides its texts,
the record has the numbers and the tools' names, where the policy asks about them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from detectors.text.uncertainty import Uncertainty
from gateway.guard.glimpse import Glimpse
from gateway.guard.outcome import Covered, Findings, Placed
from gateway.guard.plan import Plan
from gateway.guard.response import ResponseGuard
from gateway.telemetry.course import MAX_ATTEMPTS, Attempt, Stage, render_attempts, render_stages
from gateway.telemetry.texts import Seal, render_texts
from gateway.wire.keylike import looks_like_key
from gateway.wire.model import Event, Json, Usage
from gateway.wire.origin import NOBODY, Origin, origin
from gateway.wire.tracing import NO_TRACE, SAMPLED, Trace
from gateway.wire.walk import dotted, is_structural, number_text
from policies.subject import Asked, Signals
from policies.verdict import Action, Decision, strictest

VERSION = 1
_MAX_PLACES = 256
_MAX_TOOLS = 128
_ERRORS = 300
_NUMBERS = ("max_tokens", "temperature", "top_p", "n")
_DECIMALS = 6
_COST_DECIMALS = 9  # of what a token costs there are six decimals less, and two or three of them count
_MAX_ENDS, _MAX_END = 16, 64
_SCORE_DIGITS = 9  # what is strange has scores near 1
_DECISIONS = {action: Decision.of(action).value for action in Action}


@dataclass(frozen=True, slots=True)
class Consistency:
    """How far an answer agrees with others to the same request, of which so many were asked for and came in time; and their cost."""

    agreement: float | None
    asked: int
    answered: int
    usage: Usage


@dataclass(slots=True)
class Exchange:
    """What is known of an exchange so far. Times are seconds of a monotonic clock; ``started_at`` is the wall clock's."""

    request_id: str
    started_at: float
    start: float
    trace: Trace = NO_TRACE
    method: str = ""
    route: str = ""
    app: str = ""
    user: str = ""
    session: str = ""
    group: str = ""
    surface: str = "unknown"
    model: str = ""
    is_stream: bool = False
    is_unguarded: bool = False
    policy: str = ""
    upstream: str | None = None
    status: int = 0
    outcome: str = "completed"
    asked: Asked | None = None  # where the policy asks about it
    signals: Signals | None = None  # where the policy asks about them
    glimpse: Glimpse | None = None  # None: nothing is looked at
    request: Findings = field(default_factory=Findings)
    response: Findings = field(default_factory=Findings)
    response_covered: list[Covered] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    earlier: Usage = field(default_factory=Usage)  # of the answers that were not accepted
    cost_usd: float | None = None  # None: not known
    reasks: int = 0
    origin: Origin = NOBODY  # the model that the endpoint says has answered, and the id of its answer
    ends: dict[int, str] = field(default_factory=dict)  # why each choice of the answer has ended, as the endpoint says
    consistency: Consistency | None = None
    uncertainty: Mapping[int, Uncertainty] = field(default_factory=dict)  # of each choice of the answer
    request_bytes: int = 0
    response_bytes: int = 0
    released_chars: int = 0
    stages: list[Stage] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    guard_s: float = 0.0
    upstream_s: float = 0.0
    client_s: float = 0.0
    waits_since: float | None = None
    first_byte: float | None = None
    end: float = 0.0
    measures: dict[str, str] = field(default_factory=dict)  # those that it was under, and what they do
    is_recorded: bool = False
    is_counted: bool = False

    @property
    def decision(self) -> str:
        return _DECISIONS[strictest(self.request.action, self.response.action)]

    @property
    def usages(self) -> tuple[Usage, ...]:
        """Of the answer, with those that it came after, and of the others that it was compared with."""
        compared = self.consistency
        return (self.usage, compared.usage) if compared and compared.answered else (self.usage,)

    @property
    def model_name(self) -> str:
        """Only if it is one: a client may write anything there."""
        return _told(self.model)

    def overhead_s(self, now: float) -> float:
        """Time since the start that was not spent waiting for the upstream, nor for the client to take its answer."""
        return max(0.0, now - self.start - self.upstream_s - self.client_s)

    def waited(self, now: float) -> None:
        """The upstream has answered, or failed to: the wait since ``waits_since`` is over."""
        if self.waits_since is not None:
            self.upstream_s += now - self.waits_since
            self.waits_since = None

    def guarded(self, stage: str, begin: float, end: float) -> None:
        """The guards were busy with this stage."""
        self.guard_s += end - begin
        for each in self.stages:
            if each.name == stage:
                each.end = end
                each.busy_s += end - begin
                return
        self.stages.append(Stage(stage, begin, end, end - begin))

    def attempt(self, upstream: str, span_id: str, now: float) -> None:
        """An upstream is called."""
        if len(self.attempts) == MAX_ATTEMPTS:
            self.attempts.pop()
        self.attempts.append(Attempt(span_id, upstream, now))

    def answered(self, upstream: str, status: int, now: float) -> None:
        """It has begun to answer."""
        self.waited(now)
        self.upstream, self.status = upstream, status
        self.attempts[-1].status = status
        self.attempts[-1].end = now

    def heard(self, now: float) -> None:
        """More of its answer has come."""
        last = self.attempts[-1]
        last.end = now
        if last.first is None:
            last.first = now
        elif self.waits_since is not None and now - self.waits_since > last.pause_s:
            last.pause_s = now - self.waits_since
        self.waited(now)

    def attempt_failed(self, code: str, now: float) -> None:
        self.attempts[-1].error, self.attempts[-1].end = code, now

    def note_event(self, event: Event) -> None:
        if not self.origin.model:
            self.origin = origin(event.body)
        if event.finished:
            self.ends.update(event.finished)
        if event.usage:
            self.usage = event.usage.plus(self.earlier)
        if self.glimpse and self.status < _ERRORS:
            self.glimpse.hear(event)

    def planned(self, plan: Plan) -> None:
        """It is decided by this plan, as far as it is not said otherwise."""
        self.policy = plan.version
        self.note_measures(plan)

    def note_measures(self, plan: Plan) -> None:
        for each in plan.measures:
            self.note_measure(each.id, each.do.kind)

    def note_measure(self, measure: str, kind: str) -> None:
        """It goes otherwise than it would have gone without this measure."""
        self.measures[measure] = kind

    def note_reask(self) -> None:
        """The model is asked again: what it has used so far counts."""
        self.reasks += 1
        self.earlier, self.origin = self.usage, NOBODY
        self.glimpse = self.glimpse and self.glimpse.anew()

    def note_answer(self, guard: ResponseGuard) -> None:
        self.response_covered = guard.covered()
        self.released_chars = guard.released_chars
        if guard.bounds and guard.bounds.unsure:
            self.uncertainty = guard.bounds.unsure.measured()


def render(exchange: Exchange, seal: Seal | None = None, like: Callable[[Glimpse], Json] | None = None) -> Json:
    """The journal's line. Offsets and fingerprints, and no text that the settings do not keep; a model's name only if it is one."""
    request, response = exchange.request, exchange.response
    placed = [*request.placed, *response.placed]
    unread = [*request.unread, *response.unread]
    found = [sum([len(text.hits) for text in part.placed]) for part in (request, response)]
    return {
        "v": VERSION,
        "ts": round(exchange.started_at, 6),
        "request_id": exchange.request_id,
        "trace": _trace(exchange.trace),
        "method": exchange.method,
        "route": exchange.route,
        "app": exchange.app,
        "surface": exchange.surface,
        "model": exchange.model_name,
        **_labels(exchange),
        **_asked(exchange.asked),
        **_signals(exchange.signals),
        "stream": exchange.is_stream,
        "unguarded": exchange.is_unguarded,
        "policy": exchange.policy,
        **({"measures": list(exchange.measures)} if exchange.measures else {}),
        "decision": exchange.decision,
        "outcome": exchange.outcome,
        "status": exchange.status,
        "upstream": exchange.upstream,
        "rules": list(dict.fromkeys((*request.rules(), *response.rules()))),
        "would": list(dict.fromkeys([hit.fired.rule for text in placed for hit in text.hits if hit.fired.shadow])),
        "findings": [finding for text in placed for finding in _findings(text)],  # the request's, then the answer's
        **_scores(request),
        "findings_total": sum(request.counts.values()) + sum(response.counts.values()),
        "coverage": {"request": _coverage(request.covered), "response": _coverage(exchange.response_covered)},
        **_rows(request),
        "uninspectable": [
            {"place": dotted(part.place), "kind": part.kind, "action": part.action.value, **({"why": part.why} if part.why else {})}
            for part in unread
        ],
        "tokens": _tokens(exchange.usage),
        **({} if exchange.cost_usd is None else {"cost_usd": round(exchange.cost_usd, _COST_DECIMALS)}),
        "bytes": {"request": exchange.request_bytes, "response": exchange.response_bytes},
        "released_chars": exchange.released_chars,
        **_answer(exchange),
        **({"observed": like(exchange.glimpse)} if like and exchange.glimpse else {}),
        **render_texts(request, response, exchange.request_id, seal),
        "stages": render_stages(exchange.stages, exchange.start, (request.action.value, response.action.value), found),
        "attempts": render_attempts(exchange.attempts, exchange.start, exchange.end),
        "timings_ms": {
            "total": _ms(exchange.end - exchange.start),
            "overhead": _ms(exchange.overhead_s(exchange.end)),
            "guards": _ms(exchange.guard_s),
            "upstream": _ms(exchange.upstream_s),
            "first_byte": None if exchange.first_byte is None else _ms(exchange.first_byte - exchange.start),
        },
    }


def _told(model: str) -> str:
    """Empty where it is no name, or a key that stands in its place."""
    return model if is_structural(model) and not looks_like_key(model) else ""


def _trace(trace: Trace) -> Json:
    """None where it is not known; ``parent`` is empty where the trace began here. ``state`` is for the spans, where there are any."""
    if not trace.trace_id:
        return None
    said = {"id": trace.trace_id, "span": trace.span_id, "parent": trace.parent_id, "flags": trace.flags}
    return {**said, "state": trace.state} if trace.state and trace.flags & SAMPLED else said


def _labels(exchange: Exchange) -> Json:
    return {name: label for name in ("user", "session", "group") if (label := getattr(exchange, name))}


def _asked(asked: Asked | None) -> Json:
    """As ``policies.rehearsal.recorded`` reads it. Nothing where a number could be somebody's, and no tools where a name could be a text:
    then what hangs on them cannot be told.
    """
    if asked is None:
        return {}
    numbers = {name: value for name in _NUMBERS if (value := getattr(asked, name)) is not None}
    if not all(map(_is_nobodys, numbers.values())):
        return {}
    said: dict[str, Any] = {"messages": asked.messages, **numbers, "kinds": sorted(asked.kinds)}
    if len(asked.tools) <= _MAX_TOOLS and all(map(is_structural, asked.tools)):
        said["tools"] = list(asked.tools)
    if asked.models:
        said["models"] = [_told(model) for model in asked.models[:_MAX_TOOLS]]
    return {"asked": said}


def _signals(signals: Signals | None) -> Json:
    """As ``policies.rehearsal.recorded`` reads it: what is not 0."""
    if signals is None:
        return {}
    kinds = {"drift": signals.drift, "disparity": signals.disparity, "anomaly": signals.anomaly}
    levels = {kind: {name: level for name, level in told.items() if level} for kind, told in kinds.items()}
    counts = {"incident_severity": signals.incident_severity, "incidents_open": signals.incidents_open}
    stale = {"stale": signals.is_stale, "stale_kinds": sorted(signals.stale_kinds)}
    return {"signals": {name: told for name, told in {**levels, **counts, **stale}.items() if told}}


def _is_nobodys(number: float) -> bool:
    return number_text(number) is None and round(number, _DECIMALS) == number


def _answer(exchange: Exchange) -> Json:
    """Which model it is of, its id, and why it ended, as far as the endpoint says; and what is said only where the policy asks for it."""
    said: dict[str, Any] = {"reasks": exchange.reasks} if exchange.reasks else {}
    ends = [end for end in list(exchange.ends.values())[:_MAX_ENDS] if 0 < len(end) <= _MAX_END]
    told = {name: value for name, value in exchange.origin._asdict().items() if value}
    if told or ends:
        said["answer"] = {**told, "finish": ends}
    if exchange.uncertainty:
        said["uncertainty"] = [
            {
                "choice": choice,
                "mean": round(measured.mean, 4),
                "tail": round(measured.tail, 4),
                "entropy": None if measured.entropy is None else round(measured.entropy, 4),
                "tokens": measured.tokens,
            }
            for choice, measured in exchange.uncertainty.items()
        ]
    if consistency := exchange.consistency:
        said["consistency"] = {
            "agreement": None if consistency.agreement is None else round(consistency.agreement, 4),
            "asked": consistency.asked,
            "answered": consistency.answered,
            "tokens": _tokens(consistency.usage),
        }
    return said


def _tokens(usage: Usage) -> Json:
    """``cached`` and ``cache_write`` are part of the input, ``reasoning`` of the output, and there where the endpoint tells."""
    parts = {"cached": usage.cached_tokens, "cache_write": usage.cache_write_tokens, "reasoning": usage.reasoning_tokens}
    told = {name: count for name, count in parts.items() if count is not None}
    return {"input": usage.input_tokens, "output": usage.output_tokens, **told}


def _scores(request: Findings) -> Json:
    """How strange the calibrated rules found what was asked; ``by`` says which detector, configured how, so that like is set by like."""
    if not request.scores:
        return {}
    return {"scores": {rule: {"score": round(each.score, _SCORE_DIGITS), "by": each.gauge.by} for rule, each in request.scores.items()}}


def _rows(request: Findings) -> Json:
    """What became of the rows of an uploaded file."""
    rows = request.rows
    if rows is None:
        return {}
    return {"rows": {"read": rows.read, "edited": rows.edited, "blocked": rows.blocked, "policies": list(rows.policies)}}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _findings(placed: Placed) -> Iterator[Json]:
    place, scope = dotted(placed.place), placed.scope.value
    for hit in placed.hits:
        fired = hit.fired
        yield {
            "rule": fired.rule,
            "kind": fired.kind,
            "place": place,
            "scope": scope,
            "start": fired.start,
            "end": fired.end,
            "score": round(fired.score, 4),
            "action": fired.action.value,
            "shadow": fired.shadow,
            "why": fired.why,
            "fingerprint": hit.fingerprint,
        }


def _coverage(covered: Iterable[Covered]) -> list[Json]:
    """One row for each scope and set of rules: which texts, how many characters. No rules: no rule of the policy names this scope."""
    rows: dict[tuple[str, tuple[str, ...]], list[Covered]] = {}
    for text in covered:
        rows.setdefault((text.scope, text.rules), []).append(text)
    return [_row(scope, rules, texts) for (scope, rules), texts in rows.items()]


def _row(scope: str, rules: tuple[str, ...], texts: list[Covered]) -> Json:
    row: dict[str, Any] = {
        "scope": scope,
        "inspected_by": rules,
        "texts": sum([text.texts for text in texts]),
        "chars": sum([text.chars for text in texts]),
        "places": [dotted(text.place) for text in texts[:_MAX_PLACES]],
    }
    if not rules:
        row["why_not"] = "no rule of the policy has this scope"
    return row
