"""What a record says of how its exchange went: what it was hit by, and what it took. Whatever the record holds, nothing is raised; what it
does not say, or says otherwise, is missing.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.detecting.facts import is_held_off
from gateway.watch.observe import SURFACES
from gateway.watch.row import Record

MAX_FOUND = 32
_MAX_FINDINGS = 128
_MAX_WORD = 128
_MOST, _DAY_S = 1e15, 86_400.0
_LIMITED, _REJECTED, _FAULT = 429, 400, 500
_CUT = frozenset(
    {
        "upstream_reset", "upstream_timeout", "upstream_invalid_response", "upstream_too_large", "upstream_unreachable", "internal_error",
        "guard_unavailable", "journal_unavailable",
    }
)  # fmt: skip
"""Outcomes that are faults, also of an answer that had begun well."""
_GONE = "client_disconnected"
_COULD_NOT_LOOK = frozenset({"timeout", "overload", "error", "unavailable", "stale"})
_REFUSED = frozenset({"refusal", "content_filter"})
_SAYING_ENDS = frozenset({"chat", "completions", "messages"})
"""Surfaces of which each whole answer says why it ended."""
_CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete"})
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


class Took(NamedTuple):
    """Milliseconds, tokens, and dollars. None: it is not known."""

    latency: float | None
    first: float | None
    guards: float | None
    output: float | None
    input: float | None
    cost: float | None


class Went(NamedTuple):
    at: float
    """When it ended: seconds since 1970."""
    id: str
    trace: str
    app: str
    model: str
    upstream: str
    """That was called last."""
    known: int
    """What can be told of it,"""
    hits: int
    """and what of that is so."""
    is_answered: bool
    is_abandoned: bool
    """Its client went away, so that what it took is not all that it would have taken."""
    answered_by: str
    took: Took
    rule: str
    """The first that blocked it."""
    found: frozenset[tuple[str, str]]
    """Rules and kinds, of what was found."""


def went(record: Record) -> Went | None:
    """None: it is no record of an exchange."""
    try:
        return _went(record)
    except (AttributeError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def _went(record: Record) -> Went | None:
    get = record.get
    ts, status, decision = _number(get("ts")), get("status"), get("decision")
    if not ts or type(status) is not int or not isinstance(decision, str) or is_held_off(record):
        return None
    times, outcome, attempts = _map(get("timings_ms")), get("outcome"), _list(get("attempts"))
    last = _map(attempts[-1]) if attempts else _NOTHING
    upstream = _word(get("upstream")) or _word(last.get("upstream"))
    is_blocked, is_gone = decision == "block", outcome == _GONE
    is_fault = status >= _FAULT or (isinstance(outcome, str) and outcome in _CUT)
    is_answered = bool(upstream) and 200 <= status < _REJECTED
    is_of_model = is_answered and _word(get("surface")) in SURFACES
    is_whole = is_of_model and not is_gone and not is_blocked
    found, rule, is_unlooked = _found(get("findings"))
    known, hits = _ALWAYS, Hit.UNLOOKED if is_unlooked else 0
    if is_fault:
        hits |= Hit.FAILED
    elif is_blocked:
        hits |= Hit.BLOCKED
    elif status == _LIMITED and upstream:
        hits |= Hit.LIMITED
    elif status >= _REJECTED:
        hits |= Hit.REJECTED
    if attempts:
        known |= Hit.RETRIED
        hits |= Hit.RETRIED if len(attempts) > 1 else 0
    answered_by = ""
    if is_of_model:
        answer = _map(get("answer"))
        answered_by = _word(answer.get("model"))
        if is_whole:
            more = _ended(record, _list(answer.get("finish")), is_fault=is_fault)
            known, hits = known | more[0], hits | more[1]
    tokens = _map(get("tokens"))
    took = Took(
        _number(times.get("upstream")) if attempts and (is_answered or is_gone) else None,
        _number(last.get("first")) if is_answered and get("stream") is True else None,
        _number(times.get("guards")),
        _number(tokens.get("output")) if is_whole else None,
        _number(tokens.get("input")) if is_of_model else None,
        _number(get("cost_usd")),
    )
    return Went(
        ts + min((_number(times.get("total")) or 0.0) / 1000, _DAY_S), _word(get("request_id")), _word(_map(get("trace")).get("id")),
        _word(get("app")), _word(get("model")), upstream, known, hits, is_answered, is_gone, answered_by, took, rule, found,
    )  # fmt: skip


def _ended(record: Record, ends: list[Any], *, is_fault: bool) -> tuple[int, int]:
    """How a whole answer ended: what is known, and what is so."""
    end = _word(ends[0]) if ends else ""
    known, hits = _OF_ANSWERS, 0
    if is_fault or (not end and record.get("surface") in _SAYING_ENDS):
        hits |= Hit.UNFINISHED
    if end:
        known |= Hit.CUT_SHORT
        hits |= Hit.CUT_SHORT if end in _CUT_SHORT else 0
    said = _map(_map(record.get("observed")).get("output"))
    if end in _REFUSED or said.get("refusal") is True:
        hits |= Hit.REFUSED
    return known, hits


def _found(findings: object) -> tuple[frozenset[tuple[str, str]], str, bool]:
    """What rules found, the first rule that blocked, and whether one could not look."""
    if not findings or not isinstance(findings, list):
        return _NONE, "", False
    found: set[tuple[str, str]] = set()
    blocking, is_unlooked = "", False
    for each in findings[:_MAX_FINDINGS]:
        said = _map(each)
        rule, why = _word(said.get("rule")), said.get("why")
        if isinstance(why, str) and why in _COULD_NOT_LOOK:
            is_unlooked = True
        elif rule and len(found) < MAX_FOUND:
            found.add((rule, _word(said.get("kind"))))
        if not blocking and said.get("action") == "block" and said.get("shadow") is not True:
            blocking = rule
    return frozenset(found), blocking, is_unlooked


def _number(value: object) -> float | None:
    """None of what is less than nothing, or larger than anything that is measured."""
    if type(value) is not float and type(value) is not int:
        return None
    return value if 0 <= value < _MOST else None


def _word(value: object) -> str:
    return value[:_MAX_WORD] if type(value) is str else ""


def _map(value: object) -> Mapping[str, Any]:
    return value if type(value) is dict else _NOTHING


def _list(value: object) -> list[Any]:
    return value if type(value) is list else []
