"""What a watch without a gateway beside it shows of itself: ``/healthz`` and ``/metrics``, in a thread of its own."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from gateway.config.watch import Watch
from gateway.proxy.admin import guarded
from gateway.shown import Shown, watch_readings
from gateway.telemetry.instruments import Readings

_ASK_S = 0.2
_END_S = 2.0

log = logging.getLogger("oddgate.watch")


class WatchSide:
    """``shown`` says how the watch is; ``others`` are what it measures besides. ``now`` gives seconds since 1970."""

    def __init__(self, settings: Watch, shown: Shown, now: Callable[[], float], others: Sequence[Collector] = ()) -> None:
        self._settings = settings
        self._shown = shown
        self._now = now
        self._registry = CollectorRegistry()
        for each in (Readings(watch_readings(shown, now)), *others):
            self._registry.register(each)
        self._ends = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """The port. Raises OSError where it is taken."""
        host, port = self._settings.metrics_host, self._settings.metrics_port or 0
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        taken: int = listening.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(listening)), name="watch side", daemon=True)
        self._thread.start()
        log.info("the watch shows how it is at %s port %d", host, taken)
        return taken

    def end(self) -> None:
        self._ends.set()
        if self._thread:
            self._thread.join(_END_S)

    async def _serve(self, listening: socket.socket) -> None:
        token = self._settings.metrics_token
        app = web.Application(middlewares=[guarded(token.get_secret_value() if token else None)])
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_ASK_S)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        while not self._ends.is_set():  # noqa: ASYNC110 it is another thread's event
            await asyncio.sleep(_ASK_S)
        await runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        is_alive = self._shown.status().is_alive(self._now())
        said = {"status": "ok" if is_alive else "silent"}
        return web.Response(status=200 if is_alive else 503, body=orjson.dumps(said), content_type="application/json")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
