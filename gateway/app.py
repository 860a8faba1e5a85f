"""The composition root: the only file that knows every part, and the only one that reads the clock and makes keys and ids."""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiohttp import web
from prometheus_client import CollectorRegistry

from detectors import ocr
from detectors.contract import Reading as PictureReading
from detectors.registry import Catalog, DetectorError
from gateway.config import Config, OcrDetector, State, untrusted_labels
from gateway.config import Upstream as UpstreamSettings
from gateway.demo import running_demo
from gateway.guard.memo import Memo
from gateway.guard.request import Memos
from gateway.guard.vault import MAX_BYTES, NONCE_BYTES
from gateway.keyfile import secret_key
from gateway.proxy.admin import Admin, build_admin
from gateway.proxy.apps import Apps
from gateway.proxy.connection import Bounds
from gateway.proxy.handler import handle
from gateway.proxy.inforce import InForce, Source
from gateway.proxy.offload import Pool, Readers, Scans
from gateway.proxy.parts import Parts
from gateway.proxy.pictures import Limits, Pictures
from gateway.proxy.plans import Detectors
from gateway.proxy.reviewqueue import ReviewQueue
from gateway.proxy.routing import Router
from gateway.proxy.scanning import Spawn
from gateway.proxy.server import Server
from gateway.proxy.shutdown import Shutdown
from gateway.proxy.uploading import UploadLimits
from gateway.proxy.upstream import Upstream
from gateway.proxy.vault import Vault, VaultStore
from gateway.proxy.watching import Watching
from gateway.shown import Shown, watch_readings
from gateway.storage.memory import MemoryStore
from gateway.storage.redis import RedisStore
from gateway.telemetry.instruments import Instruments, Reading, Readings
from gateway.telemetry.journal import Journal
from gateway.telemetry.record import Exchange, render
from gateway.wire.routes import routes
from policies.load import library

_SYNC_S = 1.0
_CHECKPOINT_S = 60.0
_PICTURE_TEXTS_BYTES = 8 << 20
"""Of what was read in pictures."""

