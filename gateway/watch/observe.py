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
from collections.abc import Mapping
from itertools import islice
from typing import Any

from detectors.series.observation import BUCKETS, Observation
from detectors.series.outcome import Outcome
from policies.subject import GENERATING

Record = Mapping[str, Any]

SURFACES = GENERATING | {"embeddings", "realtime"}
"""On which a model answers."""
MENTIONS = "mentions."
"""Before an attribute of which it is known what the text mentions. The application's label has the attribute ``group``."""

_MAX_WORD, _MAX_LABEL = 64, 128
_DETECTOR, _OF_DOMAIN = "detector.", "detector.score.domain."
_MAX_RULES, _MAX_SCORES, _MAX_ATTRIBUTES = 12, 4, 8
_MICRO = 1e6
_FAILED = 400
_LEAST, _MOST = -1e15, 1e15
_WIDTH = 16
"""Topics of so many neighbouring buckets are held equal where outcomes are compared."""
_REFUSED = frozenset({"refusal", "content_filter"})
"""Why an answer ended, where that is a refusal by the endpoint's own word."""
_HELD_OFF = frozenset({"quarantined", "rate_limited", "upstream_limited"})
_NOTHING: Mapping[str, Any] = {}
_NUMERIC = (int, float)


def observe(record: Record, sentiment: float | None = None) -> Observation | None:
    """None: it is no exchange with a model. ``sentiment`` is that of the answer, where somebody has told it."""
    if not _is_answered_by_a_model(record):
        return None
    get, observed, ended = record.get, _map(record.get("observed")), _map(record.get("answer"))
    asked, said, tokens, coverage = _map(observed.get("input")), _map(observed.get("output")), _map(get("tokens")), _map(get("coverage"))
    answer, finish = _answer(observed), _finish(ended)
    return Observation(
        id=_word(get("request_id")) or "",
        key=(_word(get("app")) or "", _word(get("model")) or "", _word(get("surface")) or ""),
        ts=_number(get("ts")),
        source=_source(record),
        numeric={
            "input.characters": _number(asked.get("chars")),
            "input.unknown_words": _number(asked.get("unknown")),
            "input.texts": _texts(coverage),
            "input.tokens": _number(tokens.get("input")),
            "output.characters": _answer_chars(record, answer),
            "output.unknown_words": _number(said.get("unknown")),
            "output.tokens": _number(tokens.get("output")),
            "output.sentiment": _number(sentiment),
            "output.uncertainty": _number(_map(_first(get("uncertainty"))).get("mean")),
            "output.agreement": _number(_map(get("consistency")).get("agreement")),
            "upstream.latency_ms": _latency_ms(record),
            "cost.usd": _number(get("cost_usd")),
            **_scores(record),
        },
        categorical={
            "input.language": _language(asked),
            "template.fingerprint": _word(observed.get("template")),
            "output.language": _language(said),
            "output.refused": _yes_or_no(_refused(answer, finish)),
            "output.tool": _tool(observed, answer),
            "output.finish": finish,
            "output.model": _word(ended.get("model")),
            "upstream.outcome": _word(get("outcome")) if get("upstream") else None,
            "policy.verdict": _word(get("decision")),
            **_rules(record, coverage),
        },
        sketches={"input.topics": _bucket(asked), "output.topics": _bucket(said)},
        is_answered=_is_answered(record),
    )


def outcome(record: Record, sentiment: float | None = None) -> Outcome | None:
    """None where nothing says whom it was about.

    Rates are of what may be held against whoever decides: blocked, refused, and ``no_tool``, an answer that called none. Numbers have what
    rules score (toxicity, say) as ``score.RULE``; but for the domain's, which score what somebody asks about.
    """
    ts, observed = _number(record.get("ts")), _map(record.get("observed"))
    groups = _groups(record, observed) if ts is not None and _is_answered_by_a_model(record) else {}
    if ts is None or not groups:
        return None
    answer = _answer(observed)
    cost, tool, bucket = _number(record.get("cost_usd")), _tool(observed, answer), _bucket(_map(observed.get("input")))
    return Outcome(
        ts=ts,
        id=_word(record.get("request_id")) or "",
        app=_word(record.get("app")) or "",
        stratum=f"{_word(record.get('model')) or ''} {'' if bucket is None else bucket // _WIDTH}",
        groups=groups,
        rates={
            "blocked": record.get("decision") == "block",
            "refused": _refused(answer, _finish(_map(record.get("answer")))),
            "no_tool": None if tool is None else tool == "none",
        },
        numbers={
            "answer_chars": _answer_chars(record, answer),
            "latency_ms": _latency_ms(record),
            "cost_micros": None if cost is None else cost * _MICRO,
            "sentiment": _number(sentiment),
            **{name.removeprefix(_DETECTOR): score for name, score in _scores(record).items() if not name.startswith(_OF_DOMAIN)},
        },
        source=_source(record),
    )


