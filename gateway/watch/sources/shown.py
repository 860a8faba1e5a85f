"""How other sources are, and what their series said last: two small files that the watch replaces whole, by which others know."""

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

import orjson

from gateway.telemetry.observed import Point
from gateway.watch.sources.scraping import State
from gateway.watch.views import QueryError

NAME, SERIES_NAME = "sources.json", "series.json"
MAX_BYTES, MAX_SERIES_BYTES = 256 << 10, 4 << 20
MAX_SHOWN = 2000
STALE_S = 300.0
"""What a series said longer ago is marked as old."""
_MAX_LIMIT, _LIMIT = 1000, 100

Json = dict[str, Any]


class Said(NamedTuple):
    """``figures`` are since the watch's start; ``targets`` by name."""

    ts: float = -math.inf
    figures: Mapping[str, float] = {}
    targets: Mapping[str, Json] = {}


NOTHING = Said()


def render(ts: float, figures: Mapping[str, float], states: Mapping[str, State]) -> bytes:
    targets = {
        name: {
            "kind": state.server, "up": state.is_up, "error": state.error, "ts": state.ts, "samples": state.samples,
            "left_out": state.left_out, "errors": state.errors,
        }
        for name, state in states.items()
    }  # fmt: skip
    return orjson.dumps({"ts": ts, "figures": figures, "targets": targets})


def parse(content: bytes | None) -> Said:
    """What cannot be read is as if nothing had been said."""
    try:
        match orjson.loads(content or b"{}"):
            case {"ts": int() | float() as ts, "figures": dict(figures), "targets": dict(targets)}:
                numbers = {name: float(value) for name, value in figures.items() if isinstance(value, int | float)}
                return Said(float(ts), numbers, {name: each for name, each in targets.items() if _is_target(each)})
    except orjson.JSONDecodeError:
        pass
    return NOTHING


def _is_target(each: object) -> bool:
    return isinstance(each, dict) and isinstance(each.get("ts"), int | float)


def render_series(points: Iterable[Point]) -> bytes:
    """As many as are shown."""
    said = [
        [point.source, point.name, dict(point.labels), point.statistic, point.value, point.ts] for point in islice(points, MAX_SHOWN)
    ]  # fmt: skip
    return orjson.dumps(said)


def page(said: Said, content: bytes | None, params: Mapping[str, str], now: float) -> Json:
    """The targets, and what series said last, by ``source`` and ``name``, ``limit`` of them. Raises QueryError."""
    asked = dict(params)
    limit = _limit(asked.pop("limit", str(_LIMIT)))
    source, name = asked.pop("source", None), asked.pop("name", None)
    if asked:
        raise QueryError(f"{next(iter(asked))[:40]!r} is not understood; allowed: limit, name, source")
    found = [each for each in _series(content) if source in (None, each["source"]) and name in (None, each["name"])]
    shown = [{**each, "is_stale": _is_stale(each, now)} for each in found[:limit]]
    targets = [{"source": target, **state, "is_stale": _is_stale(state, now)} for target, state in said.targets.items()]
    return {"sources": targets, "series": shown, "left_out": len(found) - len(shown)}


def _is_stale(each: Json, now: float) -> bool:
    return not abs(now - each["ts"]) <= STALE_S


def _series(content: bytes | None) -> list[Json]:
    try:
        said = orjson.loads(content or b"[]")
        return [
            {"source": source, "name": name, "labels": labels, "statistic": statistic, "value": value, "ts": ts}
            for source, name, labels, statistic, value, ts in said
            if isinstance(ts, int | float)
        ]
    except (ValueError, TypeError):
        return []


def _limit(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or not 1 <= int(value[:9]) <= _MAX_LIMIT:
        raise QueryError(f"limit: allowed: 1 to {_MAX_LIMIT}")
    return int(value)
