"""The admin side, put together: what it asks of the workers, and what it shows of the watch beside them."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing

from aiohttp import web
from prometheus_client import CollectorRegistry

from gateway.config import Config
from gateway.incident_pages import IncidentPages
from gateway.keyfile import secret_key
from gateway.proxy.admin import Admin, Workers, build_admin
from gateway.shown import Shown, watch_readings
from gateway.shown_bias import BiasFigures
from gateway.shown_incidents import IncidentFigures
from gateway.shown_signals import Levels, ShownSignals, signal_readings
from gateway.shown_sources import EachSource, ShownSources, SourceFigures
from gateway.telemetry.condition import EVERY_S, Condition
from gateway.telemetry.instruments import Reading, Readings
from gateway.telemetry.outage import Outage
from gateway.watch.status import BIAS_NAME


class AdminSide:
    """``figures`` are those of ``telemetry.merged``. ``up`` and ``restarts`` say how many workers serve, and how often one was started
    again; ``wall`` gives seconds since 1970.
    """

    def __init__(
        self,
        config: Config,
        registry: CollectorRegistry,
        workers: Workers,
        wall: Callable[[], float],
        figures: Callable[[], Mapping[str, float]],
        *,
        up: Callable[[], int],
        restarts: Callable[[], int],
    ) -> None:
        self._listen, self._folder = config.listen, config.watch.dir
        self._figures, self._up, self._restarts, self._wall = figures, up, restarts, wall
        shown, sources = Shown(config), ShownSources(config, wall)
        signals = ShownSignals(config, secret_key(config), wall)
        incidents = IncidentPages(config, shown, wall)
        self._admin = Admin(workers, shown.page, shown.exchange, sources.page, signals.signals, signals.reports, incidents)
        number = config.listen.workers
        readings = [
            Reading("oddgate_workers", "Workers that the settings ask for.", lambda: number),
            Reading("oddgate_workers_up", "Workers that serve.", up),
            Reading("oddgate_worker_restarts", "Workers that were started again.", restarts, is_counter=True),
            *watch_readings(shown, wall),
            *signal_readings(signals),
        ]
        registry.register(Readings(readings))
        registry.register(SourceFigures(sources))
        registry.register(EachSource(sources))
        registry.register(Levels(signals))
        registry.register(BiasFigures(config.watch.dir / BIAS_NAME, signals.levels))
        kinds = {each.name: each.kind for each in config.alerts.channels}
        registry.register(IncidentFigures(incidents.last_known, kinds, wall))

    async def say(self) -> None:
        """Until cancelled: to the watch beside it, how the gateway is."""
        outage = Outage("watch: it cannot be told how the gateway is")
        with closing(Condition(self._folder)) as condition:
            while True:
                missing = self._listen.workers - self._up()
                said = {**self._figures(), "worker_restarts": self._restarts(), "workers_missing": max(0, missing)}
                try:
                    condition.say(said, self._wall())
                    outage.worked()
                except OSError as error:
                    outage.failed(error)
                await asyncio.sleep(EVERY_S)

    async def open(self, stack: AsyncExitStack) -> int:
        """The port. Raises OSError."""
        token = self._listen.admin_token.get_secret_value() if self._listen.admin_token else None
        runner = web.AppRunner(build_admin(self._admin, token), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self._listen.admin_host, self._listen.admin_port).start()
        port: int = runner.addresses[0][1]
        return port
