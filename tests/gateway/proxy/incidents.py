"""Incidents that the admin side may show, and take asks for."""

from collections.abc import Mapping
from typing import Any


class SomeIncidents:
    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.is_broken = False

    async def page(self, params: Mapping[str, str]) -> dict[str, Any]:
        self._broken()
        if "limit" in params:
            raise ValueError("limit: allowed: 1 to 500")
        return {"ts": 1.0, "incidents": [{"id": "inc-1"}], "left_out": 0}

    async def incident(self, id_: str) -> dict[str, Any] | None:
        self._broken()
        return {"id": id_} if id_ == "inc-1" else None

    async def silences(self) -> dict[str, Any]:
        self._broken()
        return {"ts": 1.0, "silences": []}

    async def ask(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._broken()
        if not body.get("by"):
            raise ValueError("by: allowed: one line of printable characters")
        named = next((name for name in ("incident", "silence", "action") if name in body), None)
        if named and not body[named].endswith("-1"):
            raise KeyError(named)
        self.asked.append((kind, dict(body)))
        return {"asked": kind, "watch": "alive"}

    def _broken(self) -> None:
        if self.is_broken:
            raise OSError("no space")
