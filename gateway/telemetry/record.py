"""The one record of an exchange (see ``journal``), from which everything else about it is derived. It holds no text of the exchange."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.guard.outcome import Covered, Findings, Placed
from gateway.guard.response import ResponseGuard
from gateway.wire.model import Event, Json, Usage
from gateway.wire.walk import IDENTIFIER, dotted
from policies.verdict import Action, Decision, strictest

VERSION = 1
_MAX_PLACES = 256
_DECISIONS = {action: Decision.of(action).value for action in Action}


@dataclass(slots=True)
class Exchange:
    """What is known of an exchange so far. Times are seconds of a monotonic clock; ``started_at`` is the wall clock's."""

    request_id: str
    started_at: float
    start: float
    app: str = ""
    surface: str = "unknown"
    model: str = ""
    is_stream: bool = False
    is_unguarded: bool = False
    policy: str = ""
    upstream: str | None = None
    status: int = 0
    outcome: str = "completed"
    request: Findings = field(default_factory=Findings)
    response: Findings = field(default_factory=Findings)
    response_covered: list[Covered] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    request_bytes: int = 0
    response_bytes: int = 0
    released_chars: int = 0
    guard_s: float = 0.0
    upstream_s: float = 0.0
    client_s: float = 0.0
    waits_since: float | None = None
    first_byte: float | None = None
    end: float = 0.0
    is_recorded: bool = False
    is_counted: bool = False

    @property
    def decision(self) -> str:
        return _DECISIONS[strictest(self.request.action, self.response.action)]

    def overhead_s(self, now: float) -> float:
        """Time since the start that was not spent waiting for the upstream, nor for the client to take its answer."""
        return max(0.0, now - self.start - self.upstream_s - self.client_s)

    def waited(self, now: float) -> None:
        """The upstream has answered, or failed to: the wait since ``waits_since`` is over."""
        if self.waits_since is not None:
            self.upstream_s += now - self.waits_since
            self.waits_since = None

    def note_event(self, event: Event) -> None:
        if event.usage:
            self.usage = event.usage

    def note_answer(self, guard: ResponseGuard) -> None:
        self.response_covered = guard.covered()
        self.released_chars = guard.released_chars


def render(exchange: Exchange) -> Json:
    """The journal's line. Offsets and fingerprints, never text; a model's name only if it is one."""
    request, response = exchange.request, exchange.response
    placed = [*request.placed, *response.placed]
    unread = [*request.unread, *response.unread]
    return {
        "v": VERSION,
        "ts": round(exchange.started_at, 6),
        "request_id": exchange.request_id,
        "app": exchange.app,
        "surface": exchange.surface,
        "model": exchange.model if IDENTIFIER.fullmatch(exchange.model) else "",
        "stream": exchange.is_stream,
        "unguarded": exchange.is_unguarded,
        "policy": exchange.policy,
        "decision": exchange.decision,
        "outcome": exchange.outcome,
        "status": exchange.status,
        "upstream": exchange.upstream,
        "rules": list(dict.fromkeys((*request.rules(), *response.rules()))),
        "would": list(dict.fromkeys([hit.fired.rule for text in placed for hit in text.hits if hit.fired.shadow])),
        "findings": [finding for text in placed for finding in _findings(text)],
        "findings_total": sum(request.counts.values()) + sum(response.counts.values()),
        "coverage": {"request": _coverage(request.covered), "response": _coverage(exchange.response_covered)},
        **_rows(request),
        "uninspectable": [
            {"place": dotted(part.place), "kind": part.kind, "action": part.action.value, **({"why": part.why} if part.why else {})}
            for part in unread
        ],
        "tokens": {"input": exchange.usage.input_tokens, "output": exchange.usage.output_tokens},
        "bytes": {"request": exchange.request_bytes, "response": exchange.response_bytes},
        "released_chars": exchange.released_chars,
        "timings_ms": {
            "total": _ms(exchange.end - exchange.start),
            "overhead": _ms(exchange.overhead_s(exchange.end)),
            "guards": _ms(exchange.guard_s),
            "upstream": _ms(exchange.upstream_s),
            "first_byte": None if exchange.first_byte is None else _ms(exchange.first_byte - exchange.start),
        },
    }


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
