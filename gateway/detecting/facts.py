"""What a record says of whose exchange it was, who had a hand in it, and what came of it: for finders of states, changes and causes.

Whatever it holds, nothing is raised; what it does not say, or says in another form, is missing. What says no time is no record.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.watch.row import Record

AHEAD_S = 60.0
"""Clocks differ: what seems to be further ahead than this, is not."""
MAX_WORD = 64
_MAX_USER = 128
_MAX_RULES, _MAX_CALLS, _MAX_FINDINGS = 32, 16, 200
_MAX_MS = 86_400_000.0
_MOST = 1e15
_BLIND = frozenset({"timeout", "overload", "error", "unavailable", "stale", "condition"})
"""Why a rule could not look, where that is not of the text it was to look at."""
_REFUSED = frozenset({"refusal", "content_filter"})
_STOPS = "block"
_HELD_OFF = frozenset({"quarantined", "rate_limited", "upstream_limited"})
_SUCCESS, _NO_SUCCESS, _FAILED = 200, 400, 500
_NOTHING: Mapping[str, Any] = {}


class Blind(NamedTuple):
    """A rule whose detector could not look. ``stops``: the exchange was stopped because of it."""

    rule: str
    detector: str
    reason: str
    stops: bool


class Call(NamedTuple):
    """Of an upstream. ``is_failed``: None where the exchange ended before it was known. Times are seconds since 1970."""

    upstream: str
    begun: float
    took_s: float
    is_failed: bool | None


class Facts(NamedTuple):
    """Names are empty, and numbers None, where the record does not say. Times are seconds since 1970."""

    id: str
    trace: str
    started: float
    ended: float
    app: str
    model: str
    upstream: str
    """That has answered; else the last one that was asked."""
    route: str
    policy: str
    """With its version."""
    rules: tuple[str, ...]
    """That fired on what they saw, also those that are only tried out."""
    looked: tuple[str, ...]
    blind: tuple[Blind, ...]
    calls: tuple[Call, ...]
    status: int
    outcome: str
    is_blocked: bool
    is_refused: bool
    language: str
    template: str
    tool: str
    answered_by: str
    latency_ms: float | None
    cost_usd: float | None
    user: str
    """Or else the session."""

    @property
    def is_error(self) -> bool:
        """Whether there was a fault that was not of whoever asked."""
        return self.status >= _FAILED or (self.status < _NO_SUCCESS and self.outcome.startswith("upstream_"))

    @property
    def is_answered(self) -> bool:
        return _SUCCESS <= self.status < _NO_SUCCESS


def facts(record: Record, now: float | None = None) -> Facts | None:
    """``now``: how far was read, as far as that is known. None: it is no record of an exchange."""
    get = record.get
    ts = number(get("ts"))
    if ts is None or ts < 0 or not isinstance(get("decision"), str) or is_held_off(record):
        return None
    timings, observed, answer = _map(get("timings_ms")), _map(get("observed")), _map(get("answer"))
    took_s = _seconds(timings.get("total"))
    if now is not None and ts + took_s > now + AHEAD_S:
        ts = now + AHEAD_S - took_s
    calls = _calls(get("attempts"), ts)
    upstream = word(get("upstream"))
    asked, said = _map(observed.get("input")), _map(observed.get("output"))
    status = get("status")
    rules, blind = _fired(record)
    return Facts(
        id=word(get("request_id")),
        trace=word(_map(get("trace")).get("id")),
        started=ts,
        ended=ts + took_s,
        app=word(get("app")),
        model=word(get("model")),
        upstream=upstream or (calls[-1].upstream if calls else ""),
        route=word(get("route")),
        policy=word(get("policy")),
        rules=rules,
        looked=_looked(_map(get("coverage"))),
        blind=blind,
        calls=calls,
        status=status if type(status) is int and 0 <= status < 1000 else 0,
        outcome=word(get("outcome")),
        is_blocked=get("decision") == _STOPS,
        is_refused=word(_first(answer.get("finish"))) in _REFUSED or said.get("refusal") is True,
        language=word(asked.get("language")) or word(asked.get("script")),
        template=word(observed.get("template")),
        tool=word(_first(observed.get("tools"))),
        answered_by=word(answer.get("model")),
        latency_ms=number(timings.get("upstream")) if upstream else None,
        cost_usd=number(get("cost_usd")),
        user=word(get("user"), _MAX_USER) or word(get("session"), _MAX_USER),
    )


def is_held_off(record: Record) -> bool:
    """Whether a measure has refused it: what is done about an incident is no part of it."""
    return bool(record.get("measures")) and record.get("outcome") in _HELD_OFF


def number(value: object) -> float | None:
    """What is larger than anything that is counted or measured is no number of ours."""
    return float(value) if type(value) in (int, float) and -_MOST < value < _MOST else None  # type: ignore[operator, arg-type]


def word(value: object, most: int = MAX_WORD) -> str:
    return value[:most] if isinstance(value, str) else ""


def _seconds(ms: object) -> float:
    return min(max(number(ms) or 0.0, 0.0), _MAX_MS) / 1000


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NOTHING


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(value: object) -> list[str]:
    return [each[:MAX_WORD] for each in _list(value)[:_MAX_RULES] if isinstance(each, str)]


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _fired(record: Record) -> tuple[tuple[str, ...], tuple[Blind, ...]]:
    """Which rules saw something, and which could not look."""
    named = [*_words(record.get("rules")), *_words(record.get("would"))]
    blind: dict[Blind, None] = {}
    saw: set[str] = set()
    for found in _list(record.get("findings"))[:_MAX_FINDINGS]:
        said = _map(found)
        rule, why = word(said.get("rule")), word(said.get("why"))
        if why in _BLIND:
            stops = said.get("action") == _STOPS and said.get("shadow") is not True
            blind[Blind(rule, word(said.get("kind")), why, stops)] = None
        else:
            saw.add(rule)
    if blind:
        unseen = {each.rule for each in blind} - saw
        named = [rule for rule in named if rule not in unseen]
    return tuple(dict.fromkeys(named)), tuple(blind)[:_MAX_RULES]


def _looked(coverage: Mapping[str, Any]) -> tuple[str, ...]:
    """The rules that were to look."""
    found: dict[str, None] = {}
    for side in ("request", "response"):
        for row in _list(coverage.get(side))[:_MAX_RULES]:
            for rule in _words(_map(row).get("inspected_by")):
                found[rule] = None
    return tuple(found)[:_MAX_RULES]


def _calls(attempts: object, started: float) -> tuple[Call, ...]:
    return tuple([_call(_map(each), started) for each in _list(attempts)[-_MAX_CALLS:]])


def _call(attempt: Mapping[str, Any], started: float) -> Call:
    status = number(attempt.get("status"))
    is_failed = True if attempt.get("error") else None if not status else status >= _FAILED
    return Call(word(attempt.get("upstream")), started + _seconds(attempt.get("at")), _seconds(attempt.get("ms")), is_failed)