def _is_answered_by_a_model(record: Record) -> bool:
    surface, decision = record.get("surface"), record.get("decision")
    is_whole = isinstance(surface, str) and surface in SURFACES and isinstance(decision, str) and bool(decision)
    return is_whole and not is_held_off(record)


def is_held_off(record: Record) -> bool:
    """Whether a measure has refused it: what is done about an incident is no part of it, nor of what is usual."""
    return bool(record.get("measures")) and _word(record.get("outcome")) in _HELD_OFF


def _is_answered(record: Record) -> bool:
    status = _number(record.get("status"))
    return record.get("decision") != "block" and status is not None and 0 < status < _FAILED


def _source(record: Record) -> str | None:
    whose = _word(record.get("user"), _MAX_LABEL) or _word(record.get("session"), _MAX_LABEL)
    if not whose:
        return None
    name = f"{_word(record.get('app'), _MAX_LABEL) or ''}\0{whose}"
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _answer(observed: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What is known of what was said; None where nothing was, or nothing is known."""
    said = observed.get("output")
    if isinstance(said, dict):
        return said
    return _NOTHING if isinstance(observed.get("tools"), list) else None


def _answer_chars(record: Record, answer: Mapping[str, Any] | None) -> float | None:
    chars = _number(record.get("released_chars"))
    return chars if answer is not None or chars else None


def _latency_ms(record: Record) -> float | None:
    return _number(_map(record.get("timings_ms")).get("upstream")) if record.get("upstream") else None


def _refused(answer: Mapping[str, Any] | None, finish: str | None) -> bool | None:
    if finish in _REFUSED:
        return True
    said = (answer or _NOTHING).get("refusal")
    return said if isinstance(said, bool) else None


def _tool(observed: Mapping[str, Any], answer: Mapping[str, Any] | None) -> str | None:
    if answer is None:
        return None
    return _word(_first(observed.get("tools"))) or "none"


def _finish(ended: Mapping[str, Any]) -> str | None:
    return _word(_first(ended.get("finish")))


def _language(text: Mapping[str, Any]) -> str | None:
    """Or the script, where that is not Latin."""
    script = _word(text.get("script"))
    return _word(text.get("language")) or (script if script != "latin" else None)


def _texts(coverage: Mapping[str, Any]) -> float | None:
    total: float | None = None
    for row in _list(coverage.get("request")):
        count = _number(_map(row).get("texts"))
        total = (total or 0) + (count or 0)
    return total


def _rules(record: Record, coverage: Mapping[str, Any]) -> dict[str, str]:
    looked: dict[str, None] = {}
    for side in ("request", "response"):
        for row in _list(coverage.get(side)):
            for rule in _list(_map(row).get("inspected_by")):
                if isinstance(rule, str):
                    looked[rule] = None
    fired = [*_list(record.get("rules")), *_list(record.get("would"))]
    return {f"detector.{rule[:_MAX_WORD]}": "found" if rule in fired else "none" for rule in islice(looked, _MAX_RULES)}


def _scores(record: Record) -> dict[str, float | None]:
    if not (said := _map(record.get("scores")).items()):
        return {}
    return {f"detector.score.{str(rule)[:_MAX_WORD]}": _number(_map(each).get("score")) for rule, each in islice(said, _MAX_SCORES)}


def _groups(record: Record, observed: Mapping[str, Any]) -> dict[str, str]:
    label = _word(record.get("group"), _MAX_LABEL)
    found = {"group": label} if label else {}
    for attribute, mention in islice(_map(observed.get("mentions")).items(), _MAX_ATTRIBUTES):
        if isinstance(attribute, str) and (group := _word(mention)):
            found[f"{MENTIONS}{attribute[:_MAX_WORD]}"] = group
    return found


def _bucket(text: Mapping[str, Any]) -> int | None:
    bucket = text.get("bucket")
    return bucket if type(bucket) is int and 0 <= bucket < BUCKETS else None


def _yes_or_no(said: bool | None) -> str | None:
    return None if said is None else "yes" if said else "no"


def _number(value: object) -> float | None:
    """What is larger than anything that is counted or measured is no number of ours, nor is what is none, nor a truth."""
    if value is None or not isinstance(value, _NUMERIC) or isinstance(value, bool):
        return None
    return value if _LEAST < value < _MOST else None


def _word(value: object, most: int = _MAX_WORD) -> str | None:
    return value[:most] if isinstance(value, str) and value else None


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else _NOTHING


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None
