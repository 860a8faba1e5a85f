"""What a record says of its exchange to those who look for drift and for bias: an ``Observation``, and an ``Outcome`` where it is known
whom it was about. Pure. Whatever a record holds, nothing is raised; what it does not say, or says in another form, is missing.

Features, by the side of the exchange that they are of:

    input       characters (of what the user said last), unknown_words, texts, tokens, language, topics
    template    fingerprint
    output      characters, unknown_words, tokens, language, topics, refused, tool, finish, model, sentiment, uncertainty, agreement
    upstream    latency_ms, outcome
    cost        usd
    policy      verdict
    detector    RULE (``found`` or ``none``) for each rule that looked, and score.RULE for those that score
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from detectors.series.observation import BUCKETS, Observation
from detectors.series.outcome import Outcome
from policies.subject import GENERATING

Record = Mapping[str, Any]

SURFACES = GENERATING | {"embeddings", "realtime"}
"""On which a model answers."""
MENTIONS = "mentions."
"""Before an attribute of which it is known what the text mentions. The application's label has the attribute ``group``."""

_MAX_ID, _MAX_WORD = 64, 64
_MAX_RULES, _MAX_SCORES, _MAX_ATTRIBUTES = 12, 4, 8
_MICRO = 1e6
_FAILED = 400
_MOST = 1e15
_WIDTH = 16
"""Topics of so many neighbouring buckets are held equal where outcomes are compared."""
_REFUSED = frozenset({"refusal", "content_filter"})
"""Why an answer ended, where that is a refusal by the endpoint's own word."""
_HELD_OFF = frozenset({"quarantined", "rate_limited", "upstream_limited"})
_NOTHING: Mapping[str, Any] = {}


def observe(record: Record, sentiment: float | None = None) -> Observation | None:
    """None: it is no exchange with a model. ``sentiment`` is that of the answer, where somebody has told it."""
    if not _is_answered_by_a_model(record):
        return None
    observed = _map(record.get("observed"))
    asked, said, tokens = _map(observed.get("input")), _map(observed.get("output")), _map(record.get("tokens"))
    return Observation(
        id=_word(record.get("request_id"), _MAX_ID) or "",
        key=tuple([_word(record.get(name)) or "" for name in ("app", "model", "surface")]),
        ts=_number(record.get("ts")),
        source=_source(record),
        numeric={
            "input.characters": _number(asked.get("chars")),
            "input.unknown_words": _number(asked.get("unknown")),
            "input.texts": _texts(record),
            "input.tokens": _number(tokens.get("input")),
            "output.characters": _answer_chars(record),
            "output.unknown_words": _number(said.get("unknown")),
            "output.tokens": _number(tokens.get("output")),
            "output.sentiment": _number(sentiment),
            "output.uncertainty": _number(_map(_first(record.get("uncertainty"))).get("mean")),
            "output.agreement": _number(_map(record.get("consistency")).get("agreement")),
            "upstream.latency_ms": _latency_ms(record),
            "cost.usd": _number(record.get("cost_usd")),
            **dict(_scores(record)),
        },
        categorical={
            "input.language": _language(asked),
            "template.fingerprint": _word(observed.get("template")),
            "output.language": _language(said),
            "output.refused": _yes_or_no(_refused(record)),
            "output.tool": _tool(record),
            "output.finish": _finish(record),
            "output.model": _word(_map(record.get("answer")).get("model")),
            "upstream.outcome": _word(record.get("outcome")) if record.get("upstream") else None,
            "policy.verdict": _word(record.get("decision")),
            **dict(_rules(record)),
        },
        sketches={"input.topics": _bucket(asked), "output.topics": _bucket(said)},
        is_answered=_is_answered(record),
    )


def outcome(record: Record, sentiment: float | None = None) -> Outcome | None:
    """None where nothing says whom it was about.

    Rates are of what may be held against whoever decides: blocked, refused, and ``no_tool``, an answer that called none.
    """
    ts = _number(record.get("ts"))
    groups = dict(_groups(record)) if ts is not None and _is_answered_by_a_model(record) else {}
    if ts is None or not groups:
        return None
    cost, tool = _number(record.get("cost_usd")), _tool(record)
    bucket = _bucket(_map(_map(record.get("observed")).get("input")))
    return Outcome(
        ts=ts,
        id=_word(record.get("request_id"), _MAX_ID) or "",
        app=_word(record.get("app")) or "",
        stratum=f"{_word(record.get('model')) or ''} {'' if bucket is None else bucket // _WIDTH}",
        groups=groups,
        rates={
            "blocked": record.get("decision") == "block",
            "refused": _refused(record),
            "no_tool": None if tool is None else tool == "none",
        },
        numbers={
            "answer_chars": _answer_chars(record),
            "latency_ms": _latency_ms(record),
            "cost_micros": None if cost is None else cost * _MICRO,
            "sentiment": _number(sentiment),
        },
        source=_source(record),
    )


