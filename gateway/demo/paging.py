"""Lists as the endpoints page them: newest first unless asked otherwise, from behind the item that ``after`` names."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.demo.errors import RefusedRequestError

Json = dict[str, Any]


def page(items: Iterable[Json], query: Mapping[str, str], *, order: str = "desc", most: int = 1000) -> Json:
    """``items`` come oldest first."""
    rows = list(items)
    if query.get("order", order) == "desc":
        rows.reverse()
    rows = rows[_place(rows, query.get("after") or query.get("after_id")) :]
    limit = _limit(query.get("limit"), most)
    shown = rows[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(rows) > limit,
    }


def _place(rows: list[Json], after: str | None) -> int:
    return next((place + 1 for place, row in enumerate(rows) if row["id"] == after), 0)


def _limit(text: str | None, most: int) -> int:
    if text is None:
        return min(20, most)
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
        raise RefusedRequestError(f"Invalid 'limit': expected an integer from 1 to {most}.", param="limit", code="invalid_value")
    return int(text)
