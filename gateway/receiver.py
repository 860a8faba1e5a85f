"""The receiver of telemetry, put together: its port, what it receives exports with, and the collector that it sends them on to.

It is imported where the settings ask for it: what it needs is in the extra ``otel``.
"""

import random
from contextlib import AsyncExitStack
from functools import partial

from gateway.config import Config
from gateway.config.serving import Upstream as UpstreamSettings
from gateway.config.telemetry import Telemetry
from gateway.errors import GatewayError
from gateway.otlp.forwarding import WORKERS, Forwarder
from gateway.otlp.receiving import Receiving, receive
from gateway.otlp.spool import Spool
from gateway.proxy.connection import Bounds
from gateway.proxy.parts import Parts
from gateway.proxy.scanning import Spawn
from gateway.proxy.server import Server
from gateway.proxy.shutdown import Shutdown
from gateway.proxy.upstream import Upstream
from gateway.telemetry.instruments import Instruments
from gateway.telemetry.observed import RECEIVED
from gateway.wire.otlp.exports import Encoding, render_status

_MAX_CONNECTIONS = 256
_LAST_S = 5.0
"""What the collector has at the end for what waits."""


class _Errors:
    """What is answered to what never becomes an export."""

    @staticmethod
    def render_error(error: GatewayError, request_id: str, policy: str) -> bytes:
        return render_status(error.code, error.message, Encoding.JSON)

    render_error_event = render_error


class Receiver:
    """``open`` it within a stack that closes it."""

    def __init__(self, config: Config, parts: Parts, instruments: Instruments) -> None:
        self._config = config
        settings = config.telemetry
        self._collector = _collector(settings)
        chance = random.SystemRandom().random
        headers = [(name, value.get_secret_value()) for name, value in settings.forward_headers.items()]
        self._forwarder = Forwarder(self._collector, headers, instruments.telemetry_forwarded, chance) if self._collector else None
        token = settings.receive_token.get_secret_value() if settings.receive_token else None
        room = settings.spool_mb << 20
        self._spool = Spool(config.watch.dir / RECEIVED, room, parts.wall) if room else None
        receiving = Receiving(parts, instruments, token, self._forwarder, self._spool)
        listen = config.listen
        bounds = Bounds(
            settings.receive_max_mb << 20, _MAX_CONNECTIONS, listen.header_timeout_s, listen.body_timeout_s, listen.write_timeout_s
        )
        self._server = Server(partial(receive, receiving), bounds, lambda _: _Errors(), parts.new_id, Shutdown())

    @property
    def waiting(self) -> int:
        """Exports that the collector does not have yet."""
        return self._forwarder.waiting if self._forwarder else 0

    @property
    def waiting_bytes(self) -> int:
        return self._forwarder.waiting_bytes if self._forwarder else 0

    @property
    def spooled(self) -> tuple[int, int, int]:
        """What was put by for the watch: kept, dropped, errors."""
        return (self._spool.kept, self._spool.dropped, self._spool.errors) if self._spool else (0, 0, 0)

    async def open(self, stack: AsyncExitStack, spawn: Spawn) -> int:
        """The port. Raises OSError."""
        settings, timeout_s = self._config.telemetry, self._config.listen.drain_timeout_s
        if self._collector and self._forwarder:
            await self._collector.open()
            stack.push_async_callback(self._collector.close)
            stack.push_async_callback(self._forwarder.drain, _LAST_S)
            for _ in range(WORKERS):
                spawn(self._forwarder.run(), "forwarding")
        if self._spool:
            self._spool.start()
            stack.callback(self._spool.close)
        port = await self._server.listen(settings.receive_host, settings.receive_port)
        stack.push_async_callback(self._server.drain, timeout_s)
        return port


def _collector(settings: Telemetry) -> Upstream | None:
    if settings.forward is None:
        return None
    return Upstream(UpstreamSettings(name="collector", base_url=settings.forward, connect_timeout_s=5, timeout_s=10), WORKERS)
