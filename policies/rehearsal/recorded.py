"""Recorded exchanges, one JSON object a line, of two shapes.

A file of texts holds what was said, so that detectors can look at it again:

    {"request_id": "r1", "app": "support", "model": "gpt-4o", "surface": "chat", "ts": 1795341600.0,
     "user": "u1", "session": "s1", "group": "staff",
     "asked": {"stream": false, "messages": 3, "max_tokens": 500, "temperature": 0.2, "top_p": 1, "n": 1, "tools": ["send_mail"],
               "kinds": ["text", "image"], "models": ["gpt-4o-mini"]},
     "signals": {"drift": {"topics": 0.1}, "incident_severity": 0, "incidents_open": 0},
     "uninspectable": [{"kind": "image"}],
     "texts": [{"scope": "user", "text": "what is new?"},
               {"scope": "tool_arguments", "text": "eve@example.net", "tool": "send_mail", "path": "to", "answer": true}]}

``texts`` are in the order in which they were said. ``answer`` tells the model's own words of this exchange from those that came back with
its history; scope ``output`` is always the answer's. ``fixed: true`` marks a text that can be blocked, but not rewritten. A store that
keeps texts redacted writes the same shape. Only ``request_id`` and ``texts`` are needed: of what hangs on something left out, nothing is
told.

A record of the journal (see the gateway's ``record``) holds no text, but what fired, where, and which rules looked; see ``retold``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import nan
from typing import Any

from policies.domain_parts import PATHS, name_of
from policies.policy import OnUninspectable
from policies.rehearsal.exchange import EPOCH, Exchange, Text, Unread
from policies.signals import KINDS, NAMES
from policies.subject import Asked, Signals, Subject
from policies.vocabulary import Scope

MAX_TEXTS = 20_000
MAX_CHARS = 1_000_000
"""Of one text. What is longer is not looked at: how far the gateway came with it before its patience ended, nobody knows."""
_LABELS = ("user", "session", "group")
_NUMBERS = ("max_tokens", "temperature", "top_p", "n")
_ASKED = ("stream", "messages", "tools", "kinds", *_NUMBERS)
_LEAST = {"max_tokens": 1, "n": 1}
_KINDS = frozenset(OnUninspectable.model_fields)
_APART = frozenset(map(name_of, PATHS)) - {"domain.languages", "domain.topics", "domain.output.languages"}
_SCOPES = {scope.value: scope for scope in Scope}


class LineError(ValueError):
    """A line is no recorded exchange; the message says why, without a word of the line."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a journal's record says of one finding."""

    rule: str
    kind: str
    start: int
    end: int
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Record:
    """What only a journal's record has: ``policy`` decided it (``NAME@DIGEST``); for each text of the exchange who looked and what fired.

    A text stands for the place of a finding, or for all other texts of a row of the coverage.
    """

    policy: str
    decision: str
    inspected_by: tuple[tuple[str, ...], ...]
    hits: tuple[tuple[Hit, ...], ...]
    chars: tuple[int, ...]
    apart: tuple[Hit, ...]
    """Those of no text: of the bounds."""
    scores: Mapping[str, tuple[float, str]]
    """By rule: the highest score that a calibrated one gave a text of the request, and which detector gave it (its digest)."""
    is_cut: bool
    """There were more findings than it lists."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``record`` is None where it has texts."""

    request_id: str
    exchange: Exchange
    record: Record | None = None

    @property
    def is_too_long(self) -> bool:
        return any(len(text.text) > MAX_CHARS for text in self.exchange.texts)


def entry(value: object) -> Entry:
    """Raises ``LineError``."""
    line = _mapping(value, "the line")
    request_id = str(line.get("request_id") or "")[:200]
    if not request_id:
        raise LineError("request_id is missing")
    if "coverage" in line and "findings" in line:  # which may have kept texts as well: by these, nothing is decided again
        return _of_journal(request_id, line)
    if "texts" in line:
        return _with_texts(request_id, line)
    raise LineError("neither texts nor a record of the journal")


