"""What people and the console see of the store: pages of exchanges, and one with all that is known of it."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.watch.row import Row
from gateway.watch.store import MAX_PAGE, ExchangeStore, Place, Query

_NAMES = frozenset(Query._fields) - {"since", "until"}
_TIMES = ("since", "until")
_LIMIT, _MAX_TEXT = 50, 200
_CURSOR = re.compile(r"([0-9.e+-]{1,32})~([\x21-\x7e]{1,128})")

Json = dict[str, Any]


class QueryError(ValueError):
    """A parameter that cannot be understood: its name, and what is allowed."""


def page(store: ExchangeStore, params: Mapping[str, str]) -> Json:
    """``{"exchanges": […], "next": cursor or null}``, newest first. Raises ``QueryError`` and ``StoreError``."""
    query, after, limit = asked(params)
    rows = store.page(query, after, limit)
    following = cursor(rows[-1]) if rows and len(rows) == limit else None
    return {"exchanges": [summary(row) for row in rows], "next": following}


def exchange(store: ExchangeStore, request_id: str) -> Json | None:
    """Its record, with its texts, where they are kept redacted, and what was said of it since; of texts that are sealed it says only that
    there are some. None: there is none, or it is kept no more. Raises ``StoreError``.
    """
    record = store.record(request_id)
    if record is None:
        return None
    said = [{name: value for name, value in label._asdict().items() if value not in (None, "")} for label in store.labels(request_id)]
    texts = store.texts(request_id)
    kept = {"texts": texts["texts"]} if "texts" in texts else {"has_sealed_texts": True} if texts else {}
    return {**record, **kept, "labels": said}


def asked(params: Mapping[str, str]) -> tuple[Query, Place | None, int]:
    """``limit``, ``after`` (a cursor), and the fields of ``Query``; times as seconds or as ISO 8601. Raises ``QueryError``."""
    given: dict[str, Any] = {}
    after, limit = None, _LIMIT
    for name, value in params.items():
        if name == "limit":
            limit = _limit(value)
        elif name == "after":
            after = _place(value)
        elif name in _TIMES:
            given[name] = _time(name, value)
        elif name in _NAMES and len(value) <= _MAX_TEXT:
            given[name] = value
        else:
            raise QueryError(f"{name[:40]!r} is not understood; allowed: after, limit, {', '.join(Query._fields)}")
    return Query(**given), after, limit


def cursor(row: Row) -> str:
    return f"{row.ts!r}~{row.request_id}"


def summary(row: Row) -> Json:
    """Without the record."""
    said = row._asdict()
    del said["record"]
    return {**said, "rules": [rule for rule in row.rules.split(",") if rule]}


def _limit(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or not 1 <= int(value[:9]) <= MAX_PAGE:
        raise QueryError(f"limit: allowed: 1 to {MAX_PAGE}")
    return int(value)


def _place(value: str) -> Place:
    match = _CURSOR.fullmatch(value)
    try:
        ts = float(match[1]) if match else math.nan
    except ValueError:
        ts = math.nan
    if not match or not math.isfinite(ts):
        raise QueryError("after: allowed: the next of the page before")
    return Place(ts, match[2])


def _time(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError):
            seconds = math.nan
    if not math.isfinite(seconds):
        raise QueryError(f"{name}: allowed: seconds since 1970, or 2026-11-22T10:15:00+00:00")
    return seconds