def _is_answered_by_a_model(record: Record) -> bool:
    surface, decision = record.get("surface"), record.get("decision")
    is_whole = isinstance(surface, str) and surface in SURFACES and isinstance(decision, str) and bool(decision)
    return is_whole and not is_held_off(record)


def is_held_off(record: Record) -> bool:
    """Whether a measure has refused it: what is done about an incident is no part of it, nor of what is usual."""
    return bool(record.get("measures")) and record.get("outcome") in _HELD_OFF


def _is_answered(record: Record) -> bool:
    status = _number(record.get("status"))
    return record.get("decision") != "block" and status is not None and 0 < status < _FAILED


def _source(record: Record) -> str | None:
    said = [_word(record.get(name), 128) for name in ("app", "user", "session")]
    if not any(said[1:]):
        return None
    name = "\0".join([said[0] or "", said[1] or said[2] or ""])
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _answer(record: Record) -> Mapping[str, Any] | None:
    """What is known of what was said; None where nothing was, or nothing is known."""
    observed = _map(record.get("observed"))
    said, tools = observed.get("output"), observed.get("tools")
    return _map(said) if isinstance(said, Mapping) or isinstance(tools, list) else None


def _answer_chars(record: Record) -> float | None:
    chars = _number(record.get("released_chars"))
    return chars if _answer(record) is not None or chars else None


def _latency_ms(record: Record) -> float | None:
    return _number(_map(record.get("timings_ms")).get("upstream")) if record.get("upstream") else None


def _refused(record: Record) -> bool | None:
    if _finish(record) in _REFUSED:
        return True
    said = (_answer(record) or _NOTHING).get("refusal")
    return said if isinstance(said, bool) else None


def _tool(record: Record) -> str | None:
    if _answer(record) is None:
        return None
    return _word(_first(_map(record.get("observed")).get("tools"))) or "none"


def _finish(record: Record) -> str | None:
    return _word(_first(_map(record.get("answer")).get("finish")))


def _language(text: Mapping[str, Any]) -> str | None:
    """Or the script, where that is not Latin."""
    script = _word(text.get("script"))
    return _word(text.get("language")) or (script if script != "latin" else None)


def _texts(record: Record) -> float | None:
    counts = [_number(_map(row).get("texts")) for row in _list(_map(record.get("coverage")).get("request"))]
    return sum([count for count in counts if count is not None]) if counts else None


def _rules(record: Record) -> Iterator[tuple[str, str]]:
    coverage = _map(record.get("coverage"))
    rows = [_map(row) for side in ("request", "response") for row in _list(coverage.get(side))]
    looked = dict.fromkeys([rule for row in rows for rule in _list(row.get("inspected_by")) if isinstance(rule, str)])
    fired = {rule for name in ("rules", "would") for rule in _list(record.get(name)) if isinstance(rule, str)}
    for rule in list(looked)[:_MAX_RULES]:
        yield f"detector.{rule[:_MAX_WORD]}", "found" if rule in fired else "none"


def _scores(record: Record) -> Iterator[tuple[str, float | None]]:
    for rule, said in list(_map(record.get("scores")).items())[:_MAX_SCORES]:
        yield f"detector.score.{str(rule)[:_MAX_WORD]}", _number(_map(said).get("score"))


def _groups(record: Record) -> Iterator[tuple[str, str]]:
    if group := _word(record.get("group"), 128):
        yield "group", group
    mentioned = _map(_map(record.get("observed")).get("mentions"))
    for attribute, mention in list(mentioned.items())[:_MAX_ATTRIBUTES]:
        if isinstance(attribute, str) and (group := _word(mention)):
            yield f"{MENTIONS}{attribute[:_MAX_WORD]}", group


def _bucket(text: Mapping[str, Any]) -> int | None:
    bucket = text.get("bucket")
    return bucket if type(bucket) is int and 0 <= bucket < BUCKETS else None


def _yes_or_no(said: bool | None) -> str | None:
    return None if said is None else "yes" if said else "no"


def _number(value: object) -> float | None:
    """What is larger than anything that is counted or measured is no number of ours, nor is what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and -_MOST < value < _MOST else None


def _word(value: object, most: int = _MAX_WORD) -> str | None:
    return value[:most] if isinstance(value, str) and value else None


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None
