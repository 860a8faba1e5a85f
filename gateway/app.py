"""The composition root: the only file that knows every part, and the only one that reads the clock and makes keys and ids."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from prometheus_client import CollectorRegistry

from detectors import ocr
from detectors.contract import Reading as PictureReading
from detectors.registry import Catalog, DetectorError
from gateway.addresses import Addresses, http_url
from gateway.admin_side import AdminSide
from gateway.config import Config, untrusted_labels
from gateway.config.detectors import OcrDetector
from gateway.config.keeping import State
from gateway.config.serving import Upstream as UpstreamSettings
from gateway.demo import running_demo
from gateway.guard.memo import Memo
from gateway.guard.plan import Plan
from gateway.guard.request import Memos
from gateway.guard.vault import MAX_BYTES, NONCE_BYTES
from gateway.incidents.allowed import permits
from gateway.keyfile import secret_key
from gateway.leaving import measures_reader
from gateway.prices import Prices, shipped
from gateway.proxy.apps import Apps
from gateway.proxy.connection import Bounds
from gateway.proxy.handler import handle
from gateway.proxy.inforce import InForce, Source
from gateway.proxy.listening import bind, port_of
from gateway.proxy.measures import MeasuresInForce
from gateway.proxy.offload import Readers, Scans
from gateway.proxy.parts import Parts
from gateway.proxy.pictures import Limits, Pictures
from gateway.proxy.plans import Detectors
from gateway.proxy.reviewqueue import ReviewQueue
from gateway.proxy.routing import Router
from gateway.proxy.scanning import Spawn
from gateway.proxy.server import Server
from gateway.proxy.shutdown import Shutdown
from gateway.proxy.signals import SignalsInForce
from gateway.proxy.timing import timed
from gateway.proxy.uploading import UploadLimits
from gateway.proxy.upstream import Upstream
from gateway.proxy.vault import Vault, VaultStore
from gateway.proxy.watching import Watching
from gateway.readings import Receives, memo_readings, pool_readings, telemetry_readings, vault_readings
from gateway.shown_signals import board_reader
from gateway.storage.memory import MemoryStore
from gateway.storage.redis import RedisStore
from gateway.telemetry.instruments import Instruments, Reading, Readings
from gateway.telemetry.journal import Journal
from gateway.telemetry.likeness import Likeness
from gateway.telemetry.merged import figures
from gateway.telemetry.names import Names
from gateway.telemetry.outage import Outage
from gateway.telemetry.record import Exchange, render
from gateway.telemetry.sealing import Sealer
from gateway.telemetry.texts import Seal
from gateway.watch.otel.providers import endpoint
from gateway.wire.routes import routes
from gateway.workers.answers import WorkerAnswers
from gateway.workers.born import Setup
from policies.load import library
from policies.subject import Subject

_SYNC_S = 1.0
_HEAR_S = 1.0
_CHECKPOINT_S = 60.0
_PICTURE_TEXTS_BYTES = 8 << 20
"""Of what was read in pictures."""

log = logging.getLogger("oddgate")
T = TypeVar("T")


class _Receiver(Receives, Protocol):
    async def open(self, stack: AsyncExitStack, spawn: Spawn) -> int: ...


class Gateway:
    """Everything that one worker owns. Use ``running``, or ``working`` for one of several, of which number 0 leads."""

    def __init__(self, config: Config, upstreams: tuple[UpstreamSettings, ...], number: int | None = None) -> None:
        self._config = config
        self._leads = not number
        listen, journal = config.listen, config.journal
        self._key = secret_key(config)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._problems: list[str] = ["starting"]
        self._prices = _prices(config, upstreams)
        self._instruments = Instruments(CollectorRegistry(), _names(config, upstreams, self._prices))
        dressed = partial(timed, clock=time.perf_counter, scanned=self._instruments.scanned)
        detectors = Detectors(config.detectors.pii, dressed)
        self._in_force = InForce(_source(config), Catalog(), detectors, self._key, time.time, self._instruments, leads=self._leads)
        half = config.memo.max_mb << 19
        self.memos = Memos(Memo(self._key, half), Memo(self._key, half))
        self.scans = Scans(config.detectors.pii.workers, config.detectors.pii.queue, self.spawn, self._instruments.scanned)
        self._readers = Readers(config.detectors.ocr.workers, config.detectors.ocr.queue, self.spawn)
        self._journal = Journal(journal.dir, journal.segment_mb << 20, journal.keep_mb << 20, self._key, time.time, fsync=journal.fsync)
        self._unwritten, self._unsynced = Outage("journal: records cannot be written"), Outage("journal: it is not brought to the disk")
        self._reviews = ReviewQueue(self._journal.append, time.time, self._instruments.reviewed)
        self._seal = _seal(config)
        self._like = Likeness(self._key, cues=config.watch.bias.cues).of if config.watch.observe else None
        self._signals = SignalsInForce(board_reader(config), self._key, time.time)
        self._measures = _measures(config, self._key)
        self._store = _open_store(config.state)
        self._vault = Vault(self._key, self._store, config.state.vault_ttl_h * 3600, partial(secrets.token_bytes, NONCE_BYTES))
        self._upstreams = [Upstream(settings, listen.max_connections) for settings in upstreams]
        served, shutdown = routes(surface.route() for surface in config.surfaces), Shutdown()
        parts = Parts(
            routes=served,
            apps=Apps(config.apps, config.labels),
            choose_plan=self._choose_plan,
            memos=self.memos,
            scans=self.scans,
            vault=self._vault,
            router=Router(self._upstreams, config.routes, time.monotonic, self._measures),
            spawn=self.spawn,
            record=self._record,
            failed=_log_fault,
            key=self._key,
            wall=time.time,
            clock=time.perf_counter,
            new_id=new_request_id,
            chance=os.urandom,
            pictures=_pictures(config.detectors.ocr, self._readers, self._key),
            shutdown=shutdown,
            uploads=UploadLimits(listen.max_upload_rows, listen.upload_timeout_s),
            keep=self._journal.append,
            signals=self._signals.about,
            measures=self._measures,
            observes=config.watch.observe,
        )
        bounds = Bounds(
            listen.max_body_mb << 20,
            listen.max_connections,
            listen.header_timeout_s,
            listen.body_timeout_s,
            listen.write_timeout_s,
            listen.max_upload_mb << 20,
        )
        self._server = Server(partial(handle, parts), bounds, served.error_shape, new_request_id, shutdown)
        self._receiver = _open_receiver(config, parts, self._instruments) if config.telemetry.receive and self._leads else None
        readings = self._readings()
        self.answers = WorkerAnswers(
            self._instruments, readings, self._in_force, self._reviews, lambda: list(self._problems), self._outages
        )
        if number is None:
            self._instruments.registry.register(Readings(readings))
            told = partial(figures, self._instruments, Readings(readings))
            self.admin = AdminSide(config, self._instruments.registry, self.answers, time.time, told, up=lambda: 1, restarts=lambda: 0)

    def _choose_plan(self, subject: Subject, app_policy: str | None, request_id: str) -> Plan:
        return self._measures.under(self._in_force.choose(subject, app_policy, request_id), subject.app)

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start a task and keep it until it is done."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Holds what it needs to serve while the block runs."""
        async with AsyncExitStack() as stack:
            stack.callback(self._journal.close)
            stack.push_async_callback(self._store.close)
            stack.push_async_callback(self._in_force.close)
            stack.push_async_callback(self._stop)
            for upstream in self._upstreams:
                await upstream.open()
                stack.push_async_callback(upstream.close)
            stack.push_async_callback(self.scans.close)
            stack.push_async_callback(self._readers.close)
            yield

    @asynccontextmanager
    async def serving(self, listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
        """Listens while the block runs; drains when it ends."""
        async with AsyncExitStack() as stack:
            for each in listeners:
                stack.callback(each.close)
            await self.scans.warm(self._in_force.factories())
            await asyncio.to_thread(self._hear)
            if self._receiver:
                received = await self._receiver.open(stack, self.spawn)
                log.info("telemetry is taken at %s", http_url(self._config.telemetry.receive_host, received))
            await self._server.listen_on(listeners)
            stack.push_async_callback(self._drain)
            self.spawn(self._in_force.watch(self.scans.warm), "policies")
            if self._config.journal.fsync == "interval":
                self.spawn(self._sync_journal(), "journal")
            self.spawn(self._sign_journal(), "checkpoints")
            self.spawn(self._hear_signals(), "signals")
            self._problems.clear()
            if self._leads:
                self._name_unguarded()
            yield

    def _name_unguarded(self) -> None:
        for surface in self._config.surfaces:
            if surface.passthrough:
                log.warning("unguarded: %s %s (%s): nothing of it is read", " ".join(surface.methods), surface.path, surface.name)

    async def _drain(self) -> None:
        self._problems[:] = ["shutting down"]
        await self._server.drain(self._config.listen.drain_timeout_s)

    async def _stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _record(self, exchange: Exchange) -> None:
        exchange.cost_usd = self._prices.cost_usd(exchange.model, exchange.usages)
        try:
            self._journal.append(render(exchange, self._seal, self._like))
            self._unwritten.worked()
            self._reviews.note(exchange)
        except OSError as error:
            self._instruments.journal_errors.add()
            self._unwritten.failed(error)
            if self._config.journal.on_error == "block":
                exchange.outcome = "journal_unavailable"
                self._count(exchange)
                raise
        self._count(exchange)

    def _count(self, exchange: Exchange) -> None:
        """Once, however often its record is tried."""
        if not exchange.is_counted:
            exchange.is_counted = True
            self._instruments.observe(exchange)
            self._in_force.rollouts.note(exchange)

    async def _sync_journal(self) -> None:
        while True:
            await asyncio.sleep(_SYNC_S)
            try:
                await asyncio.to_thread(self._journal.sync)
                self._unsynced.worked()
            except OSError as error:
                self._instruments.journal_errors.add()
                self._unsynced.failed(error)

    async def _sign_journal(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT_S)
            try:
                self._journal.checkpoint()
            except OSError:
                self._instruments.journal_errors.add()

    async def _hear_signals(self) -> None:
        while True:
            self._note_measures()
            await asyncio.sleep(_HEAR_S)
            await asyncio.to_thread(self._hear)

    def _hear(self) -> None:
        """What the watch tells."""
        self._measures.refresh()
        self._signals.refresh()

    def _note_measures(self) -> None:
        """Of several workers, which all do the same, the first writes down what was done; what it cannot, it tries again."""
        news = self._measures.news
        while news:
            try:
                if self._leads:
                    self._journal.append(news[0])
            except OSError:
                self._instruments.journal_errors.add()
                return
            news.popleft()

    def _outages(self) -> list[str]:
        return [*self._unwritten.reasons, *self._unsynced.reasons]

    def _is_degraded(self) -> float:
        return float(self._in_force.is_degraded)

    def _readings(self) -> list[Reading]:
        degraded = "1 where the policies in force are not what their folder says."
        return [
            Reading("oddgate_active_exchanges", "Exchanges under way.", lambda: self._server.under_way),
            Reading("oddgate_measures_active", "Measures in force.", lambda: len(self._measures.in_force), over_workers="max"),
            Reading("oddgate_policy_degraded", degraded, self._is_degraded, over_workers="max"),
            Reading("oddgate_review_waiting", "Exchanges that wait for a person to look at them.", lambda: len(self._reviews)),
            *vault_readings(self._vault, self._store),
            *memo_readings("review", "of a text by a policy", self.memos.reviews),
            *memo_readings("scan", "of a text by a detector", self.memos.scans),
            *pool_readings("pool", "the scan pool", self.scans),
            *pool_readings("ocr", "the pool that reads pictures", self._readers),
            *telemetry_readings(self._receiver),
        ]


@asynccontextmanager
async def running(config: Config, watch: Sequence[str] = ()) -> AsyncIterator[Addresses]:
    """A gateway by these settings, with the demo upstream where none is configured, and a watch beside it by the command ``watch``.

    Raises:
        PolicyError, DetectorError, OSError, RuntimeError: it cannot start, and why.
    """
    listen = config.listen
    async with AsyncExitStack() as stack:
        upstreams, demo = config.upstreams, None
        if not upstreams:
            demo = await stack.enter_async_context(running_demo())
            upstreams = (UpstreamSettings(name="demo", base_url=demo),)
        watching = Watching(watch, dict(os.environ)) if watch else None
        if watching:
            stack.push_async_callback(watching.close)
        gateway = Gateway(config, upstreams)
        await stack.enter_async_context(gateway.opened())
        admin_port = await gateway.admin.open(stack)
        listeners = bind(listen.host, listen.port)
        port = port_of(listeners)
        await stack.enter_async_context(gateway.serving(listeners))
        gateway.spawn(gateway.admin.say(), "figures")
        if watching:
            gateway.spawn(watching.run(), "watch")
        yield Addresses(http_url(listen.host, port), http_url(listen.admin_host, admin_port), demo)


@asynccontextmanager
async def working(setup: Setup) -> AsyncIterator[WorkerAnswers]:
    """One of several workers, as it was born. Raises what ``running`` does."""
    gateway = Gateway(setup.config, setup.config.upstreams, setup.number)
    async with gateway.opened(), gateway.serving(setup.sockets()):
        yield gateway.answers


def new_request_id() -> str:
    return f"req_{os.urandom(12).hex()}"


def _source(config: Config) -> Source:
    policies = config.policies
    required = [app.policy for app in config.apps if app.policy]
    return Source(policies.dir, library(), policies.default, required, policies.keep_dir, untrusted_labels(config), config.store.keep_text)


def _prices(config: Config, upstreams: Sequence[UpstreamSettings]) -> Prices:
    named = [*(glob for route in config.routes for glob in route.models), *(glob for each in upstreams for glob in each.models)]
    return Prices((*config.prices, *shipped()), named)


def _names(config: Config, upstreams: Sequence[UpstreamSettings], prices: Prices) -> Names:
    """An endpoint that is no provider's is called as the settings do."""
    providers = {each.name: endpoint(each.base_url, each.dialect).provider or each.name for each in upstreams}
    return Names(prices.name, providers, [app.name for app in config.apps])


def _measures(config: Config, key: bytes) -> MeasuresInForce:
    allows = partial(permits, config.actions)
    return MeasuresInForce(measures_reader(config), key, allows, time.time, time.monotonic, config.listen.workers)


def _pictures(settings: OcrDetector, readers: Readers, key: bytes) -> Pictures | None:
    """Raises DetectorError if the settings ask for what is not installed."""
    is_installed = ocr.is_installed()
    if settings.enabled and not is_installed:
        raise DetectorError("detectors.ocr is enabled, but not installed: pip install 'oddgate[ocr]'")
    if settings.enabled is False or not is_installed:
        return None
    limits = Limits(settings.max_pictures, settings.max_picture_mb << 20, settings.deadline_ms / 1000)
    memo = Memo[PictureReading](key, _PICTURE_TEXTS_BYTES, item_bytes=4)
    return Pictures(readers, ocr.reader(settings.max_pixels), limits, memo, time.monotonic)


def _open_receiver(config: Config, parts: Parts, instruments: Instruments) -> _Receiver:
    """Raises RuntimeError where the extra ``otel`` is not installed."""
    try:
        from gateway.receiver import Receiver
    except ImportError:
        raise RuntimeError("telemetry.receive asks for what is not installed: pip install 'oddgate[otel]'") from None
    return Receiver(config, parts, instruments)


def _seal(config: Config) -> Seal | None:
    key = config.store.text_key
    return Sealer(key.get_secret_value().encode(), os.urandom).seal if key and config.store.keep_text == "full" else None


def _open_store(state: State) -> VaultStore:
    url = state.url.get_secret_value()
    if url == "memory://":
        return MemoryStore(state.vault_max_mb << 20, time.monotonic)
    return RedisStore(url, state.timeout_ms / 1000, MAX_BYTES)


def _log_fault(exchange: Exchange, error: Exception) -> None:
    """Type and place of the fault; its text may hold what the exchange held."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    where = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    named = {"request_id": exchange.request_id, "trace_id": exchange.trace.trace_id, "span_id": exchange.trace.span_id}
    log.error("%s failed: %s at %s", exchange.request_id, type(error).__name__, where, extra=named)
