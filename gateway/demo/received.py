"""Remembers the last requests that the demo received, as people may want to look at them."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from gateway.demo.exchange import UNREADABLE, Ask, Part

Json = dict[str, Any]

_KEPT_BYTES = 256 * 1024
"""Of a longer body only its length is kept: what people look at is small, and memory stays bounded."""


class Received:
    def __init__(self, keep: int) -> None:
        self._kept: deque[Json] = deque(maxlen=keep)
        self.count = 0

    def keep(self, ask: Ask) -> None:
        """No header of it is kept: one of them is somebody's key."""
        self.count += 1
        query = {"query": dict(ask.query)} if ask.query else {}
        self._kept.append({
            "number": self.count, "method": ask.method, "path": ask.path, **query, "bytes": len(ask.raw), "body": _shown(ask),
        })  # fmt: skip

    def shown(self) -> Json:
        return {"count": self.count, "received": list(self._kept)}


def _shown(ask: Ask) -> object:
    if len(ask.raw) > _KEPT_BYTES:
        return "(too long to keep)"
    if ask.body is UNREADABLE:
        return "(not readable)"
    return _fields(ask.form) if ask.form else ask.body


def _fields(form: Sequence[Part]) -> Json:
    """Fields by name; those that come more than once as a list."""
    shown: Json = {}
    for part in form:
        value = (
            {"filename": part.filename, "content_type": part.content_type, "text": part.text} if part.filename is not None else part.text
        )
        earlier = shown.get(part.name)
        shown[part.name] = value if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return shown