log = logging.getLogger("oddgate")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running gateway listens; ``demo`` is None where real upstreams are configured."""

    data: str
    admin: str
    demo: str | None


class _Receiver(Protocol):
    """See ``receiver``, which is imported where the settings ask for it."""

    @property
    def waiting(self) -> int: ...

    @property
    def waiting_bytes(self) -> int: ...

    async def open(self, stack: AsyncExitStack, spawn: Spawn) -> int: ...


class Gateway:
    """Everything that one process owns. Use ``running``."""

    def __init__(self, config: Config, upstreams: tuple[UpstreamSettings, ...], watch: Sequence[str] = ()) -> None:
        self._config = config
        self._watching = Watching(watch, dict(os.environ)) if watch else None
        self._shown = Shown(config)
        listen, journal = config.listen, config.journal
        self._key = secret_key(config)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._problems: list[str] = ["starting"]
        self._instruments = Instruments(CollectorRegistry())
        self._in_force = InForce(_source(config), Catalog(), Detectors(config.detectors.pii), self._key, time.time, self._instruments)
        half = config.memo.max_mb << 19
        self.memos = Memos(Memo(self._key, half), Memo(self._key, half))
        self.scans = Scans(config.detectors.pii.workers, config.detectors.pii.queue, self.spawn)
        self._readers = Readers(config.detectors.ocr.workers, config.detectors.ocr.queue, self.spawn)
        self._journal = Journal(journal.dir, journal.segment_mb << 20, journal.keep_mb << 20, self._key, time.time, fsync=journal.fsync)
        self._reviews = ReviewQueue(self._journal.append, time.time, self._instruments.reviewed)
        self._store = _open_store(config.state)
        self._vault = Vault(self._key, self._store, config.state.vault_ttl_h * 3600, partial(secrets.token_bytes, NONCE_BYTES))
        self._upstreams = [Upstream(settings, listen.max_connections) for settings in upstreams]
        served, shutdown = routes(surface.route() for surface in config.surfaces), Shutdown()
        parts = Parts(
            routes=served,
            apps=Apps(config.apps, config.labels),
            choose_plan=self._in_force.choose,
            memos=self.memos,
            scans=self.scans,
            vault=self._vault,
            router=Router(self._upstreams, config.routes, time.monotonic),
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
        self._receiver = _open_receiver(config, parts, self._instruments) if config.telemetry.receive else None
        self._instruments.registry.register(Readings(self._readings()))

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start a task and keep it until it is done."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @asynccontextmanager
    async def serving(self, demo: str | None) -> AsyncIterator[Addresses]:
        """Listens while the block runs; drains when it ends."""
        listen = self._config.listen
        async with AsyncExitStack() as stack:
            if self._watching:
                stack.push_async_callback(self._watching.close)
            stack.callback(self._journal.close)
            stack.push_async_callback(self._store.close)
            stack.push_async_callback(self._in_force.close)
            stack.push_async_callback(self._stop)
            for upstream in self._upstreams:
                await upstream.open()
                stack.push_async_callback(upstream.close)
            stack.push_async_callback(self.scans.close)
            stack.push_async_callback(self._readers.close)
            admin_port = await self._listen_admin(stack)
            await self.scans.warm(self._in_force.factories())
            if self._receiver:
                received = await self._receiver.open(stack, self.spawn)
                log.info("telemetry is taken at %s", _url(self._config.telemetry.receive_host, received))
            port = await self._server.listen(listen.host, listen.port)
            stack.push_async_callback(self._drain)
            self.spawn(self._in_force.watch(self.scans.warm), "policies")
            if self._config.journal.fsync == "interval":
                self.spawn(self._sync_journal(), "journal")
            self.spawn(self._sign_journal(), "checkpoints")
            if self._watching:
                self.spawn(self._watching.run(), "watch")
            self._problems.clear()
            self._name_unguarded()
            yield Addresses(_url(listen.host, port), _url(listen.admin_host, admin_port), demo)

    def _name_unguarded(self) -> None:
        for surface in self._config.surfaces:
            if surface.passthrough:
                log.warning("unguarded: %s %s (%s): nothing of it is read", " ".join(surface.methods), surface.path, surface.name)

    async def _listen_admin(self, stack: AsyncExitStack) -> int:
        listen = self._config.listen
        token = listen.admin_token.get_secret_value() if listen.admin_token else None
        policies = self._in_force
        admin = Admin(
            self._instruments.registry, lambda: list(self._problems), self._degraded, self._policy_status, policies.rollouts.status,
            policies.act, self._reviews.shown, self._reviews.label, self._shown.page, self._shown.exchange,
        )  # fmt: skip
        runner = web.AppRunner(build_admin(admin, token), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, listen.admin_host, listen.admin_port).start()
        port: int = runner.addresses[0][1]
        return port

    async def _drain(self) -> None:
        self._problems[:] = ["shutting down"]
        await self._server.drain(self._config.listen.drain_timeout_s)

    async def _stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _record(self, exchange: Exchange) -> None:
        try:
            self._journal.append(render(exchange))
            self._reviews.note(exchange)
        except OSError:
            self._instruments.journal_errors.inc()
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
            except OSError:
                self._instruments.journal_errors.inc()

    async def _sign_journal(self) -> None:
        while True:
            await asyncio.sleep(_CHECKPOINT_S)
            try:
                self._journal.checkpoint()
            except OSError:
                self._instruments.journal_errors.inc()

    def _policy_status(self) -> dict[str, object]:
        return {"workers": [{"pid": os.getpid(), **self._in_force.status()}]}

    def _degraded(self) -> list[str]:
        return ["policies: the folder cannot be used, and the last good ones are in force"] if self._in_force.is_degraded else []

    def _is_degraded(self) -> float:
        return float(self._in_force.is_degraded)

    def _readings(self) -> list[Reading]:
        return [
            Reading("oddgate_active_exchanges", "Exchanges under way.", lambda: self._server.under_way),
            Reading("oddgate_policy_degraded", "1 where the policies in force are not what their folder says.", self._is_degraded),
            Reading("oddgate_review_waiting", "Exchanges that wait for a person to look at them.", lambda: len(self._reviews)),
            *_vault_readings(self._vault, self._store),
            *_memo_readings("review", "of a text by a policy", self.memos.reviews),
            *_memo_readings("scan", "of a text by a detector", self.memos.scans),
            *_pool_readings("pool", "the scan pool", self.scans),
            *watch_readings(self._shown, time.time),
            *_pool_readings("ocr", "the pool that reads pictures", self._readers),
            *_telemetry_readings(self._receiver),
        ]


@asynccontextmanager
async def running(config: Config, watch: Sequence[str] = ()) -> AsyncIterator[Addresses]:
    """A gateway by these settings, with the demo upstream where none is configured, and a watch beside it by the command ``watch``.

    Raises:
        PolicyError, DetectorError, OSError, RuntimeError: it cannot start, and why.
    """
    async with AsyncExitStack() as stack:
        upstreams, demo = config.upstreams, None
        if not upstreams:
            demo = await stack.enter_async_context(running_demo())
            upstreams = (UpstreamSettings(name="demo", base_url=demo),)
        gateway = Gateway(config, upstreams, watch)
        yield await stack.enter_async_context(gateway.serving(demo))


def new_request_id() -> str:
    return f"req_{os.urandom(12).hex()}"


def _source(config: Config) -> Source:
    policies = config.policies
    required = [app.policy for app in config.apps if app.policy]
    return Source(policies.dir, library(), policies.default, required, policies.keep_dir, untrusted_labels(config))


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


def _memo_readings(name: str, what: str, memo: Memo[Any]) -> list[Reading]:
    return [
        Reading(f"oddgate_{name}_memo_hits", f"Results {what} that were remembered.", lambda: memo.hits, is_counter=True),
        Reading(f"oddgate_{name}_memo_misses", f"Results {what} that were not.", lambda: memo.misses, is_counter=True),
        Reading(f"oddgate_{name}_memo_bytes", f"Memory of results {what}, estimated from above.", lambda: memo.used_bytes),
        Reading(f"oddgate_{name}_memo_entries", f"Results {what} that are remembered.", lambda: len(memo)),
    ]


def _pool_readings(name: str, what: str, pool: Pool) -> list[Reading]:
    return [
        Reading(f"oddgate_{name}_waiting", f"Jobs that wait for a worker of {what}.", lambda: pool.waiting),
        *(
            Reading(f"oddgate_{name}_jobs_{how}", f"Jobs of {what}: {how}.", partial(_count, pool.outcomes, how), is_counter=True)
            for how in pool.outcomes
        ),
    ]


def _open_receiver(config: Config, parts: Parts, instruments: Instruments) -> _Receiver:
    """Raises RuntimeError where the extra ``otel`` is not installed."""
    try:
        from gateway.receiver import Receiver
    except ImportError:
        raise RuntimeError("telemetry.receive asks for what is not installed: pip install 'oddgate[otel]'") from None
    return Receiver(config, parts, instruments)


def _telemetry_readings(receiver: _Receiver | None) -> list[Reading]:
    return [
        Reading("oddgate_telemetry_waiting", "Exports that the collector does not have yet.", lambda: receiver.waiting if receiver else 0),
        Reading("oddgate_telemetry_waiting_bytes", "Their bytes.", lambda: receiver.waiting_bytes if receiver else 0),
    ]


def _vault_readings(vault: Vault, store: VaultStore) -> list[Reading]:
    what = {
        "hits": "Ids of the endpoint's whose placeholders were known.",
        "misses": "Ids of the endpoint's that no placeholder was kept for.",
        "errors": "Calls that the store of placeholders failed.",
        "rejected": "What the store of placeholders gave back that is not ours.",
        "left_out": "Ids and placeholders beyond the vault's bounds.",
    }
    counters = [Reading(f"oddgate_vault_{name}", text, partial(getattr, vault, name), is_counter=True) for name, text in what.items()]
    if not isinstance(store, MemoryStore):
        return counters
    return [
        *counters,
        Reading("oddgate_vault_evicted", "Ids that were dropped for want of room.", lambda: store.evicted, is_counter=True),
        Reading("oddgate_vault_entries", "Ids that placeholders are kept for.", lambda: len(store)),
        Reading("oddgate_vault_bytes", "Memory of the vault, estimated from above.", lambda: store.used_bytes),
    ]


def _open_store(state: State) -> VaultStore:
    url = state.url.get_secret_value()
    if url == "memory://":
        return MemoryStore(state.vault_max_mb << 20, time.monotonic)
    return RedisStore(url, state.timeout_ms / 1000, MAX_BYTES)


def _count(counts: dict[str, int], name: str) -> float:
    return counts[name]


def _log_fault(exchange: Exchange, error: Exception) -> None:
    """Type and place of the fault; its text may hold what the exchange held."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    where = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    named = {"request_id": exchange.request_id, "trace_id": exchange.trace.trace_id, "span_id": exchange.trace.span_id}
    log.error("%s failed: %s at %s", exchange.request_id, type(error).__name__, where, extra=named)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
