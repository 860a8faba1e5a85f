"""What a record says of its exchange, read once for all who look for what is not as usual: whose it was, who had a hand in it, what came
of it, and what it took.

Whatever it holds, nothing is raised; what it does not say, or says in another form, is missing. What says no time, no status and no
decision is no record of an exchange.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.watch.observe import SURFACES, is_held_off
from gateway.watch.row import Record

AHEAD_S = 60.0
"""Clocks differ: what seems to be further ahead than this, is not."""
MAX_WORD = 128
MAX_FOUND = 32
_MAX_RULES, _MAX_CALLS, _MAX_FINDINGS = 32, 16, 200
_MAX_MS, _MOST = 86_400_000.0, 1e15
_SUCCESS, _REJECTED, _LIMITED, _FAULT, _MAX_STATUS = 200, 400, 429, 500, 999
_STOPS, _GONE = "block", "client_disconnected"
_CUT = frozenset(
    {
        "upstream_reset", "upstream_timeout", "upstream_invalid_response", "upstream_too_large", "upstream_unreachable", "internal_error",
        "guard_unavailable", "journal_unavailable",
    }
)  # fmt: skip
"""Outcomes that are faults, also of an answer that had begun well."""
_BLIND = frozenset({"timeout", "overload", "error", "unavailable", "stale", "condition"})
"""Why a rule could not look, where that is not of the text it was to look at."""
_REFUSED = frozenset({"refusal", "content_filter"})
_SAYING_ENDS = frozenset({"chat", "completions", "messages"})
"""Surfaces of which each whole answer says why it ended."""
_CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete"})
_NAMES = ("request_id", "app", "model", "route", "policy", "user", "session", "upstream", "outcome", "surface")
_PARTS = ("timings_ms", "observed", "answer", "tokens", "trace", "coverage")
_NOTHING: Mapping[str, Any] = {}
_NONE: frozenset[tuple[str, str]] = frozenset()


class Hit:
    """What an exchange was, as bits: plain numbers, since they are counted for each exchange."""

    FAILED = 1
    LIMITED = 2
    """The upstream takes no more."""
    REJECTED = 4
    """What was asked was wrong, and no rule of a policy said so."""
    BLOCKED = 8
    UNLOOKED = 16
    """A rule could not look."""
    REFUSED = 32
    RETRIED = 64
    UNFINISHED = 128
    CUT_SHORT = 256
    OTHER_MODEL = 512
    LATENCY = 1 << 10
    FIRST = 1 << 11
    GUARDS = 1 << 12
    OUTPUT = 1 << 13
    INPUT = 1 << 14
    COST = 1 << 15


_ALWAYS = Hit.FAILED | Hit.LIMITED | Hit.REJECTED | Hit.BLOCKED | Hit.UNLOOKED
_OF_ANSWERS = Hit.REFUSED | Hit.UNFINISHED
BAD = Hit.FAILED | Hit.LIMITED
"""What an error budget is spent on."""


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


class Took(NamedTuple):
    """Milliseconds, tokens, and dollars. None: it is not known."""

    latency: float | None
    first: float | None
    guards: float | None
    output: float | None
    input: float | None
    cost: float | None


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
    user: str
    """Or else the session."""
    language: str
    template: str
    tool: str
    answered_by: str
    """The model."""
    looked: tuple[str, ...]
    """The rules that were to look."""
    rules: tuple[str, ...]
    """That fired on what they saw, also those that are only tried out."""
    blind: tuple[Blind, ...]
    found: frozenset[tuple[str, str]]
    """Rules and kinds, of what was found."""
    blocked_by: str
    """The first rule that did."""
    calls: tuple[Call, ...]
    known: int
    """What can be told of it (``Hit``),"""
    hits: int
    """and what of that is so."""
    is_held_off: bool
    """A measure has refused it: what is done about an incident is no part of it."""
    is_answered: bool
    """By an upstream."""
    is_abandoned: bool
    """Its client went away, so that what it took is not all that it would have taken."""
    is_blocked: bool
    took: Took
    called_ms: float | None
    """How long the upstream was called, also where that was not answered."""

    def by(self, latest: float) -> "Facts":
        """The same, as if it had ended by then."""
        early_s = self.ended - latest
        if early_s <= 0:
            return self
        calls = tuple([each._replace(begun=each.begun - early_s) for each in self.calls])
        return self._replace(started=self.started - early_s, ended=latest, calls=calls)


def facts(record: Record) -> Facts | None:
    """None: it is no record of an exchange."""
    if type(record) is not dict:
        return None
    get = record.get
    ts, status, decision = _measure(get("ts")), get("status"), get("decision")
    if not ts or type(status) is not int or not 0 <= status <= _MAX_STATUS or type(decision) is not str:
        return None
    id_, app, model, route, policy, user, session, named, outcome, surface = [
        value[:MAX_WORD] if type(value) is str else "" for value in map(get, _NAMES)
    ]
    times, observed, answer, tokens, trace, coverage = [value if type(value) is dict else _NOTHING for value in map(get, _PARTS)]
    attempts, asked = _list(get("attempts")), _map(observed.get("input"))
    calls, last = _calls(attempts, ts), _map(attempts[-1]) if attempts else _NOTHING
    upstream = named or (calls[-1].upstream if calls else "")
    is_blocked, is_gone, is_answered = decision == _STOPS, outcome == _GONE, bool(upstream) and _SUCCESS <= status < _REJECTED
    is_of_model = is_answered and surface in SURFACES
    is_whole = is_of_model and not is_gone and not is_blocked
    rules, blind, found, blocked_by = _fired(record)
    hits = _became(status, outcome, is_blocked=is_blocked, has_upstream=bool(upstream)) | (Hit.UNLOOKED if blind else 0)
    known = _ALWAYS
    if attempts:
        known |= Hit.RETRIED
        hits |= Hit.RETRIED if len(attempts) > 1 else 0
    if is_whole:
        ended = _ended(surface, word(_first(answer.get("finish"))), _map(observed.get("output")), is_fault=bool(hits & Hit.FAILED))
        known, hits = known | ended[0], hits | ended[1]
    called_ms = _measure(times.get("upstream"))
    took = Took(
        called_ms if attempts and (is_answered or is_gone) else None,
        _measure(last.get("first")) if is_answered and get("stream") is True else None,
        _measure(times.get("guards")),
        _measure(tokens.get("output")) if is_whole else None,
        _measure(tokens.get("input")) if is_of_model else None,
        _measure(get("cost_usd")),
    )
    return Facts(
        id_, word(trace.get("id")), ts, ts + _seconds(times.get("total")), app, model, upstream, route, policy, user or session,
        word(asked.get("language")) or word(asked.get("script")), word(observed.get("template")), word(_first(observed.get("tools"))),
        word(answer.get("model")) if is_of_model else "", _looked(coverage), rules, blind, found, blocked_by, calls, known, hits,
        bool(outcome) and is_held_off(record), is_answered, is_gone, is_blocked, took, called_ms if named else None,
    )  # fmt: skip


def number(value: object) -> float | None:
    """What is larger than anything that is counted or measured is no number of ours."""
    return float(value) if type(value) in (int, float) and -_MOST < value < _MOST else None  # type: ignore[operator, arg-type]


def word(value: object) -> str:
    return value[:MAX_WORD] if type(value) is str else ""


def _measure(value: object) -> float | None:
    """None of what is less than nothing, or larger than anything that is measured."""
    if type(value) is not float and type(value) is not int:
        return None
    return value if 0 <= value < _MOST else None


def _seconds(ms: object) -> float:
    return min(_measure(ms) or 0.0, _MAX_MS) / 1000


def _map(value: object) -> Mapping[str, Any]:
    return value if type(value) is dict else _NOTHING


def _list(value: object) -> list[Any]:
    return value if type(value) is list else []


def _first(value: object) -> object:
    return value[0] if type(value) is list and value else None


def _became(status: int, outcome: str, *, is_blocked: bool, has_upstream: bool) -> int:
    """A block is no client's fault, and a limit of our own is no upstream's."""
    if status >= _FAULT or outcome in _CUT:
        return Hit.FAILED
    if is_blocked:
        return Hit.BLOCKED
    if status == _LIMITED and has_upstream:
        return Hit.LIMITED
    return Hit.REJECTED if status >= _REJECTED else 0


def _ended(surface: str, end: str, said: Mapping[str, Any], *, is_fault: bool) -> tuple[int, int]:
    """How a whole answer ended: what is known, and what is so."""
    known, hits = _OF_ANSWERS, 0
    if is_fault or (not end and surface in _SAYING_ENDS):
        hits |= Hit.UNFINISHED
    if end:
        known |= Hit.CUT_SHORT
        hits |= Hit.CUT_SHORT if end in _CUT_SHORT else 0
    if end in _REFUSED or said.get("refusal") is True:
        hits |= Hit.REFUSED
    return known, hits


def _fired(record: Record) -> tuple[tuple[str, ...], tuple[Blind, ...], frozenset[tuple[str, str]], str]:
    """Which rules saw something, and which could not look."""
    rules, findings = [*_words(record.get("rules")), *_words(record.get("would"))], _list(record.get("findings"))
    if not findings:
        return tuple(dict.fromkeys(rules)) if rules else (), (), _NONE, ""
    found: set[tuple[str, str]] = set()
    blind: dict[Blind, None] = {}
    saw: set[str] = set()
    blocked_by = ""
    for each in findings[:_MAX_FINDINGS]:
        said = _map(each)
        rule, kind, why = word(said.get("rule")), word(said.get("kind")), word(said.get("why"))
        stops = said.get("action") == _STOPS and said.get("shadow") is not True
        if stops and not blocked_by:
            blocked_by = rule
        if why in _BLIND:
            blind[Blind(rule, kind, why, stops)] = None
            continue
        saw.add(rule)
        if rule and len(found) < MAX_FOUND:
            found.add((rule, kind))
    if blind:
        unseen = {each.rule for each in blind} - saw
        rules = [rule for rule in rules if rule not in unseen]
    return tuple(dict.fromkeys(rules)), tuple(blind)[:_MAX_RULES], frozenset(found), blocked_by


def _words(value: object) -> list[str]:
    return [each[:MAX_WORD] for each in value[:_MAX_RULES] if type(each) is str] if value and type(value) is list else []


def _looked(coverage: Mapping[str, Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    last: list[Any] = []
    for side in ("request", "response"):
        for row in _list(coverage.get(side))[:_MAX_RULES]:
            rules = row.get("inspected_by") if type(row) is dict else None
            if rules == last or type(rules) is not list:  # nearly always the same ones look at each part
                continue
            last = rules
            for rule in rules[:_MAX_RULES]:
                if type(rule) is str:
                    found[rule[:MAX_WORD]] = None
    return tuple(found)[:_MAX_RULES]


def _calls(attempts: list[Any], started: float) -> tuple[Call, ...]:
    return tuple([_call(_map(each), started) for each in attempts[-_MAX_CALLS:]])


def _call(attempt: Mapping[str, Any], started: float) -> Call:
    status = number(attempt.get("status"))
    is_failed = True if attempt.get("error") else None if not status else status >= _FAULT
    return Call(word(attempt.get("upstream")), started + _seconds(attempt.get("at")), _seconds(attempt.get("ms")), is_failed)