def _with_texts(request_id: str, line: Mapping[str, Any]) -> Entry:
    given = _list(line["texts"], "texts")
    if len(given) > MAX_TEXTS:
        raise LineError(f"more than {MAX_TEXTS} texts")
    texts = tuple(map(_text, given))
    chars = sum([len(text.text) for text in texts if not text.is_answer])
    return Entry(request_id, _exchange(line, texts, chars))


def _text(value: object) -> Text:
    given = _mapping(value, "a text")
    scope, text = _scope(given.get("scope")), given.get("text")
    if scope is None or not isinstance(text, str):
        raise LineError("a text has no scope that there is, or no text")
    is_answer = scope is Scope.OUTPUT or given.get("answer") is True
    return Text(scope, text, is_answer, str(given.get("tool", "")), str(given.get("path", "")), given.get("fixed") is True)


def _exchange(line: Mapping[str, Any], texts: tuple[Text, ...], chars: int) -> Exchange:
    asked = _mapping(line.get("asked") or {}, "asked")
    signals = line.get("signals")
    unknown = {f"exchange.{key}" for key in ("app", "model", "surface", *_LABELS) if key not in line}
    if "asked" in line:
        unknown |= {f"exchange.{key}" for key in ("messages", "tools") if key not in asked}
    else:
        unknown |= {f"exchange.{key}" for key in _ASKED} - ({"exchange.stream"} if "stream" in line else set())
    unknown |= ({"signals"} if signals is None else set()) | ({"exchange.time"} if "ts" not in line else set())
    labels = [str(line.get(key, "")) for key in ("app", "model", "surface", *_LABELS)]
    return Exchange(
        Subject(*labels),
        _asked(asked, line, chars),
        _signals(signals),
        _time(line.get("ts")),
        texts,
        tuple(_unread(line)),
        frozenset(unknown),
    )


def _asked(asked: Mapping[str, Any], line: Mapping[str, Any], chars: int) -> Asked:
    max_tokens, temperature, top_p, n = [parameter(key, _number(asked.get(key), key)) for key in _NUMBERS]
    return Asked(
        stream=asked.get("stream", line.get("stream")) is True,
        messages=_count(asked.get("messages")),
        chars=chars,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        n=n,
        tools=tuple(map(str, _list(asked.get("tools") or [], "tools"))),
        kinds=frozenset(map(str, _list(asked.get("kinds") or [], "kinds"))),
        models=tuple(map(str, _list(asked.get("models") or [], "models"))),
    )


def parameter(name: str, value: float | None) -> float | None:
    """As the gateway reads it from a request: what is no such number as an API takes is NaN, within no bound."""
    return value if value is None or value >= _LEAST.get(name, 0) else nan


def _signals(value: object) -> Signals:
    given = _mapping(value or {}, "signals")
    drift, disparity, anomaly = ({**dict.fromkeys(NAMES[kind], 0.0), **_levels(given.get(kind) or {})} for kind in KINDS)
    return Signals(
        drift,
        disparity,
        anomaly,
        incident_severity=_count(given.get("incident_severity")),
        incidents_open=_count(given.get("incidents_open")),
        is_stale=given.get("stale") is True,
        stale_kinds=frozenset(map(str, _list(given.get("stale_kinds") or [], "signals"))),
    )


def _levels(value: object) -> dict[str, float]:
    return {name: _number(level, "a level") or 0.0 for name, level in _mapping(value, "signals").items()}


def _unread(line: Mapping[str, Any]) -> Iterator[Unread]:
    for part in _list(line.get("uninspectable") or [], "uninspectable"):
        kind = _mapping(part, "uninspectable").get("kind")
        if not isinstance(kind, str) or kind not in _KINDS:
            raise LineError("something uninspectable is of no kind that there is")
        yield Unread(kind, part.get("answer") is True)


