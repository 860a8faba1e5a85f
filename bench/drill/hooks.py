"""A webhook that is paged: what it was told, and when."""

import json
import time
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

MAX_NOTICES = 10_000


@dataclass(frozen=True, slots=True)
class Heard:
    at: float
    kind: str
    """``incident.opened`` and the like."""
    incident: str
    urgency: str
    severity: str
    title: str


class Hook:
    """Serves while it is entered."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/pages"
        self.heard: list[Heard] = []
        self._port = port
        app = web.Application()
        app.router.add_post("/pages", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        told: dict[str, Any] = json.loads(await request.read())
        data = told.get("data", {})
        if len(self.heard) < MAX_NOTICES:
            words = [str(data.get(name, "")) for name in ("incident", "urgency", "severity", "title")]
            self.heard.append(Heard(time.time(), str(told.get("type", "")), *words))
        return web.Response(status=204)