def _of_journal(request_id: str, line: Mapping[str, Any]) -> Entry:
    findings = [_mapping(each, "a finding") for each in _list(line["findings"], "findings")]
    coverage = _mapping(line["coverage"], "coverage")
    rows = [(row, False) for row in _rows(coverage, "request")] + [(row, True) for row in _rows(coverage, "response")]
    answered = {place for row, is_answer in rows if is_answer for place in row["places"]}
    by_place: dict[tuple[bool, str, str], list[Hit]] = {}
    apart: list[Hit] = []
    for each in findings:
        hit, scope, place = _hit(each), str(each.get("scope")), str(each.get("place"))
        if hit.rule in _APART:
            apart.append(hit)
        else:
            by_place.setdefault((scope == "output" or place in answered, scope, place), []).append(hit)
    texts: list[Text] = []
    inspected: list[tuple[str, ...]] = []
    hits: list[tuple[Hit, ...]] = []
    chars: list[int] = []
    for row, is_answer in rows:
        where = _scope(row["scope"])
        if where is None:
            raise LineError("a row of the coverage has no scope that there is")
        rules = tuple(map(str, row["inspected_by"]))
        keys = [(is_answer, where.value, place) for place in row["places"]]
        found = [by_place.pop(key) for key in keys if key in by_place]
        for group in (*found, []):
            texts.append(Text(where, is_answer=is_answer, is_fixed=any(hit.why in ("key", "picture") for hit in group)))
            inspected.append(rules)
            hits.append(tuple(group))
            chars.append(row["chars"])
    rest = [hit for group in by_place.values() for hit in group]
    is_cut = bool(rest) or _count(line.get("findings_total", 0)) > len(findings)
    asking = sum(row["chars"] for row, is_answer in rows if not is_answer)
    by, decision = str(line.get("policy", ""))[:200], str(line.get("decision", ""))
    record = Record(by, decision, tuple(inspected), tuple(hits), tuple(chars), tuple(apart), _scores(line), is_cut)
    return Entry(request_id, _exchange(line, tuple(texts), asking), record)


def _scores(line: Mapping[str, Any]) -> dict[str, tuple[float, str]]:
    said = {rule: _mapping(each, "a score") for rule, each in _mapping(line.get("scores") or {}, "scores").items()}
    return {rule: (_number(each.get("score"), "a score") or 0.0, str(each.get("by"))) for rule, each in said.items()}


def _rows(coverage: Mapping[str, Any], half: str) -> list[dict[str, Any]]:
    rows = [_mapping(row, "a row of the coverage") for row in _list(coverage.get(half) or [], half)]
    if not all(isinstance(row.get("places"), list) and isinstance(row.get("inspected_by"), list) and "chars" in row for row in rows):
        raise LineError("a row of the coverage lacks places, inspected_by or chars")
    return [
        {"scope": row.get("scope"), **row, "chars": _count(row["chars"]), "places": [str(place) for place in row["places"]]} for row in rows
    ]


def _count(value: object) -> int:
    return int(_number(value, "a count") or 0)


def _hit(each: Mapping[str, Any]) -> Hit:
    try:
        return Hit(
            str(each["rule"]), str(each["kind"]), int(each["start"]), int(each["end"]), float(each["score"]), str(each.get("why", "match"))
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise LineError("a finding lacks rule, kind, start, end or score") from None


def _scope(value: object) -> Scope | None:
    return _SCOPES.get(value) if isinstance(value, str) else None


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LineError(f"{what} is no object")
    return value


def _list(value: object, what: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise LineError(f"{what} is no list")
    return value


def _number(value: object, what: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise LineError(f"{what} is no number")
    return float(value)


def _time(value: object) -> datetime:
    seconds = _number(value, "ts")
    if seconds is None:
        return EPOCH
    if not 0 <= seconds < 253_402_300_800:
        raise LineError("ts is no time in seconds since 1970")
    return datetime.fromtimestamp(seconds, UTC)
